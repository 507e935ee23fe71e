"""Pairs of networks for images at equal processor time, on features of pictures.

Each setting trains for the same processor time of one thread, at a constant learning rate, since a
run that ends by the clock has no last step. With `--steps` the run has so many and the preset's
decay, and ends with them or with the time, whichever comes first. Then 2,500 generated pictures are
compared with 5,000 pictures of a test file that no training saw: Frechet and kernel distance,
precision and recall on features. The floor is 2,500 other test pictures. The time of the comparison
is not counted. Pictures are `[n, height, width, channels]` in a `.npy`.

    python benchmarks/image_networks.py train.npy test.npy --features mobilenet.npz \\
        --seconds 300 --set network.kind=bottleneck --set network.depth=1 [--preset images] \\
        [--variant wgan-gp] [--seed 0] [--steps 15000] [--picture samples.png] \\
        --out image_networks.jsonl
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wgan.base.files import append_line
from wgan.config import from_settings
from wgan.data import load
from wgan.evaluation.features.maps import Features, load_map
from wgan.evaluation.metrics.frechet import frechet_distance, kernel_distance
from wgan.evaluation.metrics.manifold import manifold
from wgan.training import Run

ENDLESS = 10_000_000
"""Steps that no training here reaches."""
REFERENCE, GENERATED = 5_000, 2_500
"""Pictures of a side: those of the figures on known damage in docs/figures/pictures.md."""


def figures(features: Features, raw: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Return the figures of raw pictures against the features of the reference."""
    x = features(raw)
    shares = manifold(reference, x)
    return {
        "frechet": frechet_distance(x, reference),
        "kernel": kernel_distance(x, reference),
        "precision": 100 * shares.precision,
        "recall": 100 * shares.recall,
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Train for the time or the steps, and return what each measurement found."""
    ours: dict[str, dict[str, Any]] = {"training": {"checkpoint_every": ENDLESS}}
    if not options.steps:
        ours["optimizer"] = {"decay": "none"}
    run = Run.open(
        str(options.train),
        variant=options.variant,
        preset=options.preset,
        steps=options.steps or ENDLESS,
        seed=options.seed,
        layers=[("benchmark", ours), from_settings(options.settings)],
        watch=None,
    )
    codec = run.split.dataset.codec
    features = Features(codec, load_map(options.features, codec.shape))
    test = load(str(options.test)).rows[:]
    reference = features(test[:REFERENCE])
    floor = figures(features, test[REFERENCE : REFERENCE + GENERATED], reference)
    found = []
    due = [options.seconds * (i + 1) / options.measurements for i in range(options.measurements)]
    spent, begun = 0.0, time.process_time()
    for record in run.records():
        seconds = spent + time.process_time() - begun
        last = record.step == options.steps
        if seconds < due[len(found)] and not last:
            continue
        spent = seconds
        sampler = run.model.sampler(options.seed, "figures")
        reached = {"step": record.step, "seconds": round(spent, 1)}
        found.append(reached | figures(features, sampler(GENERATED, 0), reference))
        print(found[-1], flush=True)
        if last or len(found) == len(due):
            break
        begun = time.process_time()
    if options.picture:
        write_picture(options.picture, sampler(64, 1))
    about = {"variant": run.config.objective.variant, "seed": options.seed, "steps": options.steps}
    return about | {"settings": options.settings, "found": found, "floor": floor}


def write_picture(path: Path, raw: np.ndarray) -> None:
    """Write 64 pictures as one."""
    from PIL import Image

    n, h, w, c = raw.shape
    grid = raw.reshape(8, n // 8, h, w, c).transpose(0, 2, 1, 3, 4).reshape(8 * h, -1, c)
    grid = grid.squeeze(-1) if c == 1 else grid  # grey pictures have no axis of channels there
    Image.fromarray(grid).resize((16 * w, 16 * h), Image.Resampling.NEAREST).save(path)


def main() -> None:
    """Measure one setting, and append the figures to a file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--steps", type=int, help="of the run; else endless")
    parser.add_argument("--measurements", type=int, default=2)
    parser.add_argument("--preset", default="images")
    parser.add_argument("--variant")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--out", type=Path, default=Path("image_networks.jsonl"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    append_line(options.out, json.dumps(measure(options)))


if __name__ == "__main__":
    main()
