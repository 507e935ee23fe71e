"""Text files of tables: names made of digits, texts that are read as missing, separators told."""

import warnings

import numpy as np
import pandas as pd
import pytest
from table_columns import back, column_of, kinds

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables.frames import read_frame, write_frame

RANDOM = np.random.default_rng(0)


def written(path, values, separator=","):
    """Write a column x of these values beside a column y of three classes; return the path."""
    lines = [f"{value}{separator}{i % 3}\n" for i, value in enumerate(values)]
    path.write_text(f"x{separator}y\n" + "".join(lines))
    return path


def schema(path, text):
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("values", "kind", "new"),
    [
        ([f"{k * 331 % 98000 + 1001:05d}" for k in range(300)], "identifier", None),
        (["02134", "10001", "94110", "60601"] * 75, "category", None),
        ([f"+49{k * 7919 + 10**9}" for k in range(300)], "identifier", "+491002367782"),
        (["+4912345", "4912346", "+4912347"] * 100, "category", None),
        ([10**18 + 7 * k for k in range(300)], "identifier", "1000000000000002094"),
        ([10**18 + 7 * k if k % 9 else "" for k in range(300)], "identifier", 10**18 + 2094),
        ([10**20 + 7 * k for k in range(300)], "identifier", "100000000000000002094"),
        ([2**63 - 300 + k for k in range(300)], "identifier", str(2**63)),
    ],
)
def test_digits_that_a_number_does_not_give_back_are_names(tmp_path, values, kind, new):
    path = written(tmp_path / "t.csv", values)
    assert read_frame(path)["x"].dropna().tolist() == [str(v) for v in values if v != ""]
    data = load(path)
    assert column_of(data, "x").kind == kind
    again = back(data)["x"]
    if kind == "category":
        assert again.tolist() == values
    elif new is not None:
        assert again[0] == str(new)


def test_zip_codes_of_which_one_in_eight_begins_with_zero_are_names(tmp_path):
    codes = [f"{k:05d}" for k in RANDOM.integers(1000, 99999, 400)]
    codes[::8] = [f"0{k}" for k in RANDOM.integers(1000, 9999, 50)]
    assert kinds(load(written(tmp_path / "t.csv", codes * 2)))["x"] == "category"


def test_signed_numbers_are_no_names(tmp_path):
    data = load(written(tmp_path / "t.csv", [f"{x:+.1f}" for x in RANDOM.normal(size=200)]))
    assert kinds(data)["x"] == "numeric"


def test_texts_read_as_missing_are_counted_in_a_note_and_a_schema_keeps_them(tmp_path):
    path = written(tmp_path / "t.csv", ["NA", "DE", "None", "US", ""] * 30)
    with pytest.warns(UserWarning, match=r"read as missing: column 'x' 'NA' 30 times, 'None' 30"):
        data = load(path)
    assert column_of(data, "x").levels == ("DE", "US")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = load(path, schema=schema(tmp_path / "s.toml", "[columns.x]\nmissing = []\n"))
        some = schema(tmp_path / "n.toml", '[columns.x]\nmissing = ["None"]\n')
        assert column_of(load(path, schema=some), "x").levels == ("DE", "NA", "US")
    assert column_of(kept, "x").levels == ("DE", "NA", "None", "US")
    assert column_of(kept, "x").missing, "an empty field is always missing"
    assert "missing = []" in kept.codec.schema()
    again = load(path, schema=schema(tmp_path / "a.toml", kept.codec.schema()))
    assert again.codec == kept.codec
    assert read_frame(path, kept.codec)["x"].tolist()[:3] == ["NA", "DE", "None"]


def test_a_code_for_missing_numbers_may_be_declared(tmp_path):
    path = written(tmp_path / "t.csv", [-999, 5, 7, 8, 9] * 40)
    data = load(path, schema=schema(tmp_path / "s.toml", "[columns.x]\nmissing = [-999]\n"))
    assert column_of(data, "x").missing
    assert np.nanmin(data.rows[:, 0]) == 5


