"""DataFrames of other libraries: read as tables, and samples come back in the same library."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from table_columns import kinds

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.ecosystem.families import opened
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


class Stream:
    """An object of a library that is not known, with nothing but a stream of Arrow."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("make", [Stream, pa.Table.to_reader, lambda t: t.to_batches()[0]])
def test_streams_of_arrow_are_tables_of_any_library(make):
    table = pa.table(COLUMNS)
    arrived = opened(make(table))
    pd.testing.assert_frame_equal(arrived.values, as_pandas(table))
    assert arrived.like(arrived.values).equals(table), "a pyarrow.Table comes back"


def test_a_stream_without_columns_and_a_failing_one_are_refused_in_one_line():
    with pytest.raises(WganError, match=r"gives no table .*non-struct.*: give one as a DataFrame"):
        load(Stream(pa.chunked_array([[1.0, 2.0]])))
    duckdb = pytest.importorskip("duckdb")
    wrong = duckdb.sql("select (case when i > 10 then 'x' else '1' end)::int v from range(50) t(i)")
    with pytest.raises(WganError, match=r"of duckdb gives no table \(Conversion Error") as caught:
        load(wrong)
    assert "\n" not in str(caught.value)


def test_a_relation_of_duckdb_comes_back_as_a_table_of_its_types():
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql(
        "select (i * 1.5)::decimal(10, 2) price, sum(i) over (order by i) total,"
        " date '2024-01-01' + (i % 30)::int as day, (i % 2 = 0) flag,"
        " timestamptz '2024-01-01 00:00:00+00' + interval (i) hour as time,"
        " case when i % 7 = 0 then null else ['a', 'b'][1 + i % 2] end word from range(90) t(i)"
    )
    table = pa.table(relation)
    arrived = opened(relation)
    assert str(arrived.values["price"].dtype) == "float64"
    assert str(arrived.values["total"].dtype) == "int64", "HUGEINT comes as a decimal"
    data = load(arrived)
    found = kinds(data)
    assert (found["day"], found["time"], found["flag"]) == ("datetime", "datetime", "boolean")
    assert arrived.like(data.codec.frame(data.rows)).equals(table)


def test_decimals_are_rounded_to_their_places_and_refused_where_a_double_loses_digits():
    table = pa.table({"p": pa.array([None, *range(59)], pa.decimal128(9, 2)), "x": range(60)})
    made = opened(table).like(pd.DataFrame({"p": [1.996, np.nan, 0.004], "x": [1, 2, 3]}))
    assert made["p"].to_pylist() == [Decimal("2.00"), None, Decimal("0.00")]
    long = pa.table({"p": pa.array([Decimal(2) ** 53 / 100] * 60, pa.decimal128(38, 2))})
    with pytest.raises(WganError, match="column 'p' is of type Decimal"):
        load(long)


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, datetime.time(1), datetime.timedelta(1)])
def test_nested_columns_and_durations_are_refused_by_name(value):
    with pytest.raises(WganError, match="column 'odd' is of type"):
        load(pa.table({"x": range(60), "odd": [value] * 60}))


def test_columns_of_one_name_are_refused():
    same = pa.table([pa.array([1, 2]), pa.array([3, 4])], names=["a", "a"])
    with pytest.raises(WganError, match="several columns are called 'a': rename all but one"):
        load(same)
