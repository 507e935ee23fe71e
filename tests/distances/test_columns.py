"""Generated pairs: the answers of all pairs, a dual that proves them, and bounds of pricing."""

import dataclasses
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.distances import columns, distance, exact, sizes, transport, wasserstein
from wgan.distances.device import Tiles, tiles_for
from wgan.distances.generated import whole_masses
from wgan.distances.passes import Pairing, below, least
from wgan.distances.pricing import Blocks, near, negative, pair_costs, sides

DEVICE = import_module("wgan.distances.device")
PASSES = import_module("wgan.distances.passes")
GENERATED = import_module("wgan.distances.generated")


@pytest.fixture
def few(monkeypatch):
    """Generate pairs at any size, from a coarsest level of 20 samples."""
    monkeypatch.setattr(sizes, "PAIRS_IN_PLANE", 1)
    monkeypatch.setattr(sizes, "PAIRS_IN_SPACE", 1)
    monkeypatch.setattr(GENERATED, "BASE", 20)


@pytest.fixture
def all_pairs():
    """Solve on all pairs, whatever the size, by POT's dense solver."""

    def solve(x, y, p, wx=None, wy=None):
        import ot

        a = np.full(len(x), 1 / len(x)) if wx is None else wx / wx.sum()
        b = np.full(len(y), 1 / len(y)) if wy is None else wy / wy.sum()
        return ot.emd2(a, b, cdist(x, y) ** p, numItermax=10**9) ** (1 / p)

    return solve


def drawn(kind, n, d, seed):
    rng = np.random.default_rng(seed)
    if kind == "normal":
        return rng.normal(size=(n, d))
    if kind == "clusters":
        return rng.normal(size=(4, d))[rng.integers(4, size=n)] * 30 + rng.normal(size=(n, d))
    if kind == "lattice":
        return rng.integers(0, 5, size=(n, d)).astype(float)
    if kind == "heavy":
        return rng.standard_t(1.2, size=(n, d))
    return np.repeat(rng.normal(size=(n // 4, d)), 4, axis=0)


KINDS = ["normal", "clusters", "lattice", "heavy", "repeated"]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [1, 2, 3, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_generated_pairs_give_the_optimum_of_all_pairs_and_prove_it(kind, d, p, all_pairs):
    x = drawn(kind, 240, d, 1)
    y = drawn(kind, 180, d, 2) + 1
    plan = transport(x, y, p)
    assert plan.solver.endswith("rounds of generated pairs")
    assert plan.distance == pytest.approx(all_pairs(x, y, p), rel=1e-9)
    assert plan.gap < 1e-9
    cost = cdist(x, y) ** p
    assert (plan.u[:, None] + plan.v <= cost + 1e-12 * cost.max()).all()
    assert plan.u.mean() + plan.v.mean() == pytest.approx(plan.distance**p, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 1000),
    st.sampled_from(KINDS),
    st.integers(4, 150),
    st.integers(4, 150),
    st.integers(1, 5),
    st.sampled_from([1, 2]),
)
def test_weights_and_counts_of_any_kind(seed, kind, n, m, d, p):
    rng = np.random.default_rng(seed)
    x, y = drawn(kind, n, d, seed), drawn(kind, m, d, seed + 1)
    wx, wy = rng.exponential(size=len(x)) ** 3, rng.exponential(size=len(y))
    wx[1:] *= rng.random(len(x) - 1) < 0.8
    wy[1:] *= rng.random(len(y) - 1) < 0.8
    expected = exact.transport(x, y, p, wx, wy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "PAIRS_IN_PLANE", 1)
        patch.setattr(sizes, "PAIRS_IN_SPACE", 1)
        patch.setattr(GENERATED, "BASE", 8)
        plan = transport(x, y, p, wx, wy)
    assert plan.distance == pytest.approx(expected.distance, rel=1e-9, abs=1e-9)
    cost = cdist(x, y) ** p
    assert (plan.u[:, None] + plan.v <= cost + 1e-12 * cost.max()).all()


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("p", [1, 2])
def test_equal_samples_and_single_points(p):
    x = drawn("normal", 120, 3, 0)
    assert wasserstein(x, x[::-1], p) == pytest.approx(0, abs=1e-9)
    assert wasserstein(np.zeros((50, 2)), np.zeros((40, 2)), p) == 0
    assert wasserstein([[0.0, 0.0]], [[3.0, 4.0]], p) == pytest.approx(5.0)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("p", "far"), [(2, 1e6), (1, 1e9), (1, 1e14)])
def test_one_far_sample_is_refused_or_right(p, far):
    x, y = drawn("normal", 150, 2, 0), drawn("normal", 150, 2, 1) + 1
    near = wasserstein(x, y, p) ** p * 150 / 151
    try:
        value = wasserstein(np.r_[x, [[far, far]]], np.r_[y, [[far, far]]], p) ** p
    except WganError:
        return
    assert value == pytest.approx(near, rel=1e-6)


@pytest.mark.usefixtures("few")
def test_a_gap_that_does_not_close_is_refused_with_the_bracket_it_proves(monkeypatch, all_pairs):
    monkeypatch.setattr(GENERATED, "ROUNDS", 1)
    monkeypatch.setattr(columns, "FIRST_IN_PLANE", 2)
    x, y = drawn("clusters", 300, 2, 0), drawn("clusters", 300, 2, 1)
    with pytest.raises(WganError, match="did not close its duality gap in") as refused:
        wasserstein(x, y)
    words = str(refused.value).replace(";", "").split()
    least, most = float(words[words.index("between") + 1]), float(words[words.index("and") + 1])
    assert least <= all_pairs(x, y, 1) <= most


def paired(x, y, p, size=128):
    """Return samples in blocks, and their points in blocks' order."""
    pairing = Pairing.of(Blocks.of(x, size), Blocks.of(y, size), p, Tiles(size, 4096))
    return pairing, pairing.rows.points, pairing.columns.points


@pytest.mark.usefixtures("few")
def test_ties_of_all_pairs_do_not_give_every_row_the_same_columns(monkeypatch):
    """On a line all pairs in order have a reduced cost of 0: the most violated are few columns."""
    monkeypatch.setattr(GENERATED, "BASE", 50)
    monkeypatch.setattr(GENERATED, "ROUNDS", 20)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(1000, 1)), rng.normal(size=(1000, 1)) + 1
    expected = np.abs(np.sort(x, axis=0) - np.sort(y, axis=0)).mean()
    assert wasserstein(x, y) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 16])
