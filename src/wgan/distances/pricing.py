"""Pricing of all pairs of two samples: the pairs of least reduced cost, with a lower bound.

The reduced cost of a pair is |x_i - y_j|^p - u_i - v_j. All pairs are bounded from below in
float32, and those that matter are computed again in float64. Blocks of near points are skipped as a
whole where the distance of their boxes suffices. Memory is linear in the samples.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

ROWS = 128
"""Points of a block. Together with `WIDTH` a tile of float32 has 2 MB, which stays in the cache."""

WIDTH = 4096
"""Columns of a tile."""

FIRST_WIDTH = 512
"""Columns of a block's first tile: in few dimensions the nearest four blocks often suffice."""

GROUP = 8
"""Columns that share one bound: selecting among n / 8 bounds a row costs less than the bounds."""

EXACT_VALUES = 4_000_000
"""Coordinates in one step of float64, 32 MB."""

AHEAD = 64
"""Blocks given to the workers ahead, a second of work: an interrupt waits for them."""

Block = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Pairs (i, j) of a block of rows, and the lower bounds of its rows."""

EPS = float(np.finfo(np.float32).eps)

UNDERFLOW = 1e-36
"""Added to the error of squared distances: near 1e-38 float32 loses its digits."""


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
    def of(cls, points: Float[np.ndarray, "n d"]) -> "Blocks":
        """Return the blocks of points.

        Args:
            points: `[n, d]`, at least one.
        """
        parts = tree_parts(points, ROWS)
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


@dataclass(frozen=True)
class Cheapest:
    """Pairs (i, j) of least reduced cost of each row, in original indices.

    `lower` `[n]` is at most the least reduced cost of the row, and exactly that wherever the pair
    was computed in float64; infinite: it is at least the bound that was asked for.
    """

    i: Int64[np.ndarray, " k"]
    j: Int64[np.ndarray, " k"]
    lower: Float[np.ndarray, " n"]


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


@dataclass(frozen=True)
class Pricing:
    """One pass: rows with potentials u against columns with potentials v, in tree order."""

    rows: Blocks
    columns: Blocks
    u: Float[np.ndarray, " n"]
    v: Float[np.ndarray, " m"]
    p: int
    keep: int
    below: float
    limit: int | None

    def block(self, b: int) -> Block:
        """Return pairs (i, j) of block b in tree order, and the lower bounds of its rows.

        Args:
            b: the number of the block.
        """
        s, _ = self.rows.span(b)
        bounds, groups = self._bounds(b)
        n = len(bounds)
        rest = np.full(n, np.inf)
        if self.limit is not None and bounds.shape[1] > self.limit:
            part = np.argpartition(bounds, self.limit, axis=1)
            rest = bounds[np.arange(n), part[:, self.limit]]
            rest[rest >= self.below] = np.inf
            part = part[:, : self.limit]
            near = np.take_along_axis(bounds, part, axis=1) < self.below
            i = np.nonzero(near)[0]
            g = part[near]
        else:
            i, g = np.nonzero(bounds < self.below)
        i, j, r = self._exact(i, groups[:, g], s)
        np.minimum.at(rest, i, r)
        kept = _least_of_each(i, r, n, self.keep)
        return i[kept] + s, j[kept], rest

    def _exact(
        self, i: np.ndarray, j: np.ndarray, start: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the pairs of groups whose reduced cost is below the bound, in float64."""
        found = []
        step = max(1, EXACT_VALUES // (GROUP * self.rows.points.shape[1]))
        for at in range(0, len(i), step):
            columns = j[:, at : at + step]
            rows = i[at : at + step] + start
            cost = pair_costs(self.rows.points[rows], self.columns.points[columns], self.p)
            reduced = cost - self.u[rows] - self.v[columns]
            g, k = np.nonzero(reduced < self.below)
            found.append((rows[k] - start, columns[g, k], reduced[g, k]))
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        rows, columns, reduced = (np.concatenate(part) for part in zip(*found, strict=True))
        return rows, columns, reduced

    def _bounds(self, b: int) -> tuple[np.ndarray, np.ndarray]:
        """Return lower bounds `[rows, groups]` and the columns `[GROUP, groups]` of block b.

        Blocks of columns come in the order of their bounds, until no more can matter.
        """
        s, e = self.rows.span(b)
        boxes = self._box_bounds(b)
        order = np.argsort(boxes)
        boxes = boxes[order]
        sizes = np.cumsum((self.columns.ends - self.columns.starts)[order])
        bounds = [np.zeros((e - s, 0))]
        groups = [np.zeros((GROUP, 0), np.int64)]
        best = bounds[0]
        enough = self.below
        at = 0
        while at < len(order) and boxes[at] < enough:
            done = sizes[at - 1] if at else 0
            width = WIDTH if at else FIRST_WIDTH
            end = max(at + 1, int(np.searchsorted(sizes, done + width, side="right")))
            columns = np.concatenate([np.arange(*self.columns.span(int(c))) for c in order[at:end]])
            spare = -len(columns) % GROUP
            columns = np.concatenate([columns, np.full(spare, columns[-1])]).reshape(GROUP, -1)
            bounds.append(self._tile(b, columns))
            groups.append(columns)
            at = end
            # The k-th least bound of every row so far: what lies above is not among the least.
            if self.limit is not None:
                best = np.concatenate([best, bounds[-1]], axis=1)
                if best.shape[1] > self.limit:
                    best = np.partition(best, self.limit, axis=1)[:, : self.limit + 1]
                    enough = min(self.below, float(best[:, self.limit].max()))
        return np.concatenate(bounds, axis=1), np.concatenate(groups, axis=1)

    def _box_bounds(self, b: int) -> np.ndarray:
        """Return a lower bound of the reduced costs between block b and each block of columns."""
        s, e = self.rows.span(b)
        apart = np.maximum(
            self.rows.low[b] - self.columns.high, self.columns.low - self.rows.high[b]
        )
        apart = np.maximum(apart, 0.0)
        cost = pair_costs(apart, np.zeros_like(apart), self.p)
        return cost - self.u[s:e].max() - np.maximum.reduceat(self.v, self.columns.starts)

    def _tile(self, b: int, columns: np.ndarray) -> np.ndarray:
        """Return a lower bound of the reduced costs of each row and group.

        Squared distances are one matrix product in float32, around the middle of block b. Their
        error is at most (d + 5) EPS (|x|^2 + |y|^2), which is taken off.
        """
        s, e = self.rows.span(b)
        middle = (self.rows.low[b] + self.rows.high[b]) / 2
        x = self.rows.points[s:e] - middle
        y = self.columns.points[columns.ravel()] - middle
        v = self.v[columns.ravel()]
        top = v.max()
        v = v - top
        n, d = x.shape
        xx = np.einsum("nd,nd->n", x, x)
        yy = np.einsum("nd,nd->n", y, y)
        largest = xx.max() + yy.max()
        left = np.ones((n, d + 2), np.float32)
        right = np.ones((len(y), d + 2), np.float32)
        left[:, :d] = x
        right[:, :d] = -2 * y
        left[:, d] = xx - ((d + 8) * EPS * largest + UNDERFLOW)
        right[:, d + 1] = yy - v if self.p == 2 else yy
        cost = left @ right.T
        if self.p == 2:
            error = (d + 8) * EPS * np.abs(v).max()
        else:
            np.maximum(cost, 0, out=cost)
            np.sqrt(cost, out=cost)
            cost -= v.astype(np.float32)
            error = 4 * EPS * (2 * np.sqrt(largest) + np.abs(v).max())
        bounds = cost.reshape(n, GROUP, -1).min(axis=1).astype(np.float64)
        return bounds - (error + top) - self.u[s:e, None]


def cheapest(
    pricing: Pricing,
    pool: Executor | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Cheapest:
    """Return the pairs of least reduced cost of each row.

    Args:
        pricing: the pass.
        pool: workers for blocks; None: this thread.
        report: told of (blocks done, all blocks).
    """
    rows, columns = pricing.rows, pricing.columns
    count = len(rows.starts)
    i, j = [], []
    lower = np.empty(len(rows.order))
    for b, (left, right, bounds) in enumerate(_in_order(pricing.block, count, pool)):
        i.append(rows.order[left])
        j.append(columns.order[right])
        lower[rows.order[slice(*rows.span(b))]] = bounds
        report(b + 1, count)
    return Cheapest(np.concatenate(i), np.concatenate(j), lower)


def _in_order(work: Callable[[int], Block], count: int, pool: Executor | None) -> Iterator[Block]:
    """Yield work(0) to work(count - 1), of which the pool has few at a time: those that it was
    given it finishes, even at the end of the process.
    """
    waiting: deque[Future[Block]] = deque()
    for b in range(count):
        if pool is None:
            yield work(b)
            continue
        waiting.append(pool.submit(work, b))
        if len(waiting) == AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _least_of_each(i: np.ndarray, r: np.ndarray, n: int, keep: int) -> np.ndarray:
    """Return where the `keep` least r of each row i lie."""
    order = np.lexsort((r, i))
    rank = np.arange(len(i)) - np.searchsorted(i[order], np.arange(n))[i[order]]
    return order[rank < keep]
