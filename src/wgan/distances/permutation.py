"""Permutation test of whether two samples are from one population, by a distance between them.

References: Pitman, "Significance tests which may be applied to samples from any populations"
(1937); Phipson and Smyth, "Permutation p-values should never be zero" (2010); Hemerik and Goeman,
"Exact testing with random permutations" (2018).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from wgan.base.errors import WganError, did_you_mean
from wgan.base.matching import matched
from wgan.base.numbers import ArrayLike, check_count, check_number, float_array
from wgan.base.progress import Progress, silent, tracked
from wgan.base.seeding import numpy_generator
from wgan.distances.exact import transport
from wgan.distances.groups import group_codes
from wgan.distances.line import power_mean, quantile_pairs
from wgan.distances.results import Printed, figures
from wgan.distances.samples import (
    Samples,
    centred_pair,
    check_dimensions,
    in_unit,
    seeded_generator,
    weighted_samples,
)

Metric = Literal["auto", "exact", "sliced"]
EXACT_PAIRS = 400 * 400
"""Largest number of pairs that `auto` solves exactly, measured: 999 permutations take 9 to 13 s."""

DIRECTIONS = 100
"""Directions of the sliced distance. The test is exact with any number. Of 100 pairs shifted by
0.25 in 16-D (300 a side, 99 permutations), 50 found 26 at the level of 5 %, and 200 found 32.
"""

EQUAL = 1e-9
"""Relative difference below which two distances count as equal, which can only raise the p-value.
Equal permutations of discrete data differ by 1e-15 by rounding, and by up to 1e-12 after a solve.
"""

FEWEST = 20
"""Fewest different exchanges: from fewer, no p-value of 5 % or less could come."""

SCALES = 2.0
"""Ratio of both sides' mean weights from which on they count as two scales. Of 50 lognormal weights
a side (log-deviation 1), 0.8 % of pairs have such a ratio by chance.
"""

Statistic = Callable[[Bool[np.ndarray, " k"]], float]
"""(which of the pooled rows belong to x) -> distance between the two sides."""


@dataclass(frozen=True)
class PermutationTest(Printed):
    """The result of a permutation test of one population.

    `p_value` is (1 + as_large) / (1 + permutations). `as_large` counts the permutations whose
    distance is at least the observed one, `value`, which is in the unit of the samples. `exchanged`
    says how many rows or groups of each side were exchanged.
    """

    metric: str
    p: float
    p_value: float
    value: float
    as_large: int
    permutations: int
    exchanged: tuple[int, int]
    by_groups: bool
    weighted: bool
    n: int
    m: int
    d: int
    solver: str
    units: str
    mean_weights: tuple[float, float] = (1.0, 1.0)

    @property
    def note(self) -> str:
        least, most = sorted(self.mean_weights)
        if most < SCALES * least:
            return ""
        x, y = map(figures, self.mean_weights)
        return (
            f"the mean weight is {x} in x and {y} in y: give weights as they were before they were"
            " divided by their sums, since rows are exchanged with their weights"
        )

    @property
    def name(self) -> str:
        """The name of the distance with its order, such as sliced W1."""
        return f"{'sliced ' if self.metric == 'sliced' else ''}W{self.p:g}"

    def __str__(self) -> str:
        return (
            f"permutation test of one population: p = {self.p_value:.3g} ({self.name} ="
            f" {figures(self.value)}, {self.solver}; {self.as_large} of {self.permutations}"
            f" {self._what} reach it)"
        )

    @property
    def _what(self) -> str:
        return "permutations of whole groups" if self.by_groups else "permutations"

    def facts(self) -> dict[str, str]:
        """Return the rows of the table; see `Printed`."""
        least = 1 / (1 + self.permutations)
        unit = "groups" if self.by_groups else "rows"
        carried = ", each with its weight" if self.weighted else ""
        return {
            "p-value": f"{self.p_value:.4g}; at least {least:.2g} with this many permutations",
            "hypothesis": f"x and y are independent {unit} of one population{carried}",
            "statistic": f"{self.name} = {figures(self.value)}, {self.units} ({self.solver})",
            "permutations": f"{self.permutations}, of which {self.as_large} reach it",
            "exchanged": f"{self.exchanged[0]} and {self.exchanged[1]} {unit}{carried}",
        }


def permutation_test(
    x: ArrayLike,
    y: ArrayLike,
    metric: Metric = "auto",
    p: float = 1.0,
    permutations: int = 999,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    x_groups: ArrayLike | None = None,
    y_groups: ArrayLike | None = None,
    seed: int = 0,
    units: str = "data coordinates",
    progress: Progress = silent,
) -> PermutationTest:
    """Return the p-value of the hypothesis that both samples are from one population.

    Under the hypothesis each exchange of rows between the sides is as likely as the observed one.
    With T_0 the observed distance and T_1 ... T_B those of B random exchanges,
    p = (1 + #{b: T_b >= T_0}) / (1 + B), and P(p <= alpha) <= alpha for every alpha, whatever the
    population. It tests equality; it says nothing of how far apart unequal populations are.

    Args:
        x: independent samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: independent samples `[m, d]`, in the same unit.
        metric: `exact` (W_p), `sliced` (100 directions), or `auto`: exact in one dimension and up
            to 400 x 400 pairs, sliced beyond.
        p: the order: 1 or more; 1 or 2 for exact transport beyond one dimension.
        permutations: B, 19 or more; p cannot fall below 1 / (1 + B).
        x_weights: weights `[n]`, of both sides or neither. They go with their rows, so that the
            hypothesis is of rows with their weights.
        y_weights: weights `[m]`.
        x_groups: labels `[n]` of rows that depend on each other, which are exchanged as one; None:
            each row is its own group.
        y_groups: labels `[m]`; groups of the two sides are different ones, whatever their labels.
        seed: random seed of the permutations and directions; the same seed gives the same p-value.
        units: the unit of the coordinates, for the reader.
        progress: listener to each permutation.

    Returns:
        The test, which prints as a line; `.table()` and `.to_json()` hold the details.

    Raises:
        WganError: as `distance`; weights of one side alone; so few rows or groups that fewer than
            20 exchanges exist; another metric.

    Reference: Hemerik and Goeman (2018), theorem 2.

    >>> permutation_test(np.arange(20.0), np.arange(20.0) + 15).p_value
    0.001
    """
    check_count(permutations, "permutations", FEWEST - 1)
    if (x_weights is None) != (y_weights is None):
        raise WganError(
            "weights of one side alone: rows with weights and rows without are not exchangeable;"
            " give weights of both sides or of neither"
        )
    a = weighted_samples(x, x_weights, "x")
    b = weighted_samples(matched(x, y), y_weights, "y")
    check_dimensions(a[0], b[0])
    codes = [group_codes(x_groups, len(a[0]), "x"), group_codes(y_groups, len(b[0]), "y")]
    name = _metric(metric, p, len(a[0]), len(b[0]), a[0].shape[1])
    seeded_generator(seed)  # refuses a seed that is none
    pooled, groups = _pooled([a, b], [x_weights, y_weights], codes)
    exchanged = len(np.unique(groups[0])), len(np.unique(groups[1]))
    if comb(sum(exchanged), exchanged[0]) < FEWEST:
        raise WganError(
            f"{exchanged[0]} and {exchanged[1]} rows or groups can be exchanged in"
            f" {comb(sum(exchanged), exchanged[0])} ways, and a p-value of 5 % takes {FEWEST}: give"
            " more"
        )
    statistic, solver = _statistic(name, pooled, p, seed)
    observed = statistic(np.arange(len(pooled[0])) < len(groups[0]))
    draws = _exchanges(groups, permutations, seed)
    threshold = observed * (1 - EQUAL) if observed > _rounding(pooled[0], p) else 0.0
    what = f"permutations (W{p:g} = {figures(observed)})"
    tried = tracked(draws, what, permutations, progress)
    as_large = sum(statistic(is_x) >= threshold for is_x in tried)
    return PermutationTest(
        metric=name,
        p=p,
        p_value=(1 + as_large) / (1 + permutations),
        value=observed,
        as_large=int(as_large),
        permutations=permutations,
        exchanged=exchanged,
        by_groups=x_groups is not None or y_groups is not None,
        weighted=x_weights is not None,
        n=len(a[0]),
        m=len(b[0]),
        d=a[0].shape[1],
        solver=solver,
        units=units,
        mean_weights=(_mean_weight(x_weights), _mean_weight(y_weights)),
    )


def _rounding(rows: Float[np.ndarray, "k d"], p: float) -> float:
    """Return r (k eps)^(1/p), up to which a distance of 0 may be rounded.

    r is the reach of the rows. Sums of k shares err by k eps, and that mass travels r at most.
    """
    reach = float((rows.max(axis=0) / 2 - rows.min(axis=0) / 2).max())
    return reach * (len(rows) * float(np.finfo(np.float64).eps)) ** (1 / min(p, 2.0))


def _metric(metric: str, p: float, n: int, m: int, d: int) -> str:
    """Return the chosen distance; refuse an order that it does not have."""
    if metric not in get_args(Metric):
        raise WganError(
            f"a permutation test takes exact or sliced distances, not '{metric}'."
            f" {did_you_mean(str(metric), get_args(Metric))}"
        )
    if metric == "auto":
        metric = "exact" if d == 1 or n * m <= EXACT_PAIRS else "sliced"
    check_number(p, "order p")
    if not p >= 1 or (np.isinf(p) and d > 1):
        raise WganError(f"order p = {p!r}: choose 1 or more, `inf` in one dimension alone")
    if metric == "exact" and d > 1 and p not in (1, 2):
        raise WganError(f"order p = {p!r}: beyond one dimension choose 1 or 2")
    return metric


def _pooled(
    sides: list[Samples], weights: list[ArrayLike | None], codes: list[np.ndarray]
) -> tuple[Samples, tuple[np.ndarray, np.ndarray]]:
    """Return the rows of both sides that have weight, their weights, and the groups of each side's.

    Weights stay on the scale on which they were given. Divided by the sum of their side they would
    tell the sides apart, and the test would not be exact.
    """
    kept = [shares > 0 for _, shares in sides]
    rows = np.concatenate([rows[keep] for (rows, _), keep in zip(sides, kept, strict=True)])
    groups = [code[keep] for code, keep in zip(codes, kept, strict=True)]
    masses = [
        np.ones(keep.sum()) if given is None else float_array(given, "weights")[keep]
        for given, keep in zip(weights, kept, strict=True)
    ]
    pooled = np.concatenate(masses)
    return (rows, pooled / pooled.max()), (groups[0], groups[1])


def _mean_weight(weights: ArrayLike | None) -> float:
    """Return the mean of the weights above 0, which rows without weight do not lower."""
    if weights is None:
        return 1.0
    given = float_array(weights, "weights")
    return float(given[given > 0].mean())


def _exchanges(
    groups: tuple[np.ndarray, np.ndarray], count: int, seed: int
) -> Iterator[Bool[np.ndarray, " k"]]:
    """Yield which of the pooled rows belong to x after each random exchange of groups."""
    generator = numpy_generator(seed, "permutation test")
    names, first = np.unique(groups[0], return_inverse=True)
    others, second = np.unique(groups[1], return_inverse=True)
    pooled = np.concatenate([first, second + len(names)])
    total = len(names) + len(others)
    for _ in range(count):
        is_x = np.zeros(total, dtype=bool)
        is_x[generator.permutation(total)[: len(names)]] = True
        yield is_x[pooled]


def _statistic(metric: str, pooled: Samples, p: float, seed: int) -> tuple[Statistic, str]:
    """Return the distance as a function of the exchange, and its solver in words."""
    rows, weights = pooled
    d = rows.shape[1]
    if metric == "exact" and d > 1:
        return lambda is_x: _transported(rows, weights, is_x, int(p)), "network simplex"
    if d == 1:
        theta = np.ones((1, 1))
        words = "sorting"
    else:
        theta = numpy_generator(seed, "directions").standard_normal((DIRECTIONS, d))
        theta /= np.linalg.norm(theta, axis=1, keepdims=True)
        words = f"{DIRECTIONS} directions"
    centred, _, unit = centred_pair(rows, rows[:1])
    lines = theta @ centred.T
    distance = _by_cumulated(lines, weights) if p == 1 else _by_quantiles(lines, weights, p)
    return lambda is_x: in_unit(distance(is_x), unit), words


def _transported(
    rows: Float[np.ndarray, "k d"], weights: Float[np.ndarray, " k"], is_x: np.ndarray, p: int
) -> float:
    return transport(rows[is_x], rows[~is_x], p, weights[is_x], weights[~is_x]).distance


def _by_cumulated(lines: Float[np.ndarray, "r k"], weights: Float[np.ndarray, " k"]) -> Statistic:
    """Return the mean over lines of W1 = sum_i |F(t_i) - G(t_i)| (t_{i+1} - t_i).

    The rows are sorted once for all exchanges.
    """
    order = np.argsort(lines, axis=1, kind="stable").astype(np.int32)
    gaps = np.diff(np.take_along_axis(lines, order, axis=1), axis=1)

    def distance(is_x: Bool[np.ndarray, " k"]) -> float:
        of_x = weights[is_x].sum()
        of_y = weights[~is_x].sum()
        signed = np.where(is_x, weights / of_x, -weights / of_y)
        carried = np.cumsum(signed[order], axis=1)[:, :-1]
        return float(np.einsum("rk,rk->", np.abs(carried), gaps)) / len(lines)

    return distance


def _by_quantiles(
    lines: Float[np.ndarray, "r k"], weights: Float[np.ndarray, " k"], p: float
) -> Statistic:
    """Return (mean over lines of W_p^p)^(1/p), with W_p from the quantiles of both sides."""

    def distance(is_x: Bool[np.ndarray, " k"]) -> float:
        wx = weights[is_x] / weights[is_x].sum()
        wy = weights[~is_x] / weights[~is_x].sum()
        found = []
        for line in lines:
            x = line[is_x]
            y = line[~is_x]
            masses, i, j = quantile_pairs(x, wx, y, wy)
            found.append(power_mean(np.abs(x[i] - y[j]), masses, p))
        return power_mean(np.array(found), np.full(len(found), 1 / len(found)), p)

    return distance
