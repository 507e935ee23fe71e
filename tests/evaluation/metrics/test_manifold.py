"""Precision, recall, density, coverage: sets worked by hand, brute force beside, collapse and noise
told apart.
"""

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.evaluation.metrics.manifold import manifold

RNG = np.random.default_rng(0)


def by_hand(real, fake, k):
    far = lambda a, b: np.linalg.norm(a[:, None] - b[None], axis=2)  # noqa: E731
    reach = lambda x: np.sort(far(x, x), axis=1)[:, k]  # noqa: E731  (place 0 is the row itself)
    balls = far(fake, real) <= reach(real)
    return (
        balls.any(1).mean(),
        (far(real, fake) <= reach(fake)).any(1).mean(),
        balls.sum(1).mean() / k,
        balls.any(0).mean(),
    )


@pytest.mark.parametrize("k", [1, 3, 5])
def test_figures_are_those_of_brute_force(k):
    real, fake = RNG.normal(size=(80, 3)), RNG.normal(0.5, 1.3, size=(60, 3))
    found = manifold(real, fake, k)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(
        by_hand(real, fake, k)
    )


def test_a_line_worked_by_hand():
    real, fake = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [10.0], [11.0]])
    # Real rows reach 1, 1, 2: 0.5 lies in the first two balls. Fake ones reach 9.5, 1, 1: 0.5
    # reaches all.
    found = manifold(real, fake, k=1)
    assert found.precision == pytest.approx(1 / 3)
    assert found.density == pytest.approx(2 / 3)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.recall == 1


def test_collapse_costs_coverage_and_noise_costs_precision():
    real = RNG.normal(size=(600, 2))
    same = manifold(real, RNG.normal(size=(600, 2)))
    assert min(same.precision, same.recall, same.coverage) > 0.9
    assert same.density == pytest.approx(1, abs=0.15)
    collapsed = manifold(real, 0.05 * RNG.normal(size=(600, 2)))
    assert collapsed.precision > 0.95
    assert collapsed.coverage < 0.2
    assert collapsed.recall < 0.2
    wide = manifold(real, 5 * RNG.normal(size=(600, 2)))
    assert wide.precision < 0.5


def test_an_outlier_raises_recall_and_hardly_coverage():
    """Why coverage is beside recall: one far row's ball holds everything (Naeem et al. 2020,
    section 3.1).
    """
    real, bad = RNG.normal(size=(300, 2)), 0.01 * RNG.normal(size=(300, 2))
    bad[:6] += 50
    bad[0] -= 60
    assert manifold(real, bad).recall > 0.9
    assert manifold(real, bad).coverage < 0.2


@pytest.mark.parametrize("far", [1e7, 1e12])
def test_one_row_far_away_changes_the_figures_of_no_other(far):
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(300, 20)), rng.normal(0.3, 1.2, size=(300, 20))
    before = manifold(real, fake)
    fake[0] = far
    after = manifold(real, fake)
    assert before.precision < 0.7, "there is room for a change"
    for name in ("precision", "density", "coverage"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=0.01), name
    if far == 1e7:
        swapped = manifold(fake, real)
        assert (swapped.precision, swapped.recall) == pytest.approx(by_hand(fake, real, 5)[:2])


@pytest.mark.parametrize("apart", [0.0, 1e7, 1e9])
def test_figures_are_those_of_brute_force_wherever_the_rows_lie(apart):
    """Two heaps far from each other, each of unit width, and rows that occur again."""
    rng = np.random.default_rng(2)
    real, fake = rng.normal(size=(90, 18)), rng.normal(0, 1.2, size=(80, 18))
    real[::2] += apart
    fake[::3] += apart
    real[10:20], fake[:4] = real[:10], real[:4]
    found = manifold(real, fake, 3)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(
        by_hand(real, fake, 3)
    )


def test_equal_distributions_read_density_1_and_coverage_below_1():
    """Coverage is 1 - 2^-k for as many rows of each: 0.75 for k = 2."""
    rng = np.random.default_rng(3)
    found = [manifold(*rng.normal(size=(2, 400, 3)), k=2) for _ in range(20)]
    assert np.mean([each.coverage for each in found]) == pytest.approx(0.75, abs=0.02)
    assert np.mean([each.density for each in found]) == pytest.approx(1, abs=0.02)


def test_few_rows_are_refused():
    with pytest.raises(WganError, match="more than k = 5"):
        manifold(RNG.normal(size=(5, 2)), RNG.normal(size=(50, 2)))
    with pytest.raises(WganError, match="equally wide"):
        manifold(RNG.normal(size=(50, 3)), RNG.normal(size=(50, 2)))


def test_equal_rows_lie_in_each_others_balls_however_wide():
    """Distances that are equal but for rounding are equal."""
    constant = np.full((50, 30), 0.3)
    found = manifold(constant, constant)
    assert (found.precision, found.recall, found.density, found.coverage) == (1, 1, 10, 1)
    a = RNG.integers(0, 2, size=(20, 40))[RNG.integers(20, size=400)] / 7.0 + 3
    b = a[RNG.permutation(400)]
    found = manifold(a, b)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
