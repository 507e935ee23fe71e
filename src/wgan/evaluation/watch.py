"""Watch: the held-out distance while a generator is trained, and the trend of this distance.

The first half of the measurements is left out. Of the rest, the later half's mean is compared with
the earlier one's. The noise of one measurement is the median absolute successive difference over
sqrt(2) z_{0.75}, which a trend hardly moves (von Neumann et al. 1941; made robust after Hampel
1974).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Literal

import numpy as np
from scipy import stats

from wgan.data import Split
from wgan.distances import wasserstein
from wgan.evaluation.metrics.modes import mode_coverage
from wgan.evaluation.sampler import Sampler

# Exact W1 on 500 samples takes a small part of the time between two measurements.
SAMPLES = 500
# Sets of training samples for the floor, as for the held-out distance at a run's end.
FLOORS = 5
# Fewer measurements leave fewer than 8 that count; the interval was checked for 8 to 32.
POINTS = 16
# An interval wider than a tenth of the level would call every slow change flat. Chosen here.
TOO_WIDE = 0.1


@dataclass(frozen=True)
class Trend:
    """The change of the held-out W1 between two halves of the measurements that count.

    Attributes:
        change: later half minus earlier half.
        half_width: half-width of its 95 % interval.
        level: mean of the later half.
        first: step of the first measurement.
        last: step of the last measurement.
        points: measurements.
    """

    change: float
    half_width: float
    level: float
    first: int
    last: int
    points: int

    @property
    def state(self) -> Literal["falling", "rising", "flat", "unclear"]:
        """Side of zero on which the interval lies.

        An interval that holds zero means flat, or unclear where it is wider than a tenth of the
        level.
        """
        if self.change + self.half_width < 0:
            return "falling"
        if self.change - self.half_width > 0:
            return "rising"
        return "flat" if self.half_width <= TOO_WIDE * self.level else "unclear"

    def __str__(self) -> str:
        return (
            f"held-out W1 {self.change:+.2g} +- {self.half_width:.2g} to {self.level:.3g}, the"
            f" later against the earlier half of {self.points} measurements, steps {self.first} to"
            f" {self.last}"
        )


def trend(steps: Sequence[int], distances: Sequence[float] | np.ndarray) -> Trend | None:
    """Return the change within the last half of the measurements; none for fewer than 16.

    The interval is Student's t with n / 2 degrees of freedom, where n measurements count. With
    these, the robust noise held 95 to 97 % for n from 8 to 32 (200,000 simulations each).

    Args:
        steps: step of each measurement, rising.
        distances: measured distances.

    >>> trend(range(16), range(16, 0, -1)).state
    'falling'
    """
    if len(steps) < POINTS:
        return None
    n = len(steps) // 2
    x = steps[-n:]
    y = np.asarray(distances[-n:], dtype=np.float64)
    earlier, later = y[: n // 2], y[n // 2 :]
    t = float(stats.t.ppf(0.975, n / 2))
    return Trend(
        change=float(later.mean() - earlier.mean()),
        half_width=t * noise_of(y) * sqrt(1 / len(earlier) + 1 / len(later)),
        level=float(later.mean()),
        first=int(x[0]),
        last=int(x[-1]),
        points=n,
    )


def noise_of(distances: Sequence[float] | np.ndarray) -> float:
    """Return the standard deviation of one measurement's noise.

    It is the median absolute successive difference over sqrt(2) z_{0.75}.

    Args:
        distances: measured distances, in the order of steps.

    >>> round(noise_of([1.0, 2.0, 1.0, 2.0]), 3)
    1.048
    """
    return float(np.median(np.abs(np.diff(distances)))) / (sqrt(2) * float(stats.norm.ppf(0.75)))


class Watch:
    """Measures a generator while it is trained.

    A measurement is the exact W1 between min(held-out, 500) held-out samples, always the same, and
    as many generated ones. Where modes are known by place, the number of covered modes and the
    share of good samples go with it.

    Args:
        split: the data that the generator is trained on.
        measured: earlier measurements, as (step, W1).
    """

    def __init__(self, split: Split, measured: Sequence[tuple[int, float]] = ()) -> None:
        self.split = split
        self.measured = list(measured)
        self._trend = self._last_trend()

    @cached_property
    def _held_out(self) -> np.ndarray:
        n = min(SAMPLES, self.split.n_held_out)
        return self.split.dataset.codec.measure(self.split.held_out_sample(0, n))

    def __call__(self, sample: Sampler, step: int) -> dict[str, int | float]:
        """Measure the generator after a step, and return the figures by name.

        Args:
            sample: the generator; draw `step` of its stream is taken. Its stream should be one that
                nothing else draws from, such as "watch".
            step: the step.
        """
        raw = sample(len(self._held_out), step)
        w1 = wasserstein(self.split.dataset.codec.measure(raw), self._held_out)
        self.measured.append((step, w1))
        self._trend = self._last_trend()
        figures: dict[str, int | float] = {"held_out_w1": w1}
        toy = self.split.dataset.toy
        if toy and toy.modes is not None:
            coverage = mode_coverage(np.asarray(raw, dtype=np.float64), toy.modes, toy.mode_sd)
            figures |= {"modes_covered": coverage.covered, "good_share": coverage.share}
        return figures

    @property
    def n(self) -> int:
        """Samples on each side of a measurement."""
        return len(self._held_out)

    def floor(self) -> float:
        """Return the W1 of training samples in the place of generated ones.

        It is a mean over up to 5 disjoint sets.
        """
        measure = self.split.dataset.codec.measure
        split = self.split
        n = min(self.n, split.n_train)
        floors = min(FLOORS, split.n_train // n)
        sets = (split.train_sample(i * n, (i + 1) * n) for i in range(floors))
        return float(np.mean([wasserstein(measure(x), self._held_out) for x in sets]))

    def _last_trend(self) -> Trend | None:
        if not self.measured:
            return None
        steps, distances = zip(*self.measured, strict=True)
        return trend(steps, distances)

    @property
    def trend(self) -> Trend | None:
        """The latest change of the distance."""
        return self._trend

    @property
    def converged(self) -> bool:
        """Whether the latest trend is flat; False with too few measurements."""
        return self._trend is not None and self._trend.state == "flat"
