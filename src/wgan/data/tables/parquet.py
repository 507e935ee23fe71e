"""Tables in Parquet files, read by pyarrow; large ones are coded row group by row group."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wgan.base.errors import WganError
from wgan.base.files import check_regular, replaced
from wgan.base.progress import Progress, silent, tracked
from wgan.data.cache import file_digest
from wgan.data.dataset import MOST_EXACT, Dataset
from wgan.data.tables import coded
from wgan.data.tables.coded import cached_dataset, infer_codec, table_dataset
from wgan.data.tables.corrections import Corrections
from wgan.data.tables.parquet_files import Part, parts_of

INDEX = "__index_level_"
"""Beginning of the name of a column that pandas wrote for an index without a name."""


def read_parquet(path: Path) -> pd.DataFrame:
    """Return the table in a Parquet file, or in a folder of them.

    Raises:
        WganError: no pyarrow, not a Parquet file, or files of different columns.
    """
    table = ParquetTable(path, with_index=True)
    return arrow_frame(table.read(table.names))


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as a Parquet file, whole or not at all.

    Raises:
        WganError: no pyarrow.
    """
    need_pyarrow(path)
    with replaced(path) as target:
        frame.to_parquet(target, index=False)


def from_parquet(
    path: Path, corrections: Corrections | None = None, progress: Progress = silent
) -> Dataset:
    """Return the data set of a Parquet file, or of a folder of them.

    Each column is inferred by itself, so that memory holds one column and one row group at a time.

    Args:
        path: the file or folder.
        corrections: as in `infer`.
        progress: listener, called where the table is large.

    Raises:
        WganError: no pyarrow, not a Parquet file, files of different columns, or as `infer_codec`.
    """
    table = ParquetTable(path)
    with readable_parquet(path):
        try:
            codec = infer_codec(table.names, table.rows, table.series, corrections, progress)
            shape = (table.rows, len(codec.learned))
            large = shape[0] * shape[1] * np.dtype(codec.dtype).itemsize > coded.PIECEWISE_BYTES
            listener = progress if large else silent
            groups = tracked(table.groups(), "coding the table", table.count, listener)
            pieces = (codec.matrix(group) for group in groups)
            if not large:
                return table_dataset(str(path), codec, np.concatenate(list(pieces)))
            digest = sha256((table.digest() + repr(codec.reading)).encode()).hexdigest()
            return cached_dataset(str(path), codec, pieces, shape, digest)
        except UnreadableError:
            raise
        except WganError as error:
            raise WganError(f"{path}: {error}") from None


class UnreadableError(WganError):
    """The error of a damaged file, which names it already."""


class ParquetTable:
    """A table in Parquet files of the same columns.

    Args:
        path: a file, or a folder of them.
        with_index: whether an index without a name is a column.

    Attributes:
        names: the names of the columns; keys of folders are the last.
        rows: the number of rows.
        count: the number of row groups.

    Raises:
        WganError: no pyarrow, a damaged file, or one with other columns than the first.
    """

    def __init__(self, path: Path, with_index: bool = False) -> None:
        need_pyarrow(path)
        check_regular(path)
        self.path = path
        self.parts = parts_of(path)
        self.rows = 0
        self.count = 0
        fields: dict[str, str] = {}
        for part in self.parts:
            with opened_parquet(part.path) as file:
                own = {each.name: str(each.type) for each in file.schema_arrow}
                self.rows += file.metadata.num_rows
                self.count += file.num_row_groups
                names = file.schema_arrow.names
            if part is self.parts[0]:
                fields = own
                self.stored = [each for each in names if with_index or not each.startswith(INDEX)]
                self.names = [*self.stored, *part.keys]
            refuse_other_columns(str(part.path), own, self.parts[0].path.name, fields)
            for key in part.keys:
                if key in own:
                    raise WganError(
                        f"{part.path}: column '{key}' is in the file and a key of its folder too:"
                        " rename one of them"
                    )

    def read(self, names: Sequence[str]) -> Any:
        """Return columns as a `pyarrow.Table`, of all files."""
        from pyarrow import concat_tables

        tables = []
        for part in self.parts:
            with opened_parquet(part.path) as file:
                stored = file.read([name for name in self.stored if name in names])
                tables.append(self._with_keys(stored, part, names, file.metadata.num_rows))
        # Files may number the categories of a column in ways of their own.
        return concat_tables(tables).unify_dictionaries()

    def series(self, i: int) -> pd.Series:
        """Return a column."""
        return arrow_frame(self.read([self.names[i]])).iloc[:, 0]

    def groups(self) -> Iterator[pd.DataFrame]:
        """Yield the rows in their row groups."""
        for part in self.parts:
            with opened_parquet(part.path) as file:
                for i in range(file.num_row_groups):
                    stored = file.read_row_group(i, self.stored)
                    yield arrow_frame(
                        self._with_keys(
                            stored, part, self.names, file.metadata.row_group(i).num_rows
                        )
                    )

    def digest(self) -> str:
        """Return a hash of the files and of the keys of their folders."""
        if not self.path.is_dir():
            return file_digest(self.path)
        contents = [(file_digest(part.path), part.keys) for part in self.parts]
        return sha256(repr(contents).encode()).hexdigest()

    def _with_keys(self, table: Any, part: Part, names: Sequence[str], rows: int) -> Any:
        """Return a table of a file with the keys of its folders as columns."""
        import pyarrow as pa

        for key, value in part.keys.items():
            if key in names:
                whole = any(isinstance(each.keys[key], int) for each in self.parts)
                column = pa.repeat(pa.scalar(value, pa.int64() if whole else pa.string()), rows)
                if table.num_columns:
                    table = table.append_column(key, column)
                else:
                    table = pa.table({key: column})
        return table


