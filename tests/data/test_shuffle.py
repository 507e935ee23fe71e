import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from wgan.data.shuffle import shuffled


@given(st.integers(1, 3000), st.integers(0, 2**31))
def test_is_a_permutation(n, seed):
    assert np.array_equal(np.sort(shuffled(np.arange(n), n, seed)), np.arange(n))


def test_a_place_does_not_depend_on_what_else_is_asked():
    whole = shuffled(np.arange(1000), 1000, 3, "epoch", 1)
    assert np.array_equal(
        shuffled(np.array([17, 999, 0]), 1000, 3, "epoch", 1), whole[[17, 999, 0]]
    )


def test_works_far_beyond_memory():
    n = 10**15
    places = shuffled(np.arange(1000), n, 0)
    assert places.min() >= 0
    assert places.max() < n
    assert len(np.unique(places)) == 1000


@pytest.mark.parametrize("n", [7, 10, 100])
def test_every_sample_is_equally_likely_at_every_place(n):
    counts = np.zeros((n, n))
    for seed in range(2000):
        counts[np.arange(n), shuffled(np.arange(n), n, seed)] += 1
    assert chisquare(counts.ravel()).pvalue > 1e-4


def test_neighbours_do_not_stay_neighbours():
    order = shuffled(np.arange(10_000), 10_000, 0)
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.04
