"""Ground costs of exact transport: the norm, columns with weights or periods, and any other cost.

Reference: Villani, "Optimal Transport" (2009), theorem 5.10 (the dual of any cost) and definition
6.1 (the distance of a metric).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import frexp, ldexp
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError, did_you_mean
from wgan.base.numbers import ArrayLike, check_number, float_array
from wgan.distances.pricing import costs_of
from wgan.distances.samples import TOO_FAR, centred_pair, check_dimensions

Cost: TypeAlias = ArrayLike | Callable[[np.ndarray, np.ndarray], ArrayLike]
"""A matrix of costs `[n, m]`, or a function of samples `[k, d]` and `[m, d]` that makes one."""

ROWS_AT_ONCE = 1024
"""Samples of x whose costs are computed at once, so that what they need takes no second matrix of
n x m.
"""

MANY_COLUMNS = 256
"""Columns from which one matrix product makes the costs of all pairs, at least five times as fast.
"""

ROUNDING = float(np.finfo(np.float64).eps) / 2
"""Largest relative error of one rounding in float64."""

ACCURACY = 1e-9
"""Largest relative error of such a squared distance: a hundredth of what the solver's proof leaves
open.
"""

MOST_AGAIN = 0.05
"""Share of pairs that are computed again one by one, at ten times the time of their products. If
there are more, all pairs are computed without the product.
"""


@dataclass(frozen=True, eq=False)
class Ground:
    """The ground cost of a transport.

    `scales` `[d]` are the square roots of the columns' weights. `periods` `[d]` are infinite in
    columns that are not circular; None: no column is.
    """

    cost: Cost | None
    scales: Float[np.ndarray, " d"] | None
    periods: Float[np.ndarray, " d"] | None

    @classmethod
    def of(
        cls,
        cost: Cost | None,
        column_weights: ArrayLike | None,
        circular: Mapping[int | str, float] | None,
        a: Float[np.ndarray, "n d"],
        b: Float[np.ndarray, "m e"],
        names: Sequence[str] = (),
    ) -> "Ground":
        """Return the checked ground cost of two samples.

        Args:
            cost: the user's cost; None: a norm.
            column_weights: weights `[d]`; None: 1.
            circular: the period of each circular column, by its number or name.
            a: samples `[n, d]`.
            b: samples `[m, d]`.
            names: of the columns; none: they have no names.

        Raises:
            WganError: a cost with column weights or periods, or wrong ones of either.
        """
        if cost is not None:
            if column_weights is not None or circular:
                raise WganError(
                    "a cost takes the place of the norm: give it alone, or column weights and"
                    " circular columns without it"
                )
            return cls(cost, None, None)
        check_dimensions(a, b)
        d = a.shape[1]
        scales = None if column_weights is None else _scales(column_weights, d)
        periods = _periods(circular, d, names) if circular else None
        return cls(None, scales, periods)

    @property
    def is_norm(self) -> bool:
        """Whether it is the Euclidean norm of `scaled` samples, which every solver takes."""
        return self.cost is None and self.periods is None

    def scaled(
        self, a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"]
    ) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
        """Return samples with each column times the square root of its weight.

        Args:
            a: samples `[n, d]`.
            b: samples `[m, d]`.

        Raises:
            WganError: float64 cannot hold them.
        """
        if self.scales is None:
            return a, b
        with np.errstate(over="ignore"):  # what overflows is refused below
            a, b = a * self.scales, b * self.scales
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise WganError(TOO_FAR)
        return a, b

    def matrix(
        self, a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m e"], p: int
    ) -> tuple[Float[np.ndarray, "n m"], float]:
        """Return the costs of all pairs to the power p in a unit, and that unit.

        The unit is near the largest of the costs, or of the coordinates.

        Args:
            a: samples `[n, d]`.
            b: samples `[m, d]`.
            p: 1 or 2.

        Raises:
            WganError: costs that are negative, NaN, infinite or of another shape.
        """
        if self.is_norm:
            xs, ys, unit = centred_pair(*self.scaled(a, b))
            return all_costs(xs, ys, p), unit
        if self.cost is not None and not callable(self.cost):
            costs = _checked(self.cost, (len(a), len(b)), "").copy()  # the user's own
        else:
            costs = np.empty((len(a), len(b)))
            for i in range(0, len(a), ROWS_AT_ONCE):
                block = a[i : i + ROWS_AT_ONCE]
                costs[i : i + ROWS_AT_ONCE] = self._block(block, b)
        largest = float(costs.max())
        unit = ldexp(1.0, frexp(largest)[1] - 1) if largest > 0 else 1.0
        costs /= unit  # in place: the matrix is what takes the memory
        return costs if p == 1 else np.square(costs, out=costs), unit

    def _block(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the costs of a block of samples of x."""
        if callable(self.cost):
            words = f" for {len(a)} and {len(b)} samples"
            return _checked(self.cost(a, b), (len(a), len(b)), words)
        assert self.periods is not None
        costs = np.zeros((len(a), len(b)))
        for k, period in enumerate(self.periods):
            scale = 1.0 if self.scales is None else self.scales[k]
            # `hypot` neither overflows nor underflows where a sum of squares would.
            costs = np.hypot(costs, scale * around(a[:, k, None], b[None, :, k], period))
        return _checked(costs, costs.shape, "")


