import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy, wasserstein_distance

from wgan.base.errors import WganError
from wgan.distances import earth_mover, jensen_shannon, kullback_leibler, total_variation

masses = arrays(np.float64, 6, elements=st.floats(0.01, 10))


def test_the_walk_of_the_textbook_example():
    result = earth_mover([3, 2, 1, 4], [1, 2, 4, 3])
    assert result.distance == 5
    assert result.flow.tolist() == [2, 2, -1, 0]


@settings(deadline=None)
@given(masses, masses, arrays(np.float64, 5, elements=st.floats(0.1, 5)))
def test_agrees_with_scipy_and_its_plan_costs_the_distance(p, q, gaps):
    p, q, x = p / p.sum(), q / q.sum(), np.concatenate([[0], np.cumsum(gaps)])
    result = earth_mover(p, q, x)
    assert result.distance == pytest.approx(wasserstein_distance(x, x, p, q), abs=1e-9)
    assert np.allclose(result.plan.sum(1), p)
    assert np.allclose(result.plan.sum(0), q)
    assert (result.plan * np.abs(x[:, None] - x[None])).sum() == pytest.approx(
        result.distance, abs=1e-9
    )
    assert earth_mover(q, p, x).distance == pytest.approx(result.distance)


@given(masses, masses)
def test_divergences_agree_with_scipy(p, q):
    assert kullback_leibler(p, q) == pytest.approx(entropy(p, q), abs=1e-12)
    middle = p / p.sum() / 2 + q / q.sum() / 2
    assert jensen_shannon(p, q) == pytest.approx(
        (entropy(p, middle) + entropy(q, middle)) / 2, abs=1e-9
    )


def test_on_disjoint_supports_only_the_walk_knows_how_far():
    far = []
    for gap in (1, 2, 5):
        p, q = np.eye(6)[0], np.eye(6)[gap]
        far.append(earth_mover(p, q).distance)
        assert kullback_leibler(p, q) == np.inf
        assert jensen_shannon(p, q) == pytest.approx(np.log(2))
        assert total_variation(p, q) == 1
    assert far == [1, 2, 5]


@pytest.mark.parametrize(
    ("p", "q", "x", "message"),
    [
        ([1, 2], [1, 1], None, "earth is moved, not made"),
        ([1, 2], [1, 1, 1], None, "2 bins and Q has 3"),
        ([1, -2], [1, 1], None, r"P\[1\] = -2"),
        ([1, 2], [np.nan, 1], None, r"Q\[0\] = nan"),
        ([0, 0], [0, 0], None, "P holds no mass"),
        ([[1, 2]], [1, 1], None, "one row of masses"),
        ([1, 1], [1, 1], [1, 0], "each greater than the one before"),
    ],
)
def test_wrong_histograms_are_named(p, q, x, message):
    with pytest.raises(WganError, match=message):
        earth_mover(p, q, x)


def test_the_walk_is_drawn_with_its_masses_flows_and_work():
    text = earth_mover([3, 2, 1, 4], [1, 2, 4, 3], [0, 1, 3, 10]).explain()
    lines = text.splitlines()
    assert lines[1].split() == ["0", "3", "#########", "1", "###", "2", ">>>>>>", "1", "2"]
    assert lines[3].split() == ["3", "1", "###", "4", "############", "-1", "<<<", "7", "7"]
    assert lines[-1] == "distance = 13"
    assert earth_mover([1.0], [1.0]).explain().splitlines()[-1] == "distance = 0"


def test_masses_at_the_ends_of_float64_give_the_right_value_or_are_refused():
    with pytest.raises(WganError, match="the sum of its masses overflows"):
        earth_mover([1e308, 1e308], [1e308, 1e308])
    with pytest.raises(WganError, match="the sum of its masses overflows"):
        jensen_shannon([1e308, 1e308], [1, 1])
    with pytest.raises(WganError, match="so far apart that float64 overflows"):
        earth_mover([1, 0], [0, 1], positions=[-1.7e308, 1.7e308])
    assert kullback_leibler([1, 1], [1, 1e-300]) == pytest.approx(0.5 * np.log(0.25e300))
    with pytest.raises(WganError, match="too small for float64"):
        jensen_shannon([1, 1e-320], [1, 1])
    assert jensen_shannon([1e-320, 1e-320], [1, 1]) == 0
    assert total_variation([5e-324], [1]) == 0
