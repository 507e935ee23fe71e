"""Transport plan of an exact solve: how much each sample gives to each, and the barycentric map.

Reference: Peyre and Cuturi, "Computational Optimal Transport" (2019), sections 2.3 (plans) and 4.3
(barycentric projection).
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int64
from scipy.sparse import coo_array

from wgan.base.errors import WganError
from wgan.base.numbers import ArrayLike, float_array
from wgan.distances.line import quantile_pairs

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Entries of a plan: rows `[k]`, columns `[k]` and masses `[k]`."""


@dataclass(frozen=True, eq=False)
class Transport:
    """The optimum of the linear programme: the distance, its plan, and the dual that proves it.

    `distance` is in the unit of the samples. `u` `[n]` and `v` `[m]` are Kantorovich potentials, in
    that unit to the power p: u_i + v_j <= |x_i - y_j|^p for all i, j. Their weighted sum is
    distance^p up to the relative duality `gap`, which bounds the relative error of distance^p.
    `solver` says in words what solved it.

    `plan` `[n, m]` is sparse: entry (i, j) is the mass that x_i gives to y_j, a share of the total
    of 1. Rows sum to the weights of x, columns to those of y, and at most n + m - 1 entries are
    stored, each above 0. Several plans may be optimal; this is one of them. If pairs are generated,
    a weight below 2^-51 (4e-16) counts as 0. `x` and `y` are the samples as float64, None if only a
    matrix of costs was given. `periods` `[d]` are those of circular columns, and infinite in
    others.
    """

    distance: float
    gap: float
    u: Float[np.ndarray, " n"]
    v: Float[np.ndarray, " m"]
    solver: str
    plan: coo_array = field(repr=False)
    x: Float[np.ndarray, "n d"] | None = field(default=None, repr=False)
    y: Float[np.ndarray, "m e"] | None = field(default=None, repr=False)
    periods: Float[np.ndarray, " d"] | None = field(default=None, repr=False)

    def map(self, values: ArrayLike | None = None) -> Float[np.ndarray, "n e"]:
        """Return the barycentric map (projection): the mean partner of each x_i.

        m_i = sum_j T_ij y_j / sum_j T_ij. It maps samples of x towards y. For p = 2 it estimates
        Monge's map; a sample whose mass is split comes to lie between its partners.

        In a circular column, partners are taken on the turn that is nearest to x_i, and the mean
        lies in [0, period).

        Args:
            values: values of the samples of y `[m, e]`, or `[m]`, to take means of, such as labels
                or other columns; None: the samples themselves.

        Returns:
            The means `[n, e]`, in the unit of the values; NaN for samples without an entry in the
            plan, as those without mass.

        Raises:
            WganError: values of another number than the samples, or no values if only a matrix of
                costs was given.

        >>> from wgan.distances import transport
        >>> transport([[0.0], [1.0]], [[3.0], [4.0]], p=2).map()
        array([[3.],
               [4.]])
        """
        targets = self._targets(values)
        if values is None and self.periods is not None:
            return self._means_around(targets, self.periods)
        return self._means(targets[self.plan.col])

    def _means(self, values: Float[np.ndarray, "k e"]) -> Float[np.ndarray, "n e"]:
        """Return the mean for each x_i of values of the plan's entries."""
        mass = self.plan.sum(axis=1)
        means = np.zeros((len(mass), values.shape[1]))
        np.add.at(means, self.plan.row, self.plan.data[:, None] * values)
        means[mass == 0] = np.nan
        return means / np.where(mass == 0, 1.0, mass)[:, None]

    def _means_around(
        self, y: Float[np.ndarray, "m d"], periods: Float[np.ndarray, " d"]
    ) -> Float[np.ndarray, "n d"]:
        """Return the mean partners, each on the turn that is nearest to x_i."""
        assert self.x is not None  # as are samples with periods
        moves = y[self.plan.col] - self.x[self.plan.row]
        circle = np.isfinite(periods)
        moves[:, circle] -= np.rint(moves[:, circle] / periods[circle]) * periods[circle]
        means = self.x + self._means(moves)
        means[:, circle] %= periods[circle]
        # `%` rounds a tiny negative number to the period itself, which is 0 of the next turn.
        means[:, circle] %= periods[circle]
        return means

    def _targets(self, values: ArrayLike | None) -> Float[np.ndarray, "m e"]:
        if values is None:
            if self.y is None:
                raise WganError(
                    "a map needs the samples of y, and a matrix of costs alone was given: give"
                    " them, map(y)"
                )
            return self.y
        targets = float_array(values, "the values to map to")
        targets = targets[:, None] if targets.ndim == 1 else targets
        if targets.ndim != 2 or len(targets) != self.plan.shape[1]:
            raise WganError(
                f"the values to map to have shape {targets.shape}, and y has {self.plan.shape[1]}"
                " samples: give one row a sample"
            )
        return targets


