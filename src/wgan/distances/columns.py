"""Column generation: transport on few pairs, to which missing pairs are added until none is.

The programme is solved on the pairs so far; all pairs are then priced, and those whose reduced cost
is negative are added. A solve may move the potentials by a limited amount alone, since few pairs
say little of potentials far away (the box step method).

References: Ford and Fulkerson (1958) for the generated columns; Marsten, Hogan and Blankenship,
"The boxstep method for large-scale optimization" (1975).
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_array
from scipy.spatial.distance import cdist

from wgan.distances.plan import Pairs
from wgan.distances.pricing import Blocks, Pricing, cheapest, pair_costs

FIRST_IN_PLANE = 30
FIRST_IN_SPACE = 12
"""Pairs of least reduced cost of each sample to begin with. In the plane many pairs are nearly
tight: with 10, clusters of n = 20,000 took 14 rounds, with 30 they took 8. In 16-D 10 suffice.
"""

ADDED = 30
"""Violated pairs added in a round for each sample at most."""

FIRST_BOX = 64.0
"""First bound of a move of the potentials, in typical reduced costs of the first pairs."""

GROWTH = 8.0
"""The bound grows by this where the solve still asked for more."""

PATIENCE = 4
"""Rounds without a better dual until the bound is halved."""

MAX_PIVOTS = 2_000_000_000
"""Limit of the solver's pivots, never reached."""

TYPICAL = 1000
"""Samples of each side whose pairs give a small cost."""

SERIOUS = 0.1
"""Share of the gain that a solve promised, from which on its move counts as better."""

ROUNDING = 1e-12
"""Where the cost is nearly 0, the gap that counts as closed is this share of a small cost."""


