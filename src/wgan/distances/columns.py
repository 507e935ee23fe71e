"""Column generation: transport on few pairs, to which missing pairs are added until none is.

The programme is solved on the pairs so far; all other pairs are then priced, and those whose
reduced cost is negative are added. A solve may move the potentials by a limited amount alone, since
few pairs say little of potentials far away (the box step method).

Most pairs need no pricing. A pass returns all pairs of two blocks whose reduced cost is below a
margin. The others are at least the margin, and stay above 0 as long as the potentials of the two
blocks have not risen by more. With r_ij = |x_i - y_j|^p - u_i - v_j and moves du, dv,

    r_ij(u + du, v + dv) = r_ij(u, v) - du_i - dv_j >= margin - max du - max dv

over the two blocks. These bounds are kept for each pair of blocks, and lowered with every move.

References: Ford and Fulkerson (1958) for the generated columns; Marsten, Hogan and Blankenship,
"The boxstep method for large-scale optimization" (1975).
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from scipy.sparse import coo_array
from scipy.spatial.distance import cdist

from wgan.distances.passes import Pairing, below, least
from wgan.distances.plan import Pairs

FIRST_IN_PLANE = 30
FIRST_IN_SPACE = 12
"""Pairs of least reduced cost of each sample to begin with. In the plane many pairs are nearly
tight: with 10, clusters of n = 20,000 took 14 rounds, with 30 they took 8. In 16-D 10 suffice.
"""

FIRST_BOX = 64.0
"""First bound of a move of the potentials, in typical reduced costs of the first pairs."""

GROWTH = 8.0
"""Factor by which the bound grows if the solve still asked for more."""

PATIENCE = 4
"""Rounds without a better dual until the bound is halved."""

MARGIN = 0.25
"""The margin is this quantile of the reduced costs of the pairs so far: few pairs are added for its
sake, and most blocks keep it.
"""

MOST_PAIRS = 60
"""Pairs for each sample of both sides, beyond which the dearest are forgotten, to bound the memory:
each takes about 150 bytes with the solver's. It costs rounds: with 25, clusters of n = 20,000 in
the plane took 32, as the dearest are also those that a last move showed to be missing.
"""

MAX_PIVOTS = 2_000_000_000
"""Limit of the solver's pivots, never reached."""

TYPICAL = 1000
"""Samples of each side whose pairs give a small cost."""

SERIOUS = 0.1
"""Share of the gain that a solve promised, from which on its move counts as better."""

ROUNDING = 1e-12
"""If the cost is nearly 0, the gap that counts as closed is this share of a small cost."""

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Problem:
    """Two samples in blocks, with whole masses of equal sum, all in the order of the blocks."""

    pairing: Pairing
    mass_a: Float[np.ndarray, " n"]
    mass_b: Float[np.ndarray, " m"]
    pool: Executor | None
    report: Callable[[str, int, int], None]

    @property
    def total(self) -> float:
        """The mass of one side."""
        return float(self.mass_a.sum())

    def dual(self, u: np.ndarray, v: np.ndarray) -> float:
        """Return the dual's value of potentials."""
        return float(self.mass_a @ u + self.mass_b @ v) / self.total


