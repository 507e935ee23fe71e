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
