"""Watch: the held-out distance while a generator is trained, and the trend of this distance.

Only the last half of the measurements counts. Its least-squares slope says how the distance
changes. The noise of that slope is estimated from the next orthonormal polynomials, of degree 2 to
5. Their coefficients contain no straight line, but do contain the slow noise that would look like
one. See Sun (2011), "Robust trend inference with series variance estimator", with polynomials as
its functions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import hypot, sqrt
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.polynomial import legendre
from scipy import stats

from wgan.base.errors import WganError
from wgan.data import Split
from wgan.distances import wasserstein
from wgan.evaluation.metrics.modes import mode_coverage
from wgan.evaluation.sampler import Sampler

# Exact W1 on 500 samples takes a small part of the time between two measurements.
SAMPLES = 500
# Sets of training samples for the floor, as for the held-out distance at a run's end.
FLOORS = 5
# Fewer measurements leave fewer than 16 that count. Of 16, noise that correlates by 0.5 between
# neighbours makes 10 % of flat curves fall or rise; of 8, 14 % (20,000 simulations each).
POINTS = 32
# A change that a doubling of the steps may still bring where a run counts as converged, as a share
# of the level. Chosen here: seeds of one configuration differ by about as much.
TOLERANCE = 0.05
# Polynomials that give the noise. With 4, a flat curve of 32 measurements that count passes for
# falling or rising in 5 % of cases where noise is independent, 7 % where neighbours correlate by
# 0.5 and 10 % at 0.7; with 8 it would be 10 % and 18 % (20,000 simulations each).
NOISE_DEGREES = 4
# Probability that a single trend passes for converged by chance. A run that may end by it looks
# again and again, hence a smaller one there: with 4 looks in each doubling, a run that falls by
# just the tolerance is ended in 4 % of cases where noise is independent, and 9 % where neighbours
# correlate by 0.7; one that falls by twice as much in none of 4,000.
ERROR, STOP_ERROR = 0.05, 0.01
LOOKS = 4


@dataclass(frozen=True)
class Trend:
    """The straight change of the held-out W1 over the measurements that count.

    Attributes:
        change: of the fitted line, from the first of them to the last.
        standard_error: of the change.
        degrees: of freedom of the standard error.
        level: the fitted line at the last of them.
        first: step of the first measurement.
        last: step of the last measurement.
        points: measurements.
    """

    change: float
    standard_error: float
    degrees: int
    level: float
    first: int
    last: int
    points: int

    @property
    def half_width(self) -> float:
        """Half-width of the change's 95 % interval, Student's t."""
        return float(stats.t.ppf(0.975, self.degrees)) * self.standard_error

    def within_tolerance(self, error: float = ERROR) -> bool:
        """Whether as many steps again, at this slope, surely change W1 by less than 5 %.

        The measurements that count are the later half, so such a change is twice theirs. It is
        within the tolerance if both one-sided tests say so (Schuirmann 1987).

        Args:
            error: the probability of a wrong yes, where the change is just the tolerance.
        """
        limit = float(stats.t.ppf(1 - error, self.degrees)) * self.standard_error
        return 2 * (abs(self.change) + limit) <= TOLERANCE * self.level

    @property
    def state(self) -> Literal["falling", "rising", "flat", "unclear"]:
        """State of the trend.

        Flat: surely within the tolerance, whether there is a change or not. Falling or rising: the
        interval lies on one side of zero. Unclear: all else.
        """
        if self.within_tolerance():
            return "flat"
        if self.change + self.half_width < 0:
            return "falling"
        return "rising" if self.change - self.half_width > 0 else "unclear"

    def __str__(self) -> str:
        return (
            f"held-out W1 {self.change:+.2g} +- {self.half_width:.2g} to {self.level:.3g} in the"
            f" last {self.points} measurements, steps {self.first} to {self.last}"
        )


def trend(steps: Sequence[int], distances: Sequence[float] | np.ndarray) -> Trend | None:
    """Return the change within the last half of the measurements; none for fewer than 32.

    Let c_j be the coefficient of the orthonormal polynomial of degree j. Then change / standard
    error = c_1 / sqrt(mean of c_2^2 ... c_5^2). On a flat curve with independent noise it has
    Student's t distribution with 4 degrees of freedom.

    Args:
        steps: step of each measurement, rising; the measurements are taken as evenly spaced.
        distances: measured distances.

    >>> trend(range(32), range(32, 0, -1)).state
    'falling'
    """
    if len(steps) < POINTS:
        return None
    n = len(steps) // 2
    x = steps[-n:]
    y = np.asarray(distances[-n:], dtype=np.float64)
    basis = _polynomials(n)
    c = basis.T @ y
    span = float(basis[-1, 1] - basis[0, 1])
    change = float(c[1]) * span
    return Trend(
        change=change,
        standard_error=hypot(*c[2:].tolist()) / sqrt(NOISE_DEGREES) * abs(span),
        degrees=NOISE_DEGREES,
        level=float(y.mean()) + change / 2,
        first=int(x[0]),
        last=int(x[-1]),
        points=n,
    )


# A run measures again and again, and each count of measurements has its own polynomials.
@lru_cache(maxsize=8)
def _polynomials(n: int) -> Float[np.ndarray, "n degrees"]:
    """Return orthonormal polynomials of degree 0 to 5 on n evenly spaced points, `[n, 6]`."""
    powers = legendre.legvander(np.linspace(-1, 1, n), NOISE_DEGREES + 1)
    return np.linalg.qr(powers)[0]


def noise_of(distances: Sequence[float] | np.ndarray) -> float:
    """Return the standard deviation of one measurement's noise, as far as it is independent.

    It is the median absolute successive difference over sqrt(2) z_{0.75}, which a trend hardly
    moves (von Neumann et al. 1941; made robust after Hampel 1974).

    Args:
        distances: measured distances, in the order of steps.

    >>> round(noise_of([1.0, 2.0, 1.0, 2.0]), 3)
    1.048
    """
    return float(np.median(np.abs(np.diff(distances)))) / (sqrt(2) * float(stats.norm.ppf(0.75)))


def looks_at(measurements: int) -> bool:
    """Whether a run may end after this many measurements: at four counts in each doubling.

    >>> [n for n in range(100) if looks_at(n)]
    [32, 40, 48, 56, 64, 80, 96]
    """
    if measurements < POINTS:
        return False
    return measurements % (2 ** (measurements.bit_length() - 1) // LOOKS) == 0


def watched_apart(split: Split) -> Split:
    """Return a split whose held-out samples do without those that a run is watched by.

    A run that ends by what it measures chooses its end by them, or how much it augments, and what
    comes out is measured on the others.

    Args:
        split: the whole split.

    Raises:
        WganError: a single held-out sample, which cannot be shared out.
    """
    if split.n_apart < 2:
        raise WganError(
            f"{split.dataset.name}: holds a single sample out, and a run that ends or augments by"
            " what it measures needs two or more: raise data.held_out, or leave out"
            " --stop-when-converged and --augment"
        )
    return replace(split, watched=min(SAMPLES, split.n_apart // 2))


def measurements(
    metrics: Iterable[Mapping[str, int | float]], watched: int | float
) -> list[tuple[int, float]]:
    """Return (step, W1) of the lines that were measured on the same samples.

    Args:
        metrics: lines of `metrics.jsonl`.
        watched: how many samples were set apart for it; 0: none, so that held-out ones served.
    """
    return [
        (int(line["step"]), float(line["held_out_w1"]))
        for line in metrics
        if "held_out_w1" in line and line.get("watched", 0) == watched
    ]


class Watch:
    """Measures a generator while it is trained.

    A measurement is the exact W1 between up to 500 samples, always the same, and as many generated
    ones. The samples are those that the split sets apart for it, or else held-out ones. If the
    places of modes are known, the number of covered modes and the share of good samples are
    measured too.

    Args:
        split: the data that the generator is trained on.
        measured: earlier measurements, as (step, W1).
    """

    def __init__(self, split: Split, measured: Sequence[tuple[int, float]] = ()) -> None:
        self.split = split
        self.measured = list(measured)
        self._trend = self._last_trend()

    @classmethod
    def resumed(cls, split: Split, metrics: Iterable[Mapping[str, int | float]]) -> "Watch":
        """Return a watch that continues from logged metrics.

        Measurements on other samples are left out: older versions measured on held-out samples,
        also where a run ended by that.

        Args:
            split: the data that the generator is trained on.
            metrics: lines of `metrics.jsonl`.
        """
        return cls(split, measurements(metrics, split.watched))

    @cached_property
    def _samples(self) -> np.ndarray:
        split = self.split
        first = split.n_held_out if split.watched else 0
        last = split.n_apart if split.watched else min(SAMPLES, split.n_held_out)
        return split.dataset.codec.measure(split.held_out_sample(first, last))

    def __call__(self, sample: Sampler, step: int) -> dict[str, int | float]:
        """Measure the generator after a step, and return the figures by name.

        Args:
            sample: the generator; draw `step` of its stream is taken. Its stream should be one that
                nothing else draws from, such as "watch".
            step: the step.
        """
        raw = sample(self.n, step)
        w1 = wasserstein(self.split.dataset.codec.measure(raw), self._samples)
        self.measured.append((step, w1))
        self._trend = self._last_trend()
        figures: dict[str, int | float] = {"held_out_w1": w1}
        if self.split.watched:
            figures["watched"] = self.split.watched
        toy = self.split.dataset.toy
        if toy and toy.modes is not None:
            coverage = mode_coverage(np.asarray(raw, dtype=np.float64), toy.modes, toy.mode_sd)
            figures |= {"modes_covered": coverage.covered, "good_share": coverage.share}
        return figures

    @property
    def n(self) -> int:
        """Samples on each side of a measurement."""
        return len(self._samples)

    def floor(self) -> float:
        """Return the W1 of training samples in the place of generated ones.

        It is a mean over up to 5 disjoint sets.
        """
        measure = self.split.dataset.codec.measure
        split = self.split
        n = min(self.n, split.n_train)
        floors = min(FLOORS, split.n_train // n)
        sets = (split.train_sample(i * n, (i + 1) * n) for i in range(floors))
        return float(np.mean([wasserstein(measure(x), self._samples) for x in sets]))

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
        """Whether the run may end now.

        It may if this is one of its checks, and the trend is within the tolerance with an error
        probability of 1 %.
        """
        found = self._trend
        return (
            found is not None
            and looks_at(len(self.measured))
            and found.within_tolerance(STOP_ERROR)
        )
