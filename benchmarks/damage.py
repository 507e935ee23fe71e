"""Rank of known damage to real pictures by each metric, and whether it is as it should be.

Real test pictures stand for a generator, whole and damaged. Nothing is trained but the feature map.
The reference are held-out pictures of the training file, as for a run. The "generator" draws from
the test file: pictures as they are, without one class, of half the classes, blurred (Gaussian of
1 pixel), with noise of sd 0.05 and 0.1 of the range, and uniform noise in their place. Training and
held-out pictures are measured too, which shows copying.

    wgan features train train-images-idx3-ubyte.gz --labels train-labels-idx1-ubyte.gz \\
        --out features/fashion
    python benchmarks/damage.py train-images-idx3-ubyte.gz t10k-images-idx3-ubyte.gz \\
        t10k-labels-idx1-ubyte.gz --features features/fashion
"""

import argparse
import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from wgan.data import load
from wgan.evaluation import Evaluation, EvaluationOptions, evaluate

WORSE = {
    "w1-exact": ("real", "noise .05", "noise .1", "uniform"),
    "sliced-w2": ("real", "9 of 10", "half", "uniform"),
    "frechet": ("real", "9 of 10", "half", "uniform"),
    "kernel": ("real", "9 of 10", "half", "uniform"),
    "precision": ("real", "noise .05", "noise .1", "uniform"),
    "recall": ("real", "half", "uniform"),
    "coverage": ("real", "9 of 10", "half", "uniform"),
    "c2st-auc": ("real", "9 of 10", "half", "uniform"),
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

    return {
        "real": of(test),
        "9 of 10": of(test[labels != 3]),
        "half": of(test[labels < 5]),
        "blur": of(test, lambda x, random: gaussian_filter(x, (0, 1, 1))),
        "noise .05": of(test, noise(0.05)),
        "noise .1": of(test, noise(0.1)),
        "uniform": of(test, lambda x, random: random.integers(0, 256, x.shape).astype(np.float64)),
    }


def faults(evaluations: dict[str, Evaluation], metric: str) -> list[str]:
    """Return the steps of a metric's order that do not hold."""
    lines = [(name, evaluations[name].line(metric)) for name in WORSE[metric]]
    sign = -1 if metric in HIGH_IS_GOOD else 1
    return [
        f"{a} < {b}"
        for (a, x), (b, y) in pairwise(lines)
        if not sign * (y.generated.value - x.generated.value) > 0
    ]


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
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    started = time.perf_counter()
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
    evaluations = {name: evaluate(sampler, split, how) for name, sampler in samplers.items()}
    metrics = [line.metric for line in evaluations["real"].lines]
    features = evaluations["real"].line("frechet").of
    print(f"| on {features}, n = {options.n} | floor | " + " | ".join(evaluations) + " |")
    print("|---" * (len(evaluations) + 2) + "|")
    for metric in metrics:
        cells = [each.line(metric).cells for each in evaluations.values()]
        print(f"| {cells[0][0]} | {cells[0][2]} | " + " | ".join(cell[1] for cell in cells) + " |")
    for metric in WORSE:
        wrong = faults(evaluations, metric)
        outcome = "DOES NOT HOLD: " + ", ".join(wrong) if wrong else "holds"
        print(f"{metric}: {' < '.join(WORSE[metric])}: {outcome}")
    print(f"{time.perf_counter() - started:.0f} s")
    if options.out:
        figures = {name: each.to_json() for name, each in evaluations.items()}
        options.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
