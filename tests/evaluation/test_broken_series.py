"""Broken series: what shuffled steps and one-step Markov series keep, and what they lose."""

import numpy as np
import pytest
from series_sets import ar2, described, ended, with_holes

from wgan.data import load
from wgan.evaluation.broken_series import one_step_markov, shuffled_steps
from wgan.evaluation.metrics.temporal import autocorrelations


def test_shuffled_steps_keep_the_values_of_each_step():
    x = np.arange(60.0).reshape(10, 3, 2)
    split = load(x, kind="series").split(0.2)
    shuffled = shuffled_steps(split, 5)
    real = split.train_sample(0, 5)
    assert not np.array_equal(shuffled, real)
    for mine, theirs in zip(shuffled, real, strict=True):
        assert sorted(map(tuple, mine.tolist())) == sorted(map(tuple, theirs.tolist()))


def test_shuffled_steps_keep_ends_and_holes():
    lengths = np.tile([3, 8, 12], 20)
    x = ended(with_holes(ar2(60, 12).repeat(2, axis=2), 0.2), lengths)
    x[np.arange(60), lengths - 1] = 1.0  # the last step has a value
    split = load(x, kind="series").split(0.2)
    codec = split.dataset.codec
    shuffled, real = shuffled_steps(split, 40), split.train_sample(0, 40)
    assert codec.lengths(shuffled).max() == 12
    # A step without any value may come last, and then counts as past the end.
    assert (codec.lengths(shuffled) <= codec.lengths(real)).all()
    assert np.array_equal(np.isnan(shuffled).sum(axis=1), np.isnan(real).sum(axis=1))


def test_one_step_markov_series_keep_the_first_correlation_and_lose_the_second():
    split = load(ar2(2500, 12), kind="series").split(0.2)
    series = one_step_markov(split, 2000)
    r = autocorrelations(series, 3)[:, 0]
    # r1 of the process is 0.75 and r2 0.3; of a Gaussian one with one step of memory r2 = r1^2.
    assert r[0] == pytest.approx(0.75, abs=0.03)
    assert r[1] == pytest.approx(0.75**2, abs=0.05)
    assert series.std() == pytest.approx(ar2(2000, 12).std(), rel=0.05)


def test_one_step_markov_series_are_made_of_training_steps_but_copy_no_series():
    split = load(ar2(300, 10), kind="series").split(0.2)
    train = split.train_sample(0, split.n_train)
    series = one_step_markov(split, 100)
    for t in range(10):
        assert np.isin(series[:, t], train[:, t]).all(), "each step at its own time"
    pairs = {tuple(pair) for pair in train[:, :2, 0].tolist()}
    assert not any(tuple(pair) in pairs for pair in series[:, :2, 0].tolist())
    assert np.array_equal(one_step_markov(split, 20), series[:20])


def test_one_step_markov_series_end_as_training_series_do():
    lengths = np.random.default_rng(0).integers(2, 13, 1000)
    x = ended(ar2(1000, 12), lengths)
    split = load(x, kind="series").split(0.2)
    codec = split.dataset.codec
    found = codec.lengths(one_step_markov(split, 800))
    assert found.mean() == pytest.approx(lengths.mean(), abs=0.3)
    # Where a series is over, its neighbours are those that are over: it does not go on.
    there = ~np.isnan(one_step_markov(split, 800)[..., 0])
    assert np.array_equal(there.sum(axis=1), found)


def test_a_one_step_markov_series_does_not_go_on_after_its_end():
    """Fewer series are over than a step has neighbours."""
    lengths = np.where(np.arange(1000) % 40 == 0, 3, 12)
    split = load(ended(ar2(1000, 12), lengths), kind="series").split(0.2)
    series = one_step_markov(split, 800)
    there = ~np.isnan(series[..., 0])
    found = split.dataset.codec.lengths(series)
    assert set(found) == {3, 12}
    assert np.array_equal(there.sum(axis=1), found)


def test_static_columns_stay_those_of_the_first_step():
    level = np.repeat([0.0, 100.0], 100)
    data = described(ar2(200, 6), level=level)
    split = data.split(0.2)
    series = one_step_markov(split, 50)
    assert (series[..., 1] == series[:, :1, 1]).all()
    assert np.array_equal(series[:, 0], split.train_sample(0, 50)[:, 0])


def test_equal_series_have_other_series_as_neighbours():
    """Among copies a series may not be its own nearest, and still is no neighbour of its own."""
    x = np.ones((40, 5, 1))
    x[0] = 2.0  # not all alike
    series = one_step_markov(load(x, kind="series").split(0.2), 30)
    assert np.isin(series, [1.0, 2.0]).all()


def test_series_of_few_values_keep_their_shares():
    """A Markov chain of two states, which all series share: ties are everywhere."""
    random = np.random.default_rng(0)
    x = np.zeros((2000, 20, 1))
    for t in range(1, 20):
        # It stays with probability 0.9 in either state: 1 comes up in half of the steps at last.
        x[:, t, 0] = np.where(random.random(2000) < 0.9, x[:, t - 1, 0], 1 - x[:, t - 1, 0])
    series = one_step_markov(load(x, kind="series").split(0.2), 1600)
    np.testing.assert_allclose(series.mean(axis=(0, 2)), x.mean(axis=(0, 2)), atol=0.06)
    assert (series[:, 1:] != series[:, :-1]).mean() == pytest.approx(0.1, abs=0.02)
