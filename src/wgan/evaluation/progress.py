"""Does a run still get better? The held-out distance while training, and whether it has stopped falling within its own noise.

The change over the last half of the measurements is that of a straight line fitted by least squares; its interval, Student's t
from the residuals, holds the measurements' sampling noise (Draper and Smith 1998, section 1.4).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from wgan.data import Split
from wgan.distances import wasserstein
from wgan.evaluation.modes import mode_coverage

SAMPLES = 500
POINTS = 8
"""So many measurements are needed at least."""


@dataclass(frozen=True)
class Trend:
    """The held-out W1 changed by `change` +- `half_width` (95 %) between two steps, by a line through `points` measurements."""

    change: float
    half_width: float
    first: int
    last: int
    points: int
    level: float

    @property
    def falling(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.change + self.half_width < 0

    def __str__(self) -> str:
        return f"held-out W1 {self.change:+.2g} +- {self.half_width:.2g} between steps {self.first} and {self.last} ({self.points} measurements)"


def trend(steps: Sequence[int], distances: Sequence[float]) -> Trend | None:
    """Return the change over the last half of the measurements, or over the last 8; none where there are fewer.

    Args:
        steps: when each was taken, rising.
        distances: what was measured.

    >>> trend(range(8), [8, 7, 6, 5, 4, 3, 2, 1]).falling
    True
    """
    if len(steps) < POINTS:
        return None
    last = max(POINTS, len(steps) // 2)
    x, y = np.asarray(steps[-last:], dtype=np.float64), np.asarray(distances[-last:], dtype=np.float64)
    fit = stats.linregress(x, y)
    span = float(x[-1] - x[0])
    half_width = float(stats.t.ppf(0.975, last - 2) * fit.stderr) * span
    return Trend(float(fit.slope) * span, half_width, int(x[0]), int(x[-1]), last, float(y.mean()))


class Watch:
    """Measures a generator while it is trained; `converged` once its distance has stopped falling.

    A measurement is the exact W1 between min(held-out, 500) held-out samples, always the same, and as many fresh generated ones;
    where modes are known, also how many are covered and the share of good samples.
    """

    def __init__(self, split: Split, measured: Sequence[tuple[int, float]] = ()) -> None:
        self.split, self.measured = split, list(measured)
        self._held_out = split.dataset.codec.measure(split.held_out_sample(0, min(SAMPLES, split.n_held_out)))

    def __call__(self, sample: Callable[[int, int], np.ndarray], step: int) -> dict[str, int | float]:
        """Measure the generator after `step` steps, given as a function (n, draw) to `n` fresh raw samples."""
        raw = sample(len(self._held_out), -1 - step)  # negative draws are never the verdict's
        w1 = wasserstein(self.split.dataset.codec.measure(raw), self._held_out)
        self.measured.append((step, w1))
        found: dict[str, int | float] = {"held_out_w1": w1}
        toy = self.split.dataset.toy
        if toy and toy.modes is not None:
            coverage = mode_coverage(np.asarray(raw, dtype=np.float64), toy.modes, toy.mode_sd)
            found |= {"modes_covered": coverage.covered, "good_share": coverage.share}
        return found

    @property
    def trend(self) -> Trend | None:
        """How the distance changed of late."""
        return trend(*zip(*self.measured, strict=True)) if self.measured else None

    @property
    def converged(self) -> bool:
        """Whether there are enough measurements, and the distance no longer falls."""
        return self.trend is not None and not self.trend.falling