def refuse_other_columns(
    where: str, own: dict[str, str], first: str, fields: dict[str, str]
) -> None:
    """Refuse a file with other columns than the first one.

    Args:
        where: what messages call the file.
        own: its columns, and the type of each.
        first: what messages call the first file.
        fields: the columns of the first one.

    Raises:
        WganError: a column that one of them lacks, or of another type.
    """
    for name in dict.fromkeys([*fields, *own]):
        if own.get(name) != fields.get(name):
            here = f"is of type {own[name]}" if name in own else "is missing"
            there = f"is of type {fields[name]}" if name in fields else "lacks it"
            raise WganError(
                f"{where}: column '{name}' {here}, and in {first} it {there}: give all files of"
                " a folder the same columns"
            )


def need_pyarrow(path: Path) -> None:
    """Refuse a Parquet file where pyarrow is not installed.

    Args:
        path: the file.

    Raises:
        WganError: no pyarrow.
    """
    if find_spec("pyarrow") is None:
        raise WganError(f"{path}: Parquet needs pyarrow: pip install 'wgan[parquet]'")


@contextmanager
def opened_parquet(path: Path) -> Iterator[Any]:
    """Yield a Parquet file, whose damage becomes an error that names it.

    Args:
        path: the file.

    Raises:
        WganError: a damaged file.
    """
    from pyarrow.parquet import ParquetFile

    check_regular(path)
    with readable_parquet(path), ParquetFile(path) as file:
        yield file


@contextmanager
def readable_parquet(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises for a damaged file, whenever it comes to the damage, into one error.

    Args:
        path: the file.

    Raises:
        WganError: a damaged file.
    """
    from pyarrow import ArrowException

    try:
        yield
    except WganError:
        raise
    except (ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        # pyarrow raises OSError for damaged files too, then without the system's number.
        if isinstance(error, OSError) and error.errno:
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        # pyarrow quotes bytes of the file, which a terminal must not obey.
        reason = "".join(letter if letter.isprintable() else "?" for letter in first)
        raise UnreadableError(f"{path}: not a readable Parquet file ({reason})") from None


def arrow_frame(table: Any) -> pd.DataFrame:
    """Return the columns of an Arrow table as they are in it.

    An index that pandas kept in a file is a column like others, and days are times. Whole numbers
    with gaps are whole numbers still, where pandas would make them floats. Decimals are numbers
    where a double holds each of their digits.

    Args:
        table: a `pyarrow.Table`.
    """
    table = _with_plain_decimals(table)
    frame = table.to_pandas(ignore_metadata=True, date_as_object=False)
    for i, column in enumerate(table.columns):
        if column.null_count and str(column.type).startswith(("int", "uint")):
            dtype = str(column.type).replace("int", "Int").replace("u", "U")
            exact = table.select([i]).to_pandas(integer_object_nulls=True).iloc[:, 0]
            frame.isetitem(i, pd.array(exact, dtype=dtype))
    return frame


def _with_plain_decimals(table: Any) -> Any:
    """Return a table whose decimals are floats, or whole numbers where they have no places.

    A double holds up to 15 digits. A column with longer values stays as it is, and is refused.
    """
    import pyarrow as pa
    import pyarrow.compute

    for i, field in enumerate(table.schema):
        if not pa.types.is_decimal(field.type):
            continue
        floats = table.column(i).cast(pa.float64())
        largest = pa.compute.max(pa.compute.abs(floats)).as_py() or 0.0
        if largest * 10.0 ** max(field.type.scale, 0) >= MOST_EXACT:
            continue
        plain = floats if field.type.scale > 0 else floats.cast(pa.int64())
        table = table.set_column(i, field.name, plain)
    return table
