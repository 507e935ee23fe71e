"""Beginnings of series: what a generator is given, how often, and of which series."""

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.data.kinds import conditions_of
from wgan.data.series.arrays import read_series
from wgan.data.series.conditions import GIVEN_SHARE

K = 3


def whole(n=200, steps=8, context=K):
    x = np.random.default_rng(0).normal(size=(n, steps, 2))
    x[np.random.default_rng(1).random((n, steps)) < 0.2, 0] = np.nan
    x[:, -1, 1] = 1.0  # a last value, so that none ends before
    return read_series(x, "x", context=context)


def ragged(n=400, steps=8):
    x = np.random.default_rng(0).normal(size=(n, steps))
    lengths = np.random.default_rng(1).integers(1, steps + 1, n)
    x[np.arange(steps) >= lengths[:, None]] = np.nan
    return read_series(x, "x", context=K), lengths


def test_without_context_series_have_no_conditions():
    assert conditions_of(whole(context=0).codec) is None


def test_a_beginning_is_the_first_steps_as_the_network_sees_them():
    data = whole()
    y = conditions_of(data.codec).beginnings(data.rows[:20])
    seen = data.encode(data.rows[:20]).numpy()[:, :, 0]
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y[:, :-1], seen[..., :K])
    assert (y[:, -1] == 1).all()


def test_half_of_the_rows_have_a_beginning_and_it_is_their_own():
    split = whole().split()
    rows = split.train_rows(np.arange(160).repeat(20))
    conditions = conditions_of(split.dataset.codec)
    taken, y = conditions.sampler(split).draw(np.random.default_rng(0), rows)
    np.testing.assert_array_equal(taken, rows)
    given = y[:, -1, 0] == 1
    assert given.mean() == pytest.approx(GIVEN_SHARE, abs=4 * 0.5 / np.sqrt(len(rows)))
    own = conditions.beginnings(split.dataset.rows[rows])
    np.testing.assert_array_equal(y[given], own[given])
    assert not y[~given].any()


def test_series_without_a_beginning_have_all_lengths_as_often_as_the_data():
    data, lengths = ragged()
    split = data.split()
    rows = split.train_rows(np.random.default_rng(3).integers(split.n_train, size=20_000))
    sampler = conditions_of(split.dataset.codec).sampler(split)
    taken, y = sampler.draw(np.random.default_rng(0), rows)
    given = y[:, -1, 0] == 1
    train = lengths[split.is_train()]
    assert lengths[taken[given]].min() == K
    assert split.is_train()[taken].all()
    wanted = np.bincount(train, minlength=9) / len(train)
    free = np.bincount(lengths[taken[~given]], minlength=9) / (~given).sum()
    np.testing.assert_allclose(free, wanted, atol=0.015)
    long = np.where(np.arange(9) >= K, wanted, 0)
    found = np.bincount(lengths[taken[given]], minlength=9) / given.sum()
    np.testing.assert_allclose(found, long / long.sum(), atol=0.015)


def test_a_row_by_itself_has_a_beginning_only_where_it_is_long_enough():
    data, lengths = ragged()
    y = conditions_of(data.codec).of_rows(np.random.default_rng(0), data.rows[:])
    given = y[:, -1, 0] == 1
    assert given.any()
    assert lengths[given].min() >= K


def test_beginnings_are_checked():
    data = whole()
    conditions = conditions_of(data.codec)
    y = conditions.beginnings(data.rows[:4])
    assert conditions.check(y.astype(np.float64), 4).dtype == np.float32
    broken = y.copy()
    broken[1, -1, 0] = 0
    for wrong in (y[:3], y[:, :, :2], np.full_like(y, np.nan), broken, 2 * y, y.astype(int)):
        with pytest.raises(WganError, match=r"give finite numbers of shape \(4, 4, 3\)"):
            conditions.check(wrong, 4)


def test_series_that_never_go_on_are_refused():
    x = np.random.default_rng(0).normal(size=(50, 8))
    x[1:, K:] = np.nan
    split = read_series(x, "x", context=K).split()
    if split.is_train()[0]:
        rows = split.dataset.rows
        rows[0, K:] = np.nan
    with pytest.raises(WganError, match="no training series has more steps"):
        conditions_of(split.dataset.codec).sampler(split).draw(
            np.random.default_rng(0), np.arange(10)
        )
