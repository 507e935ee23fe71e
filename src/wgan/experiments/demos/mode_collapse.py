"""Which GANs lose modes? Modes covered and share of good samples while training, Metz et al.
(2017), section 3.3.

8 Gaussians on a circle and 25 on a grid (Gulrajani et al. 2017, section 4.1). Each variant has the
settings of preset `toy`, but narrower networks, half the batch, a constant learning rate and a
faster moving average (0.99).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from wgan.base.progress import Progress
from wgan.data import Dataset, load
from wgan.evaluation.metrics.modes import mode_coverage
from wgan.experiments.demos.results import Claim, Demo, Result, Row, find, means
from wgan.objectives import VARIANTS
from wgan.training import Run

TOYS = ("8-gaussians", "25-gaussians")
NAMES = ("gan-minimax", "gan", "wgan", "wgan-gp", "wgan-ortho")
STEPS, MEASUREMENTS, SAMPLES = 1500, 10, 2000
SETTINGS: dict[str, Any] = {
    "network.width": 128,
    "optimizer.batch": 128,
    "optimizer.decay": "none",
    "training.ema": 0.99,
}


class Coverage:
    """What is measured while training: modes with a sample within 3 sd, and the share of such
    samples.
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
        found = mode_coverage(sample(SAMPLES, step).astype(np.float64), toy.modes, toy.mode_sd)
        self.rows.append(
            self.about
            | {
                "step": step,
                "modes": found.covered,
                "of": found.modes,
                "good share": found.share,
            }
        )
        return {"modes_covered": found.covered, "good_share": found.share}


def measure(source: str, name: str, seed: int, steps: int) -> list[Row]:
    """Train one variant once; return its coverage at ten steps."""
    dataset = load(source)
    watch = Coverage(dataset, {"data": source, "variant": name, "seed": seed})
    settings = SETTINGS | {"training.measure_every": max(1, steps // MEASUREMENTS)}
    run = Run.open(dataset, variant=name, steps=steps, seed=seed, settings=settings, watch=watch)
    for _ in run.records():
        pass
    return watch.rows


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return coverage over training of five variants on two mixtures."""
    work = [(source, name, seed) for source in TOYS for name in NAMES for seed in range(seeds)]
    rows: list[Row] = []
    for i, (source, name, seed) in enumerate(work):
        progress(f"{name} on {source}, seed {seed}", i, len(work))
        rows += measure(source, name, seed, max(1, int(STEPS * effort)))
    last = max(row["step"] for row in rows)
    over_time = means(rows, ("data", "variant", "step"), ("modes", "good share"))
    table: list[Row] = [
        {
            "data": r["data"],
            "variant": r["variant"],
            "modes covered": r["modes"],
            "good share": r["good share"],
            "each seed": " ".join(
                str(x["modes"])
                for x in rows
                if (x["data"], x["variant"], x["step"]) == (r["data"], r["variant"], last)
            ),
        }
        for r in over_time
        if r["step"] == last
    ]
    claims = [_covers(rows, name, last) for name in NAMES]
    return Result(rows, table, claims, lambda figure: _draw(figure, over_time))


def _covers(rows: list[Row], name: str, last: int) -> Claim:
    """Standard GANs are said to miss modes, Wasserstein ones to cover all."""
    found = {
        source: [
            (r["modes"], r["of"])
            for r in rows
            if (r["data"], r["variant"], r["step"]) == (source, name, last)
        ]
        for source in TOYS
    }
    figures = ", ".join(
        f"in the worst seed {min(m for m, _ in each)} of {each[0][1]}" for each in found.values()
    )
    complete = all(m == of for each in found.values() for m, of in each)
    if VARIANTS[name].score.is_w1:
        return Claim(f"{name} covers every mode in every seed by step {last}", complete, figures)
    return Claim(f"{name} misses modes in some seed at step {last}", not complete, figures)


def _draw(figure: Any, over_time: list[Row]) -> None:
    grid = figure.subplots(2, len(TOYS), sharex=True)
    for column, source in enumerate(TOYS):
        steps = sorted({r["step"] for r in over_time})
        for name in NAMES:
            for axes, quantity in zip(grid[:, column], ("modes", "good share"), strict=True):
                found = [
                    find(over_time, quantity, data=source, variant=name, step=step)
                    for step in steps
                ]
                axes.errorbar(
                    steps,
                    [m.value for m in found],
                    [m.half_width for m in found],
                    fmt="o-",
                    markersize=3,
                    capsize=2,
                    label=name,
                )
                axes.set_ylabel(quantity)
        grid[0, column].set_title(source)
        grid[1, column].set_xlabel("generator steps")
    grid[0, 0].legend(fontsize=7)


DEMO = Demo(
    "mode-collapse",
    "modes covered and share of good samples over training, five variants on 8 and 25 Gaussians"
    " (the longest)",
    run,
    seeds=5,
)
