"""Table files and DataFrames: which files hold tables, and how they are read and written."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.progress import Progress, silent
from wgan.data.dataset import MOST_EXACT, Dataset
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.coded import infer_codec, table_dataset
from wgan.data.tables.content import begins_with_names
from wgan.data.tables.corrections import Corrections, read_corrections, read_rules
from wgan.data.tables.infer import is_utf8
from wgan.data.tables.parquet import from_parquet, read_parquet, write_parquet
from wgan.data.tables.schema import Column
from wgan.data.tables.series import spelled
from wgan.data.tables.spellings import MISSING
from wgan.data.tables.text import Hint, read_text

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
"""Endings of files that tables are read from and written to."""


def is_table(path: Path) -> bool:
    """Return whether a file is a table by its name, and does not begin with numbers alone.

    Raises:
        WganError: an empty or damaged text file.
    """
    if not path.name.lower().endswith(ENDINGS):
        return False
    return _is_parquet(path) or begins_with_names(path)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


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
            raise WganError(f"{name}: {column!a} is no name that UTF-8 can hold: rename the column")
    frame = frame.rename(columns=str)
    names = list(frame.columns)
    try:
        codec = infer_codec(names, len(frame), lambda i: frame.iloc[:, i], corrections, progress)
        return table_dataset(name, codec, codec.matrix(frame), rules)
    except WganError as error:
        raise WganError(f"{name}: {error}") from None


def from_file(path: Path, schema: Path | None = None, progress: Progress = silent) -> Dataset:
    """Return the data set of a `.csv` or `.tsv` file, plain or `.gz`, or of a `.parquet` file.

    Args:
        path: the file.
        schema: a TOML file of corrections.
        progress: listener, called where there is much to read.

    Raises:
        WganError: a file that is no table, or a schema that does not fit it.
    """
    corrections = read_corrections(schema) if schema else None
    rules = read_rules(schema) if schema else []
    if _is_parquet(path):
        return from_parquet(path, corrections, progress, rules)
    hints = {name: _hint(given) for name, given in (corrections or {}).items()}
    return from_frame(read_text(path, hints), str(path), corrections, progress, rules)


def _hint(corrections: Mapping[str, Any]) -> Hint:
    """Return what a schema says about how a column of a text file is read."""
    missing = corrections.get("missing")
    # A schema that is wrong there is refused where all of it is checked.
    if not isinstance(missing, list):
        return Hint("format" in corrections)
    given = list(map(spelled, missing))
    return Hint("format" in corrections, given, given)


def read_frame(path: Path, codec: TableCodec | None = None) -> pd.DataFrame:
    """Return the table in a file.

    Args:
        path: the file.
        codec: the codec of a table with the same columns, which says how they are spelled; None:
            that is inferred.

    Raises:
        WganError: a file that is no table; the message names the line.
    """
    if _is_parquet(path):
        return read_parquet(path)
    columns = codec.columns if codec else ()
    return read_text(path, {column.name: _hint_of(column) for column in columns})


def _hint_of(column: Column) -> Hint:
    """Return how a column of a text file is read that is known from another table."""
    kept = [text for text in MISSING if text not in column.levels]
    text = pd.api.types.is_string_dtype(column.dtype) or column.dtype == "object"
    return Hint(text and column.kind != "boolean", [*kept, *column.absent], column.absent)


def write_frame(frame: pd.DataFrame, codec: TableCodec, path: Path) -> None:
    """Write a table as `.csv` or `.tsv`, plain or `.gz`, or as `.parquet`, whole or not at all.

    In text, whole numbers with gaps stay whole, which pandas holds as floats.

    Args:
        frame: the table.
        codec: its codec.
        path: the file; its ending is one of `ENDINGS`.

    Raises:
        WganError: no pyarrow for a `.parquet` file.
    """
    if _is_parquet(path):
        write_parquet(frame, path)
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


def is_text(path: Path) -> bool:
    """Return whether a table's file is text, by its name."""
    return not _is_parquet(path)


def _whole(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Return a table in which columns of whole numbers with gaps are no floats."""
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
