"""Share of a training step that is spent drawing its batches, for each way that data are stored.

The data are made in a temporary folder:

- pictures of 64 x 64 in colour: a folder of PNG files, which is decoded once into a cache, and a
  `.npy`; both are memory-mapped, too large to stand on the device;
- as many such pictures as stand on the device, and 28 x 28 pictures on the device;
- rows of numbers, memory-mapped;
- a table of mixed columns.

The presets' own networks are trained, with one critic step each. The seconds of a step are a
median, those of its draws a mean over 300 steps in a row. Files were just written, so they are in
the system's cache, as from the second epoch on.

    python benchmarks/loading.py [--rounds 15] [--threads 2] [--out loading.json]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

import wgan
from wgan.config import configure, from_settings
from wgan.data import Batches, Dataset, load
from wgan.training import Run
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.step import train_step

LARGE = 24_000
"""Colour pictures of 64 x 64 that do not stand on the device: 281 MiB, above the limit of 256."""
SMALL = 4_000
"""Pictures that stand on the device."""
ROWS = 4_000_000
"""Rows of 32 numbers: 488 MiB, too large to stand on the device."""
RECORDS = 50_000
"""Rows of the table. More take longer to prepare."""
DRAWS = 300
"""Steps over which the time of a draw is a mean, the shuffling of blocks of rows included."""


def pictures(n: int, side: int, channels: int, seed: int = 0) -> np.ndarray:
    """Return random pictures, `[n, side, side, channels]` of bytes."""
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


def folder_of_pictures(folder: Path) -> Path:
    """Write PNG files of 64 x 64 pixels in colour."""
    place = folder / "pictures"
    place.mkdir()
    for i, picture in enumerate(pictures(LARGE, 64, 3)):
        Image.fromarray(picture).save(place / f"{i:05}.png", compress_level=1)
    return place


def mapped_pictures(folder: Path) -> Path:
    """Write a `.npy` of pictures of 64 x 64 in colour."""
    np.save(folder / "pictures.npy", pictures(LARGE, 64, 3))
    return folder / "pictures.npy"


def mapped_rows(folder: Path) -> Path:
    """Write a `.npy` of rows of 32 numbers."""
    np.save(
        folder / "rows.npy", np.random.default_rng(0).standard_normal((ROWS, 32), dtype=np.float32)
    )
    return folder / "rows.npy"


def table(folder: Path) -> Path:
    """Write a table of 8 categories and 6 numbers."""
    rng = np.random.default_rng(0)
    columns = {f"kind {i}": rng.choice(list("abcdefgh"), RECORDS) for i in range(8)} | {
        f"number {i}": rng.normal(size=RECORDS) for i in range(6)
    }
    pd.DataFrame(columns).to_parquet(folder / "table.parquet")
    return folder / "table.parquet"


CASES: dict[str, Callable[[Path], Any]] = {
    "64x64x3, a folder of PNG": folder_of_pictures,
    "64x64x3, .npy mapped": mapped_pictures,
    "64x64x3, on the device": lambda folder: pictures(SMALL, 64, 3),
    "28x28x1, on the device": lambda folder: pictures(SMALL, 28, 1),
    "32 numbers, .npy mapped": mapped_rows,
    "table of 14 columns": table,
}


def measure(data: Dataset, rounds: int) -> dict[str, Any]:
    """Return the seconds of a step, and of its draws, the shuffling of blocks of rows included."""
    config, _ = configure([from_settings(["optimizer.critic_steps=1"])], data=data)
    run = Run.start(config, data, watch=None)
    device = next(run.state.critic.parameters()).device
    draws = Draws(Batches(run.split, 0, device), config, device)
    losses = build_losses(run.state, run.variant, config)
    train_step(run.state, losses, run.variant, draws, config)
    steps = []
    for _ in range(rounds):
        start = time.perf_counter()
        train_step(run.state, losses, run.variant, draws, config)
        steps.append(time.perf_counter() - start)
    fresh = Draws(Batches(run.split, 1, device), config, device)
    fresh.critic(0)  # what stands on the device is put there
    start = time.perf_counter()
    for draw in range(1, DRAWS + 1):
        fresh.critic(draw)
        fresh.generator(draw, run.variant.score.generator_needs_real)
    drawing = (time.perf_counter() - start) / DRAWS
    step = statistics.median(steps)
    return {
        "precision": config.training.precision,
        "batch": config.optimizer.batch,
        "step, s": step,
        "draws, s": drawing,
        "share": drawing / step,
    }


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"wgan {wgan.__version__}, torch {torch.__version__}, {arguments.threads} threads")
    rows = []
    for name, make in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            source = make(Path(folder))
            row = {"case": name} | measure(load(source), arguments.rounds)
        rows.append(row)
        print(
            f"{name:26} batch {row['batch']:4} {row['precision']:9} step"
            f" {row['step, s'] * 1e3:8.1f} ms  draws {row['draws, s'] * 1e3:6.2f} ms  waiting"
            f" {row['share']:6.2%}",
            flush=True,
        )
    if arguments.out:
        Path(arguments.out).write_text(
            json.dumps(
                {"torch": torch.__version__, "threads": arguments.threads, "rows": rows}, indent=2
            )
        )


if __name__ == "__main__":
    main()
