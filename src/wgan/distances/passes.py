"""Passes over all pairs of two samples: the least pairs of each row, and pairs below a margin.

Every pass returns pairs, and a lower bound of the reduced costs of all others.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int64

from wgan.distances.device import Tiles
from wgan.distances.pricing import Blocks, box_costs, costs_of, near, sides

FIRST_WIDTH = 512
"""Columns that give the first bound of a row's least pairs: the nearest four blocks often do."""

MOST_NEAR = 64
"""Pairs of a row, on average over a block, from which on a pass keeps the least of them alone."""

KEPT = 30
"""Pairs that it then keeps of each row, by chance weighted with the violation. With as many of each
column of the block, clusters of 5,000 in the plane had five times the pairs and took twice as long.
"""

AHEAD = 64
"""Blocks given to the workers ahead, a second of work: an interrupt waits for them."""

T = TypeVar("T")


@dataclass(frozen=True)
class Pairing:
    """Two samples in blocks, with lower bounds of the costs between blocks."""

    rows: Blocks
    columns: Blocks
    p: int
    tiles: Tiles
    boxes: Float[np.ndarray, "b c"]

    @classmethod
    def of(cls, rows: Blocks, columns: Blocks, p: int, tiles: Tiles) -> "Pairing":
        """Return the pairing of two samples.

        Args:
            rows: blocks of x.
            columns: blocks of y.
            p: 1 or 2.
            tiles: how pairs are priced.
        """
        return cls(rows, columns, p, tiles, box_costs(rows, columns, p))

    def turned(self) -> "Pairing":
        """Return the pairing of y with x."""
        return Pairing(self.columns, self.rows, self.p, self.tiles, self.boxes.T)

    def tiles_of(self, blocks: Int64[np.ndarray, " k"]) -> Iterator[Int64[np.ndarray, " c"]]:
        """Yield the columns of blocks, in tiles.

        Args:
            blocks: numbers of blocks of columns.
        """
        sizes = np.cumsum((self.columns.ends - self.columns.starts)[blocks])
        at = 0
        while at < len(blocks):
            done = sizes[at - 1] if at else 0
            end = max(at + 1, int(np.searchsorted(sizes, done + self.tiles.width, side="right")))
            yield self.columns.rows_of(blocks[at:end])
            at = end


@dataclass(frozen=True)
class Least:
    """Pairs (i, j) of least reduced cost of each row, in tree order, with their costs.

    `lower` `[n]` is at most the least reduced cost of the row, and exactly that unless pairs differ
    by less than float32 resolves. `rest` `[n]` bounds all pairs that are not among those returned.
    """

    i: Int64[np.ndarray, " k"]
    j: Int64[np.ndarray, " k"]
    cost: Float[np.ndarray, " k"]
    lower: Float[np.ndarray, " n"]
    rest: Float[np.ndarray, " n"]


