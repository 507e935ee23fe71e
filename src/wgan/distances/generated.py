"""Exact transport of large samples without the matrix of all pairs, from coarse samples to fine.

References: Schmitzer, "A sparse multiscale algorithm for dense optimal transport" (2016); Gerber
and Maggioni, "Multiscale strategies for computing optimal transport" (2017).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

from wgan.distances.columns import MAX_PIVOTS, Problem, solve
from wgan.distances.device import Tiles, tiles_for
from wgan.distances.passes import Pairing, least
from wgan.distances.plan import Pairs, split_rows
from wgan.distances.pricing import Blocks, tree_parts

BASE = 1000
"""Samples of a side of the coarsest level, solved on all pairs in 0.1 s."""

FACTOR = 4
"""Samples of a level for one of the level before: at 20 a side in the plane, potentials were too
coarse to find the right pairs.
"""

CLOSED = 1e-10
"""Relative duality gap at which the solve is done; float64 leaves 1e-12 to 1e-14."""

COARSE_GAP = 1e-4
"""Gap at which the solve of a coarser level is done: its potentials are only a start."""

COARSE_ROUNDS = 12
ROUNDS = 100
"""Most rounds; samples of all kinds took 3 to 20."""

MASS = 2**50
"""Weights are whole numbers of this sum, so that the solver's sums are exact: rounding them changes
the value by n / 2^51 of the largest cost at most.
"""


@dataclass(frozen=True)
class Means:
    """Means of a solve: the order, the tiles, the workers and a listener."""

    p: int
    tiles: Tiles
    pool: Executor | None
    report: Callable[[str, int, int], None]


@dataclass(frozen=True)
class Generated:
    """A plan's cost, and feasible potentials whose value proves it, all in the unit^p.

    `upper` is infinite if no plan was found; `small` is a small cost above 0. `plan` has the
    entries of the plan, as shares of 1.
    """

    upper: float
    u: Float[np.ndarray, " n"]
    v: Float[np.ndarray, " m"]
    rounds: int
    small: float
    plan: Pairs | None


def generated(
    a: Float[np.ndarray, "n d"],
    b: Float[np.ndarray, "m d"],
    wa: Float[np.ndarray, " n"],
    wb: Float[np.ndarray, " m"],
    p: int,
    report: Callable[[str, int, int], None] = lambda what, done, total: None,
    device: str | None = None,
) -> Generated:
    """Return the optimal cost of transport with potentials, by generated columns.

    Args:
        a: samples `[n, d]`.
        b: samples `[m, d]`.
        wa: weights `[n]`, which sum to 1.
        wb: weights `[m]`.
        p: 1 or 2.
        report: called with (blocks done, all blocks).
        device: a device of torch that prices pairs; None: this machine's processors.

    Raises:
        WganError: the device cannot be used.
    """
    points_a, weights_a, of_a = _merged(a, wa)
    points_b, weights_b, of_b = _merged(b, wb)
    mass_a, mass_b = whole_masses(weights_a, weights_b)
    some_a = mass_a > 0
    some_b = mass_b > 0
    with tiles_for(a.shape[1], device) as tiles, _workers() as pool:
        means = Means(p, tiles, pool, report)
        found = _by_levels(
            points_a[some_a], points_b[some_b], mass_a[some_a], mass_b[some_b], means
        )
        u = np.empty(len(points_a))
        v = np.empty(len(points_b))
        u[some_a] = found.u
        v[some_b] = found.v
        # Samples without mass: any feasible potential, first of x, then of y against all x.
        if not some_a.all():
            u[~some_a] = _of_points(points_a[~some_a], points_b[some_b], v[some_b], means)
        if not some_b.all():
            v[~some_b] = _of_points(points_b[~some_b], points_a, u, means)
    plan = found.plan
    if plan is not None:
        merged = np.flatnonzero(some_a)[plan[0]], np.flatnonzero(some_b)[plan[1]], plan[2]
        i, j, mass = split_rows(merged, of_a, wa)
        j, i, mass = split_rows((j, i, mass), of_b, wb)
        plan = i, j, mass
    return Generated(found.upper, u[of_a], v[of_b], found.rounds, found.small, plan)


def _merged(
    points: Float[np.ndarray, "n d"], weights: Float[np.ndarray, " n"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distinct points, the sums of their weights, and the distinct point of each.

    Equal points tie all their pairs, which few pairs of each cannot tell apart.
    """
    distinct, of = np.unique(points, axis=0, return_inverse=True)
    of = of.reshape(-1)
    if len(distinct) == len(points):
        return points, weights, np.arange(len(points))
    return distinct, np.bincount(of, weights), of


