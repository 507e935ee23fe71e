"""Conditions while training: choices of real rows, rare ones often, nothing held out."""

import numpy as np
import pandas as pd
import pytest

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.data import conditions_of, load
from wgan.data.tables.conditions import CONDITION_SHARE, FEW, FEW_SHARE, FREE, Balance


def drawn(split, n, seed=0):
    """Return true rows, the rows that Balance makes of them, and their conditions."""
    true = split.train_rows(np.resize(np.arange(split.n_train), n))
    return true, *Balance(split).draw(numpy_generator(seed, "t"), true)


def test_choices_given_while_training_are_those_of_their_rows(mixed):
    split = load(mixed(4000)).split()
    data = split.dataset
    true, rows, y = drawn(split, 3000)
    choices = data.codec.choices(data.rows[rows])
    assert ((y == FREE) | (y == choices)).all()
    given = (y != FREE).any(axis=1)
    assert given.mean() == pytest.approx(CONDITION_SHARE, abs=0.03)
    assert np.array_equal(rows[~given], true[~given]), "the others are the true rows"
    assert np.isin(rows, split.train_rows(np.arange(split.n_train))).all(), (
        "nothing held out is shown"
    )
    price = y[:, data.codec.place("price")]
    assert len(np.unique(price)) > 100, "cells of numbers are given too"


def test_further_columns_are_mostly_few_and_at_times_any_number(mixed):
    split = load(mixed(4000)).split()
    columns = len(split.dataset.codec.learned)
    _, _, y = drawn(split, 40_000)
    further = (y != FREE).sum(axis=1)[(y != FREE).any(axis=1)] - 1
    expected = FEW_SHARE * FEW + (1 - FEW_SHARE) / 2
    # One of the columns is given anyhow.
    assert further.mean() == pytest.approx(expected * (columns - 1), rel=0.05)
    assert np.mean(further == columns - 1) > 0.5 * (1 - FEW_SHARE) / columns


@pytest.fixture(scope="module")
def dependent():
    """A split of a table in which x, k and number depend on each other; k is rare in part."""
    random = np.random.default_rng(0)
    n = 6000
    k = random.choice(["a", "b", "c"], n, p=[0.7, 0.27, 0.03])
    x = np.where(random.random(n) < np.where(k == "a", 0.2, 0.8), "u", "v")
    number = random.normal(size=n).round(3) + (k == "c") * 2 + (x == "u")
    return load(pd.DataFrame({"k": k, "x": x, "number": number})).split()


def test_rows_are_chosen_by_what_is_given_alone(dependent):
    """p(rest | given) is the data's: of k given x, of x given k, and of both given a number."""
    data = dependent.dataset
    train = data.codec.choices(data.rows[dependent.train_rows(np.arange(dependent.n_train))])
    _, rows, y = drawn(dependent, 200_000)
    got = data.codec.choices(data.rows[rows])
    given = y != FREE
    for place, other in ((0, 1), (1, 0)):
        for choice in range(3 - place):
            mine = given[:, place] & (given.sum(axis=1) == 1) & (y[:, place] == choice)
            assert mine.sum() > 1000
            right = np.bincount(train[train[:, place] == choice, other], minlength=3)
            share = np.bincount(got[mine, other], minlength=3) / mine.sum()
            assert share == pytest.approx(right / right.sum(), abs=5 * 0.5 / np.sqrt(mine.sum()))
    both = given[:, 0] & given[:, 2] & ~given[:, 1]
    low = train[:, 2] < np.median(train[:, 2])
    right = [np.mean(train[low & (train[:, 0] == k), 1] == 0) for k in (0, 1)]
    below = got[:, 2] < np.median(train[:, 2])
    for k in (0, 1):
        mine = both & below & (got[:, 0] == k)
        # Within a cell of the number, x depends on k and hardly on the place of the cell.
        weights = np.bincount(got[mine, 2], minlength=train[:, 2].max() + 1)
        rows_of = train[low & (train[:, 0] == k)]
        counts = np.bincount(rows_of[:, 2], minlength=len(weights))
        share_of_cell = np.bincount(rows_of[:, 2], rows_of[:, 1] == 0, len(weights))
        right = (weights * share_of_cell / counts.clip(1)).sum() / weights.sum()
        assert np.mean(got[mine, 1] == 0) == pytest.approx(right, abs=5 * 0.5 / mine.sum() ** 0.5)


def test_rare_states_are_given_by_the_logarithm_of_their_frequency(dependent):
    data = dependent.dataset
    train = data.codec.states(data.rows[dependent.train_rows(np.arange(dependent.n_train))])
    _, _, y = drawn(dependent, 200_000)
    alone = (y != FREE).sum(axis=1) == 1
    for place in (0, 1):
        mine = y[alone & (y[:, place] != FREE), place]
        logs = np.log1p(np.bincount(train[:, place]))
        assert np.bincount(mine) / len(mine) == pytest.approx(logs / logs.sum(), abs=0.01)


def test_a_table_of_one_state_a_column_keeps_its_true_rows(mixed):
    split = load(mixed(60)[["price"]]).split()
    true, rows, y = drawn(split, 2000)
    assert np.array_equal(rows, true)
    given = (y != FREE)[:, 0]
    assert 0 < given.mean() < CONDITION_SHARE
    assert np.array_equal(y[given], split.dataset.codec.choices(split.dataset.rows[rows[given]]))


def test_choices_of_another_shape_or_out_of_range_are_refused(mixed):
    codec = load(mixed(100)).codec
    conditions = conditions_of(codec)
    columns = len(codec.learned)
    most = np.array([column.choices for column in codec.learned])
    y = np.full((3, columns), FREE, dtype=np.int32)
    assert conditions.check(y, 3).dtype == np.int64
    assert np.array_equal(conditions.check(np.tile(most - 1, (3, 1)), 3)[0], most - 1)
    for wrong in (y[:, 1:], y - 1, np.tile(most, (3, 1)), y.astype(float), y[:2]):
        with pytest.raises(WganError, match=f"give 3 rows of {columns} numbers of choices"):
            conditions.check(wrong, 3)
