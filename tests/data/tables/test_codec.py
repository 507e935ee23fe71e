"""Codes of tables: exact inverses, one-hot, little to keep in memory."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from table_columns import back, column_of, learned

from wgan.base.errors import WganError
from wgan.data import Batches, load
from wgan.data.tables.frames import from_frame


def test_coding_and_decoding_give_back_the_table(mixed):
    frame = mixed(2000)
    data = from_frame(frame)
    again = back(data)
    pd.testing.assert_frame_equal(learned(again), learned(frame))
    assert list(again.columns) == list(frame.columns)
    assert again["customer_id"].iloc[0] == "C-02001", (
        "identifiers are new, and go on after the largest"
    )
    assert not set(again["customer_id"]) & set(frame["customer_id"])


def test_what_a_network_sees_is_one_hot_codes_and_scores(mixed):
    data = from_frame(mixed(500))
    x = data.encode(data.rows)
    assert Batches(data.split(), 0)(0, 4).dtype == torch.float32
    assert x.shape == (500, *data.shape)
    for head in data.codec.codes:
        for start, size in head.parts:
            codes = x[:, start : start + size]
            assert ((codes == 0) | (codes == 1)).all()
            assert (codes.sum(1) == 1).all()


def test_ten_thousand_levels_are_two_digits_and_come_back():
    levels = np.array([f"k{i}" for i in range(10_000)])
    frame = pd.DataFrame({"k": np.concatenate([levels, levels]), "y": np.arange(20_000) % 2})
    data = from_frame(frame)
    assert column_of(data, "k").code_sizes == (100, 100)
    assert data.shape == (202,)
    assert data.codec.pack(data.rows[:8]).shape == (8, 3)
    pd.testing.assert_frame_equal(back(data), frame)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.one_of(
            st.none(),
            st.sampled_from([0.0, 1.0]),
            st.integers(-(10**6), 10**6).map(float),
            st.decimals(-1000, 1000, places=2).map(float),
        ),
        min_size=2,
        max_size=300,
    )
)
def test_any_column_of_decimals_comes_back_exactly(values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype="float64"), "y": np.arange(len(values)) % 2})
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)


@pytest.mark.parametrize(
    "dtype",
    [
        "int8",
        "uint8",
        "int64",
        "Int64",
        "float32",
        "Float64",
        "boolean",
        "category",
        "datetime64[ns, Europe/Berlin]",
    ],
)
def test_types_come_back(dtype):
    n = 200
    if dtype.startswith("datetime"):
        values = pd.Series(
            pd.date_range("2024-03-30", periods=n, freq="7h", tz="Europe/Berlin").astype(dtype)
        )
    elif dtype == "boolean":
        values = pd.Series([True, False, None, True] * (n // 4), dtype=dtype)
    elif dtype == "category":
        values = pd.Series(["b", "a", None, "a"] * (n // 4), dtype=dtype)
    else:
        values = pd.Series(np.arange(n) % 100, dtype=dtype)
        if dtype[0].isupper():
            values[3] = pd.NA
    frame = pd.DataFrame({"x": values, "y": np.arange(n) % 2})
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)


def test_constant_and_empty_columns_are_kept_as_they_are():
    frame = pd.DataFrame(
        {"c": ["x"] * 40, "k": [7] * 40, "nothing": [np.nan] * 40, "y": np.arange(40) % 3}
    )
    data = from_frame(frame)
    assert data.shape == (3,)
    pd.testing.assert_frame_equal(back(data), frame)


def test_one_column_is_a_table_too():
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=100)})
    data = from_frame(frame)
    assert data.shape == (1,)
    assert np.allclose(back(data), frame, atol=1e-6)


def test_other_rows_of_the_same_columns_are_coded_alike(mixed):
    data = from_frame(mixed(300))
    other = mixed(50, 1).assign(city="city 1")
    assert data.codec.matrix(other).shape == (50, 10)
    with pytest.raises(WganError, match="no column 'age'"):
        data.codec.matrix(other.drop(columns="age"))
    with pytest.raises(
        WganError, match="column 'size', row 1: 'huge' is a level that the column did not have"
    ):
        data.codec.matrix(other.assign(size="huge"))
    with pytest.raises(WganError, match="column 'age', row 1: 'nan' is missing, where none was"):
        data.codec.matrix(other.assign(age=np.nan))


def test_pandas_categories_keep_what_was_declared_and_make_nothing_that_was_not_seen():
    sizes = pd.Categorical(["s", "l", None, "s"] * 30, categories=["s", "m", "l"], ordered=True)
    years = pd.Categorical([2001, 1999, 2001, 2001] * 30, categories=[1999, 2000, 2001])
    frame = pd.DataFrame({"size": sizes, "year": years})
    data = from_frame(frame)
    assert column_of(data, "size").levels == ("s", "l")
    pd.testing.assert_frame_equal(back(data), frame)


def test_whole_numbers_of_any_size_come_back_exactly():
    random = np.random.default_rng(0)
    times = pd.Timestamp("2018-01-01") + pd.to_timedelta(
        random.integers(0, 5 * 365 * 86400, 3000), unit="s"
    )
    frame = pd.DataFrame(
        {
            "big": random.integers(0, 10**12, 3000),
            "when": times,
            "money": np.round(np.exp(random.normal(3, 3, 3000)), 2),
        }
    )
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)


def test_a_table_with_missing_values_keeps_their_correlation_in_its_codes(mixed):
    """Both columns are missing in the same rows: so are both states."""
    data = load(mixed(500))
    states = data.codec.states(data.rows)
    note, visits = (data.codec.place(name) for name in ("note", "visits"))
    missing = [states[:, place] == data.codec.learned[place].states - 1 for place in (note, visits)]
    assert np.array_equal(*missing)
    assert missing[0].any()
