"""Conditions while training: states of real rows, rare ones often, nothing held out."""

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.data import conditions_of, load
from wgan.data.tables.conditions import CONDITION_SHARE, FREE, FURTHER_SHARE, Balance


def test_states_asked_for_while_training_are_those_of_their_rows_and_rare_ones_come_often(mixed):
    split = load(mixed(4000)).split()
    data = split.dataset
    balance = Balance(split)
    rows, y = balance.draw(numpy_generator(0, "t"), split.train_rows(np.arange(3000)))
    states = data.codec.states(data.rows[rows])
    assert ((y == FREE) | (y == states)).all()
    asks = (y != FREE).any(axis=1)
    assert asks.mean() == pytest.approx(CONDITION_SHARE, abs=0.03)
    assert np.array_equal(rows[~asks], split.train_rows(np.arange(3000))[~asks]), (
        "the others are the true rows"
    )
    assert np.isin(rows, split.train_rows(np.arange(split.n_train))).all(), (
        "nothing held out is shown"
    )
    place = data.codec.place("size")
    rare = data.codec.learned[place].levels.index("large")
    share = np.mean(y[y[:, place] != FREE, place] == rare)
    k = len(balance.conditionable)
    direct = 1 / (1 + FURTHER_SHARE * (k - 1))
    logs = np.log1p(
        np.bincount(
            data.codec.states(data.rows[split.train_rows(np.arange(split.n_train))])[:, place]
        )
    )
    assert share > direct * logs[rare] / logs.sum() * 0.9, "drawn by the logarithm of the frequency"
    assert share > 2 * np.mean(states[~asks][:, place] == rare)


def test_a_table_of_one_state_a_column_asks_for_nothing(mixed):
    frame = mixed(60)[["price"]]
    split = load(frame).split()
    rows, y = Balance(split).draw(numpy_generator(0, "t"), np.arange(20))
    assert np.array_equal(rows, np.arange(20))
    assert (y == FREE).all()


def test_states_of_another_shape_or_out_of_range_are_refused(mixed):
    codec = load(mixed(100)).codec
    conditions = conditions_of(codec)
    columns = len(codec.learned)
    states = np.array([column.states for column in codec.learned])
    y = np.full((3, columns), FREE, dtype=np.int32)
    assert conditions.check(y, 3).dtype == np.int64
    assert np.array_equal(conditions.check(np.tile(states - 1, (3, 1)), 3)[0], states - 1)
    for wrong in (y[:, 1:], y - 1, np.tile(states, (3, 1)), y.astype(float), y[:2]):
        with pytest.raises(WganError, match=f"states: give 3 rows of {columns} numbers of states"):
            conditions.check(wrong, 3)
