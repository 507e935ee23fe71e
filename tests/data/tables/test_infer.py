"""What is inferred of columns, and what is refused for it would not come back."""

import numpy as np
import pandas as pd
import pytest
from table_columns import back, column_of, kinds

from wgan.base.errors import WganError
from wgan.data.tables.frames import from_frame


def test_every_kind_is_inferred(mixed):
    data = from_frame(mixed(2000))
    assert kinds(data) == {
        "customer_id": "identifier",
        "age": "numeric",
        "price": "numeric",
        "gain": "numeric",
        "size": "category",
        "city": "category",
        "member": "boolean",
        "code": "category",
        "bought": "datetime",
        "note": "category",
        "visits": "numeric",
    }
    assert [
        column_of(data, name).step for name in ("age", "price", "gain", "bought", "visits")
    ] == [1, 0.01, 0, 86400, 1]
    assert column_of(data, "gain").spikes == (0.0,)
    assert column_of(data, "age").cells.discrete
    assert not column_of(data, "price").cells.discrete
    assert {name for name in kinds(data) if column_of(data, name).missing} == {"note", "visits"}
    assert column_of(data, "size").levels == ("small", "medium", "large"), "the most frequent first"


def test_dates_in_text_keep_their_spelling():
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d %H:%M"):
        text = pd.Series(pd.date_range("2024-01-05", periods=300, freq="31h")).dt.strftime(form)
        frame = pd.DataFrame({"when": text, "y": np.arange(300) % 2})
        data = from_frame(frame)
        assert column_of(data, "when").format == form
        pd.testing.assert_frame_equal(back(data), frame)


@pytest.mark.parametrize("start", [2**60, -(2**60)])
def test_whole_numbers_too_large_for_a_float_are_names(start):
    frame = pd.DataFrame({"k": np.arange(start, start + 4).repeat(30), "y": np.arange(120) % 2})
    assert kinds(from_frame(frame))["k"] == "category"
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)
    unique = pd.DataFrame({"k": np.arange(200) * 7 + start, "y": np.arange(200) % 2})
    assert kinds(from_frame(unique))["k"] == "identifier"


@pytest.mark.parametrize(
    "values",
    [
        [1, "a"] * 20,
        [[1], [2]] * 20,
        [1j, 2j] * 20,
        [pd.Timedelta(1), pd.Timedelta(2)] * 20,
        [True, "x"] * 20,
    ],
)
def test_types_that_would_not_come_back_are_refused(values):
    with pytest.raises(
        WganError, match=r"column 'x' is of type .*: make it numbers, text, booleans or times"
    ):
        from_frame(pd.DataFrame({"x": values, "y": range(40)}))


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("id", True),
        ("customer_id", True),
        ("userID", True),
        ("ID", True),
        ("amount_paid", False),
        ("grid", False),
        ("Covid", False),
    ],
)
def test_names_of_identifiers_are_not_words_that_end_alike(name, is_one):
    values = np.random.default_rng(0).permutation(5000)[:300] * 3
    kind = kinds(from_frame(pd.DataFrame({name: values, "y": np.arange(300) % 2})))[name]
    assert kind == ("identifier" if is_one else "numeric")


def test_years_in_a_row_do_not_count_rows():
    frame = pd.DataFrame(
        {"year": np.arange(1900, 2024), "n": np.arange(1, 125), "y": np.arange(124) % 2}
    )
    assert kinds(from_frame(frame)) == {"year": "numeric", "n": "identifier", "y": "numeric"}


def test_an_identifier_with_gaps_and_numbers_as_names_come_back_in_their_type():
    frame = pd.DataFrame(
        {
            "id": [None if i % 5 == 0 else float(i) for i in range(200)],
            "k": [1.0, 2.0, None, 1.0] * 50,
            "y": np.arange(200) % 2,
        }
    )
    data = from_frame(frame, corrections={"id": {"kind": "identifier"}, "k": {"kind": "category"}})
    assert column_of(data, "k").levels == ("1", "2"), "spelled without decimals"
    again = back(data)
    assert again["id"].tolist()[:2] == [200.0, 201.0]
    pd.testing.assert_series_equal(again["k"], frame["k"])
    with pytest.raises(WganError, match="no column but identifiers"):
        from_frame(frame[["id"]], corrections={"id": {"kind": "identifier"}})