def all_costs(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], p: int
) -> Float[np.ndarray, "n m"]:
    """Return the costs |x_i - y_j|^p of all pairs, with a relative error of at most 1e-9.

    In many columns they come from one matrix product, |x|^2 + |y|^2 - 2 x y. A sum of d products in
    any order has an error below (d + 8) 2^-53 (|x| + |y|)^2 (Higham 2002, section 3.1). Pairs so
    near that this might be more than 1e-9 of the square are computed again.

    Args:
        x: points `[n, d]` near the origin.
        y: points `[m, d]`.
        p: 1 or 2.

    >>> far = np.full((1, 300), 100.0)
    >>> all_costs(far, far + 1e-9, 1).round(13)  # sqrt(300) 1e-9, rounded at 100
    array([[1.73206e-08]])
    """
    metric = "euclidean" if p == 1 else "sqeuclidean"
    d = x.shape[1]
    if d < MANY_COLUMNS:
        return cdist(x, y, metric)
    squared = np.empty((len(x), len(y)))
    lengths = [np.sqrt(np.einsum("nd,nd->n", z, z)) for z in (x, y)]
    again = 0
    for start in range(0, len(x), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        block = squared[rows]
        np.matmul(x[rows], y.T, out=block)
        block *= -2.0
        block += lengths[0][rows, None] ** 2
        block += lengths[1] ** 2
        error = (lengths[0][rows, None] + lengths[1]) ** 2 * ((d + 8) * ROUNDING)
        i, j = np.nonzero(block * ACCURACY < error)
        again += len(i)
        if again > MOST_AGAIN * squared.size:
            return cdist(x, y, metric)
        block[i, j] = costs_of(x[rows], y, i, j, 2)
    return np.sqrt(squared, out=squared) if p == 1 else squared


def around(
    x: Float[np.ndarray, "*n"], y: Float[np.ndarray, "*m"], period: float
) -> Float[np.ndarray, "*k"]:
    """Return the shortest ways from x to y around a circle, or along a line.

    Args:
        x: positions, of any shape that broadcasts with y.
        y: positions.
        period: the length of the circle; infinite: a line.

    >>> around(np.array([23.0, 1.0]), np.array([0.0, 13.0]), 24.0)
    array([ 1., 12.])
    """
    if np.isinf(period):
        return np.abs(x - y)
    apart = np.abs(x % period - y % period)
    return np.minimum(apart, period - apart)


def samples_of(x: Any, y: Any, cost: Any) -> tuple[Any, Any]:
    """Return samples, or numbers in their place if only a matrix of costs was given.

    Args:
        x: samples, or None.
        y: samples, or None.
        cost: the cost, or None.

    Raises:
        WganError: one or both samples are missing.
    """
    if x is not None and y is not None:
        return x, y
    shape = np.shape(cost) if cost is not None and not callable(cost) else ()
    if x is not None or y is not None or not shape:
        raise WganError("samples are missing: give x and y, or a matrix of costs [n, m] alone")
    n, m = shape if np.size(shape) == 2 else (0, 0)
    if n == 0 or m == 0:
        raise WganError(f"the costs have shape {shape}: give a matrix [n, m]")
    return np.arange(n), np.arange(m)


def _checked(costs: Any, shape: tuple[int, int], words: str) -> np.ndarray:
    matrix = float_array(costs, "the costs")
    if matrix.shape != shape:
        raise WganError(
            f"the costs have shape {matrix.shape}{words}: give a matrix {list(shape)}, one row for"
            " each sample of x"
        )
    wrong = ~(np.isfinite(matrix) & (matrix >= 0))
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        raise WganError(
            f"the cost of pair ({i}, {j}) is {matrix[i, j]:g}: costs must be finite and at least 0"
        )
    return matrix


def _scales(column_weights: ArrayLike, d: int) -> np.ndarray:
    weights = float_array(column_weights, "the column weights")
    if weights.shape != (d,):
        raise WganError(
            f"the column weights have shape {weights.shape}, and the samples {d} columns: give one"
            " weight a column"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise WganError("the column weights must be finite, not negative and not all zero")
    return np.sqrt(weights)


def _periods(circular: Mapping[int | str, float], d: int, names: Sequence[str]) -> np.ndarray:
    periods = np.full(d, np.inf)
    for column, period in circular.items():
        check_number(period, f"the period of column {column!r}")
        if not (np.isfinite(period) and period > 0):
            raise WganError(f"the period of column {column!r} is {period!r}: give a number above 0")
        periods[_position(column, d, names)] = period
    return periods


def _position(column: int | str, d: int, names: Sequence[str]) -> int:
    """Return the place of a column, from its number or name."""
    if isinstance(column, str):
        if column not in names:
            raise WganError(
                f"no column is called {column!r}. {did_you_mean(column, names)}"
                if names
                else f"circular column {column!r}: the samples have no names, give its number"
            )
        return list(names).index(column)
    if isinstance(column, bool) or not isinstance(column, int | np.integer) or not 0 <= column < d:
        raise WganError(f"circular column {column!r}: give a name, or a number from 0 to {d - 1}")
    return int(column)
