"""Copying: none, all, half, with sides of other sizes; nearest rows by brute force."""

import numpy as np
import pytest

from wgan.evaluation.nearest import nearer_to, nearest_rows

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
    assert nearer_to(TRAIN[:300], TRAIN, HOLDOUT) == 1
    assert nearer_to(HOLDOUT[:300], TRAIN, HOLDOUT) == 0
    assert nearer_to(fresh, TRAIN, HOLDOUT) == pytest.approx(0.5, abs=0.03)
    assert nearer_to(fresh, TRAIN[:500], HOLDOUT) == pytest.approx(0.5, abs=0.03)


def test_a_part_of_copies_is_seen_and_more_of_it_more():
    fresh = RNG.normal(size=(1000, 4))
    found = [nearer_to(np.concatenate([TRAIN[:k], fresh[k:]]), TRAIN, HOLDOUT) for k in (0, 100, 300, 900)]
    assert found == sorted(found)
    assert found[2] > 0.55


def test_ties_count_half():
    assert nearer_to(TRAIN[:10], TRAIN, TRAIN) == 0.5
