"""W1 on features of series: closed forms of shifts, missing values and ends."""

from dataclasses import replace

import numpy as np
import pytest
from series_sets import ar2, ended, measured, reference_of, with_holes

from wgan.data import load
from wgan.evaluation.metrics.series_features import FEATURE_W1, FEATURES, features_of


def test_features_are_those_of_numpy():
    x = with_holes(np.random.default_rng(0).normal(2, 3, (20, 9, 2)), 0.3)
    found = features_of(x).reshape(20, 2, len(FEATURES) + 1)
    for i in range(2):
        for one, row in zip(x[..., i], found[:, i], strict=True):
            there = one[~np.isnan(one)]
            steps = np.abs(np.diff(one))
            expected = [there.mean(), there.std(), there.min(), there.max()]
            expected += [np.nanmean(steps) if (~np.isnan(steps)).any() else 0, len(there) / 9]
            np.testing.assert_allclose(row, expected)


def test_a_channel_without_a_value_has_zeros():
    x = np.array([[[np.nan, 1.0], [np.nan, 2.0]]])
    assert features_of(x)[0].tolist() == [0, 0, 0, 0, 0, 0, 1.5, 0.5, 1, 2, 1, 1]


def test_a_shift_moves_level_and_ends_alone():
    x = ar2(200, 12)
    reference = reference_of(load(x, kind="series"))
    real = reference.held_out
    assert measured(FEATURE_W1, reference, real) == pytest.approx(0, abs=1e-9)
    scale = reference.split.dataset.codec.scale[0]
    flat = features_of((real - real.mean()) / scale)
    expected = np.sqrt(sum(1 / flat[:, i].std() ** 2 for i in (0, 2, 3)))
    assert measured(FEATURE_W1, reference, real + scale) == pytest.approx(expected)


def test_a_channel_that_is_constant_in_held_out_series_alone_is_not_blown_up():
    x = ar2(200, 12).repeat(2, axis=2)
    reference = reference_of(load(x, kind="series"))
    scale = reference.split.dataset.codec.scale[1]
    real = reference.held_out.copy()
    real[..., 1] = 0.1
    reference = replace(reference, held_out=real)
    found = real.copy()
    found[0, :, 1] += 2 * scale
    # One series of n has a mean, a least and a largest value that are off by 2.
    expected = 2 * np.sqrt(3) / len(real)
    assert measured(FEATURE_W1, reference, found) == pytest.approx(expected)


def test_as_many_series_are_taken_as_are_stated():
    reference = reference_of(load(ar2(200, 12), kind="series"))
    few = replace(reference, limits={"w1-exact": 30})
    assert (FEATURE_W1.samples(reference), FEATURE_W1.samples(few)) == (100, 30)
    moved = few.held_out.copy()
    moved[30:] += 100.0
    assert measured(FEATURE_W1, few, moved) == pytest.approx(0, abs=1e-9)


def test_ends_count_by_the_share_of_steps_with_a_value():
    random = np.random.default_rng(0)
    level = random.normal(size=(200, 1, 1)).repeat(12, axis=1)
    reference = reference_of(load(ended(level, random.integers(6, 13, 200)), kind="series"))
    real = reference.held_out
    cut = np.where(np.arange(12)[:, None] >= 6, np.nan, real)
    share = (~np.isnan(real[..., 0])).mean(axis=1)
    # Levels are the same, so each series goes to itself, and its share alone moves.
    expected = np.abs(share - 0.5).mean() / share.std()
    assert measured(FEATURE_W1, reference, cut) == pytest.approx(expected)
