"""Tables in Excel's files: read as a text of the same table would be, written, or refused."""

import datetime as dt
import importlib.util
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from short_runs import wgan

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables import excel
from wgan.data.tables.frames import from_frame, read_frame, write_frame

openpyxl = pytest.importorskip("openpyxl")
ROWS = 60


def written(path, rows, sheets=("first",), change=None):
    """Write rows to each of some sheets; return the path."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in sheets:
        cells = book.create_sheet(name)
        for row in rows:
            cells.append(row)
    if change:
        change(book.worksheets[0])
    book.save(path)
    return path


def table(value):
    """Return rows of a column x of these values beside a column y of numbers."""
    return [["x", "y"], *([value(i), i / 4] for i in range(ROWS))]


KINDS = {
    "whole": (lambda i: i % 9, "int64", "numeric"),
    "fractions": (lambda i: i / 8, "float64", "numeric"),
    "gaps": (lambda i: None if i % 5 == 0 else i, "float64", "numeric"),
    "booleans": (lambda i: i % 2 == 0, "bool", "boolean"),
    "days": (lambda i: dt.date(2024, 1, 1 + i % 28), "datetime64[us]", "datetime"),
    "times": (lambda i: dt.datetime(2024, 1, 1, i % 24, i), "datetime64[us]", "datetime"),
    "clock": (lambda i: dt.time(i % 24, i), "str", "datetime"),
    "names": (lambda i: ["Ä", "b", None][i % 3], "str", "category"),
    "codes": (lambda i: f"{i % 7:03d}", "str", "category"),
    "numbers beside texts": (lambda i: ["3+", 1, 2.0][i % 3], "str", "category"),
    "not available": (lambda i: "#N/A" if i % 4 == 0 else i, "float64", "numeric"),
    "question marks": (lambda i: "?" if i % 4 == 0 else i / 2, "float64", "numeric"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore:.*read as missing")
def test_cells_are_values_of_one_type(tmp_path, name):
    value, dtype, kind = KINDS[name]
    path = written(tmp_path / "t.xlsx", table(value))
    frame = read_frame(path)
    assert str(frame["x"].dtype) == dtype
    column = load(path).codec.columns[0]
    assert column.kind == kind
    absent = [value(i) in (None, "#N/A", "?") for i in range(ROWS)]
    assert frame["x"].isna().tolist() == absent
    if name == "numbers beside texts":
        assert set(column.levels) == {"1", "2", "3+"}


def test_texts_for_missing_are_noted_and_a_schema_keeps_them(tmp_path):
    path = written(tmp_path / "t.xlsx", table(lambda i: ["NA", "DE", "US"][i % 3]))
    with pytest.warns(UserWarning, match="read as missing: column 'x' 'NA' 20 times"):
        load(path)
    (tmp_path / "s.toml").write_text("[columns.x]\nmissing = []\n")
    data = load(path, schema=str(tmp_path / "s.toml"))
    assert set(data.codec.columns[0].levels) == {"NA", "DE", "US"}


def test_a_sheet_is_named_or_the_first(tmp_path, capsys):
    path = written(tmp_path / "t.xlsx", table(lambda i: i), ("first", "second"))
    book = openpyxl.load_workbook(path)
    book["second"]["A2"] = 1000
    book.save(path)
    with pytest.warns(UserWarning, match=r"sheet 'first' is read, the first of 2; data.key names"):
        assert load(path).rows[0, 0] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(path, key="second").rows[0, 0] == 1000
    with pytest.raises(WganError, match=r"no sheet is called 'secnd'. Did you mean 'second'"):
        load(path, key="secnd")
    assert wgan(f"data {path} --key second") == 0
    second = capsys.readouterr().out
    assert wgan(f"data {path} --key first") == 0
    assert capsys.readouterr().out != second


def set_cells(**values):
    def change(cells):
        for place, value in values.items():
            cells[place] = value

    return change


def titled(cells):
    cells.insert_rows(1)
    cells["A1"] = "Sales of the year"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda cells: cells.merge_cells("A3:B4"),
            "sheet 'first': cells A3:B4 are merged: unmerge",
        ),
        (titled, "column B has no name in row 1: give it one, or delete what stands above"),
        (set_cells(A5="=1+1"), "cell A5 holds a formula without its value: open the file"),
        (set_cells(A5="#DIV/0!"), "cell A5 holds the error #DIV/0!: fix or empty it"),
        (set_cells(B1=2019), "cell B1 holds 2019, and a table begins with the names"),
        (set_cells(B1="x"), "2 columns are called 'x': rename all but one"),
        (set_cells(C7=3), "column C has no name in row 1"),
        (set_cells(A9="oops"), "column 'x', row 8: 'oops' is not a number, and most others are"),
        (lambda cells: cells.delete_rows(1, 99), "sheet 'first' is empty"),
    ],
)
def test_what_is_more_than_a_table_is_refused(tmp_path, change, words):
    path = written(tmp_path / "t.xlsx", table(lambda i: i / 2), change=change)
    with pytest.raises(WganError, match=words) as error:
        load(path)
    assert str(error.value).startswith(str(path))


def test_empty_rows_and_columns_around_a_table_are_passed_over(tmp_path):
    def shifted(cells):
        cells.insert_rows(1, 2)
        cells.insert_cols(1)

    path = written(tmp_path / "t.xlsx", table(lambda i: i), change=shifted)
    assert read_frame(path).shape == (ROWS, 2)


def test_damaged_files_and_a_missing_library_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK no")
    with pytest.raises(WganError, match=r"t.xlsx: not a readable Excel file .*save it again"):
        load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(WganError, match="not a readable Excel file"):
        load(path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(excel, "find_spec", lambda name: None)
    with pytest.raises(WganError, match=r"need openpyxl: pip install 'wgan\[excel\]'"):
        load(path)


def test_samples_are_written_and_read_again(tmp_path, mixed):
    frame = mixed(80).assign(text=["=1+1", "#N/A ", "ä", "007"] * 20)
    zoned = [name for name, c in frame.items() if isinstance(c.dtype, pd.DatetimeTZDtype)]
    frame = frame.drop(columns=zoned)
    codec = from_frame(frame).codec
    write_frame(frame, codec, tmp_path / "t.xlsx")
    again = read_frame(tmp_path / "t.xlsx", codec)
    # The file holds 16 digits of a number.
    np.testing.assert_allclose(codec.matrix(again), codec.matrix(frame), rtol=1e-15, atol=0)
    assert again["text"].tolist() == frame["text"].tolist(), "no formulas"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (pd.Timestamp("2024-01-01", tz="UTC"), "column 'x' has times with a zone, which Excel"),
        ("a\x01b", "hold no control characters: write a .csv or .parquet"),
    ],
)
def test_what_excel_cannot_hold_is_refused_and_leaves_no_file(tmp_path, value, words):
    frame = pd.DataFrame({"x": [value] * 20, "y": np.arange(20.0)})
    with pytest.raises(WganError, match=words):
        write_frame(frame, from_frame(frame).codec, tmp_path / "t.xlsx")
    assert not list(tmp_path.iterdir())


def test_more_rows_than_a_sheet_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(excel, "MOST_ROWS", 20)
    frame = pd.DataFrame({"y": np.arange(20.0)})
    with pytest.raises(WganError, match="20 rows, and a sheet has 20 with the names"):
        write_frame(frame, from_frame(frame).codec, tmp_path / "t.xlsx")


def test_other_spreadsheets_are_refused_wherever_a_table_is_given(tmp_path, mixed, capsys):
    mixed(300)[["age", "size"]].to_csv("t.csv", index=False)
    assert wgan("train t.csv --out r --steps 2 --quiet --set network.width=8") == 0
    for ending in ("ods", "XLS", "fods"):
        path = tmp_path / f"t.{ending}"
        path.write_bytes(b"PK")
        commands = ("data {}", "train {}", "evaluate r --test {}", "sample r --complete {}")
        for command in commands:
            capsys.readouterr()
            assert wgan(command.format(path)) == 2
            (said,) = capsys.readouterr().err.splitlines()
            assert said == (
                f"wgan: error: {path}: spreadsheets are read as .xlsx alone: open it and save the"
                " sheet as .xlsx or .csv"
            )
        with pytest.raises(WganError, match=r"save the sheet as \.xlsx or \.csv"):
            load(path)
