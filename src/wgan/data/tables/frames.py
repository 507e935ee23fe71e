"""Table files and DataFrames: which files hold tables, and how they are read and written."""

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.progress import Progress, silent
from wgan.data.cache import file_digest
from wgan.data.dataset import MOST_EXACT, Dataset
from wgan.data.encodings import UTF_8
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.coded import infer_codec, ruled, table_dataset
from wgan.data.tables.content import begins_with_names
from wgan.data.tables.corrections import Corrections, read_corrections, read_rules
from wgan.data.tables.excel import ENDING as EXCEL
from wgan.data.tables.excel import read_excel, refuse_other_spreadsheets, sheets_of, write_excel
from wgan.data.tables.infer import is_utf8
from wgan.data.tables.large import from_large_text
from wgan.data.tables.parquet import ParquetTable, from_parquet, read_parquet, write_parquet
from wgan.data.tables.parquet_files import ENDING as PARQUET
from wgan.data.tables.parquet_files import is_parquet_folder
from wgan.data.tables.pieces import is_large
from wgan.data.tables.schema import Column
from wgan.data.tables.series import spelled, without, zone_of
from wgan.data.tables.spellings import MISSING
from wgan.data.tables.text import Hint, read_text

TEXTS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""Endings of texts of tables."""
OFFSET = r"(?:Z|[+-]\d\d:?\d\d)$"
"""End of a time with its distance from UTC, with a colon in it for times of day."""
ENDINGS = (*TEXTS, PARQUET, EXCEL)
"""Endings of files that tables are read from and written to."""


def is_table(path: Path, encoding: str = UTF_8) -> bool:
    """Return whether a file is a table by its name, and does not begin with numbers alone.

    Args:
        path: the file.
        encoding: how a text is encoded.

    Raises:
        WganError: an empty or damaged text file.
    """
    if not path.name.lower().endswith(ENDINGS):
        return False
    return not is_text(path) or begins_with_names(path, encoding)


def is_text(path: Path) -> bool:
    """Return whether a path is that of a text file, by its name."""
    return path.name.lower().endswith(TEXTS) and not path.is_dir()


def is_folder_of_a_table(folder: Path) -> bool:
    """Return whether a folder holds a table in Parquet files.

    Args:
        folder: the folder.

    Raises:
        WganError: a folder of texts of tables and nothing else, which is not read.
    """
    if is_parquet_folder(folder):
        return True
    count = 0
    for each in folder.iterdir():
        if not each.name.startswith("."):
            if not is_text(each):
                return False
            count += 1
    if count:
        raise WganError(
            f"{folder}: holds {count} texts of tables, and folders of .parquet alone are read:"
            " join them below one line of names, or save them as .parquet"
        )
    return False


def table_digest(path: Path) -> str:
    """Return a hash of the contents of a table's file, or of those of a folder of files.

    Raises:
        WganError: a folder that is not a table.
    """
    if not path.is_dir():
        return file_digest(path)
    with warnings.catch_warnings(action="ignore"):  # on files passed over, as reading said
        return ParquetTable(path).digest()


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == PARQUET or path.is_dir()


def _is_excel(path: Path) -> bool:
    return path.suffix.lower() == EXCEL


def from_frame(
    frame: pd.DataFrame,
    name: str = "<table>",
    corrections: Corrections | None = None,
    progress: Progress = silent,
    rules: Sequence[Mapping[str, Any]] = (),
) -> Dataset:
    """Return the data set of a table in memory.

    Args:
        frame: the table.
        name: what messages call it.
        corrections: as in `infer`.
        progress: listener, called where there is much to read.
        rules: as in `with_rules`.

    Raises:
        WganError: a table that nothing can be learned from, or corrections or rules that do not fit
            it.
    """
    if not isinstance(frame.columns, pd.Index) or frame.columns.nlevels > 1:
        raise WganError(f"{name}: columns of several levels: give each one name")
    for column in map(str, frame.columns):
        if not is_utf8(column):
            raise WganError(
                f"{name}: {column!a} is not a name that UTF-8 can hold: rename the column"
            )
    frame = frame.rename(columns=str)
    names = list(frame.columns)
    try:
        coded: list[np.ndarray] = []
        codec = infer_codec(
            names, len(frame), lambda i: frame.iloc[:, i], corrections, progress, coded.append
        )
        return ruled(table_dataset(name, codec, np.stack(coded, axis=1)), rules)
    except WganError as error:
        raise WganError(f"{name}: {error}") from None


def from_file(
    path: Path,
    schema: Path | None = None,
    progress: Progress = silent,
    encoding: str = UTF_8,
    sheet: str | None = None,
) -> Dataset:
    """Return the data set of a file of one of `ENDINGS`, or of a folder of `.parquet` files.

    Args:
        path: the file or folder.
        schema: a TOML file of corrections.
        progress: listener, called where there is much to read.
        encoding: how a text is encoded.
        sheet: the sheet of an `.xlsx`; None: the first.

    Raises:
        WganError: a file that is not a table, or a schema that does not fit it.
    """
    corrections = read_corrections(schema) if schema else None
    rules = read_rules(schema) if schema else []
    hints = {name: _hint(given) for name, given in (corrections or {}).items()}
    if _is_parquet(path):
        return _ruled(from_parquet(path, corrections, progress), rules)
    if _is_excel(path):
        frame = read_excel(path, sheet, hints)
    elif is_large(path):
        return _ruled(from_large_text(path, corrections, hints, encoding, progress), rules)
    else:
        frame = read_text(path, hints, encoding)
    return from_frame(frame, str(path), corrections, progress, rules)


def _ruled(dataset: Dataset, rules: Sequence[Mapping[str, Any]]) -> Dataset:
    try:
        return ruled(dataset, rules)
    except WganError as error:
        raise WganError(f"{dataset.name}: {error}") from None


def _hint(corrections: Mapping[str, Any]) -> Hint:
    """Return the hint of a schema for reading a column of a text file."""
    missing = corrections.get("missing")
    # A schema that is wrong there is refused where all of it is checked.
    if not isinstance(missing, list):
        return Hint("format" in corrections)
    given = list(map(spelled, missing))
    return Hint("format" in corrections, given, given)


def read_frame(
    path: Path,
    codec: TableCodec | None = None,
    encoding: str = UTF_8,
    sheet: str | None = None,
) -> pd.DataFrame:
    """Return the table in a file, or in a folder of `.parquet` files.

    Args:
        path: the file.
        codec: the codec of a table with the same columns, which says how they are spelled; None:
            that is inferred.
        encoding: how a text is encoded.
        sheet: the sheet of an `.xlsx` that is read if it has one of that name; else the first.

    Raises:
        WganError: a file or folder that is not a table; the message names the line.
    """
    refuse_other_spreadsheets(path)
    if path.is_dir() and not is_folder_of_a_table(path):
        raise WganError(f"{path}: no table lies in this folder: give one of .parquet files")
    if _is_parquet(path):
        return read_parquet(path)
    hints = {column.name: _hint_of(column) for column in (codec.columns if codec else ())}
    if _is_excel(path):
        frame = read_excel(path, sheet if sheet in sheets_of(path) else None, hints)
    else:
        frame = read_text(path, hints, encoding)
    for column in codec.learned if codec else ():
        if column.name in frame and column.kind == "datetime" and not column.format:
            frame[column.name] = _as_times(frame[column.name], column)
    return frame


def _as_times(series: pd.Series, column: Column) -> pd.Series:
    """Return texts as the times that `write_frame` spells so; others stay as they are.

    Args:
        series: the column.
        column: what it holds.

    Raises:
        WganError: a text that is no such time.
    """
    series = without(series, column.absent)
    there = series[series.notna()]
    if hasattr(series, "dt") or not there.map(lambda value: isinstance(value, str)).all():
        return series
    zone = zone_of(column)
    # Times of one zone differ in their distance from UTC, where clocks change.
    aware = there.str.contains(OFFSET).all() and zone is not None
    times = pd.to_datetime(series, format="ISO8601", errors="coerce", utc=aware)
    wrong = (times.isna() & series.notna()).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise WganError(
            f"column '{column.name}', row {row + 1}: {series.iloc[row]!r} is not a time, such as"
            " 2024-01-31 10:00:00: fix it"
        )
    return times


def _hint_of(column: Column) -> Hint:
    """Return how a column of a text file is read that is known from another table."""
    kept = [text for text in MISSING if text not in column.levels]
    text = pd.api.types.is_string_dtype(column.dtype) or column.dtype == "object"
    return Hint(text and column.kind != "boolean", [*kept, *column.absent], column.absent)


def write_frame(frame: pd.DataFrame, codec: TableCodec, path: Path) -> None:
    """Write a table as `.csv` or `.tsv`, plain or `.gz`, as `.parquet` or `.xlsx`.

    The file is written whole or not at all.

    Text is in UTF-8, however the data were encoded. In text, whole numbers with gaps stay whole,
    which pandas holds as floats.

    Args:
        frame: the table.
        codec: its codec.
        path: the file; its ending is one of `ENDINGS`.

    Raises:
        WganError: no pyarrow for a `.parquet` file, or as `write_excel`.
    """
    if _is_parquet(path):
        write_parquet(frame, path)
        return
    if _is_excel(path):
        write_excel(frame, path)
        return
    name = path.name.lower()
    separator = "\t" if name.removesuffix(".gz").endswith(".tsv") else ","
    compression = "gzip" if name.endswith(".gz") else None
    with replaced(path) as target:
        _whole(frame, codec.columns).to_csv(
            target, index=False, sep=separator, compression=compression
        )


def fields_of(series: pd.Series, column: Column) -> pd.Series:
    """Return the fields of a column as `write_frame` spells them in text.

    Args:
        series: the column.
        column: what it holds.
    """
    frame = _whole(series.to_frame(column.name), [column])
    text = io.StringIO(frame.to_csv(index=False))
    return pd.read_csv(text, dtype="str", na_filter=False, skip_blank_lines=False)[column.name]


def _whole(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Return a table in which columns of whole numbers with gaps are not floats."""
    floats = [
        column.name
        for column in columns
        if column.kind == "numeric" and _is_whole(column.step) and column.dtype.startswith("float")
    ]
    whole = [name for name in floats if _holds_whole(frame[name])]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _holds_whole(series: pd.Series) -> bool:
    """Return whether a column holds whole numbers that a double tells apart."""
    if not pd.api.types.is_float_dtype(series.dtype):
        return False
    present = series.dropna()
    return bool((present.abs() < MOST_EXACT).all() and (present % 1 == 0).all())


def _is_whole(step: float) -> bool:
    return step >= 1 and step % 1 == 0
