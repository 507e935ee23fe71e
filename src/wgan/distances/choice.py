"""Which distance fits these samples? Exact where it can be had, otherwise a cheaper one under its
own name.
"""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from wgan.base.errors import WganError, did_you_mean
from wgan.distances.exact import transport
from wgan.distances.line import wasserstein_1d
from wgan.distances.results import Printed, figures
from wgan.distances.samples import check_dimensions, weighted_samples
from wgan.distances.sinkhorn import sinkhorn_divergence
from wgan.distances.sliced import max_sliced_wasserstein, sliced_wasserstein

Samples = tuple[np.ndarray, np.ndarray]
"""Samples `[n, d]` and their weights `[n]`."""

Metric = Literal["auto", "exact", "sliced", "max-sliced", "sinkhorn"]
EXACT_PAIRS = 10_000 * 10_000
"""`auto` solves exactly up to so many pairs of samples: about two minutes and 4.3 GB."""

NAMES = {
    "exact": "W{p}",
    "sliced": "sliced W{p}",
    "max-sliced": "max-sliced W2",
    "sinkhorn": "Sinkhorn divergence (p={p})",
}
"""What each metric measures, by the name that its number goes by."""


@dataclass(frozen=True)
class Distance(Printed):
    """A distance between two samples: of these samples alone, not of what they were drawn from.

    `solver` says what computed it and how well: `gap` is an exact solver's relative duality gap,
    `standard_error` what drawn directions leave, `epsilon` the entropy's weight. `floor` is the
    same metric between two halves of x, of `floor_n` samples each: what sampling alone reads.
    """

    metric: str
    p: float
    value: float
    n: int
    m: int
    d: int
    solver: str
    units: str
    why: str
    gap: float | None = None
    standard_error: float | None = None
    epsilon: float | None = None
    floor: float | None = None
    floor_n: int | None = None

    @property
    def name(self) -> str:
        return NAMES[self.metric].format(p=f"{self.p:g}")

    def __str__(self) -> str:
        error = f" +- {figures(self.standard_error)} (s.e.)" if self.standard_error else ""
        floor = (
            ""
            if self.floor is None
            else f" | floor {figures(self.floor)}, halves of x, n={self.floor_n}"
        )
        return (
            f"{self.name}(x, y) = {figures(self.value)}{error} ({self.solver}; n={self.n},"
            f" m={self.m}, d={self.d}, {self.units}){floor}"
        )

    def facts(self) -> dict[str, str]:
        rows = {
            self.name: (
                figures(self.value)
                + (
                    f" +- {figures(self.standard_error)} (standard error)"
                    if self.standard_error
                    else ""
                )
            ),
            "of": "these two samples; what they were drawn from may lie nearer or farther",
            "samples": f"{self.n} and {self.m}, {self.d} dimension{'s' if self.d > 1 else ''}",
            "unit": self.units,
            "solver": self.solver,
            "chosen": self.why,
        }
        if self.gap is not None:
            rows["duality gap"] = f"{self.gap:.1e}, relative"
        if self.floor is not None:
            rows["floor"] = (
                f"{figures(self.floor)}, the same between two halves of x, n={self.floor_n} each"
            )
        return rows


