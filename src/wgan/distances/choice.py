"""Choice of a distance for two samples: exact where it is feasible, otherwise a cheaper one.

A cheaper distance is another distance, and is printed under its own name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from wgan.base.errors import WganError, did_you_mean
from wgan.base.matching import matched, names_of_columns
from wgan.base.numbers import ArrayLike
from wgan.base.progress import Progress, silent
from wgan.distances.costs import Ground
from wgan.distances.exact import transport
from wgan.distances.floor import floor_of
from wgan.distances.groups import group_codes
from wgan.distances.line import wasserstein_1d, wasserstein_circle
from wgan.distances.plan import Transport
from wgan.distances.results import Printed, figures
from wgan.distances.samples import (
    Samples,
    check_dimensions,
    seeded_generator,
    weighted_samples,
)
from wgan.distances.sinkhorn import sinkhorn_divergence
from wgan.distances.sliced import STARTS, max_sliced_wasserstein, sliced_wasserstein

Metric = Literal["auto", "exact", "sliced", "max-sliced", "sinkhorn"]
EXACT_PAIRS = 20_000 * 20_000
"""Largest number of pairs that `auto` solves exactly, measured: 5 s in 16 dimensions and 18 s in
the plane on one core. More are solved if `exact` is requested, in minutes or longer.
"""

NAMES = {
    "exact": "W{p}",
    "sliced": "sliced W{p}",
    "max-sliced": "max-sliced W2",
    "sinkhorn": "Sinkhorn divergence (p={p})",
}
"""The name under which each metric is printed."""


@dataclass(frozen=True)
class Distance(Printed):
    """A distance between two samples, not between the populations they were drawn from.

    `value`, `standard_error` and `floor` are in the unit of the samples, which `units` names.
    `solver` says in words how it was computed, `why` how the metric was chosen. `gap` is the
    relative duality gap of an exact solve, `standard_error` the Monte-Carlo error of drawn
    directions, and `epsilon` the weight of the entropy. `floor` is the same metric between two
    halves of x, of `floor_n` and `floor_m` samples: sampling alone makes as much. It is the mean
    over `floor_splits` random splits, whose standard deviation is `floor_sd`. `floor_missing` says
    why it could not be measured. `transport` holds the plan and the potentials, if exact
    transport was solved.
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
    floor_sd: float | None = None
    floor_splits: int | None = None
    floor_n: int | None = None
    floor_m: int | None = None
    floor_missing: str | None = None
    transport: Transport | None = field(default=None, repr=False, compare=False)

    @property
    def note(self) -> str:
        return f"no floor: {self.floor_missing}" if self.floor_missing else ""

    @property
    def name(self) -> str:
        """The name of the metric with its order, such as W1."""
        return NAMES[self.metric].format(p=f"{self.p:g}")

    def __str__(self) -> str:
        error = f" +- {figures(self.standard_error)} (s.e.)" if self.standard_error else ""
        line = (
            f"{self.name}(x, y) = {figures(self.value)}{error} ({self.solver}; n={self.n},"
            f" m={self.m}, d={self.d}, {self.units})"
        )
        if self.floor is None:
            return line
        return f"{line} | floor {self._floor}"

    @property
    def _floor(self) -> str:
        """The floor in words, with the samples between which it was measured."""
        assert self.floor is not None
        words, mean = figures(self.floor), ""
        if self.floor_sd is not None:
            words += f" +- {self.floor_sd:.2g} (s.d. of {self.floor_splits} splits)"
            mean = " on average"
        if self.floor_n == self.floor_m:
            return f"{words}, halves of x, n={self.floor_n}"
        return f"{words}, halves of x by groups, n={self.floor_n} and {self.floor_m}{mean}"

    def facts(self) -> dict[str, str]:
        """Return the rows of the table; see `Printed`."""
        value = figures(self.value)
        if self.standard_error:
            value += f" +- {figures(self.standard_error)} (standard error)"
        rows = {
            self.name: value,
            "of": "these two samples; what they were drawn from may lie nearer or farther",
            "samples": f"{self.n} and {self.m}, {self.d} dimension{'s' if self.d > 1 else ''}",
            "unit": self.units,
            "solver": self.solver,
            "chosen": self.why,
        }
        if self.gap is not None:
            rows["duality gap"] = f"{self.gap:.1e}, relative"
        if self.floor is not None:
            rows["floor"] = f"{self._floor}: the same metric"
        if self.floor_missing:
            rows["floor"] = f"none: {self.floor_missing}"
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return all fields as plain values for JSON, without the plan and the potentials."""
        values = replace(self, transport=None)
        return {
            name: value for name, value in Printed.to_json(values).items() if name != "transport"
        }


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
    progress: Progress = silent,
    epsilon: float | None = None,
    x_groups: ArrayLike | None = None,
    circular: Mapping[int | str, float] | None = None,
) -> Distance:
    """Return a distance between two samples, with how it was computed and how well it is known.

    `auto` chooses by size: exact by sorting in one dimension, exact transport up to 4 10^8 pairs
    (20,000 x 20,000), and the sliced distance beyond.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1, in any unit.
        y: samples `[m, d]`, in the same unit.
        metric: `auto`, `exact` (W_p), `sliced`, `max-sliced` (p = 2 alone) or `sinkhorn`.
        p: the order: 1 or more (in one dimension also `inf`), 1 or 2 for exact transport and
            Sinkhorn.
        x_weights: weights `[n]`; None: equal.
        y_weights: weights `[m]`; None: equal.
        seed: random seed of the directions and of the floor's halves; the same seed gives the
            same result.
        floor: also measure two random halves of x against each other, after the distance: ten
            times, fewer for more than 1,265 samples. If that fails, the distance stands, and
            `floor_missing` says why.
        units: the unit of the coordinates, for the reader.
        progress: a listener to exact transport of large samples.
        epsilon: the weight of the entropy of Sinkhorn, in the unit to the power p; None: see
            `sinkhorn_divergence`. The floor has the epsilon of the distance.
        x_groups: labels `[n]` of rows of x that depend on each other: whole groups go to a half of
            the floor. None: each row is its own group.
        circular: periods of circular columns, by number or name, as in `transport`. Only exact
            transport has them, and `auto` then takes it.

    Returns:
        The distance, which prints as a line; `.table()` and `.to_json()` hold the details.

    Raises:
        WganError: an unknown metric, an epsilon or circular columns that the metric does not have,
            wrong groups or columns, or as the function of the metric.

    See also:
        wasserstein: the exact distance alone.
        permutation_test: whether two samples differ by more than chance.
        bracket: an interval for the distance of the populations, in `wgan.audit`.

    >>> print(distance([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]]))
    W1(x, y) = 3 (network simplex; n=2, m=2, d=2, data coordinates)
    """
    seeded_generator(seed)  # refuses a seed that is none, whatever needs it
    a = weighted_samples(x, x_weights, "x")
    b = weighted_samples(matched(x, y), y_weights, "y")
    check_dimensions(a[0], b[0])
    codes = group_codes(x_groups, len(a[0]), "x")
    n, d = a[0].shape
    m = len(b[0])
    name, why = chosen_metric(metric, n, m, d)
    if epsilon is not None and name != "sinkhorn":
        raise WganError(
            f"epsilon is for the Sinkhorn divergence, and the metric is {name}: leave it out"
        )
    periods: dict[int | str, float] | None = None
    if circular:
        if name != "exact" and metric != "auto":
            raise WganError(f"circular columns are for exact transport, and the metric is {name}")
        name, why = "exact", "circular columns: only exact transport takes them"
        ground = Ground.of(None, None, circular, a[0], b[0], names_of_columns(x))
        assert ground.periods is not None
        periods = {k: float(t) for k, t in enumerate(ground.periods) if np.isfinite(t)}
    task = Task(p, seed, epsilon, progress, periods)
    solution = SOLVERS[name](a, b, task)
    measured = Distance(metric=name, p=p, n=n, m=m, d=d, units=units, why=why, **_fields(solution))
    if not floor:
        return measured
    progress(f"{measured.name} = {figures(measured.value)}; its floor", 0, None)
    again = replace(task, epsilon=solution.epsilon)
    try:
        found = floor_of(a, codes, seed, lambda one, two: SOLVERS[name](one, two, again).value)
    except WganError as error:  # the distance is not lost with it
        return replace(measured, floor_missing=str(error))
    if found is None:
        return measured
    return replace(
        measured,
        floor=found.value,
        floor_sd=found.sd,
        floor_splits=found.splits,
        floor_n=found.n,
        floor_m=found.m,
    )


def chosen_metric(metric: str, n: int, m: int, d: int) -> tuple[str, str]:
    """Return the metric that is solved, and why.

    Args:
        metric: as `distance` takes it.
        n: samples of one side.
        m: samples of the other.
        d: dimensions.

    Raises:
        WganError: an unknown metric.

    >>> chosen_metric("exact", 2, 2, 1)
    ('exact', 'requested')
    """
    if metric not in get_args(Metric):
        raise WganError(
            f"no metric is called '{metric}'. {did_you_mean(str(metric), get_args(Metric))}"
        )
    return _by_size(n, m, d) if metric == "auto" else (metric, "requested")


def _by_size(n: int, m: int, d: int) -> tuple[str, str]:
    """Return the metric that `auto` takes, and why."""
    if d == 1:
        return "exact", "one dimension: sorting is exact at any size"
    if n * m <= EXACT_PAIRS:
        return "exact", f"{n} x {m} pairs: exact transport is feasible"
    return "sliced", (
        f"{n} x {m} pairs are too many for exact transport in seconds; this is another"
        " distance, at most W; for W request `exact`, or take fewer samples"
    )


@dataclass(frozen=True)
class Task:
    """Arguments of a solver besides the samples: see `distance`."""

    p: float
    seed: int
    epsilon: float | None
    progress: Progress
    periods: Mapping[int | str, float] | None = None


@dataclass(frozen=True)
class Solution:
    """The fields of `Distance` that depend on the metric."""

    value: float
    solver: str
    gap: float | None = None
    standard_error: float | None = None
    epsilon: float | None = None
    transport: Transport | None = None


def _fields(solution: Solution) -> dict[str, Any]:
    """Return the fields as they are; `asdict` would copy the plan."""
    return {each.name: getattr(solution, each.name) for each in fields(solution)}


def _exact(x: Samples, y: Samples, task: Task) -> Solution:
    if x[0].shape[1] == 1 and not task.periods:
        return Solution(wasserstein_1d(x[0], y[0], task.p, x[1], y[1]), "sorting")
    if x[0].shape[1] == 1 and task.p == 1 and task.periods:
        value = wasserstein_circle(x[0], y[0], task.periods[0], x[1], y[1])
        return Solution(value, "sorting on a circle")
    if task.periods and task.p not in (1, 2):
        raise WganError(f"order p = {task.p!r}: with circular columns choose 1 or 2")
    found = transport(x[0], y[0], _order(task.p), x[1], y[1], task.progress, circular=task.periods)
    return Solution(found.distance, found.solver, gap=found.gap, transport=found)


def _sinkhorn(x: Samples, y: Samples, task: Task) -> Solution:
    s = sinkhorn_divergence(x[0], y[0], _order(task.p), task.epsilon, x[1], y[1])
    words = f"epsilon {s.epsilon:.3g}, {s.iterations} iterations"
    return Solution(s.value, words, epsilon=s.epsilon)


def _sliced(x: Samples, y: Samples, task: Task) -> Solution:
    s = sliced_wasserstein(x[0], y[0], task.p, seed=task.seed, x_weights=x[1], y_weights=y[1])
    return Solution(s.value, f"{s.directions} directions", standard_error=s.standard_error)


def _max_sliced(x: Samples, y: Samples, task: Task) -> Solution:
    if task.p != 2:
        raise WganError(f"max-sliced with p = {task.p:g}: only p = 2 is known")
    value = max_sliced_wasserstein(x[0], y[0], seed=task.seed, x_weights=x[1], y_weights=y[1])
    return Solution(value, f"the best of {STARTS} ascents")


SOLVERS = {"exact": _exact, "sinkhorn": _sinkhorn, "sliced": _sliced, "max-sliced": _max_sliced}


def _order(p: float) -> int:
    if p not in (1, 2):
        raise WganError(f"order p = {p!r}: beyond one dimension choose 1 or 2")
    return int(p)
