"""Generated pairs: the answers of all pairs, a dual that proves them, and bounds of pricing."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from wgan.base.errors import WganError
from wgan.distances import columns, distance, exact, transport, wasserstein
from wgan.distances.generated import whole_masses
from wgan.distances.pricing import Blocks, Pricing, cheapest, pair_costs

PRICING = import_module("wgan.distances.pricing")
GENERATED = import_module("wgan.distances.generated")


@pytest.fixture
def few(monkeypatch):
    """Generate pairs at any size, from a coarsest level of 20 samples."""
    monkeypatch.setattr(exact, "PAIRS_IN_PLANE", 1)
    monkeypatch.setattr(exact, "PAIRS_IN_SPACE", 1)
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
        patch.setattr(exact, "PAIRS_IN_PLANE", 1)
        patch.setattr(exact, "PAIRS_IN_SPACE", 1)
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


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 16])
@pytest.mark.parametrize("limit", [None, 6])
def test_pricing_bounds_every_pair_and_finds_the_least(d, p, limit):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, d)) + 100, rng.normal(size=(700, d)) + 100
    u, v = rng.normal(size=400) / 10, rng.normal(size=700) / 10
    rows, cols = Blocks.of(x), Blocks.of(y)
    found = cheapest(Pricing(rows, cols, u[rows.order], v[cols.order], p, 3, np.inf, limit))
    reduced = cdist(x, y) ** p - u[:, None] - v
    assert (found.lower <= reduced.min(axis=1) + 1e-12).all()
    assert found.lower == pytest.approx(reduced.min(axis=1), abs=1e-3)
    assert (np.bincount(found.i, minlength=400) == 3).all()
    if limit is None:
        third = np.sort(reduced, axis=1)[:, 2]
        assert (reduced[found.i, found.j] <= third[found.i] + 1e-12).all()
        assert found.lower == pytest.approx(reduced.min(axis=1), abs=1e-12)


@pytest.mark.parametrize("p", [1, 2])
def test_pairs_of_near_points_far_from_the_origin_are_bounded_from_below(p):
    """In float32 |x|^2 + |y|^2 - 2 x y of near points is mostly rounding."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) * 1e-5 + rng.normal(size=(3, 4))[rng.integers(3, size=300)]
    y = x[rng.permutation(300)] + 1e-7
    rows, cols = Blocks.of(x), Blocks.of(y)
    zero = np.zeros(300)
    found = cheapest(Pricing(rows, cols, zero, zero, p, 1, np.inf, None))
    assert found.lower == pytest.approx((cdist(x, y) ** p).min(axis=1), rel=1e-9)


def test_boxes_skip_blocks_without_a_loss():
    x = np.concatenate([drawn("normal", 500, 2, 0), drawn("normal", 500, 2, 1) + 1000])
    rows = Blocks.of(x)
    pricing = Pricing(rows, rows, np.zeros(1000), np.zeros(1000), 1, 2, np.inf, 2)
    bounds, _ = pricing._bounds(0)
    assert bounds.shape[1] * 8 <= 512
    assert cheapest(pricing).lower == pytest.approx(0, abs=1e-12)


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
    assert not exact.few_pairs(2000, 2000, 16)
    assert exact.few_pairs(10_000, 10_000, 2)
    assert exact.few_pairs(100, 10**6, 16)


def test_memory_of_few_pairs_is_linear(monkeypatch):
    monkeypatch.setattr(exact, "available_memory", lambda: 4_000_000_000)
    exact.check_memory(100_000, 100_000, True)
    with pytest.raises(WganError, match=r"needs 440\.0 GB"):
        exact.check_memory(100_000, 100_000)


def test_workers_price_as_one_thread_does_and_have_few_blocks_at_a_time(monkeypatch):
    rng = np.random.default_rng(0)
    rows, cols = Blocks.of(rng.normal(size=(2000, 3))), Blocks.of(rng.normal(size=(500, 3)))
    pricing = Pricing(rows, cols, np.zeros(2000), np.zeros(500), 2, 4, np.inf, 4)
    alone = cheapest(pricing)
    monkeypatch.setattr(PRICING, "AHEAD", 3)
    submitted, seen = [], []

    class Pool(ThreadPoolExecutor):
        def submit(self, work, b):
            submitted.append(b)
            return super().submit(work, b)

    with Pool(2) as pool:
        several = cheapest(pricing, pool, lambda done, _: seen.append(len(submitted) - done))
    assert (several.i == alone.i).all()
    assert (several.j == alone.j).all()
    assert (several.lower == alone.lower).all()
    assert max(seen) < 3


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [1, 2, 16])
def test_bounds_in_single_precision_are_below_the_reduced_costs(d, p):
    """Near-copies lose all digits in |x|^2 + |y|^2 - 2 x y, and the proof rests on these bounds."""
    random = np.random.default_rng(0)
    x = random.normal(size=(600, d))
    y = x + 1e-6 * random.normal(size=x.shape)
    left, right = Blocks.of(x), Blocks.of(y)
    u, v = random.normal(size=600), random.normal(size=600)
    for scale in (0.0, 1.0, 1e3):
        pricing = Pricing(left, right, scale * u, scale * v, p, 1, np.inf, None)
        for b in range(len(left.starts)):
            start, end = left.span(b)
            bounds, groups = pricing._bounds(b)
            cost = pair_costs(left.points[start:end, None, None], right.points[groups], p)
            reduced = cost - scale * u[start:end, None, None] - scale * v[groups]
            assert (bounds <= reduced.min(axis=1)).all()
