"""Sampling spread of a distance between two samples, by subsampling.

The bootstrap is not valid here. It fails if both samples are from one population, as repeated rows
lie at distance 0. See Sommerfeld and Munk (2018), "Inference for empirical Wasserstein distances on
finite spaces". Subsamples without repeats are (Politis and Romano 1994, "Large sample confidence
regions based on subsamples under minimal assumptions"). In several dimensions the distance between
samples of n is near its own mean E W(P_n, Q_n), not near W(P, Q). See del Barrio and Loubes (2019),
"Central limit theorems for empirical transportation cost in general dimension". So the spread is
that around this mean, and no interval for W(P, Q) is claimed.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import cast

import numpy as np

from wgan.base.errors import WganError
from wgan.base.matching import matched
from wgan.base.numbers import ArrayLike, check_count, check_number
from wgan.base.progress import Progress, silent, tracked
from wgan.base.seeding import numpy_generator
from wgan.distances.choice import Distance, Metric, chosen_metric, distance
from wgan.distances.groups import group_codes, rows_of
from wgan.distances.results import Printed, figures, percent
from wgan.distances.samples import check_dimensions, seeded_generator, weighted_samples

SHARE = 0.25
"""Share of the rows in a subsample. It was measured with n = 100 and 400 in 1, 2 and 8 dimensions
(equal, shifted, scaled, heavy tails). 95 % intervals contained the mean distance in 91 to 99 % of
100 repeats. With a share of 0.06 they did in 87 to 100 %.
"""

MOST_PAIRS = 1000 * 1000
"""Pairs of a subsample beyond one dimension, so that 200 of them take a minute at most."""

LEAST = 40
"""Fewest rows or groups of a side, so that a subsample has 10."""

FEWEST = 20
"""Fewest subsamples: the deviation is then known to 16 % (1 / sqrt(2 x 19))."""


@dataclass(frozen=True)
class Spread(Printed):
    """How much a distance varies over samples of the same sizes.

    `deviation` estimates the standard deviation of W(P_n, Q_m) over samples, in their unit. The
    mean E W(P_n, Q_m) lies in [`low`, `high`] with about the probability `confidence`. It is not an
    interval for W(P, Q), which is at most that mean for W_1. `taken` says how many rows or groups
    of each side were in a subsample.
    """

    name: str
    value: float
    deviation: float
    low: float
    high: float
    confidence: float
    subsamples: int
    taken: tuple[int, int]
    by_groups: bool
    n: int
    m: int
    units: str

    def __str__(self) -> str:
        ends = f"[{figures(self.low)}, {figures(self.high)}]"
        parts = f"{self.taken[0]} and {self.taken[1]}{' groups' if self.by_groups else ''}"
        return (
            f"spread of {self.name} over samples of n={self.n}, m={self.m}: s.d."
            f" {figures(self.deviation)}; their mean in {ends} (about {percent(self.confidence)},"
            f" {self.subsamples} subsamples of {parts}); not an interval of the populations'"
            " distance"
        )

    def facts(self) -> dict[str, str]:
        """Return the rows of the table; see `Printed`."""
        what = "groups" if self.by_groups else "rows"
        return {
            "spread": f"standard deviation {figures(self.deviation)}, {self.units}",
            "of": f"{self.name} over pairs of samples of {self.n} and {self.m}",
            "their mean": (
                f"in [{figures(self.low)}, {figures(self.high)}], with about"
                f" {percent(self.confidence)}; that of the populations lies lower where the"
                " floor is not small"
            ),
            "subsamples": f"{self.subsamples} of {self.taken[0]} and {self.taken[1]} {what}",
        }


def sampling_spread(
    x: ArrayLike,
    y: ArrayLike,
    metric: Metric = "auto",
    p: float = 1.0,
    subsamples: int = 200,
    confidence: float = 0.95,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    x_groups: ArrayLike | None = None,
    y_groups: ArrayLike | None = None,
    seed: int = 0,
    epsilon: float | None = None,
    value: float | None = None,
    units: str = "data coordinates",
    progress: Progress = silent,
) -> Spread:
    """Return how much a distance varies over samples of the same sizes, by subsampling.

    A share f of the rows of each side is drawn without repeats, B times, with distances W_1 ... W_B
    of mean M. The spread of samples is s = sqrt(f / (1 - f)) sd(W_b): fewer rows vary more, by
    1 / sqrt(f), and subsamples of one sample vary less, by sqrt(1 - f). The interval is
    W(x, y) +- z s, with z of the normal distribution.

    It is an interval of E W(P_n, Q_m), the mean distance of such samples. The distance of the
    populations lies lower: see the floor, and `wgan.audit.bracket` for an interval of it.

    Args:
        x: independent samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: independent samples `[m, d]`, in the same unit.
        metric: as in `distance`.
        p: the order, as in `distance`.
        subsamples: B, 20 or more.
        confidence: probability of the interval, approximate.
        x_weights: weights `[n]`, which go with their rows; None: equal.
        y_weights: weights `[m]`; None: equal.
        x_groups: labels `[n]` of rows that depend on each other, which are drawn together; None:
            each row is its own group.
        y_groups: labels `[m]`.
        seed: random seed of the subsamples; the same seed gives the same spread.
        epsilon: as in `distance`; None: that of x and y, for all subsamples.
        value: the distance of x and y, where it is known; None: it is solved.
        units: the unit of the coordinates, for the reader.
        progress: listener to each subsample.

    Returns:
        The spread, which prints as a line; `.table()` and `.to_json()` hold the details.

    Raises:
        WganError: as `distance`; fewer than 40 rows or groups on a side, or 20 subsamples; a
            confidence outside (0, 1).

    See also:
        permutation_test: whether two samples differ by more than chance.
        bracket: an interval for the distance of the populations, in `wgan.audit`.

    Reference: Politis and Romano (1994), section 2; Shao and Wu (1989), "A general theory for
    jackknife variance estimation", section 2, for the factor f / (1 - f).

    >>> rng = np.random.default_rng(0)
    >>> s = sampling_spread(rng.normal(size=400), rng.normal(size=400) + 9, seed=0)
    >>> 0.05 < s.deviation < 0.1  # sqrt(2 / 400) = 0.07
    True
    """
    check_count(subsamples, "subsamples", FEWEST)
    check_number(confidence, "confidence")
    if not 0 < confidence < 1:
        raise WganError(f"confidence = {confidence}: give a number between 0 and 1, such as 0.95")
    seeded_generator(seed)  # refuses a seed that is none
    a, wa, of_a = _weighty(x, x_weights, x_groups, "x")
    b, wb, of_b = _weighty(matched(x, y), y_weights, y_groups, "y")
    check_dimensions(a, b)
    name = cast(Metric, chosen_metric(metric, len(a), len(b), a.shape[1])[0])

    def measured(i: Rows, j: Rows) -> Distance:
        return distance(a[i], b[j], name, p, wa[i], wb[j], seed, epsilon=epsilon)

    counts = int(of_a.max()) + 1, int(of_b.max()) + 1
    taken = _taken(name, (len(a), len(b)), counts, a.shape[1])
    if value is None or (name == "sinkhorn" and epsilon is None):
        whole = measured(slice(None), slice(None))
        value = whole.value
        epsilon = whole.epsilon
    generator = numpy_generator(seed, "subsamples")
    found = np.empty(subsamples)
    for k in tracked(range(subsamples), "subsamples", subsamples, progress):
        i = rows_of(of_a, generator.permutation(counts[0])[: taken[0]])
        j = rows_of(of_b, generator.permutation(counts[1])[: taken[1]])
        part = measured(i, j)
        found[k] = part.value
    share = sqrt(taken[0] * taken[1] / (counts[0] * counts[1]))
    deviation = sqrt(share / (1 - share)) * float(found.std(ddof=1))
    half = NormalDist().inv_cdf((1 + confidence) / 2) * deviation
    return Spread(
        name=part.name,
        value=value,
        deviation=deviation,
        low=max(0.0, value - half),
        high=value + half,
        confidence=confidence,
        subsamples=subsamples,
        taken=taken,
        by_groups=x_groups is not None or y_groups is not None,
        n=len(a),
        m=len(b),
        units=units,
    )


Rows = np.ndarray | slice


def _weighty(
    x: ArrayLike, weights: ArrayLike | None, groups: ArrayLike | None, name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the samples that have weight, their weights and groups: others count as no draw."""
    rows, w = weighted_samples(x, weights, name)
    kept = w > 0
    codes = group_codes(groups, len(rows), name)[kept]
    return rows[kept], w[kept], np.unique(codes, return_inverse=True)[1].reshape(-1)


def _taken(metric: str, sizes: tuple[int, int], counts: tuple[int, int], d: int) -> tuple[int, int]:
    """Return how many rows or groups of each side are in a subsample: the same share of both."""
    share = SHARE
    if d > 1 and metric in ("exact", "sinkhorn"):
        share = min(SHARE, sqrt(MOST_PAIRS / (sizes[0] * sizes[1])))
    taken = int(share * counts[0]), int(share * counts[1])
    if min(counts) < LEAST or min(taken) < LEAST * SHARE:
        raise WganError(
            f"{counts[0]} and {counts[1]} rows or groups, of which subsamples have {taken[0]} and"
            f" {taken[1]}: too few for a spread; give {LEAST} or more on each side"
            + (", and sides of like size" if min(counts) >= LEAST else "")
        )
    return taken