@pytest.mark.parametrize("name", ["No", "x", "Zeile"])
@pytest.mark.parametrize("first", [0, 1])
def test_row_numbers_of_a_part_of_a_file_are_identifiers_and_that_is_said(name, first):
    random = np.random.default_rng(0)
    rows = np.sort(random.choice(np.arange(first, 1000), 700, replace=False))
    frame = pd.DataFrame({name: rows, "y": np.arange(700) % 2})
    with pytest.warns(UserWarning, match=f"column '{name}' is taken for row numbers.*\"numeric\""):
        data = from_frame(frame)
    assert kinds(data)[name] == "identifier"
    assert back(data)[name][0] == rows[-1] + 1
    given = from_frame(frame, corrections={name: {"kind": "numeric"}})
    assert kinds(given)[name] == "numeric"


@pytest.mark.parametrize(
    "values",
    [
        np.sort(np.random.default_rng(0).integers(1, 2000, 700)),
        np.unique(np.random.default_rng(0).integers(1000, 500_000, 700)),
        np.cumsum(np.random.default_rng(0).poisson(3, 700) + 1),
        np.arange(1300, 2024),
        1_700_000_000 + 60 * np.arange(700),
        np.arange(700)[::-1],
        np.random.default_rng(0).permutation(700),
        np.arange(-300, 400),
    ],
    ids=["prices", "price list", "sum", "years", "clock", "countdown", "ranks", "around 0"],
)
def test_rising_values_that_say_something_are_no_row_numbers(values):
    frame = pd.DataFrame({"x": values, "y": np.arange(len(values)) % 2})
    assert kinds(from_frame(frame))["x"] == "numeric"


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64"])
def test_whole_numbers_near_the_limit_of_their_type_keep_their_sign(dtype):
    limit = np.iinfo(dtype.lower()).max
    values = pd.Series([limit - i for i in range(300)], dtype=dtype)
    frame = pd.DataFrame({"x": values, "y": np.arange(300) % 2})
    new = back(from_frame(frame))["x"]
    assert new.dtype == values.dtype
    assert new.min() > 0
    assert not set(new) & set(values), "new ones come from the widest gap"
    frame["x"] = values.iloc[:3].tolist() * 100
    numeric = from_frame(frame.astype({"x": dtype}), corrections={"x": {"kind": "numeric"}})
    assert back(numeric)["x"].min() >= limit - 2048, "a double holds no more digits"


def test_identifiers_beyond_a_small_type_come_in_a_larger_one():
    frame = pd.DataFrame({"id": np.arange(120, dtype="int8"), "y": np.arange(120) % 2})
    data = from_frame(frame)
    assert data.codec.frame(data.rows)["id"].tolist() == list(range(120, 240))


def test_whole_numbers_with_gaps_come_back_to_the_last_digit():
    values = pd.Series([None if i % 5 == 0 else 2**62 + i % 4 for i in range(200)], dtype="Int64")
    frame = pd.DataFrame({"x": values, "y": np.arange(200) % 2})
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pd.cut(np.arange(120), 4), r"category of interval\[float64, right\] ordered"),
        (pd.arrays.IntervalArray.from_breaks(range(121)), r"interval\[int64, right\]"),
        (pd.period_range("2024-01", periods=120, freq="M"), r"period\[M\]"),
        (pd.Categorical([1.5, 2.5] * 60), "category of float64"),
        (pd.Categorical([True, False] * 60), "category of bool"),
        (pd.arrays.SparseArray([0, 0, 1, 2] * 30), "Sparse"),
        (pd.array(range(120), dtype="duration[s][pyarrow]"), "duration"),
    ],
)
def test_types_that_samples_would_lose_are_refused_by_name(values, words):
    with pytest.raises(WganError, match=f"column 'x' is of type {words}"):
        from_frame(pd.DataFrame({"x": values, "y": np.arange(120) % 7}))


@pytest.mark.parametrize(
    "values",
    [
        pd.arrays.SparseArray([0.0, 0, 1.5, 2] * 30),
        pd.arrays.SparseArray([True, False] * 60),
        pd.array([True, False, None] * 40, dtype="bool[pyarrow]"),
        pd.array(["a", "b", None] * 40, dtype="string"),
        pd.Series(pd.date_range("2024-01-01", periods=120)).astype("date32[pyarrow]"),
        pd.Series(pd.date_range("2024-01-01", periods=120, tz="Europe/Berlin")).astype(
            "timestamp[us, tz=Europe/Berlin][pyarrow]"
        ),
    ],
)
def test_extension_types_come_back(values):
    frame = pd.DataFrame({"x": values, "y": np.arange(120) % 7})
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)


def test_times_of_no_calendar_are_refused():
    times = pd.Series([np.datetime64(2**60, "us")] * 40).astype("datetime64[us]")
    with pytest.raises(WganError, match=r"column 'x', row 1: .* beyond the years 1 to 9999"):
        from_frame(pd.DataFrame({"x": times, "y": range(40)}))