@dataclass(frozen=True)
class Problem:
    """Two samples with whole masses of equal sum."""

    x: Blocks
    y: Blocks
    a: Float[np.ndarray, "n d"]
    b: Float[np.ndarray, "m d"]
    mass_a: Float[np.ndarray, " n"]
    mass_b: Float[np.ndarray, " m"]
    p: int
    pool: Executor | None
    report: Callable[[str, int, int], None]

    @property
    def total(self) -> float:
        """The mass of one side."""
        return float(self.mass_a.sum())

    def dual(self, u: np.ndarray, v: np.ndarray) -> float:
        """Return the dual's value of potentials."""
        return float(self.mass_a @ u + self.mass_b @ v) / self.total

    def price(
        self, u: np.ndarray, v: np.ndarray, keep: int, below: float, limit: int | None, what: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return keys of the least pairs of each x, and lower bounds of their reduced costs."""
        pricing = Pricing(
            self.x, self.y, u[self.x.order], v[self.y.order], self.p, keep, below, limit
        )
        found = cheapest(pricing, self.pool, lambda done, all_: self.report(what, done, all_))
        return found.i * len(self.b) + found.j, found.lower

    def price_columns(
        self, u: np.ndarray, v: np.ndarray, keep: int, below: float, limit: int | None, what: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the same of each y."""
        pricing = Pricing(
            self.y, self.x, v[self.y.order], u[self.x.order], self.p, keep, below, limit
        )
        found = cheapest(pricing, self.pool, lambda done, all_: self.report(what, done, all_))
        return found.j * len(self.b) + found.i, found.lower


@dataclass
class State:
    """The best feasible potentials so far, the pairs, and the bound of the next move."""

    u: Float[np.ndarray, " n"]
    v: Float[np.ndarray, " m"]
    lower: float
    box: float
    keys: np.ndarray
    i: np.ndarray = field(init=False)
    j: np.ndarray = field(init=False)
    cost: np.ndarray = field(init=False)
    upper: float = np.inf
    idle: int = 0
    rounds: int = 0
    small: float = 0.0
    plan: Pairs | None = None  # of the cost `upper`

    def set_pairs(self, problem: Problem, keys: np.ndarray) -> None:
        """Take sorted keys i m + j as the pairs."""
        self.keys = keys
        self.i, self.j = np.divmod(keys, len(problem.b))
        self.cost = pair_costs(problem.a[self.i], problem.b[self.j], problem.p)


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
    exactly = False
    settled = 0
    while state.rounds < rounds:
        state.rounds += 1
        move = _move(problem, state)
        if move.upper < state.upper:
            state.upper, state.plan = move.upper, move.plan
        before = state.lower
        new = _priced(problem, state, move, exactly)
        gap = state.upper - state.lower
        if np.isfinite(gap) and gap <= max(closed * state.upper, ROUNDING * state.small):
            break
        better = state.lower > before + SERIOUS * max(move.value - before, 0.0)
        state.idle = 0 if better else state.idle + 1
        complete = exactly and not len(new)
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
        exactly = len(new) <= len(problem.a) / 1000
        state.set_pairs(problem, np.union1d(state.keys, new))
    return state


def small_cost(problem: Problem) -> float:
    """Return the 10 % quantile of the costs above 0 between 1000 samples a side.

    Args:
        problem: the samples.
    """
    a = problem.a[:: -(-len(problem.a) // TYPICAL)]
    b = problem.b[:: -(-len(problem.b) // TYPICAL)]
    cost = cdist(a, b, "euclidean" if problem.p == 1 else "sqeuclidean")
    return small_of(cost)


def small_of(cost: np.ndarray) -> float:
    """Return the 10 % quantile of the costs above 0; 0 where there is none."""
    return float(np.quantile(cost[cost > 0], 0.1)) if (cost > 0).any() else 0.0


def _first(problem: Problem, v: np.ndarray) -> State:
    """Return feasible potentials of which neither side can rise, with their least pairs."""
    keep = FIRST_IN_PLANE if problem.a.shape[1] <= 3 else FIRST_IN_SPACE
    zero = np.zeros(len(problem.a))
    of_x, u = problem.price(zero, v, keep, np.inf, keep, "first pairs")
    of_y, v = problem.price_columns(u, np.zeros(len(v)), keep, np.inf, keep, "first pairs")
    state = State(u, v, problem.dual(u, v), 0.0, of_x[:0])
    state.set_pairs(problem, np.union1d(of_x, of_y))
    reduced = state.cost - u[state.i] - v[state.j]
    state.box = FIRST_BOX * float(np.quantile(reduced, 0.9)) or float(state.cost.max()) or 1.0
    return state


def _move(problem: Problem, state: State) -> Move:
    """Solve on the pairs so far, where mass may also be left out at a price.

    An extra node takes mass of x, and another gives it to y, for a cost of `box` each: so du and dv
    are at most `box`, and a plan always exists. The costs are reduced costs, in units of the box.
    """
    import ot  # takes seconds to import

    n, m = len(problem.a), len(problem.b)
    reduced = np.maximum(state.cost - state.u[state.i] - state.v[state.j], 0.0) / state.box
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
        x, y = problem.a[entries[0]], problem.b[entries[1]]
        upper = float(entries[2] @ pair_costs(x, y, problem.p)) / total
    u, v = state.u + du, state.v + dv
    return Move(u, v, problem.dual(u, v), left_out, upper, entries)


def _priced(problem: Problem, state: State, move: Move, exactly: bool) -> np.ndarray:
    """Price a move, take it where its dual is better, and return the keys of new pairs.

    Lowering each u_i by the least reduced cost of its row makes the potentials feasible.
    """
    gap = (state.upper - state.lower) / (state.upper or 1.0)
    what = f"round {state.rounds}" + (f", gap {gap:.0e}" if np.isfinite(gap) else "")
    limit = None if exactly else 2 * ADDED
    of_x, lower = problem.price(move.u, move.v, ADDED, 0.0, limit, what)
    _take(problem, state, move.u + np.minimum(lower, 0.0), move.v)
    of_y, lower = problem.price_columns(move.u, move.v, ADDED, 0.0, limit, what)
    _take(problem, state, move.u, move.v + np.minimum(lower, 0.0))
    keys = np.union1d(of_x, of_y)
    at = np.minimum(np.searchsorted(state.keys, keys), len(state.keys) - 1)
    return keys[state.keys[at] != keys]


def _take(problem: Problem, state: State, u: np.ndarray, v: np.ndarray) -> None:
    """Take feasible potentials if their dual is better."""
    value = problem.dual(u, v)
    if value > state.lower:
        state.lower, state.u, state.v = value, u, v
