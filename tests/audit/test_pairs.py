from functools import partial

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from wgan.audit.pairs import (
    atoms,
    clusters,
    funnels,
    heavy_tails,
    mixture,
    rare_mode,
    scale,
    shift,
)
from wgan.base.errors import WganError
from wgan.distances import wasserstein, wasserstein_1d


@pytest.mark.parametrize("base", ["normal", "ball"])
@pytest.mark.parametrize("make", [shift, scale, funnels, partial(funnels, share=1.0), rare_mode])
@pytest.mark.parametrize("d", [1, 3, 12])
def test_the_known_distance_is_the_mean_displacement_of_an_optimal_plan(make, d, base):
    """Drawn with the same numbers, y is x moved; exact transport finds no better plan than to move
    each x to its y.
    """
    pair = make(d, base=base)
    x, y = (draw(400, np.random.default_rng(0)) for draw in (pair.draw_x, pair.draw_y))
    moved = np.linalg.norm(x - y, axis=1)
    assert wasserstein(x, y) == pytest.approx(moved.mean(), rel=1e-9)
    assert abs(moved.mean() - pair.w1) < 4 * moved.std() / 20 + 4 * pair.standard_error + 1e-12
    assert np.linalg.norm(np.concatenate([x, y]) - x[0], axis=1).max() <= pair.diameter


def test_sides_are_independent_and_a_seed_names_them():
    pair = shift(2, 0.0)
    x, y = pair.sample(1000, 0)
    assert np.abs(np.corrcoef(x.T, y.T)[:2, 2:]).max() < 0.1
    assert np.array_equal(pair.sample(1000, 0)[0], x)
    assert not np.array_equal(pair.sample(1000, 1)[0], x)


@pytest.mark.parametrize("base", ["normal", "ball"])
def test_samples_have_unit_variance_and_scaling_on_a_line_its_closed_form(base):
    pair = scale(1, 0.5, base)
    x, y = pair.sample(200_000, 0)
    assert x.std() == pytest.approx(1, rel=0.02)
    assert wasserstein_1d(x, y) == pytest.approx(pair.w1, rel=0.02)


def test_a_mirrored_scaling_is_refused():
    with pytest.raises(WganError, match="mirrored"):
        scale(2, -1.0)


@pytest.mark.parametrize("make", [clusters, heavy_tails])
@pytest.mark.parametrize("d", [1, 3, 12])
def test_families_with_a_base_of_their_own_move_along_an_optimal_plan(make, d):
    """Drawn with the same numbers, y is x moved by w1; no plan is better."""
    pair = make(d)
    x, y = (draw(400, np.random.default_rng(0)) for draw in (pair.draw_x, pair.draw_y))
    assert np.linalg.norm(x - y, axis=1) == pytest.approx(pair.w1)
    assert wasserstein(x, y) == pytest.approx(pair.w1, rel=1e-9)
    assert np.linalg.norm(np.concatenate([x, y]) - x[0], axis=1).max() <= pair.diameter


@pytest.mark.parametrize("base", ["normal", "ball"])
def test_modes_in_other_shares_are_as_far_as_the_difference_is_carried(base):
    """On a line the distance of many samples is near it, and in 3-D a projection cannot be more."""
    pair = mixture(1, base=base)
    x, y = pair.sample(100_000, 0)
    assert wasserstein_1d(x, y) == pytest.approx(pair.w1, rel=0.03)
    x, y = mixture(3, base=base).sample(100_000, 0)
    assert wasserstein_1d(x[:, :1], y[:, :1]) == pytest.approx(pair.w1, rel=0.03)
    assert np.linalg.norm(np.concatenate([x, y]) - x[0], axis=1).max() <= mixture(3).diameter


def test_the_distance_of_atoms_is_that_of_their_weights_by_a_linear_programme():
    """Weights as they are counted in 200,000 draws, and scipy's solver."""
    pair = atoms(2, count=9)
    sides = [np.unique(s, axis=0, return_counts=True) for s in pair.sample(200_000, 0)]
    (a, n), (b, m) = sides
    assert len(a) <= 9
    assert len(set(map(tuple, a)) & set(map(tuple, b))) == 3
    cost = cdist(a, b)
    sums = [np.kron(np.eye(len(a)), np.ones(len(b))), np.kron(np.ones(len(a)), np.eye(len(b)))]
    masses = np.concatenate([n, m]) / 200_000
    solved = linprog(cost.ravel(), A_eq=np.concatenate(sums), b_eq=masses)
    assert solved.fun == pytest.approx(pair.w1, rel=0.02)
    assert cdist(np.concatenate([a, b]), np.concatenate([a, b])).max() <= pair.diameter + 1e-12


def test_the_funnels_of_a_full_move_are_twice_those_of_half_a_move_and_end_at_the_centres():
    full, half = funnels(4, share=1.0), funnels(4)
    assert full.w1 == pytest.approx(2 * half.w1, rel=1e-9)
    assert len(np.unique(full.sample(2000, 0)[1], axis=0)) <= 16
    assert funnels(4, share=0.0).w1 == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(WganError, match="give 0 to 1"):
        funnels(4, share=1.5)
