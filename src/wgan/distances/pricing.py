"""Pricing of pairs of two samples: which reduced costs |x_i - y_j|^p - u_i - v_j may be negative.

Blocks of near points are bounded as a whole by the distance of their boxes. The pairs of other
blocks are bounded from below in float32, by one matrix product, and those that matter are computed
again in float64. Memory is linear in the samples.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

EXACT_VALUES = 1_000_000
"""Coordinates in one step of float64, 8 MB."""

UNIT = float(np.finfo(np.float32).eps) / 2
"""Largest relative error of one rounding in float32."""

UNDERFLOW = 1e-36
"""Added to the error of squared distances: near 1e-38 float32 loses its digits."""

Negative = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""(left `[r, k]`, right `[c, k]`, float32) -> rows, columns and values of left right' below 0."""


@dataclass(frozen=True)
class Blocks:
    """Points `[n, d]` in the order of a k-d tree, cut into blocks with their bounding boxes.

    `order` has the point's original row; block b is the rows `starts[b]` to `ends[b]`.
    """

    points: Float[np.ndarray, "n d"]
    order: Int64[np.ndarray, " n"]
    starts: Int64[np.ndarray, " b"]
    ends: Int64[np.ndarray, " b"]
    low: Float[np.ndarray, "b d"]
    high: Float[np.ndarray, "b d"]

    @classmethod
    def of(cls, points: Float[np.ndarray, "n d"], size: int) -> "Blocks":
        """Return the blocks of points.

        Args:
            points: `[n, d]`, at least one.
            size: most points of a block.
        """
        parts = tree_parts(points, size)
        order = np.concatenate(parts)
        ends = np.cumsum([len(part) for part in parts])
        starts = np.concatenate([[0], ends[:-1]])
        ordered = points[order]
        low = np.minimum.reduceat(ordered, starts, axis=0)
        high = np.maximum.reduceat(ordered, starts, axis=0)
        return cls(ordered, order, starts, ends, low, high)

    def span(self, b: int) -> tuple[int, int]:
        """Return the first row of block b and the row after its last.

        Args:
            b: the number of the block.
        """
        return int(self.starts[b]), int(self.ends[b])

    def rows_of(self, blocks: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " r"]:
        """Return the rows of several blocks.

        Args:
            blocks: their numbers.
        """
        sizes = (self.ends - self.starts)[blocks]
        first = np.cumsum(sizes) - sizes
        return np.repeat(self.starts[blocks] - first, sizes) + np.arange(sizes.sum())

    def most(self, values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " b"]:
        """Return the largest value of each block.

        Args:
            values: one for each point, in the order of the tree.
        """
        return np.maximum.reduceat(values, self.starts)

    def least(self, values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " b"]:
        """Return the smallest value of each block.

        Args:
            values: one for each point, in the order of the tree.
        """
        return np.minimum.reduceat(values, self.starts)


def tree_parts(points: Float[np.ndarray, "n d"], size: int) -> list[np.ndarray]:
    """Return the rows of points in parts of at most `size`, by median cuts of the widest axis.

    Args:
        points: `[n, d]`.
        size: the most points of a part, at least 1.

    >>> [part.tolist() for part in tree_parts(np.array([[0.0], [9.0], [1.0], [8.0]]), 2)]
    [[0, 2], [3, 1]]
    """
    parts = []
    waiting = [np.arange(len(points))]
    while waiting:
        rows = waiting.pop()
        if len(rows) <= size:
            parts.append(rows)
            continue
        some = points[rows]
        axis = int(np.argmax(some.max(axis=0) - some.min(axis=0)))
        half = len(rows) // 2
        sides = np.argpartition(some[:, axis], half)
        waiting += [rows[sides[half:]], rows[sides[:half]]]
    return parts


def pair_costs(x: np.ndarray, y: np.ndarray, p: int) -> np.ndarray:
    """Return |x - y|^p in float64, without the cancellation of |x|^2 + |y|^2 - 2 x y.

    Args:
        x: points `[..., d]`.
        y: points of a shape that broadcasts with it.
        p: 1 or 2.

    >>> pair_costs(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), 1)
    array([5.])
    """
    difference = x - y
    squared = np.einsum("...d,...d->...", difference, difference)
    return np.sqrt(squared) if p == 1 else squared


