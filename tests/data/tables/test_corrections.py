"""Corrections of what was inferred: read from a file, and refused where they do not fit."""

import numpy as np
import pandas as pd
import pytest
from table_columns import back, column_of, kinds

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables.corrections import read_corrections, to_toml
from wgan.data.tables.frames import from_frame


def test_a_schema_corrects_what_was_inferred(tmp_path):
    frame = pd.DataFrame(
        {
            "zip": np.arange(300) % 60 * 100 + 10_000,
            "n": np.arange(300) % 70,
            "y": np.arange(300) % 2,
        }
    )
    (tmp_path / "s.toml").write_text(
        '[columns.zip]\nkind = "category"\n[columns.n]\nlow = -5\nhigh = 100\n'
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = load(tmp_path / "t.csv", schema=str(tmp_path / "s.toml"))
    assert column_of(data, "zip").kind == "category"
    assert column_of(data, "zip").levels[0] == "10000"
    assert column_of(data, "n").cells.lows[0] == -5
    assert column_of(data, "n").cells.highs[-1] == 100
    pd.testing.assert_frame_equal(back(data), frame)
    (tmp_path / "again.toml").write_text(to_toml(data.codec.columns))
    assert kinds(from_frame(frame, corrections=read_corrections(tmp_path / "again.toml"))) == kinds(
        data
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[columns.zap]\nkind = "category"', "the table has no column 'zap'.*Did you mean 'zip'"),
        ('[columns.zip]\nkind = "number"', "kind = 'number': choose one of"),
        ('[columns.zip]\nkind = "category"\nlow = 1', "a category column of numbers has no 'low'"),
        ("[columns.zip]\nlow = 99999", "beyond low"),
        ('[columns.name]\nkind = "numeric"', "column 'name', row 1: 'n0' is not a number"),
        ('[columns.name]\nkind = "datetime"', "is not a date"),
        ("columns = 3", r"write \[columns.NAME\]"),
        ("[columns.zip", "not valid TOML"),
    ],
)
def test_a_schema_that_disagrees_is_one_clear_error(tmp_path, text, words):
    frame = pd.DataFrame({"zip": np.arange(30) + 10_000, "name": [f"n{i % 5}" for i in range(30)]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(WganError, match=words):
        load(tmp_path / "t.csv", schema=str(tmp_path / "s.toml"))


@pytest.mark.parametrize(
    ("values", "given", "words"),
    [
        ([True, False] * 20, {"kind": "category"}, "does not fit booleans"),
        ([1.5, 2.5] * 20, {"kind": "identifier"}, "fractions cannot be identifiers"),
        ([1, 2] * 20, {"kind": "datetime"}, 'say format = "%Y%m%d", or epoch s'),
        ([1.5, 2.5] * 20, {"format": "0.#"}, "has no 'format'"),
        (["1,5", "2,5"] * 20, {"kind": "numeric", "format": "%d"}, "is not how numbers are"),
        (["1,5", "2,5"] * 20, {"missing": "1,5"}, "give the values that stand for a missing one"),
        ([True, False] * 20, {"missing": ["x"]}, "has no 'missing'"),
        (pd.Categorical([1, 2] * 20), {"kind": "numeric"}, "does not fit categories"),
        ([1.0, 2.0] * 20, {"step": -1}, "0 or more"),
        ([1.0, 2.0] * 20, {"low": -np.inf}, "give a finite number"),
        (pd.to_datetime(["2024-01-01", "2024-01-03"] * 20), {"format": "%d"}, "has no 'format'"),
        (
            ["2024-01-01", "2024-01-03"] * 20,
            {"kind": "datetime", "format": "%Q"},
            "is not how times are written",
        ),
    ],
)
def test_corrections_that_do_not_fit_are_refused(values, given, words):
    with pytest.raises(WganError, match=words):
        from_frame(pd.DataFrame({"x": values, "y": range(40)}), corrections={"x": given})


def test_a_schema_that_was_written_gives_the_same_columns_again(mixed, tmp_path):
    frame = mixed(1500)
    data = from_frame(frame, corrections={"age": {"low": 0, "high": 120}})
    text = to_toml(data.codec.columns)
    (tmp_path / "s.toml").write_text(text)
    assert (text.count("low"), text.count("high")) == (1, 1), "no end that is drawn in"
    assert load(frame, schema=str(tmp_path / "s.toml")).codec == data.codec