@pytest.mark.parametrize("m", [2, 700, 3000])
def test_the_least_pairs_of_each_row_with_bounds_of_the_others(d, p, m):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, d)) + 100, rng.normal(size=(m, d)) + 100
    v = rng.normal(size=m) / 10
    pairing, x, y = paired(x, y, p)
    found = least(pairing, v, 3)
    cost = cdist(x, y) ** p
    reduced = cost - v
    assert (found.lower <= reduced.min(axis=1) + 1e-12).all()
    assert found.lower == pytest.approx(reduced.min(axis=1), abs=1e-12)
    assert (np.bincount(found.i, minlength=400) == min(m, 4)).all()
    assert found.cost == pytest.approx(cost[found.i, found.j], rel=1e-12)
    third = np.sort(reduced, axis=1)[:, min(m, 3) - 1]
    chosen = np.zeros_like(cost, dtype=bool)
    chosen[found.i, found.j] = True
    assert chosen[reduced < third[:, None] - 1e-3].all()
    others = np.where(chosen, np.inf, reduced).min(axis=1)
    assert (found.rest <= others + 1e-12).all()
    if m > 4:
        assert found.rest == pytest.approx(np.sort(reduced, axis=1)[:, 3], abs=1e-2)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 16])
@pytest.mark.parametrize("most", [64, 1])
def test_all_pairs_below_a_margin_with_bounds_of_the_others(d, p, most, monkeypatch):
    """With more pairs than are kept, those left out are bounded by row, by column and by block."""
    monkeypatch.setattr(PASSES, "MOST_NEAR", most)
    monkeypatch.setattr(PASSES, "KEPT", 2)
    rng = np.random.default_rng(0)
    pairing, x, y = paired(rng.normal(size=(400, d)), rng.normal(size=(700, d)), p, 100)
    cost = cdist(x, y) ** p
    u = cost.min(axis=1) + 0.1 * rng.random(400)
    v = (cost - u[:, None]).min(axis=0) + 0.1 * rng.random(700)
    reduced = cost - u[:, None] - v
    old = np.where(rng.random((len(pairing.rows.starts), len(pairing.columns.starts))) < 0.3, 5, -1)
    found = below(pairing, old.astype(float), u, v, 0.05)
    chosen = np.zeros_like(cost, dtype=bool)
    chosen[found.i, found.j] = True
    assert chosen.sum() == len(found.i)
    assert (reduced[chosen] < 0.05).all()
    assert found.cost == pytest.approx(cost[found.i, found.j], rel=1e-12)
    bounds = np.full(cost.shape, np.inf)
    left_out = 0
    for b, s in enumerate(pairing.rows.starts):
        for c, t in enumerate(pairing.columns.starts):
            tile = slice(s, pairing.rows.ends[b]), slice(t, pairing.columns.ends[c])
            if old[b, c] == 5:
                assert found.margins[b, c] == 5
                assert not chosen[tile].any()
                continue
            bounds[tile] = found.margins[b, c]
            others = reduced[tile][~chosen[tile]]
            left_out += (others < 0.05).sum()
            assert (others >= found.margins[b, c] - 1e-12).all()
            assert found.margins[b, c] <= 0.05
    assert (left_out > 0) == (most == 1)
    open_ = ~chosen & np.isfinite(bounds) & (reduced < 0)
    assert open_.any() == (most == 1)
    assert (reduced >= found.rows[:, None] - 1e-12)[open_].all()
    assert (reduced >= found.columns - 1e-12)[open_].all()
    assert np.isfinite(found.rows).any() == (most == 1)


