"""DataFrames of other libraries: read as tables, and samples come back in the same library."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from table_columns import kinds

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.ecosystem.frames import as_pandas, is_frame, made_like, without_rows

N = 60
COLUMNS = {
    "whole": [None if i % 5 == 0 else 2**62 + i % 4 for i in range(N)],
    "name": [["a", "b", None][i % 3] for i in range(N)],
    "flag": [[True, False, None][i % 3] for i in range(N)],
    "day": [datetime.date(2024, 1, 1 + i % 28) for i in range(N)],
    "x": [i / 4 for i in range(N)],
}


def frames(library):
    if library == "polars":
        return pytest.importorskip("polars").DataFrame(COLUMNS)
    return pa.table(COLUMNS)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_a_frame_of_another_library_is_a_table_and_comes_back_as_it_was(library):
    frame = frames(library)
    assert is_frame(frame)
    table = as_pandas(frame)
    assert table["whole"].dtype == "Int64", "a float would not hold 2^62 + 1"
    assert table["whole"].dropna().tolist() == [v for v in COLUMNS["whole"] if v is not None]
    again = made_like(without_rows(frame), table)
    assert type(again) is type(frame)
    assert again.equals(frame)
    data = load(frame)
    assert kinds(data)["day"] == "datetime"
    sampled = made_like(frame, data.codec.frame(data.rows))
    assert sampled.equals(frame)


def test_a_frame_of_numbers_alone_is_a_table_whatever_its_library():
    numbers = pa.table({"a": np.arange(40) % 9, "b": np.arange(40) / 3})
    assert load(numbers).codec.kind == load(as_pandas(numbers)).codec.kind == "tables"


def test_types_of_polars_come_back():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "small": pl.Series([i % 7 for i in range(N)], dtype=pl.UInt8),
            "category": pl.Series(["abc"[i % 3] for i in range(N)], dtype=pl.Categorical),
            "choice": pl.Series(["abc"[i % 3] for i in range(N)], dtype=pl.Enum("abcd")),
            "single": pl.Series([i / 4 for i in range(N)], dtype=pl.Float32),
            "time": pl.Series(
                [datetime.datetime(2024, 7, 1 + i % 28) for i in range(N)],
                dtype=pl.Datetime("us", "Europe/Berlin"),
            ),
        }
    )
    data = load(frame)
    assert made_like(frame, data.codec.frame(data.rows)).equals(frame)
    with pytest.raises(WganError, match="a lazy frame of polars holds no rows yet: collect"):
        load(frame.lazy())


@pytest.mark.parametrize("other", [np.zeros((3, 2)), [[1, 2]], "digits", pd.Series([1]), None])
def test_what_is_no_frame_is_not_taken_for_one(other):
    assert not is_frame(other)
