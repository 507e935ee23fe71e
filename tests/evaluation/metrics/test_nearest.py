"""Copying: none, all, half, with sides of other sizes; nearest rows by brute force; equal rows."""

import numpy as np
import pytest

from wgan.evaluation.metrics.nearest import copied_share, nearer_to, nearest_rows

RNG = np.random.default_rng(0)
TRAIN, HOLDOUT = RNG.normal(size=(2000, 4)), RNG.normal(size=(500, 4))


def test_nearest_rows_are_those_of_brute_force():
    x = RNG.normal(size=(50, 4))
    far = np.linalg.norm(x[:, None] - TRAIN[None], axis=2)
    places, distances = nearest_rows(x, TRAIN)
    assert np.array_equal(places, far.argmin(axis=1))
    assert distances == pytest.approx(far.min(axis=1))


def test_copies_fresh_samples_and_held_out_ones_are_told_apart_whatever_the_sizes():
    fresh = RNG.normal(size=(4000, 4))
    assert nearer_to(TRAIN[:300], TRAIN, HOLDOUT).share == 1
    assert nearer_to(HOLDOUT[:300], TRAIN, HOLDOUT).share == 0
    assert nearer_to(fresh, TRAIN, HOLDOUT).share == pytest.approx(0.5, abs=0.04)
    assert nearer_to(fresh, TRAIN[:500], HOLDOUT).share == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize("held_out", [500, 2000])
@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.9])
def test_the_part_that_is_copied_is_read_whatever_the_sizes(part, held_out):
    x, train = RNG.normal(size=(4000, 4)), RNG.normal(size=(2000, 4))
    x[: int(part * 4000)] = train[RNG.integers(2000, size=int(part * 4000))]
    found = nearer_to(x, train, RNG.normal(size=(held_out, 4)))
    assert found.share == pytest.approx((1 + part) / 2, abs=0.06)


@pytest.mark.parametrize("held_out", [100, 400])
def test_ties_tell_nothing_whatever_the_sizes(held_out):
    train, holdout, x = (
        RNG.integers(0, 3, size=(n, 3)).astype(float) for n in (400, held_out, 300)
    )
    assert nearer_to(x, train, holdout).share == pytest.approx(0.5, abs=0.05)
    assert nearer_to(train[:10], train, train).share == pytest.approx(0.5)


def test_rows_that_occur_a_few_times_tell_nothing_whatever_the_sizes():
    """With the chance of training rows for every tie, this read 0.59: more training rows win more
    ties alone.
    """
    rng = np.random.default_rng(5)
    draws = [
        nearer_to(*(rng.integers(0, 1500, size=(n, 1)).astype(float) for n in (400, 800, 200)))
        for _ in range(40)
    ]
    assert np.mean([near.share for near in draws]) == pytest.approx(0.5, abs=0.025)


@pytest.mark.parametrize("jitter", [0.0, 1e-6, 0.02])
def test_copies_with_jitter_are_copies_where_few_samples_are_held_out(jitter):
    """Among as many training rows as are held out, these copies read 0.62."""
    rng = np.random.default_rng(6)
    train, holdout = rng.normal(size=(4000, 5)), rng.normal(size=(1000, 5))
    x = train[rng.integers(4000, size=800)] + jitter * rng.normal(size=(800, 5))
    assert nearer_to(x, train, holdout).share > 0.99
    assert nearer_to(x, train[:1000], holdout).share < 0.7


def test_rows_far_from_the_others_are_searched_as_exactly():
    """Two heaps, 1e8 apart; a matrix product alone is off by more than rows lie apart."""
    rng = np.random.default_rng(7)
    heap = np.repeat([0.0, 1e8], 300)[:, None]
    train, holdout = (heap + rng.normal(size=(600, 20)) for _ in range(2))
    x = train + 1e-3 * rng.normal(size=(600, 20))
    assert nearer_to(x, train, holdout).share == 1
    assert np.array_equal(nearest_rows(x, train)[0], np.arange(600))
    offset = 1e9 + rng.integers(0, 10**6, size=(500, 2)).astype(float)
    assert np.array_equal(nearest_rows(offset + 0.1, offset)[0], np.arange(500))


def test_samples_far_from_all_data_that_share_one_neighbour_tell_next_to_nothing():
    """Noise far away has one picture nearest to all of it: whether that was trained on is chance,
    and no copying.
    """
    far = 100 + RNG.normal(size=(500, 4))
    near = nearer_to(far, TRAIN, HOLDOUT)
    assert near.effective < 10
    assert near.half_width > 0.3
    assert nearer_to(TRAIN[:500], TRAIN, HOLDOUT).effective == 500


def test_the_interval_holds_where_nothing_is_copied():
    """Of 200 draws of training, held-out and fresh samples, 0.5 lies outside in about one of
    twenty.
    """
    draws = [
        nearer_to(RNG.normal(size=(100, 2)), RNG.normal(size=(400, 2)), RNG.normal(size=(100, 2)))
        for _ in range(200)
    ]
    outside = np.mean([abs(near.share - 0.5) > near.half_width for near in draws])
    assert outside < 0.12


def test_copies_are_near_training_rows_and_fresh_rows_are_not():
    random = np.random.default_rng(0)
    train, holdout, fresh = (random.normal(size=(800, 3)) for _ in range(3))
    assert nearer_to(train, train, holdout).share == 1
    assert nearer_to(holdout, train, holdout).share == 0
    assert nearer_to(fresh, train, holdout).share == pytest.approx(0.5, abs=0.06)
    assert nearer_to(fresh, train, train).share == 0.5, "ties count half"
    assert copied_share(train[:100], train) == 1
    assert copied_share(fresh, train) == 0
    gaps = np.array([[np.nan, 0.0], [1.0, -0.0]])
    assert copied_share(gaps, gaps + 0.0) == 1, "missing values are equal, and so are the two zeros"
