"""Tables in the sheets of Excel's files, read and written by openpyxl."""

import datetime as dt
import warnings
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from wgan.base.errors import WganError, did_you_mean
from wgan.base.files import check_regular, replaced
from wgan.data.dataset import MOST_EXACT
from wgan.data.tables.series import spelled
from wgan.data.tables.text import Hint, Hints, Seen, check_seen

ENDING = ".xlsx"
OTHER_SPREADSHEETS = (".ods", ".fods", ".xls", ".xlsb", ".xlsm", ".numbers")
"""Endings of spreadsheets that are not read: openpyxl knows .xlsm alone, which also
holds programs.
"""
MOST_ROWS = 2**20
"""Rows of a sheet: Excel opens no more."""
NOT_AVAILABLE = "#N/A"
"""The error value by which people say that there is none."""


def read_excel(path: Path, sheet: str | None = None, hints: Hints | None = None) -> pd.DataFrame:
    """Return the table in a sheet, whose first row that is not empty holds the names.

    Dates are times. If there are texts among numbers, all are text, as in a text file. Empty rows
    are skipped, and texts that stand for a missing value are counted in a note.

    Args:
        path: the file.
        sheet: the name of the sheet; None: the first.
        hints: what is known beforehand about columns.

    Raises:
        WganError: no openpyxl, a damaged file, no such sheet, or one that holds more than a table:
            merged cells, a title, errors, or formulas without values.
    """
    _need_openpyxl(path)
    check_regular(path)
    cells = _cells(path, sheet)
    rows = [row for row in cells.iter_rows() if any(cell.value is not None for cell in row)]
    where = f"{path}: sheet '{cells.title}'"
    if not rows:
        raise WganError(f"{where} is empty: name another with data.key, or write a table there")
    if cells.merged_cells.ranges:
        merged = sorted(map(str, cells.merged_cells.ranges))[0]
        raise WganError(f"{where}: cells {merged} are merged: unmerge them, and fill each")
    _refuse_formulas(path, cells, rows, where)
    used = [i for i in range(len(rows[0])) if any(row[i].value is not None for row in rows)]
    names = [_name(rows[0][i], where) for i in used]
    for name in names:
        if names.count(name) > 1:
            raise WganError(
                f"{where}: {names.count(name)} columns are called '{name}': rename all but one"
            )
    hints = hints or {}
    seen = {name: Seen(hints.get(name, Hint())) for name in names}
    columns = {}
    for name, i in zip(names, used, strict=True):
        values = [_value(row[i], where) for row in rows[1:]]
        columns[name] = _column(values, seen[name])
    check_seen(path, seen)
    return pd.DataFrame(columns)


def refuse_other_spreadsheets(path: Path) -> None:
    """Refuse a spreadsheet of another form, by its ending.

    Args:
        path: a file or folder.

    Raises:
        WganError: it is one.
    """
    if path.suffix.lower() in OTHER_SPREADSHEETS:
        raise WganError(
            f"{path}: spreadsheets are read as .xlsx alone: open it and save the sheet as .xlsx or"
            " .csv"
        )


def sheets_of(path: Path) -> list[str]:
    """Return the names of the sheets of an `.xlsx` file.

    Args:
        path: the file.

    Raises:
        WganError: no openpyxl, or a damaged file.
    """
    _need_openpyxl(path)
    check_regular(path)
    return [each.title for each in _book(path, data_only=True).worksheets]


def _cells(path: Path, sheet: str | None) -> Any:
    """Return a sheet with the values of its formulas."""
    book = _book(path, data_only=True)
    names = [each.title for each in book.worksheets]
    if sheet is not None and sheet not in names:
        raise WganError(f"{path}: no sheet is called '{sheet}'. {did_you_mean(sheet, names)}")
    if not names:
        raise WganError(f"{path}: has no sheet of cells: save a table in one")
    if sheet is None and len(names) > 1:
        warnings.warn(
            f"{path}: sheet '{names[0]}' is read, the first of {len(names)}; data.key names"
            " another",
            stacklevel=2,
        )
    return book[names[0] if sheet is None else sheet]


def _book(path: Path, data_only: bool) -> Any:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings(action="ignore"):  # about styles, which are not read
            return load_workbook(path, data_only=data_only)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, EOFError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise WganError(
            f"{path}: not a readable Excel file ({error}): save it again as .xlsx"
        ) from None