def sparse_plan(
    pairs: Pairs, wa: Float[np.ndarray, " n"], wb: Float[np.ndarray, " m"]
) -> coo_array:
    """Return entries as a sparse plan `[n, m]`, without those that only rounding has left.

    Args:
        pairs: rows, columns and masses of the entries.
        wa: weights of the rows, which sum to 1.
        wb: weights of the columns.
    """
    i, j, mass = pairs
    # A sum of n + m masses errs by n + m units in its last place at most. What is below that, seen
    # from both its row and its column, is the rest of a mass that is zero in exact numbers.
    least = (len(wa) + len(wb)) * np.finfo(np.float64).eps * np.minimum(wa[i], wb[j])
    kept = mass > least
    return coo_array((mass[kept], (i[kept], j[kept])), shape=(len(wa), len(wb)))


def entries(plan: Float[np.ndarray, "n m"]) -> Pairs:
    """Return the entries of a dense plan that are above 0.

    Args:
        plan: masses `[n, m]`.
    """
    i, j = np.nonzero(plan > 0)
    return i, j, plan[i, j]


def any_plan(wa: Float[np.ndarray, " n"], wb: Float[np.ndarray, " m"]) -> Pairs:
    """Return the entries of a plan for costs that are all equal.

    Args:
        wa: weights of the rows, which sum to 1.
        wb: weights of the columns.
    """
    mass, i, j = quantile_pairs(np.zeros(len(wa)), wa, np.zeros(len(wb)), wb)
    return i, j, mass


def split_rows(
    pairs: Pairs, of: Int64[np.ndarray, " n"], weights: Float[np.ndarray, " n"]
) -> Pairs:
    """Return the entries of a plan between merged samples as entries of the samples themselves.

    The samples of a merged row lie in a line, end to end, and so do its entries: where they overlap
    a sample has an entry. So k entries and s samples of a row give at most k + s - 1 entries, and a
    basic plan stays one.

    Args:
        pairs: rows (merged samples), columns and masses.
        of: the merged sample of each sample `[n]`.
        weights: of the samples `[n]`; each merged sample has the sum of its own.

    >>> rows = np.array([0, 0]), np.array([5, 7]), np.array([0.25, 0.75])
    >>> i, j, mass = split_rows(rows, np.array([0, 0]), np.array([0.5, 0.5]))
    >>> i.tolist(), j.tolist(), mass.tolist()
    ([0, 0, 1], [5, 7, 7], [0.25, 0.25, 0.5])
    """
    row, column, mass = pairs
    total = np.bincount(of, weights)
    has_entry = np.zeros(len(total), dtype=bool)
    has_entry[row] = True
    entry = np.argsort(row, kind="stable")
    member = np.argsort(of, kind="stable")
    member = member[(weights[member] > 0) & has_entry[of[member]]]
    ends = np.concatenate([_ends(row[entry], mass[entry]), _ends(of[member], weights[member])])
    rows = np.concatenate([row[entry], of[member]])
    is_entry = np.arange(len(ends)) < len(entry)
    order = np.lexsort((ends, rows))
    ends, rows, is_entry = ends[order], rows[order], is_entry[order]
    begins = np.concatenate([[0.0], ends[:-1]])
    begins[np.concatenate([[True], rows[1:] != rows[:-1]])] = 0.0
    share = ends - begins
    # A piece belongs to the first entry and the first sample that do not end before it.
    kept = share > 0
    of_entry = entry[(np.cumsum(is_entry) - is_entry)[kept]]
    of_member = member[(np.cumsum(~is_entry) - ~is_entry)[kept]]
    return of_member, column[of_entry], share[kept] * total[rows[kept]]


def _ends(group: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Return where each mass ends, as a share of its group; groups are sorted."""
    share = mass / np.bincount(group, mass)[group]
    # Wide floats: the sum runs on over up to 10^5 groups, and its error with it.
    end = np.cumsum(share, dtype=np.longdouble)
    first = np.concatenate([[True], group[1:] != group[:-1]])
    before = (end - share)[first]
    end = (end - before[np.cumsum(first) - 1]).astype(np.float64)
    last = np.concatenate([first[1:], [True]])
    end[last] = 1.0
    return np.minimum(end, 1.0)