@dataclass
class State:
    """The best feasible potentials so far, the pairs, and the bound of the next move.

    `margins` `[b, c]` bounds the reduced costs of all other pairs of each pair of blocks, at the
    potentials `at_u` and `at_v`.
    """

    u: Float[np.ndarray, " n"]
    v: Float[np.ndarray, " m"]
    lower: float
    margins: Float[np.ndarray, "b c"]
    at_u: Float[np.ndarray, " n"]
    at_v: Float[np.ndarray, " m"]
    keys: Int64[np.ndarray, " k"]
    cost: Float[np.ndarray, " k"]
    i: Int64[np.ndarray, " k"]
    j: Int64[np.ndarray, " k"]
    box: float = 1.0
    upper: float = np.inf
    idle: int = 0
    rounds: int = 0
    small: float = 0.0
    plan: Pairs | None = None  # of the cost `upper`

    def add(self, i: np.ndarray, j: np.ndarray, cost: np.ndarray) -> np.ndarray:
        """Add pairs, and return which of them are new.

        Args:
            i: rows.
            j: columns; a pair occurs once.
            cost: costs.
        """
        keys = i * len(self.v) + j
        at = np.searchsorted(self.keys, keys)
        known = np.zeros(len(keys), bool)
        inside = at < len(self.keys)
        known[inside] = self.keys[at[inside]] == keys[inside]
        new = np.flatnonzero(~known)
        order = new[np.argsort(keys[new])]
        self.keys = np.insert(self.keys, at[order], keys[order])
        self.cost = np.insert(self.cost, at[order], cost[order])
        self.i, self.j = np.divmod(self.keys, len(self.v))
        return new

    def reduced(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the reduced costs of the pairs at potentials."""
        return self.cost - u[self.i] - v[self.j]

    def forget(self, margin: float) -> None:
        """Drop the dearest of too many pairs, which the margins then bound like all others.

        Args:
            margin: what most margins are; no pair below it is dropped.
        """
        most = MOST_PAIRS * (len(self.u) + len(self.v))
        if len(self.keys) <= most:
            return
        reduced = self.reduced(self.at_u, self.at_v)
        least = float(np.partition(reduced, most)[most])
        kept = reduced < max(least, margin)
        least = float(reduced[~kept].min(initial=np.inf))
        self.margins = np.minimum(self.margins, least)
        self.keys, self.cost = self.keys[kept], self.cost[kept]
        self.i, self.j = self.i[kept], self.j[kept]

    def lowered_margins(self, problem: Problem, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return bounds of the reduced costs of all other pairs at potentials u and v."""
        rows, columns = problem.pairing.rows, problem.pairing.columns
        rises = rows.most(u - self.at_u)[:, None] + columns.most(v - self.at_v)
        rounding = 8 * EPS * (np.abs(u).max() + np.abs(v).max())
        apart = problem.pairing.boxes - rows.most(u)[:, None] - columns.most(v)
        return np.maximum(self.margins - rises, apart) - rounding


@dataclass(frozen=True)
class Move:
    """Potentials of a restricted solve, the value of its dual, and the mass left out of pairs."""

    u: Float[np.ndarray, " n"]
    v: Float[np.ndarray, " m"]
    value: float
    left_out: float
    upper: float
    plan: Pairs


def solve(problem: Problem, v: Float[np.ndarray, " m"], closed: float, rounds: int) -> State:
    """Return the best potentials and plan, from a start of v.

    Args:
        problem: the samples.
        v: potentials of y `[m]`, of a coarser solve.
        closed: the relative duality gap at which to stop.
        rounds: the most rounds.
    """
    state = _first(problem, v)
    state.small = small_cost(problem)
    settled = 0
    while state.rounds < rounds:
        state.rounds += 1
        move = _move(problem, state)
        if move.upper < state.upper:
            state.upper, state.plan = move.upper, move.plan
        before = state.lower
        complete = _priced(problem, state, move)
        gap = state.upper - state.lower
        if np.isfinite(gap) and gap <= max(closed * state.upper, ROUNDING * state.small):
            break
        better = state.lower > before + SERIOUS * max(move.value - before, 0.0)
        state.idle = 0 if better else state.idle + 1
        if move.left_out and (better or complete):
            state.box *= GROWTH
            state.idle = 0
        elif complete:
            # All that is left is rounding, which shrinks with the box.
            settled += 1
            state.box /= GROWTH
        elif state.idle >= PATIENCE:
            state.box /= 2
            state.idle = 0
        if settled > PATIENCE:
            break
    return state


def small_cost(problem: Problem) -> float:
    """Return the 10 % quantile of the costs above 0 between 1000 samples a side.

    Args:
        problem: the samples.
    """
    a, b = problem.pairing.rows.points, problem.pairing.columns.points
    a = a[:: -(-len(a) // TYPICAL)]
    b = b[:: -(-len(b) // TYPICAL)]
    return small_of(cdist(a, b, "euclidean" if problem.pairing.p == 1 else "sqeuclidean"))


def small_of(cost: np.ndarray) -> float:
    """Return the 10 % quantile of the costs above 0; 0 where there is none."""
    return float(np.quantile(cost[cost > 0], 0.1)) if (cost > 0).any() else 0.0


def _first(problem: Problem, v: np.ndarray) -> State:
    """Return feasible potentials of which neither side can rise, with their least pairs."""
    pairing = problem.pairing
    rows, columns = pairing.rows, pairing.columns
    keep = FIRST_IN_PLANE if rows.points.shape[1] <= 3 else FIRST_IN_SPACE

    def report(done: int, total: int) -> None:
        problem.report("first pairs", done, total)

    of_x = least(pairing, v, keep, problem.pool, report)
    u = of_x.lower
    of_y = least(pairing.turned(), u, keep, problem.pool, report)
    # Pairs of neither: c - v >= of_x.rest and c - u >= of_y.rest, with the v of before and after.
    by_x = rows.least(of_x.rest - u)[:, None] - columns.most(of_y.lower - v)
    margins = np.maximum(by_x, columns.least(of_y.rest - of_y.lower))
    v = of_y.lower
    keys = of_x.i * len(v) + of_x.j
    order = np.argsort(keys)
    some = (keys[order], of_x.cost[order], of_x.i[order], of_x.j[order])
    state = State(u, v, problem.dual(u, v), margins, u, v, *some)
    state.add(of_y.j, of_y.i, of_y.cost)
    reduced = state.reduced(u, v)
    state.box = FIRST_BOX * float(np.quantile(reduced, 0.9)) or float(state.cost.max()) or 1.0
    return state


def _move(problem: Problem, state: State) -> Move:
    """Solve on the pairs so far, where mass may also be left out at a price.

    An extra node takes mass of x, and another gives it to y, for a cost of `box` each. So du and dv
    are at most `box`, and a plan always exists. The costs are reduced costs, in units of the box.
    """
    import ot  # takes seconds to import

    n, m = len(state.u), len(state.v)
    reduced = np.maximum(state.reduced(state.u, state.v), 0.0) / state.box
    used = reduced < 2  # others cost more than to leave their mass out
    i = np.concatenate([state.i[used], np.arange(n), np.full(m, n), [n]])
    j = np.concatenate([state.j[used], np.full(n, m), np.arange(m), [m]])
    cost = np.concatenate([reduced[used], np.ones(n + m), [0.0]])
    total = problem.total
    plan, log = ot.emd(
        np.append(problem.mass_a, total),
        np.append(problem.mass_b, total),
        coo_array((cost, (i, j)), (n + 1, m + 1)),
        numItermax=MAX_PIVOTS,
        log=True,
        center_dual=False,
        check_marginals=False,
    )
    du = (log["u"][:n] + log["v"][m]) * state.box
    dv = (log["v"][:m] - log["v"][m]) * state.box
    pairs = (plan.row < n) & (plan.col < m)
    left_out = float(plan.data[(plan.row < n) & (plan.col == m)].sum())
    entries = plan.row[pairs], plan.col[pairs], plan.data[pairs]
    upper = np.inf
    if left_out == 0 and log["warning"] is None:
        at = np.searchsorted(state.keys, entries[0].astype(np.int64) * m + entries[1])
        upper = float(entries[2] @ state.cost[at]) / total
    u, v = state.u + du, state.v + dv
    return Move(u, v, problem.dual(u, v), left_out, upper, entries)


def _priced(problem: Problem, state: State, move: Move) -> bool:
    """Price a move, add pairs, take it where its dual is better; return if no pair was missing.

    Lowering each u_i by the least reduced cost of its row makes the potentials feasible, and so
    does lowering each v_j by that of its column.
    """
    gap = (state.upper - state.lower) / (state.upper or 1.0)
    what = f"round {state.rounds}" + (f", gap {gap:.0e}" if np.isfinite(gap) else "")
    u, v = move.u, move.v
    margins = state.lowered_margins(problem, u, v)
    margin = max(float(np.quantile(state.reduced(u, v), MARGIN)), 0.0)
    found = below(
        problem.pairing,
        margins,
        u,
        v,
        margin,
        problem.pool,
        lambda done, total: problem.report(what, done, total),
    )
    state.margins, state.at_u, state.at_v = found.margins, u, v
    new = state.add(found.i, found.j, found.cost)
    missing = found.cost[new] - u[found.i[new]] - v[found.j[new]] < 0
    reduced = state.reduced(u, v)
    of_rows = np.minimum(found.rows, 0.0)
    of_columns = np.minimum(found.columns, 0.0)
    below_0 = np.flatnonzero(reduced < 0)
    np.minimum.at(of_rows, state.i[below_0], reduced[below_0])
    np.minimum.at(of_columns, state.j[below_0], reduced[below_0])
    _take(problem, state, u + of_rows, v)
    _take(problem, state, u, v + of_columns)
    state.forget(margin)
    return not missing.any() and not (found.rows < 0).any()


def _take(problem: Problem, state: State, u: np.ndarray, v: np.ndarray) -> None:
    """Take feasible potentials if their dual is better."""
    value = problem.dual(u, v)
    if value > state.lower:
        state.lower, state.u, state.v = value, u, v