def _refuse_formulas(path: Path, cells: Any, rows: Sequence[Any], where: str) -> None:
    """Refuse a formula whose value the file does not hold, as programs leave it."""
    if all(cell.value is not None for row in rows for cell in row):
        return
    formulas = _book(path, data_only=False)[cells.title]
    for row in formulas.iter_rows():
        for cell in row:
            if cell.data_type == "f" and cells[cell.coordinate].value is None:
                raise WganError(
                    f"{where}: cell {cell.coordinate} holds a formula without its value: open the"
                    " file in a spreadsheet program and save it, or paste values"
                )


def _name(cell: Any, where: str) -> str:
    """Return the name of a column."""
    if isinstance(cell.value, str) and cell.value.strip():
        return cell.value.strip()
    if cell.value is None:
        raise WganError(
            f"{where}: column {cell.column_letter} has no name in row {cell.row}: give it one, or"
            " delete what stands above the row of names, such as a title"
        )
    raise WganError(
        f"{where}: cell {cell.coordinate} holds {cell.value}, and a table begins with the names of"
        f" its columns: if it is a name, write it as y{cell.value}"
    )


def _value(cell: Any, where: str) -> Any:
    """Return the value of a cell."""
    value = cell.value
    if cell.data_type == "e" and value != NOT_AVAILABLE:
        raise WganError(f"{where}: cell {cell.coordinate} holds the error {value}: fix or empty it")
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time())
    return value.isoformat() if isinstance(value, dt.time) else value


def _column(values: list[Any], seen: Seen) -> pd.Series:
    """Return the values of a column, all of one type: texts where any is one."""
    missing = {*seen.hint.missing}
    texts = pd.Series([value for value in values if isinstance(value, str)], dtype="str")
    seen.add(texts, plain=True)
    kept = [None if isinstance(value, str) and value in missing else value for value in values]
    types = {type(value) for value in kept if value is not None}
    if str in types or seen.hint.as_text or len(types - {int, float}) > 1:
        return pd.Series([None if x is None else spelled(x) for x in kept], dtype="str")
    if types == {dt.datetime}:
        return pd.Series(pd.to_datetime(pd.Series(kept, dtype=object)).astype("datetime64[us]"))
    if types == {bool} and None not in kept:
        return pd.Series(kept, dtype="bool")
    if types <= {int, float}:
        whole = types == {int} and None not in kept
        if whole and all(abs(int(value)) < MOST_EXACT for value in kept if value is not None):
            return pd.Series(kept, dtype="int64")
        return pd.Series(kept, dtype="float64")
    return pd.Series(kept, dtype=object)


def write_excel(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as the one sheet of an Excel file, whole or not at all.

    Texts stay texts, also those that begin with `=`.

    Args:
        frame: the table.
        path: the file.

    Raises:
        WganError: no openpyxl, more rows than a sheet has, times with a zone, or characters that
            Excel's files cannot hold.
    """
    _need_openpyxl(path)
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    if len(frame) >= MOST_ROWS:
        raise WganError(
            f"{path}: {len(frame)} rows, and a sheet has {MOST_ROWS} with the names: write a .csv"
            " or .parquet"
        )
    for name, column in frame.items():
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            raise WganError(
                f"{path}: column '{name}' has times with a zone, which Excel lacks: write a .csv or"
                " .parquet"
            )
    book = Workbook(write_only=True)
    cells = book.create_sheet("samples")

    def cell(value: Any) -> Any:
        if isinstance(value, str):
            made = WriteOnlyCell(cells, value)
            made.data_type = "s"  # "=1" is no formula, and "#N/A" no error
            return made
        return value

    columns = [[None if pd.isna(x) else x for x in frame[name].astype(object)] for name in frame]
    try:
        cells.append([cell(str(name)) for name in frame.columns])
        for row in zip(*columns, strict=True):
            cells.append([cell(value) for value in row])
    except IllegalCharacterError as error:
        raise WganError(
            f"{path}: {error}: Excel's files hold no control characters: write a .csv or .parquet"
        ) from None
    with replaced(path) as target, target.open("wb") as file:
        book.save(file)


def _need_openpyxl(path: Path) -> None:
    if find_spec("openpyxl") is None:
        raise WganError(f"{path}: Excel's files need openpyxl: pip install 'wgan[excel]'")
