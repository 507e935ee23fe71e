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
    assert column_of(data, "age").discrete
    assert not column_of(data, "price").discrete
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


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            [f"2024-01-{1 + i % 28:02d}T10:{i % 60:02d}:00.{i:03d}Z" for i in range(200)],
            "looks like times",
        ),
        ([f"{1 + i},{i:03d}" for i in range(200)], "looks like numbers"),
    ],
)
def test_numbers_and_times_in_an_unknown_spelling_are_no_identifiers(values, words):
    frame = pd.DataFrame({"x": values, "y": np.arange(200) % 2})
    with pytest.raises(WganError, match=words):
        from_frame(frame)
    assert kinds(from_frame(frame, corrections={"x": {"kind": "identifier"}}))["x"] == "identifier"


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