def least(
    pairing: Pairing,
    v: Float[np.ndarray, " m"],
    keep: int,
    pool: Executor | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Least:
    """Return the `keep` pairs of least |x_i - y_j|^p - v_j of each row, as float32 orders them.

    Args:
        pairing: the samples.
        v: potentials of y, in the order of the tree.
        keep: pairs of a row.
        pool: workers for blocks; None: this thread.
        report: called with (blocks done, all blocks).
    """
    count = len(pairing.rows.starts)
    bounds = pairing.boxes - pairing.columns.most(v)
    parts = []
    for part in in_order(lambda b: _least_of_block(pairing, b, bounds[b], v, keep), count, pool):
        parts.append(part)
        report(len(parts), count)
    i, j, cost, lower, rest = (np.concatenate(some) for some in zip(*parts, strict=True))
    return Least(i, j, cost, lower, rest)


def _least_of_block(
    pairing: Pairing, b: int, boxes: np.ndarray, v: np.ndarray, keep: int
) -> tuple[np.ndarray, ...]:
    """Return the least pairs of block b.

    Blocks of columns are read in the order of their bounds, until no more can matter. One pair more
    than `keep` is ordered: it bounds the rest.
    """
    rows, columns, p = pairing.rows, pairing.columns, pairing.p
    s, e = rows.span(b)
    n = e - s
    order = np.argsort(boxes, kind="stable")
    boxes = boxes[order]
    sizes = np.cumsum((columns.ends - columns.starts)[order])
    at = min(len(order), 1 + int(np.searchsorted(sizes, max(FIRST_WIDTH, keep + 1))))
    some = columns.rows_of(order[:at])
    bounds = _bounds(rows, b, columns, some, v[some], p)
    if len(some) > keep + 1:
        part = np.argpartition(bounds, keep, axis=1)[:, : keep + 1]
        bounds = np.take_along_axis(bounds, part, axis=1)
        some = some[part]
    i = np.repeat(np.arange(n), bounds.shape[1])
    j = np.broadcast_to(some, bounds.shape).reshape(-1)
    bound = bounds.reshape(-1)
    rest = bounds.max(axis=1)
    pending = [(i, j, bound)]
    waiting = 0
    while at < len(order) and boxes[at] < rest.max():
        end = max(
            at + 1, int(np.searchsorted(sizes, sizes[at - 1] + pairing.tiles.width, side="right"))
        )
        end = max(at + 1, min(end, int(np.searchsorted(boxes, rest.max()))))
        some = columns.rows_of(order[at:end])
        at = end
        i, k, bound = near(rows, b, rest, columns, some, v[some], p, pairing.tiles.find)
        pending.append((i, some[k], bound + rest[i]))
        waiting += len(i)
        if waiting > n * keep or at == len(order):
            pending = [_least_of_rows(pending, n, keep + 1)]
            i, _, bound = pending[0]
            rest = np.minimum(rest, np.maximum.reduceat(bound, np.searchsorted(i, np.arange(n))))
            waiting = 0
    i, j, bound = _least_of_rows(pending, n, keep + 1)
    first = np.searchsorted(i, np.arange(n))
    rest = np.maximum.reduceat(bound, first)
    if sizes[-1] <= keep:
        rest = np.full(n, np.inf)
    i = i + s
    cost = costs_of(rows.points, columns.points, i, j, p)
    lower = np.minimum(rest, np.minimum.reduceat(cost - v[j], first))
    return i, j, cost, lower, rest


def _bounds(
    rows: Blocks, b: int, columns: Blocks, some: np.ndarray, v: np.ndarray, p: int
) -> np.ndarray:
    """Return lower bounds of |x - y|^p - v of all pairs of block b with some columns."""
    s, e = rows.span(b)
    middle = (rows.low[b] + rows.high[b]) / 2
    x, y = rows.points[s:e] - middle, columns.points[some] - middle
    left, right = sides(x, np.zeros(e - s), y, np.zeros(len(v)), 2)
    squared = (left @ right.T).astype(np.float64)
    return (np.sqrt(np.maximum(squared, 0.0)) if p == 1 else squared) - v


def _least_of_rows(
    pending: list[tuple[np.ndarray, np.ndarray, np.ndarray]], n: int, keep: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the `keep` pairs of least bound of each row, ordered by rows."""
    i, j, bound = (np.concatenate(part) for part in zip(*pending, strict=True))
    kept = least_of_each(i, bound, n, keep)
    return i[kept], j[kept], bound[kept]


def least_of_each(
    i: Int64[np.ndarray, " k"], r: Float[np.ndarray, " k"], n: int, keep: int
) -> Int64[np.ndarray, " l"]:
    """Return where the `keep` least r of each row i lie, ordered by rows.

    Args:
        i: rows, of 0 to n - 1.
        r: values.
        n: rows.
        keep: values of a row.

    >>> least_of_each(np.array([1, 0, 1]), np.array([3.0, 2.0, 1.0]), 2, 1)
    array([1, 2])
    """
    order = np.lexsort((r, i))
    rank = np.arange(len(i)) - np.searchsorted(i[order], np.arange(n))[i[order]]
    return order[rank < keep]


@dataclass(frozen=True)
class Below:
    """All pairs (i, j) of some blocks with a reduced cost below a margin, in tree order.

    `margins` `[b, c]` bounds the reduced costs of the other pairs of each pair of blocks. If there
    were too many pairs, this bound may be negative, and `rows` and `columns` bound the other pairs
    of each point; otherwise they are infinite.
    """

    i: Int64[np.ndarray, " k"]
    j: Int64[np.ndarray, " k"]
    cost: Float[np.ndarray, " k"]
    margins: Float[np.ndarray, "b c"]
    rows: Float[np.ndarray, " n"]
    columns: Float[np.ndarray, " m"]


def below(
    pairing: Pairing,
    margins: Float[np.ndarray, "b c"],
    u: Float[np.ndarray, " n"],
    v: Float[np.ndarray, " m"],
    margin: float,
    pool: Executor | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Below:
    """Return all pairs below a margin, of the blocks whose margin so far is negative.

    Args:
        pairing: the samples.
        margins: lower bounds of the reduced costs between blocks of pairs that are not yet known.
        u: potentials of x, in the order of the tree.
        v: potentials of y.
        margin: the reduced cost below which pairs are returned, at least 0.
        pool: workers for blocks; None: this thread.
        report: called with (blocks done, all blocks).
    """
    margins = margins.copy()
    due = np.flatnonzero((margins < 0).any(axis=1)).tolist()
    rows = np.full(len(u), np.inf)
    columns = np.full(len(v), np.inf)
    found = []

    def work(k: int) -> tuple[np.ndarray, ...]:
        return _below_in_block(pairing, due[k], margins[due[k]], u, v, margin)

    for b, (i, j, cost, of_block, of_rows, of_columns) in zip(
        due, in_order(work, len(due), pool), strict=True
    ):
        found.append((i, j, cost))
        margins[b] = of_block
        rows[slice(*pairing.rows.span(b))] = of_rows
        columns = np.minimum(columns, of_columns)
        report(len(found), len(due))
    none = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    i, j, cost = (np.concatenate(part) for part in zip(none, *found, strict=True))
    return Below(i, j, cost, margins, rows, columns)


def _below_in_block(
    pairing: Pairing, b: int, margins: np.ndarray, u: np.ndarray, v: np.ndarray, margin: float
) -> tuple[np.ndarray, ...]:
    """Return the pairs of block b, the new margins, and bounds of the pairs that were left out."""
    rows, columns, p = pairing.rows, pairing.columns, pairing.p
    s, e = rows.span(b)
    due = np.flatnonzero(margins < 0)
    margins = margins.copy()
    margins[due] = margin
    of_rows, of_columns = np.full(e - s, np.inf), np.full(len(v), np.inf)
    most = MOST_NEAR * (e - s)
    found: list[tuple[np.ndarray, ...]] = []
    for some in pairing.tiles_of(due):
        i, j, bound = near(rows, b, u[s:e] + margin, columns, some, v[some], p, pairing.tiles.find)
        i, j, bound = i + s, some[j], bound + margin
        if len(i) > most:  # the margin is a convenience, at which ties can be many
            _leave_out(columns, margins, j[bound >= 0], bound[bound >= 0])
            i, j = i[bound < 0], j[bound < 0]
        cost = costs_of(rows.points, columns.points, i, j, p)
        reduced = cost - u[i] - v[j]
        kept = reduced < margin
        found.append((i[kept], j[kept], cost[kept], reduced[kept]))
        if sum(len(part[0]) for part in found) > most:
            i, j, cost, reduced = (np.concatenate(part) for part in zip(*found, strict=True))
            kept = np.zeros(len(i), bool)
            # At random among the violated, and rather the most: the least of all rows would often
            # be the same few columns, which cannot take the mass of all.
            chance = np.random.default_rng(b).random(len(i))
            kept[least_of_each(i - s, reduced * chance, e - s, KEPT)] = True
            found = [(i[kept], j[kept], cost[kept], reduced[kept])]
            i, j, reduced = i[~kept], j[~kept], reduced[~kept]
            _leave_out(columns, margins, j, reduced)
            np.minimum.at(of_rows, i - s, reduced)
            np.minimum.at(of_columns, j, reduced)
    i, j, cost, _ = (np.concatenate(part) for part in zip(*found, strict=True))
    return i, j, cost, margins, of_rows, of_columns


def _leave_out(columns: Blocks, margins: np.ndarray, j: np.ndarray, r: np.ndarray) -> None:
    """Lower the margins of blocks of columns to the reduced costs r of pairs left out."""
    np.minimum.at(margins, np.searchsorted(columns.starts, j, side="right") - 1, r)


def in_order(work: Callable[[int], T], count: int, pool: Executor | None) -> Iterator[T]:
    """Yield work(0) to work(count - 1), of which the pool has few at a time.

    The pool finishes the work that it was given, even at the end of the process.

    Args:
        work: a function of a block's number.
        count: blocks.
        pool: workers; None: this thread.
    """
    waiting: deque[Future[T]] = deque()
    for b in range(count):
        if pool is None:
            yield work(b)
            continue
        waiting.append(pool.submit(work, b))
        if len(waiting) == AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
