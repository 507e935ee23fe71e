"""Rank of known damage to real pictures by each metric, and whether it is as it should be.

Real test pictures stand for a generator, whole and damaged. Nothing is trained but the feature map.
The reference are held-out pictures of the training file, as for a run. The "generator" draws from
the test file: pictures as they are, without one class, of half the classes, blurred (Gaussian of
1/2 and 1 pixel), with noise of sd 0.05 and 0.1 of the range, mottled (noise that is smoothed by a
Gaussian of 1.5 pixels, of sd 0.05 and 0.1), with quarters or sixteenths of each picture in random
order, and uniform noise in their place. Training and held-out pictures are measured too, which
shows copying. Generated samples may stand beside them, from early to late ones.

    wgan features train train-images-idx3-ubyte.gz --labels train-labels-idx1-ubyte.gz \\
        --out features/fashion
    python benchmarks/damage.py train-images-idx3-ubyte.gz t10k-images-idx3-ubyte.gz \\
        t10k-labels-idx1-ubyte.gz --features features/fashion
    python benchmarks/damage.py train-images-idx3-ubyte.gz t10k-images-idx3-ubyte.gz \\
        t10k-labels-idx1-ubyte.gz --only w1-exact kernel-learned --samples step100.npy step800.npy
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from wgan.data import load
from wgan.evaluation import PROTOCOLS, Evaluation, EvaluationOptions, evaluate
from wgan.evaluation.protocol import no_arrays, no_details

KERNEL = (
    ("real", "9 of 10", "half", "uniform"),
    ("real", "blur .5", "blur 1", "uniform"),
    ("real", "noise .05", "noise .1", "uniform"),
    ("real", "mottle .05", "mottle .1", "uniform"),
    ("real", "quarters"),
    ("real", "sixteenths"),
)
WORSE = {
    "w1-exact": (("real", "noise .05", "noise .1", "uniform"),),
    "sliced-w2": (("real", "9 of 10", "half", "uniform"),),
    "kernel-learned": KERNEL,
    "frechet": (("real", "9 of 10", "half", "uniform"),),
    "kernel": (("real", "9 of 10", "half", "uniform"),),
    "precision": (("real", "noise .05", "noise .1", "uniform"),),
    "recall": (("real", "half", "uniform"),),
    "coverage": (("real", "9 of 10", "half", "uniform"),),
    "c2st-auc": (("real", "9 of 10", "half", "uniform"),),
}
"""Damages from best to worst: each figure must be worse than the one before."""
HIGH_IS_GOOD = ("precision", "recall", "coverage")
Sampler = Callable[[int, int], np.ndarray]


def damages(test: np.ndarray, labels: np.ndarray) -> dict[str, Sampler]:
    """Return a generator for each damage; each draw takes other test pictures at random."""

    def of(
        pictures: np.ndarray,
        change: Callable[[np.ndarray, np.random.Generator], np.ndarray] = lambda x, random: x,
    ) -> Sampler:
        def sample(n: int, draw: int) -> np.ndarray:
            random = np.random.default_rng(draw)
            changed = change(
                pictures[random.permutation(len(pictures))[:n]].astype(np.float64), random
            )
            return np.rint(np.clip(changed, 0, 255)).astype(np.uint8)

        return sample

    def noise(sd: float) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
        return lambda x, random: x + 255 * sd * random.standard_normal(x.shape)

    def blur(sd: float) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
        return lambda x, random: gaussian_filter(x, (0, sd, sd, *[0] * (x.ndim - 3)))

    def mottle(sd: float) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
        def change(x: np.ndarray, random: np.random.Generator) -> np.ndarray:
            smooth = gaussian_filter(
                random.standard_normal(x.shape), (0, 1.5, 1.5, *[0] * (x.ndim - 3))
            )
            return x + 255 * sd * smooth / smooth.std()

        return change

    def shuffled(k: int) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
        return lambda x, random: blocks_shuffled(x, k, random)

    return {
        "real": of(test),
        "9 of 10": of(test[labels != 3]),
        "half": of(test[labels < 5]),
        "blur .5": of(test, blur(0.5)),
        "blur 1": of(test, blur(1)),
        "noise .05": of(test, noise(0.05)),
        "noise .1": of(test, noise(0.1)),
        "mottle .05": of(test, mottle(0.05)),
        "mottle .1": of(test, mottle(0.1)),
        "quarters": of(test, shuffled(2)),
        "sixteenths": of(test, shuffled(4)),
        "uniform": of(test, lambda x, random: random.integers(0, 256, x.shape).astype(np.float64)),
    }


def blocks_shuffled(x: np.ndarray, k: int, random: np.random.Generator) -> np.ndarray:
    """Return pictures `[n, h, w, ...]` whose k x k blocks are in random order."""
    h, w = x.shape[1] // k, x.shape[2] // k
    blocks = [x[:, i * h : (i + 1) * h, j * w : (j + 1) * w] for i in range(k) for j in range(k)]
    stacked = np.stack(blocks, 1)
    order = random.random((len(x), k * k)).argsort(axis=1)
    stacked = np.take_along_axis(stacked, order.reshape(*order.shape, *[1] * (x.ndim - 1)), 1)
    rows = [
        np.concatenate(list(stacked[:, i * k : (i + 1) * k].swapaxes(0, 1)), 2) for i in range(k)
    ]
    return np.concatenate(rows, 1)


def faults(evaluations: dict[str, Evaluation], metric: str, order: Sequence[str]) -> list[str]:
    """Return the steps of an order that a metric does not keep."""
    lines = [(name, evaluations[name].line(metric)) for name in order]
    sign = -1 if metric in HIGH_IS_GOOD else 1
    return [
        f"{a} < {b}"
        for (a, x), (b, y) in pairwise(lines)
        if not sign * (y.generated.value - x.generated.value) > 0
    ]


def restrict(kind: str, names: Sequence[str]) -> None:
    """Measure these metrics alone, with one set for the floor: training pictures stand beside."""
    protocol = PROTOCOLS[kind]
    metrics = tuple(each for each in protocol.metrics if each.name in names)
    PROTOCOLS[kind] = replace(
        protocol, metrics=metrics, real_sets=1, each_set=no_arrays, details=no_details
    )


def main() -> None:
    """Print a table of all metrics and damages, and the orders that hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("labels")
    parser.add_argument("--features", type=Path)
    parser.add_argument("-n", type=int, default=2000)
    parser.add_argument("--only", nargs="+", metavar="METRIC", help="these metrics alone")
    parser.add_argument(
        "--samples", nargs="+", type=Path, default=[], help=".npy files, early first"
    )
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    started = time.process_time()
    data = load(options.train)
    test = load(options.test, labels=options.labels)
    assert test.labels is not None
    split = data.split()
    how = EvaluationOptions(features=options.features, number=options.n)
    samplers = damages(np.asarray(test.rows[:]), test.labels)
    samplers["training"] = lambda n, draw: split.train_sample(draw * n, (draw + 1) * n)
    samplers["held-out"] = lambda n, draw: split.held_out_sample(
        split.n_held_out - n, split.n_held_out
    )
    generated = {path.stem: np.load(path) for path in options.samples}
    samplers |= {
        name: lambda n, draw, x=x: np.random.default_rng(draw).permutation(x)[:n]
        for name, x in generated.items()
    }
    if options.only:
        restrict(data.codec.kind, options.only)
    evaluations = {name: evaluate(sampler, split, how) for name, sampler in samplers.items()}
    metrics = [line.metric for line in evaluations["real"].lines]
    print(f"| on {options.features or 'pixels'}, n = {options.n} | floor | ", end="")
    print(" | ".join(evaluations) + " |")
    print("|---" * (len(evaluations) + 2) + "|")
    for metric in metrics:
        cells = [each.line(metric).cells for each in evaluations.values()]
        print(f"| {cells[0][0]} | {cells[0][2]} | " + " | ".join(cell[1] for cell in cells) + " |")
    late_first = ("real", *reversed(generated))
    for metric in (name for name in WORSE if name in metrics):
        for order in (*WORSE[metric], late_first):
            wrong = faults(evaluations, metric, order)
            outcome = "DOES NOT HOLD: " + ", ".join(wrong) if wrong else "holds"
            print(f"{metric}: {' < '.join(order)}: {outcome}")
    print(f"{time.process_time() - started:.0f} s of process time")
    if options.out:
        figures = {name: each.to_json() for name, each in evaluations.items()}
        options.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
