import numpy as np
import pytest

from wgan.audit.pairs import funnels, scale, shift
from wgan.base.errors import WganError
from wgan.distances import wasserstein, wasserstein_1d


@pytest.mark.parametrize("base", ["normal", "ball"])
@pytest.mark.parametrize("make", [shift, scale, funnels])
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
