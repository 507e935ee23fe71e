"""Columns of tables that are measured, weights, groups and ranges."""

import numpy as np
import pandas as pd
import pytest

from wgan.audit.columns import Columns, diameter_of
from wgan.audit.sources import read_pair
from wgan.base.errors import WganError

N = 40


@pytest.fixture(autouse=True)
def files():
    rng = np.random.default_rng(0)
    for name, shift in (("a", 0.0), ("b", 5.0)):
        frame = pd.DataFrame(
            {
                "age": rng.normal(40, 5, N) + shift,
                "hours": rng.uniform(0, 24, N),
                "w": rng.uniform(0.5, 2, N),
                "who": np.repeat(np.arange(N // 4), 4),
                "job": rng.choice(["cook", "smith"], N),
            }
        )
        frame.to_csv(f"mixed_{name}.csv", index=False)
        frame.drop(columns="job").to_csv(f"numbers_{name}.csv", index=False)


@pytest.mark.parametrize("kind", ["mixed", "numbers"])
def test_named_columns_of_numbers_are_measured_in_their_own_units_in_their_order(kind):
    chosen = Columns(("hours", "age"), "w", "who")
    x, y = read_pair(f"{kind}_a.csv", f"{kind}_b.csv", columns=chosen)
    for side, name in ((x, "a"), (y, "b")):
        frame = pd.read_csv(f"{kind}_{name}.csv")
        assert np.array_equal(side.values, frame[["hours", "age"]])
        assert np.array_equal(side.weights, frame["w"])
        assert np.array_equal(side.groups.astype(float), frame["who"])
        assert side.names == ("hours", "age")
        assert side.words == f"{kind}_{name}.csv ({N} rows), weighted, 10 groups"


def test_without_names_all_but_weights_and_groups_are_measured():
    x, _ = read_pair("numbers_a.csv", "numbers_b.csv", columns=Columns((), "w", "who"))
    assert x.names == ("age", "hours")
    mixed, _ = read_pair("mixed_a.csv", "mixed_b.csv", columns=Columns((), "w", "who"))
    assert mixed.units == "coded columns"
    assert mixed.names == ()


def test_a_part_of_the_rows_keeps_their_weights_and_groups():
    x, _ = read_pair("numbers_a.csv", "numbers_b.csv", 15, 3, columns=Columns((), "w", "who"))
    frame = pd.read_csv("numbers_a.csv").set_index("age")
    assert len(x.values) == 15
    assert np.array_equal(frame.loc[x.values[:, 0], "w"], x.weights)
    assert np.array_equal(frame.loc[x.values[:, 0], "who"], x.groups.astype(float))


def test_weights_may_be_of_one_side_alone():
    pd.read_csv("numbers_b.csv").drop(columns="w").to_csv("b.csv", index=False)
    x, y = read_pair("numbers_a.csv", "b.csv", columns=Columns((), "w"))
    assert x.weights is not None
    assert y.weights is None
    assert x.names == y.names == ("age", "hours", "who")


def changed(column, row, value):
    frame = pd.read_csv("numbers_b.csv").astype(object)
    frame.loc[row, column] = value
    frame.to_csv("bad.csv", index=False)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("w", -1, "column 'w', row 3 holds -1"),
        ("w", "", "column 'w', row 3 holds nothing: a weight is a number of at least 0"),
        ("w", "much", "column 'w', row 3.*much"),
        ("who", "", "column 'who', row 3 has no group"),
    ],
)
def test_wrong_weights_and_groups_name_their_row(column, value, message):
    changed(column, 2, value)
    chosen = Columns(("age",), **{"weights" if column == "w" else "groups": column})
    with pytest.raises(WganError, match=message):
        read_pair("mixed_a.csv", "bad.csv", columns=chosen)


def test_weights_that_are_all_zero_are_refused():
    pd.read_csv("numbers_b.csv").assign(w=0).to_csv("bad.csv", index=False)
    with pytest.raises(WganError, match="all weights are 0"):
        read_pair("numbers_a.csv", "bad.csv", columns=Columns((), "w"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "weight"}, "no column is called 'weight' in mixed_a.csv or mixed_b.csv"),
        ({"groups": "ww"}, "no column is called 'ww'"),
        ({"measured": ("age", "hour")}, "mixed_a.csv has no column 'hour'. Did you mean"),
        ({"measured": ("age", "age")}, "named twice"),
        ({"measured": ("age", "w"), "weights": "w"}, "name it once"),
        ({"weights": "w", "groups": "w"}, "name it once"),
    ],
)
def test_wrong_names_are_refused(options, message):
    with pytest.raises(WganError, match=message):
        read_pair("mixed_a.csv", "mixed_b.csv", columns=Columns(**options))


def test_identifiers_cannot_be_measured():
    frame = pd.DataFrame({"key": [f"k{i * i:x}" for i in range(300)], "job": ["a", "b"] * 150})
    frame.to_csv("keys.csv", index=False)
    with pytest.raises(WganError, match="2 columns of --columns hold identifiers"):
        read_pair("keys.csv", "keys.csv", columns=Columns(("key", "job")))


def test_what_has_no_columns_is_refused_with_a_remedy():
    np.save("p.npy", np.zeros((4, 2)) + np.arange(4)[:, None])
    with pytest.raises(WganError, match=r"p.npy: has no column names, and --weights takes"):
        read_pair("p.npy", "p.npy", columns=Columns((), "w"))
    with pytest.raises(WganError, match="digits: has no column names, and --columns, --groups"):
        read_pair("digits", "digits", columns=Columns(("a",), None, "b"))


def test_the_diameter_of_ranges_is_that_of_their_box():
    ranges = {"b": (0.0, 4.0), "a": (-1.0, 2.0)}
    corners = np.array([[-1.0, 0.0], [2.0, 4.0]])
    found = diameter_of(ranges, ["a", "b"], "data coordinates", {"x": corners})
    assert found == np.linalg.norm(corners[0] - corners[1]) == 5.0


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"a": (0, 1)}, "--range is missing for b"),
        ({"a": (0, 1), "b": (0, 1), "c": (0, 1)}, "no measured column is 'c'"),
        ({"a": (0, 1), "b": (1, 1)}, "finite and rising"),
        ({"a": (0, 1), "b": (0, float("inf"))}, "finite and rising"),
        ({"a": (0, 1), "b": (0, 0.5)}, "side: 'b' is 0.75, outside of its --range 0:0.5"),
    ],
)
def test_ranges_that_bound_nothing_are_refused(ranges, message):
    with pytest.raises(WganError, match=message):
        diameter_of(ranges, ["a", "b"], "data coordinates", {"side": np.array([[0.5, 0.75]])})
    with pytest.raises(WganError, match="these samples are coded columns"):
        diameter_of(ranges, (), "coded columns", {})
