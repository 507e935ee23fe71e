"""Codes of columns: choices, digits and back, for every kind of column."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from wgan.data.tables.codes import SINGLE_DIGIT, ColumnCode
from wgan.data.tables.frames import from_frame
from wgan.networks.heads import ColumnHead

RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=6000)
FEW = NUMBERS[:300]


def sparse(x, spike=False, missing=False):
    x = x.copy()
    x[: len(x) // 5] = 0.0 if spike else x[: len(x) // 5]
    x[-len(x) // 7 :] = np.nan if missing else x[-len(x) // 7 :]
    return x


COLUMNS = {
    "levels": np.resize(list("abcde"), 300),
    "256 levels": np.resize([f"k{i}" for i in range(256)], 2000),
    "257 levels": np.resize([f"k{i}" for i in range(257)], 2000),
    "900 levels": np.resize([f"k{i}" for i in range(900)], 2000),
    "900 levels, some missing": np.resize([*(f"k{i}" for i in range(900)), None], 2000),
    "a few numbers": np.resize([1.0, 2, 5, np.nan], 300),
    "constant": np.full(300, "a"),
    "constant or missing": np.resize(["a", None], 300),
    "all missing": np.full(300, np.nan),
    "boolean": np.resize([True, False], 300),
} | {
    f"{'few' if x is FEW else 'many'} cells{', spike' * spike}{', missing' * missing}": sparse(
        x, spike, missing
    )
    for x, spike, missing in product((FEW, NUMBERS), (False, True), (False, True))
}


def data_of(name):
    x = COLUMNS[name]
    values = pd.Series(x, dtype="str") if x.dtype == object else pd.Series(x)
    return from_frame(pd.DataFrame({"y": np.arange(len(x)) % 2, "x": values}))


@pytest.mark.parametrize("name", COLUMNS)
def test_choices_become_digits_and_come_back(name):
    data = data_of(name)
    column, code = data.codec.learned[1], data.codec.codes[1]
    assert code.choices == max(column.choices, 1) == len(code.frequencies)
    choices = torch.arange(code.choices)
    head = ColumnHead(code, 4)
    first, second = head.digits_of_choices(choices)
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == code.choices
    possible = np.array(code.possible)
    assert possible.shape == (code.first, code.second)
    assert possible.sum() == code.choices
    assert possible[first, second].all()
    assert possible.any(axis=1).all(), "no first digit is empty"
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    again = [pairs.index((a, b)) for a, b in np.argwhere(possible)]
    assert sorted(again) == choices.tolist()
    sums = np.bincount(first, np.array(code.frequencies), minlength=code.first)
    assert code.first_frequencies == pytest.approx(sums)
    assert sum(code.first_frequencies) == pytest.approx(1)


@pytest.mark.parametrize("name", COLUMNS)
def test_digits_of_rows_are_those_of_their_choices(name):
    """In single precision, as networks see them."""
    data = data_of(name)
    head = ColumnHead(data.codec.codes[1], 4)
    x = data.encode(data.rows[:]).float()
    choices = torch.from_numpy(data.codec.choices(data.rows[:])[:, 1])
    assert (choices >= 0).all()
    for mine, right in zip(head.digits_of_rows(x), head.digits_of_choices(choices), strict=True):
        assert torch.equal(mine, right)
    counts = np.bincount(choices, minlength=data.codec.codes[1].choices)
    assert data.codec.codes[1].frequencies == pytest.approx(counts / len(x), abs=1e-9)


def test_sizes_of_digits():
    for cells, second in ((1, 1), (SINGLE_DIGIT, 1), (SINGLE_DIGIT + 1, 7), (1000, 32)):
        heights = tuple(((np.arange(cells) + 1) / cells).tolist())
        code = ColumnCode(5, (3,), (*np.full(cells, 0.9 / cells), 0.06, 0.04), heights)
        assert (code.second, code.others, code.ranges) == (second, 2, -(-cells // second))
        assert code.first == code.ranges + 2
        assert code.first_frequencies[-2:] == [0.06, 0.04]
        assert (code.score, list(code.parts)) == (8, [(5, 3)])
    code = ColumnCode(0, (30, 31), (1 / 920,) * 920)
    assert (code.first, code.second, code.others, code.scored) == (30, 31, 0, False)
    assert np.sum(code.possible) == 920