def distance(
    x: ArrayLike,
    y: ArrayLike,
    metric: Metric = "auto",
    p: float = 1.0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    seed: int = 0,
    floor: bool = False,
    units: str = "data coordinates",
) -> Distance:
    """Return a distance between two samples with all that must be known of it; `auto` chooses by
    size and says so.

    `auto`: exact by sorting in one dimension; exact transport up to 10^8 pairs (10,000 x 10,000);
    sliced beyond.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: samples `[m, d]`, in the same unit.
        metric: `auto`, `exact` (W_p), `sliced`, `max-sliced` (p = 2 alone) or `sinkhorn`.
        p: the order: 1 or more (in one dimension also `inf`), 1 or 2 for exact transport and
            Sinkhorn.
        x_weights: weights `[n]`; none: equal.
        y_weights: weights `[m]`; none: equal.
        seed: names the directions drawn and the halves of the floor.
        floor: also measure two random halves of x against each other.
        units: what the coordinates are in, for the reader.

    Returns:
        The distance, which prints as a line; `.table()` and `.to_json()` tell the rest.

    Raises:
        WganError: as the function of the metric.

    >>> print(distance([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]]))
    W1(x, y) = 3 (network simplex; n=2, m=2, d=2, data coordinates)
    """
    if metric not in get_args(Metric):
        raise WganError(f"no metric is called '{metric}'. {did_you_mean(metric, get_args(Metric))}")
    a, b = weighted_samples(x, x_weights, "x"), weighted_samples(y, y_weights, "y")
    check_dimensions(a[0], b[0])
    n, m, d = len(a[0]), len(b[0]), a[0].shape[1]
    chosen, why = _chosen(n, m, d) if metric == "auto" else (metric, "asked for")
    read = READERS[chosen]
    order, half = np.random.default_rng(seed).permutation(n), n // 2
    halves = [(a[0][rows], a[1][rows]) for rows in (order[:half], order[half : 2 * half])]
    has_floor = floor and half > 1 and all(weights.sum() > 0 for _, weights in halves)
    return Distance(
        metric=chosen,
        p=p,
        n=n,
        m=m,
        d=d,
        units=units,
        why=why,
        floor=read(halves[0], halves[1], p, seed).value if has_floor else None,
        floor_n=half if has_floor else None,
        **asdict(read(a, b, p, seed)),
    )


def _chosen(n: int, m: int, d: int) -> tuple[str, str]:
    if d == 1:
        return "exact", "one dimension: sorting is exact at any size"
    if n * m <= EXACT_PAIRS:
        return "exact", f"{n} x {m} pairs: exact transport can be had"
    return (
        "sliced",
        (
            f"{n} x {m} pairs are too many for exact transport; this is another distance, at most"
            " W; for W take fewer samples"
        ),
    )


@dataclass(frozen=True)
class Reading:
    """What a solver found, in words and numbers; the fields of `Distance` that depend on the
    metric.
    """

    value: float
    solver: str
    gap: float | None = None
    standard_error: float | None = None
    epsilon: float | None = None


def _exact(x: Samples, y: Samples, p: float, seed: int) -> Reading:
    if x[0].shape[1] == 1:
        return Reading(wasserstein_1d(x[0], y[0], p, x[1], y[1]), "sorting")
    plan = transport(x[0], y[0], _order(p), x[1], y[1])
    return Reading(plan.distance, "network simplex", gap=plan.gap)


def _sinkhorn(x: Samples, y: Samples, p: float, seed: int) -> Reading:
    s = sinkhorn_divergence(x[0], y[0], _order(p), None, x[1], y[1])
    return Reading(
        s.value, f"epsilon {s.epsilon:.3g}, {s.iterations} iterations", epsilon=s.epsilon
    )


def _sliced(x: Samples, y: Samples, p: float, seed: int) -> Reading:
    s = sliced_wasserstein(x[0], y[0], p, seed=seed, x_weights=x[1], y_weights=y[1])
    return Reading(s.value, f"{s.directions} directions", standard_error=s.standard_error)


def _max_sliced(x: Samples, y: Samples, p: float, seed: int) -> Reading:
    if p != 2:
        raise WganError(f"max-sliced with p = {p:g}: only p = 2 is known")
    return Reading(
        max_sliced_wasserstein(x[0], y[0], seed=seed, x_weights=x[1], y_weights=y[1]),
        "the best of 20 ascents",
    )


READERS = {"exact": _exact, "sinkhorn": _sinkhorn, "sliced": _sliced, "max-sliced": _max_sliced}


def _order(p: float) -> int:
    if p not in (1, 2):
        raise WganError(f"order p = {p:g}: beyond one dimension choose 1 or 2")
    return int(p)