def whole_masses(
    wa: Float[np.ndarray, " n"], wb: Float[np.ndarray, " m"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """Return weights as whole numbers of equal sum, exact where those of each side are equal.

    Args:
        wa: weights `[n]`, which sum to 1.
        wb: weights `[m]`.

    >>> whole_masses(np.full(2, 0.5), np.full(3, 1 / 3))
    (array([3., 3.]), array([2., 2., 2.]))
    """
    if (wa == wa[0]).all() and (wb == wb[0]).all():
        common = np.gcd(len(wa), len(wb))
        return np.full(len(wa), len(wb) / common), np.full(len(wb), len(wa) / common)
    masses = []
    for w in (wa, wb):
        mass = np.rint(w / w.sum() * MASS)
        mass[np.argmax(mass)] += MASS - mass.sum()
        masses.append(mass)
    return masses[0], masses[1]


@contextmanager
def _workers() -> Iterator[Executor | None]:
    """Yield as many workers as the matrix library has threads, each of which multiplies alone.

    Tiles are small, so the library's own threads would spend most of their time waiting.
    """
    from threadpoolctl import threadpool_info, threadpool_limits

    threads = max(
        (pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"),
        default=1,
    )
    with threadpool_limits(1, user_api="blas"):
        if threads == 1:
            yield None
            return
        pool = ThreadPoolExecutor(threads)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def _by_levels(
    a: np.ndarray, b: np.ndarray, mass_a: np.ndarray, mass_b: np.ndarray, means: Means
) -> Generated:
    """Solve from coarse to fine: each level starts from the potentials of the one before."""
    largest = max(len(a), len(b))
    block = means.tiles.block
    size = BASE
    rows, ma = _coarse(a, mass_a, size)
    columns, mb = _coarse(b, mass_b, size)
    x = Blocks.of(a[rows], block)
    u = _solve_all_pairs(a[rows], b[columns], ma, mb, means.p)[x.order]
    rounds = 0
    while True:
        size *= FACTOR
        last = 2 * size >= largest
        if last:
            xs, ys, ma, mb = a, b, mass_a, mass_b
        else:
            rows, ma = _coarse(a, mass_a, size)
            columns, mb = _coarse(b, mass_b, size)
            xs, ys = a[rows], b[columns]
        left, right = Blocks.of(xs, block), Blocks.of(ys, block)
        pairing = Pairing.of(left, right, means.p, means.tiles)
        problem = Problem(pairing, ma[left.order], mb[right.order], means.pool, means.report)
        v = _transform(right, x, u, means)
        state = solve(problem, v, CLOSED if last else COARSE_GAP, ROUNDS if last else COARSE_ROUNDS)
        rounds += state.rounds
        x, u = left, state.u
        if last:
            in_order = np.empty(len(a)), np.empty(len(b))
            in_order[0][left.order] = state.u
            in_order[1][right.order] = state.v
            plan = state.plan
            if plan is not None:
                plan = left.order[plan[0]], right.order[plan[1]], plan[2]
            return Generated(state.upper, *in_order, rounds, state.small, plan)


def _coarse(points: np.ndarray, mass: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of about `size` points, one of each part of a k-d tree, with the part's mass."""
    parts = tree_parts(points, -(-len(points) // size))
    # A random member: means would shrink distances in many dimensions.
    rng = np.random.default_rng(0)
    rows = np.array([part[rng.integers(len(part))] for part in parts])
    return rows, np.array([mass[part].sum() for part in parts])


def _solve_all_pairs(
    a: np.ndarray, b: np.ndarray, mass_a: np.ndarray, mass_b: np.ndarray, p: int
) -> np.ndarray:
    """Return potentials of a, of the solver of all pairs; they need not be exact."""
    import ot

    cost = cdist(a, b, "euclidean" if p == 1 else "sqeuclidean")
    scale = float(cost.max()) or 1.0
    cost /= scale
    _, log = ot.emd2(mass_a, mass_b, cost, numItermax=MAX_PIVOTS, log=True, check_marginals=False)
    return log["u"] * scale


def _transform(to: Blocks, points: Blocks, potentials: np.ndarray, means: Means) -> np.ndarray:
    """Return the largest feasible potentials of `to` given those of points, in blocks' order."""
    pairing = Pairing.of(to, points, means.p, means.tiles)
    return least(pairing, potentials, 1, means.pool).lower


def _of_points(
    to: np.ndarray, points: np.ndarray, potentials: np.ndarray, means: Means
) -> np.ndarray:
    """Return the same for points in any order."""
    rows = Blocks.of(to, means.tiles.block)
    columns = Blocks.of(points, means.tiles.block)
    found = np.empty(len(to))
    found[rows.order] = _transform(rows, columns, potentials[columns.order], means)
    return found