def costs_of(x: np.ndarray, y: np.ndarray, i: np.ndarray, j: np.ndarray, p: int) -> np.ndarray:
    """Return the costs of pairs (i, j), some at a time.

    Args:
        x: points `[n, d]`.
        y: points `[m, d]`.
        i: rows of x `[k]`.
        j: rows of y `[k]`.
        p: 1 or 2.
    """
    cost = np.empty(len(i))
    step = max(1, EXACT_VALUES // x.shape[1])
    for at in range(0, len(i), step):
        part = slice(at, at + step)
        cost[part] = pair_costs(x[i[part]], y[j[part]], p)
    return cost


def box_costs(rows: Blocks, columns: Blocks, p: int) -> Float[np.ndarray, "b c"]:
    """Return a lower bound of the costs between each block of rows and of columns.

    Args:
        rows: blocks of x.
        columns: blocks of y.
        p: 1 or 2.
    """
    costs = np.empty((len(rows.starts), len(columns.starts)))
    for b in range(len(costs)):
        apart = np.maximum(rows.low[b] - columns.high, columns.low - rows.high[b])
        apart = np.maximum(apart, 0.0)
        costs[b] = pair_costs(apart, np.zeros_like(apart), p)
    return costs


def sides(
    x: Float[np.ndarray, "r d"],
    u: Float[np.ndarray, " r"],
    y: Float[np.ndarray, "c d"],
    v: Float[np.ndarray, " c"],
    p: int,
) -> tuple[Float[np.ndarray, "r k"], Float[np.ndarray, "c k"]]:
    """Return float32 matrices whose product is negative wherever the reduced cost is.

    For p = 2 the product is a lower bound of |x - y|^2 - u - v. For p = 1 it is one of
    |x - y|^2 - (u + v)^2, which has the same sign as |x - y| - u - v if u + v >= 0. An element of
    the product is a sum of k terms, whose absolute values sum to S at most. Two factors of each are
    rounded to float32, and the sum in any order adds an error of k - 1 more roundings. So the error
    is below (d + 8) 2^-24 S, which is subtracted (Higham, "Accuracy and Stability of Numerical
    Algorithms", 2002, section 3.1).

    Args:
        x: points near the origin.
        u: potentials of x.
        y: points.
        v: potentials of y, near 0.
        p: 1 or 2.
    """
    n, d = x.shape
    xx = np.einsum("nd,nd->n", x, x)
    yy = np.einsum("nd,nd->n", y, y)
    largest = np.abs(v).max()
    size = (np.sqrt(xx) + np.sqrt(yy.max())) ** 2
    left = np.ones((n, d + 4 - p), np.float32)
    right = np.ones((len(y), d + 4 - p), np.float32)
    np.multiply(x, -2.0, out=left[:, :d], casting="same_kind")
    right[:, :d] = y
    if p == 1:
        size += (np.abs(u) + largest) ** 2
        xx -= u**2
        yy -= v**2
        left[:, d + 2] = -2.0 * u
        right[:, d + 2] = v
    else:
        size += np.abs(u) + largest
        xx -= u
        yy -= v
    left[:, d] = xx - ((d + 8) * UNIT * size + UNDERFLOW)
    right[:, d + 1] = yy
    return left, right


def negative(
    left: Float[np.ndarray, "r k"], right: Float[np.ndarray, "c k"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, columns and values of the product left right' below 0.

    Args:
        left: float32.
        right: float32.
    """
    product = (left @ right.T).reshape(-1)
    below = product < 0
    if len(below) % 8 == 0:
        # Eight flags at a time: few of them are set.
        words = np.flatnonzero(below.view(np.uint64) != 0)
        at = (8 * words[:, None] + np.arange(8)).reshape(-1)
        at = at[below[at]]
    else:
        at = np.flatnonzero(below)
    i, j = np.divmod(at, len(right))
    return i, j, product[at]


def near(
    rows: Blocks,
    b: int,
    u: Float[np.ndarray, " r"],
    columns: Blocks,
    some: Int64[np.ndarray, " c"],
    v: Float[np.ndarray, " c"],
    p: int,
    find: Negative = negative,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all pairs of block b with some columns whose reduced cost may be negative.

    Args:
        rows: blocks of x.
        b: the number of a block.
        u: potentials of its rows.
        columns: blocks of y.
        some: rows of y in the order of the tree, at least one.
        v: their potentials.
        p: 1 or 2.
        find: function that multiplies and compares.

    Returns:
        Rows within the block, columns within `some`, and lower bounds of their reduced costs.
    """
    s, e = rows.span(b)
    middle = (rows.low[b] + rows.high[b]) / 2
    shift = (v.min() + v.max()) / 2
    u, v = u + shift, v - shift
    x, y = rows.points[s:e] - middle, columns.points[some] - middle
    i, j, bound = find(*sides(x, u, y, v, p))
    bound = bound.astype(np.float64)
    if p == 1:
        sums = u[i] + v[j]
        bound = np.sqrt(np.maximum(bound + sums**2, 0.0)) - sums
        # A negative sum has no negative reduced cost, but may have a large square.
        below = bound < 0
        return i[below], j[below], bound[below]
    return i, j, bound