@pytest.mark.parametrize("p", [1, 2])
def test_pairs_of_near_points_far_from_the_origin_are_bounded_from_below(p):
    """In float32 |x|^2 + |y|^2 - 2 x y of near points is mostly rounding."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) * 1e-5 + rng.normal(size=(3, 4))[rng.integers(3, size=300)]
    pairing, x, y = paired(x, x[rng.permutation(300)] + 1e-7, p)
    found = least(pairing, np.zeros(300), 1)
    least_costs = (cdist(x, y) ** p).min(axis=1)
    assert (found.lower <= least_costs).all()
    # Squares of a block of length 3 to 2^-24 times some ten: of x - y itself it would be 1e-10.
    assert found.lower == pytest.approx(least_costs, abs=2e-5)
    cost = cdist(x, y) ** p
    u = np.full(300, 1e-7**p)
    found = below(pairing, np.full(pairing.boxes.shape, -1.0), u, np.zeros(300), 0.0)
    chosen = np.zeros((300, 300), dtype=bool)
    chosen[found.i, found.j] = True
    assert (chosen == (cost < u[:, None])).all()


@pytest.mark.parametrize("p", [1, 2])
def test_a_turned_pairing_is_that_of_the_samples_in_the_other_order(p):
    x, y = (Blocks.of(drawn("normal", n, 2, n), 128) for n in (600, 500))
    tiles = Tiles(128, 4096)
    other = Pairing.of(y, x, p, tiles)
    turned = Pairing.of(x, y, p, tiles).turned()
    assert turned.rows is y
    assert turned.columns is x
    assert np.array_equal(turned.boxes, other.boxes)


def test_boxes_skip_blocks_without_a_loss():
    x = np.concatenate([drawn("normal", 1500, 2, 0), drawn("normal", 500, 2, 1) + 1000])
    pairing, x, _ = paired(x, x, 1)
    priced = []

    def counted(left, right):
        priced.append(len(right))
        return negative(left, right)

    found = least(dataclasses.replace(pairing, tiles=Tiles(128, 4096, counted)), np.zeros(2000), 2)
    assert sum(priced) < 0.1 * 2000 * len(pairing.boxes)
    assert found.lower == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("most", [60, 4])
def test_margins_bound_all_pairs_that_are_not_known_whatever_the_moves(p, most, monkeypatch):
    """The last pass proves the optimum by them: most blocks were priced long before, at other
    potentials. In single precision they would be wrong by 1e-7.
    """
    monkeypatch.setattr(columns, "FIRST_IN_PLANE", 3)
    monkeypatch.setattr(columns, "MOST_PAIRS", most)
    states, shares = [], []
    monkeypatch.setattr(columns, "below", lambda *a: shares.append((a[1] < 0).mean()) or below(*a))
    add = columns.State.add

    def checked(state, i, j, cost):
        new = add(state, i, j, cost)
        reduced = all_costs - state.at_u[:, None] - state.at_v
        reduced.reshape(-1)[state.keys] = np.inf
        for axis, blocks in enumerate((pairing.rows, pairing.columns)):
            reduced = np.minimum.reduceat(reduced, blocks.starts, axis=axis)
        assert (state.margins <= reduced + 1e-12 * all_costs.max()).all()
        states.append(state)
        return new

    monkeypatch.setattr(columns.State, "add", checked)
    pairing, x, y = paired(drawn("clusters", 500, 2, 0), drawn("clusters", 400, 2, 1), p, 20)
    all_costs = cdist(x, y) ** p
    masses = np.full(500, 4.0), np.full(400, 5.0)
    problem = columns.Problem(pairing, *masses, None, lambda *_: None)
    found = columns.solve(problem, np.zeros(400), 1e-10, 100)
    assert found.upper == pytest.approx(found.lower, rel=1e-9)
    assert len(states) > 2
    assert min(shares) < 0.5
    assert (len(states[-1].keys) <= 8 * 900) == (most == 4)


def test_masses_are_whole_and_of_equal_sum():
    rng = np.random.default_rng(0)
    wa, wb = rng.random(1000), rng.random(10) ** 9
    a, b = whole_masses(wa / wa.sum(), wb / wb.sum())
    assert (a == np.rint(a)).all()
    assert (b == np.rint(b)).all()
    assert a.sum() == b.sum() == 2.0**50
    assert a / a.sum() == pytest.approx(wa / wa.sum(), rel=1e-9)


def test_costs_of_pairs_do_not_cancel():
    x = np.array([[1e8, 1.0]])
    assert pair_costs(x, x + np.array([0.0, 1.0]), 1) == 1.0
    assert pair_costs(x, x + np.array([3.0, 4.0]), 2) == 25.0


@pytest.mark.usefixtures("few")
def test_progress_names_the_round_and_its_gap_and_ends_full():
    seen = []
    x = drawn("clusters", 400, 2, 0)
    y = drawn("clusters", 400, 2, 5)
    distance(x, y, "exact", progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen[0][0] == "transport, first pairs"
    assert any("round 1" in what for what, _, _ in seen)
    assert seen[-1][1] == seen[-1][2]


def test_large_samples_are_solved_on_few_pairs_and_small_ones_on_all():
    assert not sizes.few_pairs(2000, 2000, 16)
    assert sizes.few_pairs(10_000, 10_000, 2)
    assert sizes.few_pairs(100, 10**6, 16)


def test_memory_of_few_pairs_is_linear(monkeypatch):
    monkeypatch.setattr(sizes, "available_memory", lambda: 4_000_000_000)
    sizes.check_memory(100_000, 100_000, True)
    sizes.check_memory(100_000, 100_000, True, 16)
    with pytest.raises(WganError, match=r"needs 11\.2 GB"):
        sizes.check_memory(100_000, 100_000, True, 1024)
    with pytest.raises(WganError, match=r"needs 440\.0 GB"):
        sizes.check_memory(100_000, 100_000)


def test_workers_price_as_one_thread_does_and_have_few_blocks_at_a_time(monkeypatch):
    rng = np.random.default_rng(0)
    pairing, _, _ = paired(rng.normal(size=(2000, 3)), rng.normal(size=(500, 3)), 2)
    v = rng.normal(size=500)
    alone = least(pairing, v, 4)
    monkeypatch.setattr(PASSES, "AHEAD", 3)
    submitted, seen = [], []

    class Pool(ThreadPoolExecutor):
        def submit(self, work, b):
            submitted.append(b)
            return super().submit(work, b)

    with Pool(2) as pool:
        several = least(pairing, v, 4, pool, lambda done, _: seen.append(len(submitted) - done))
    for name in ("i", "j", "cost", "lower", "rest"):
        assert (getattr(several, name) == getattr(alone, name)).all()
    assert max(seen) < 3


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [1, 2, 16])
def test_single_precision_misses_no_negative_reduced_cost(d, p):
    """Near-copies lose all digits in |x|^2 + |y|^2 - 2 x y, and the proof rests on these bounds."""
    random = np.random.default_rng(0)
    x = random.normal(size=(600, d))
    pairing, x, y = paired(x, x + 1e-6 * random.normal(size=x.shape), p)
    rows, cols = pairing.rows, pairing.columns
    some = np.arange(600)
    for scale in (0.0, 1e-7, 1e-6, 1e-3, 1.0, 1e3):
        u, v = scale * random.normal(size=600), scale * random.normal(size=600)
        for b in range(len(rows.starts)):
            s, e = rows.span(b)
            i, j, bound = near(rows, b, u[s:e], cols, some, v, p)
            reduced = pair_costs(x[s:e, None], y, p) - u[s:e, None] - v
            assert (bound <= reduced[i, j] + 1e-15 * scale).all()
            reduced[i, j] = 0
            assert (reduced >= 0).all()


@pytest.mark.parametrize("p", [1, 2])
def test_rounding_of_single_precision_is_within_its_bound(p):
    """The matrix product against the same sums in float64, where the terms cancel."""
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 30))
    y = x[random.permutation(200)] + 1e-5
    u, v = random.normal(size=200), 0.1 * random.normal(size=200)
    left, right = sides(x, u, y, v, p)
    squared = pair_costs(x[:, None], y, 2)
    exact_values = squared - (u[:, None] + v) ** (3 - p)
    assert (left @ right.T <= exact_values).all()
    assert (left @ right.T >= exact_values - 1e-3).all()


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 16])
def test_a_device_prices_as_the_processors_do(d, p, monkeypatch):
    import torch

    monkeypatch.setattr(DEVICE, "DEVICE_BLOCK", 50)
    monkeypatch.setattr(DEVICE, "DEVICE_WIDTH", 100)
    x, y = drawn("clusters", 240, d, 1), drawn("clusters", 180, d, 2) + 1
    before = torch.get_float32_matmul_precision()
    plan = transport(x, y, p, device="cpu")
    assert torch.get_float32_matmul_precision() == before
    assert plan.distance == pytest.approx(transport(x, y, p).distance, rel=1e-12)
    assert plan.gap < 1e-9
    cost = cdist(x, y) ** p
    assert (plan.u[:, None] + plan.v <= cost + 1e-12 * cost.max()).all()


def test_a_device_finds_the_same_pairs():
    random = np.random.default_rng(0)
    left = random.normal(size=(50, 6)).astype(np.float32)
    right = random.normal(size=(70, 6)).astype(np.float32)
    with tiles_for(16, "cpu") as tiles:
        found = tiles.find(left, right)
    expected = negative(left, right)
    assert (found[0] == expected[0]).all()
    assert (found[1] == expected[1]).all()
    assert found[2] == pytest.approx(expected[2], abs=1e-5)


def test_a_device_that_is_missing_or_rounds_more_is_refused(monkeypatch):
    import torch

    with pytest.raises(WganError, match="device 'nowhere' cannot be used"), tiles_for(2, "nowhere"):
        pass
    monkeypatch.setattr(
        torch, "from_numpy", lambda a, make=torch.from_numpy: make(a).bfloat16().float()
    )
    with pytest.raises(WganError, match="fewer digits than float32"), tiles_for(2, "cpu"):
        pass
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(WganError, match="torch is not installed"), tiles_for(2, "cpu"):
        pass
