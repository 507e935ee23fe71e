"""Mode-collapse demonstration: modes covered, and the share of good samples, over training.

The data are 8 Gaussians on a circle and 25 on a grid. Each variant has the settings of preset
`toy`, but narrower networks, half the batch, a constant learning rate and a faster moving average.

References: Metz et al. (2017), section 3.3; Gulrajani et al. (2017), section 4.1.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wgan.base.progress import Progress
from wgan.data import Dataset, load
from wgan.evaluation.metrics.modes import mode_coverage
from wgan.experiments.demos.results import (
    Claim,
    Demo,
    Result,
    Row,
    find,
    means,
    plot_means,
    scaled,
)
from wgan.objectives import VARIANTS
from wgan.training import Run

TOYS = ("8-gaussians", "25-gaussians")
NAMES = ("gan-minimax", "gan", "wgan", "wgan-gp", "wgan-ortho")
STEPS = 1500
"""Generator steps. At full width, 3,000 steps cover all modes in far more time
(docs/figures/claims.md).
"""
MEASUREMENTS = 10
"""Points of a curve over training. More take time and make intervals overlap in the figure."""
SAMPLES = 2000
"""Samples drawn at a measurement: 80 for each of 25 modes, so that few are missed by chance."""
SETTINGS: dict[str, Any] = {
    # Half of the preset's width and batch, which train faster and end worse.
    "network.width": 128,
    "optimizer.batch": 128,
    # A curve over training should not show a falling learning rate.
    "optimizer.decay": "none",
    # Averages over 100 steps: a default of 1,000 would lag behind a training of 1,500.
    "training.ema": 0.99,
}
SEEDS = 5
"""Two more than other demonstrations: whether a mode is missed differs much between seeds."""


class Coverage:
    """Measures modes while a generator is trained.

    A mode is covered if a sample lies within 3 standard deviations of it; such samples are good.

    Args:
        dataset: a toy with modes.
        about: further columns of each row.

    Attributes:
        rows: the measurements so far.
    """

    converged = False

    def __init__(self, dataset: Dataset, about: Row) -> None:
        self.dataset = dataset
        self.about = about
        self.rows: list[Row] = []

    def __call__(
        self, sample: Callable[[int, int], np.ndarray], step: int, /
    ) -> dict[str, int | float]:
        """Measure 2,000 samples."""
        toy = self.dataset.toy
        assert toy is not None
        assert toy.modes is not None
        samples = sample(SAMPLES, step).astype(np.float64)
        coverage = mode_coverage(samples, toy.modes, toy.mode_sd)
        figures = {
            "step": step,
            "modes": coverage.covered,
            "of": coverage.modes,
            "good share": coverage.share,
        }
        self.rows.append(self.about | figures)
        return {"modes_covered": coverage.covered, "good_share": coverage.share}


def measure(source: str, name: str, seed: int, steps: int) -> list[Row]:
    """Train one variant once; return its coverage at ten steps.

    Args:
        source: name of the data.
        name: name of the variant.
        seed: random seed.
        steps: generator steps.
    """
    dataset = load(source)
    watch = Coverage(dataset, {"data": source, "variant": name, "seed": seed})
    settings = SETTINGS | {"training.measure_every": max(1, steps // MEASUREMENTS)}
    run = Run.open(dataset, variant=name, steps=steps, seed=seed, settings=settings, watch=watch)
    for _ in run.records():
        pass
    return watch.rows


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return coverage over training of five variants on two mixtures.

    Args:
        seeds: trainings of each variant.
        effort: multiplies the steps.
        progress: listener.
    """
    work = [(source, name, seed) for source in TOYS for name in NAMES for seed in range(seeds)]
    rows: list[Row] = []
    for i, (source, name, seed) in enumerate(work):
        progress(f"{name} on {source}, seed {seed}", i, len(work))
        rows += measure(source, name, seed, scaled(STEPS, effort))
    last = max(row["step"] for row in rows)
    over_time = means(rows, ("data", "variant", "step"), ("modes", "good share"))
    table: list[Row] = []
    for mean in over_time:
        if mean["step"] == last:
            at_end = _select(rows, mean["data"], mean["variant"], last)
            table.append(
                {
                    "data": mean["data"],
                    "variant": mean["variant"],
                    "modes covered": mean["modes"],
                    "good share": mean["good share"],
                    "each seed": " ".join(str(row["modes"]) for row in at_end),
                }
            )
    claims = [_coverage_claim(rows, name, last) for name in NAMES]
    return Result(rows, table, claims, lambda figure: _draw(figure, over_time))


def _select(rows: Sequence[Row], source: str, name: str, step: int) -> list[Row]:
    """Return the rows of one variant at one step, one for each seed."""
    key = (source, name, step)
    return [row for row in rows if (row["data"], row["variant"], row["step"]) == key]


def _coverage_claim(rows: Sequence[Row], name: str, last: int) -> Claim:
    """Return what is said of a variant: standard GANs miss modes, Wasserstein GANs cover all."""
    complete = True
    figures = []
    for source in TOYS:
        at_end = _select(rows, source, name, last)
        modes = at_end[0]["of"]
        worst = min(row["modes"] for row in at_end)
        complete = complete and worst == modes
        figures.append(f"in the worst seed {worst} of {modes}")
    words = ", ".join(figures)
    if VARIANTS[name].score.is_w1:
        return Claim(f"{name} covers every mode in every seed by step {last}", complete, words)
    return Claim(f"{name} misses modes in some seed at step {last}", not complete, words)


def _draw(figure: Any, over_time: Sequence[Row]) -> None:
    grid = figure.subplots(2, len(TOYS), sharex=True)
    steps = sorted({row["step"] for row in over_time})
    for column, source in enumerate(TOYS):
        for name in NAMES:
            for axes, quantity in zip(grid[:, column], ("modes", "good share"), strict=True):
                points = [
                    find(over_time, quantity, data=source, variant=name, step=step)
                    for step in steps
                ]
                plot_means(axes, steps, points, name, fmt="o-", markersize=3, capsize=2)
                axes.set_ylabel(quantity)
        grid[0, column].set_title(source)
        grid[1, column].set_xlabel("generator steps")
    grid[0, 0].legend(fontsize=7)


DEMO = Demo(
    "mode-collapse",
    "modes covered and share of good samples over training, five variants on 8 and 25 Gaussians"
    " (the longest)",
    run,
    SEEDS,
)