def test_an_empty_column_and_one_without_gaps_are_not_noted(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(written(tmp_path / "t.csv", ["", "1.5", "2.5"] * 20))


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_names_the_separator_is_read_and_counted(tmp_path, first, end):
    rows = ["a;b", *(f"{i},5;x{i % 3}" for i in range(30))]
    (tmp_path / "t.csv").write_bytes(end.join([first, *rows, ""]).encode())
    assert read_frame(tmp_path / "t.csv").shape == (30, 2)
    (tmp_path / "t.csv").write_bytes(end.join([first, *rows[:3], "1;2;3", ""]).encode())
    with pytest.raises(WganError, match=r"line 5 has 3 fields, and line 2 2"):
        load(tmp_path / "t.csv")


def test_old_line_ends_and_capital_endings_are_read(tmp_path):
    text = "a,b\n" + "".join(f"{i},x{i % 3}\n" for i in range(30))
    (tmp_path / "t.CSV").write_bytes(text.replace("\n", "\r").encode())
    assert load(tmp_path / "t.CSV").rows.shape == (30, 2)
    (tmp_path / "t.TSV").write_text(text.replace(",", "\t"))
    assert load(tmp_path / "t.TSV").rows.shape == (30, 2)


def test_points_beside_decimal_commas_may_group_thousands(tmp_path):
    rows = "".join(f"{i + 100}.{i + 200};{i},5\n" for i in range(40))
    (tmp_path / "t.csv").write_text("a;b\n" + rows)
    with pytest.raises(WganError, match=r"column 'a' holds 100.200.*format = \"#.##0\""):
        load(tmp_path / "t.csv")
    given = schema(tmp_path / "s.toml", '[columns.a]\nformat = "#.##0"\n')
    data = load(tmp_path / "t.csv", schema=given)
    assert data.rows[0].tolist() == [100200, 0.5]
    assert back(data)["a"][0] == "100.200"


def test_a_number_among_the_names_says_what_to_write(tmp_path):
    (tmp_path / "t.csv").write_text("country,2019,2020\n" + "DE,1.5,2.5\nFR,2.5,1.5\n" * 20)
    with pytest.raises(WganError, match=r"holds the number 2019.*write it as y2019"):
        load(tmp_path / "t.csv")


def test_what_a_table_of_percentages_gives_back_can_be_read_again(tmp_path):
    values = [f"{x:.1f} %" for x in RANDOM.normal(50, 9, 200)]
    data = load(written(tmp_path / "t.csv", values))
    assert back(data)["x"].tolist() == values
    text = data.codec.schema()
    assert 'format = "0.0 %"' in text
    again = load(tmp_path / "t.csv", schema=schema(tmp_path / "s.toml", text))
    assert again.codec == data.codec
    pd.testing.assert_frame_equal(back(again), back(data))


def test_codes_beside_numbers_of_three_decimals_are_no_decimal_commas(tmp_path):
    lines = "".join(f"{k % 9:03d};{1 + k / 1000:.3f}\n" for k in range(150))
    (tmp_path / "t.csv").write_text("code;price\n" + lines)
    assert kinds(load(tmp_path / "t.csv")) == {"code": "category", "price": "numeric"}


def test_a_missing_code_among_categories_of_whole_numbers_is_none_of_them(tmp_path):
    frame = pd.DataFrame({"k": pd.Categorical([1, 2, -9] * 30), "y": np.arange(90.0)})
    (tmp_path / "s.toml").write_text("[columns.k]\nmissing = [-9]\n")
    column = column_of(load(frame, schema=str(tmp_path / "s.toml")), "k")
    assert (set(column.levels), column.missing) == ({"1", "2"}, True)


def test_numbers_in_steps_of_more_than_one_are_written_with_their_decimals(tmp_path):
    frame = pd.DataFrame({"x": np.arange(90) * 2.5, "y": np.arange(90.0)})
    (tmp_path / "s.toml").write_text("[columns.x]\nstep = 2.5\n")
    codec = load(frame, schema=str(tmp_path / "s.toml")).codec
    write_frame(frame, codec, tmp_path / "t.csv")
    assert np.array_equal(pd.read_csv(tmp_path / "t.csv").x, frame.x)


def test_a_file_that_another_table_explains_is_said_to_have_missing_values(tmp_path):
    path = tmp_path / "t.csv"
    values = ["n/a" if k % 4 == 0 else f"level {k % 3}" for k in range(80)]
    path.write_text("k,y\n" + "".join(f"{v},{i}\n" for i, v in enumerate(values)))
    with pytest.warns(UserWarning, match="'n/a' 20 times"):
        codec = load(path).codec
    with pytest.warns(UserWarning, match="'n/a' 20 times"):
        read_frame(path, codec)


def test_a_time_of_two_readings_is_noted_also_where_a_schema_names_the_kind(tmp_path):
    frame = pd.DataFrame({"t": [f"0{1 + k % 9}/0{1 + k % 7}/2024" for k in range(80)], "y": 1.5})
    text = '[columns.t]\nkind = "datetime"\n'
    with pytest.warns(UserWarning, match="fits as well"):
        load(frame.assign(y=np.arange(80.0)), schema=schema(tmp_path / "s.toml", text))
