"""Tables in Parquet files, read by pyarrow; large ones are coded row group by row group."""

from collections.abc import Iterator, Mapping, Sequence
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
from wgan.data.arrays import npy_rows
from wgan.data.cache import cached, file_digest
from wgan.data.dataset import Dataset
from wgan.data.tables.coded import infer_codec, table_dataset, with_rules
from wgan.data.tables.corrections import Corrections

PIECEWISE_BYTES = 2**30
"""A table whose coded rows take more than 1 GiB is coded row group by row group, into a file of the
cache. Smaller ones are coded in memory, which costs no disk.
"""


def read_parquet(path: Path) -> pd.DataFrame:
    """Return the table in a Parquet file.

    Raises:
        WganError: no pyarrow, or not a Parquet file.
    """
    with _readable(path), _opened(path) as file:
        return arrow_frame(file.read())


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as a Parquet file, whole or not at all.

    Raises:
        WganError: no pyarrow.
    """
    _need_pyarrow(path)
    with replaced(path) as target:
        frame.to_parquet(target, index=False)


def from_parquet(
    path: Path,
    corrections: Corrections | None = None,
    progress: Progress = silent,
    rules: Sequence[Mapping[str, Any]] = (),
) -> Dataset:
    """Return the data set of a Parquet file.

    Each column is inferred by itself, so that memory holds one column and one row group at a time.

    Args:
        path: the file.
        corrections: as in `infer`.
        progress: listener, called where the table is large.
        rules: as in `with_rules`.

    Raises:
        WganError: no pyarrow, not a Parquet file, or as `infer_codec` and `with_rules`.
    """
    with _readable(path), _opened(path) as file:
        names = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
        n = file.metadata.num_rows

        def series_of(i: int) -> pd.Series:
            return arrow_frame(file.read([names[i]])).iloc[:, 0]

        try:
            codec = infer_codec(names, n, series_of, corrections, progress)
            width = len(codec.learned)
            large = n * width * np.dtype(codec.dtype).itemsize > PIECEWISE_BYTES
            listener = progress if large else silent
            count = file.num_row_groups
            groups = tracked(range(count), "coding the table", count, listener)
            pieces = (codec.matrix(arrow_frame(file.read_row_group(i, names))) for i in groups)
            if not large:
                return table_dataset(str(path), codec, np.concatenate(list(pieces)), rules)
            digest = sha256((file_digest(path) + repr(codec.reading)).encode()).hexdigest()
            coded = cached(digest, lambda target: _write_npy(pieces, (n, width), target), ".npy")
        except WganError as error:
            raise WganError(f"{path}: {error}") from None
    with coded.open("rb") as opened:
        rows = npy_rows(opened, coded)
    try:
        return Dataset(str(path), rows, with_rules(codec, rows, rules), digest)
    except WganError as error:
        raise WganError(f"{path}: {error}") from None


def _need_pyarrow(path: Path) -> None:
    if find_spec("pyarrow") is None:
        raise WganError(f"{path}: Parquet needs pyarrow: pip install 'wgan[parquet]'")


def _opened(path: Path) -> Any:
    from pyarrow.parquet import ParquetFile

    return ParquetFile(path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises for a damaged file, whenever it comes to the damage, into one error.

    Raises:
        WganError: no pyarrow, or a damaged file.
    """
    _need_pyarrow(path)
    check_regular(path)
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
        raise WganError(f"{path}: not a readable Parquet file ({reason})") from None


def arrow_frame(table: Any) -> pd.DataFrame:
    """Return the columns of an Arrow table as they are in it.

    An index that pandas kept in a file is a column like others, and days are times. Whole numbers
    with gaps are whole numbers still, where pandas would make them floats.

    Args:
        table: a `pyarrow.Table`.
    """
    frame = table.to_pandas(ignore_metadata=True, date_as_object=False)
    for i, column in enumerate(table.columns):
        if column.null_count and str(column.type).startswith(("int", "uint")):
            dtype = str(column.type).replace("int", "Int").replace("u", "U")
            exact = table.select([i]).to_pandas(integer_object_nulls=True).iloc[:, 0]
            frame.isetitem(i, pd.array(exact, dtype=dtype))
    return frame


def _write_npy(pieces: Iterator[np.ndarray], shape: tuple[int, int], target: Path) -> None:
    with target.open("wb") as out:
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(out, header)
        for piece in pieces:
            out.write(np.ascontiguousarray(piece, dtype="<f8").data)
