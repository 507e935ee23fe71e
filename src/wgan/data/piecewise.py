"""Files that are written piece by piece, so that memory holds one piece: `.npy` and `.parquet`.

The same pieces give the same bytes: no file holds a time or a name of the machine.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wgan.base.errors import WganError

PARQUET_OPTIONS = {
    "version": "2.6",
    "data_page_version": "1.0",
    "compression": "snappy",
    "use_dictionary": True,
    "write_statistics": True,
}
"""Options of Parquet files: pyarrow's defaults, named so that a later default changes no bytes."""


@contextmanager
def array_writer(
    path: Path, shape: tuple[int, ...], dtype: np.dtype
) -> Iterator[Callable[[np.ndarray], None]]:
    """Yield a function that adds rows to an array in a `.npy`; the file is what `np.save` writes.

    Args:
        path: the file.
        shape: of the whole array.
        dtype: its type.

    Raises:
        WganError: more or fewer rows came than the array has, or rows of another shape or type.
    """
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    count = 0
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)

        def add(rows: np.ndarray) -> None:
            nonlocal count
            if rows.shape[1:] != shape[1:] or rows.dtype != dtype:
                raise WganError(
                    f"{path}: rows of shape {rows.shape[1:]} and type {rows.dtype} do not belong to"
                    f" an array of shape {shape} and type {dtype}"
                )
            count += len(rows)
            file.write(np.ascontiguousarray(rows).data)

        yield add
    if count != shape[0]:
        raise WganError(f"{path}: {count} rows came for an array of shape {shape}")


def table_form(frame: pd.DataFrame) -> Any:
    """Return the columns and types of a Parquet file, as a `pyarrow.Schema`.

    Args:
        frame: a table with these columns. No value is missing that a column can have: a column of
            objects says by its values what it holds.

    Raises:
        WganError: no pyarrow.
    """
    if find_spec("pyarrow") is None:
        raise WganError(
            "shards of tables are Parquet, which needs pyarrow: pip install 'wgan[parquet]'"
        )
    from pyarrow import Schema

    return Schema.from_pandas(frame, preserve_index=False)


@contextmanager
def table_writer(path: Path, form: Any) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Yield a function that adds rows to a table in a `.parquet`, each time a row group.

    Args:
        path: the file.
        form: columns and types, as `table_form` gives them.
    """
    from pyarrow import Table
    from pyarrow.parquet import ParquetWriter

    with ParquetWriter(path, form, **PARQUET_OPTIONS) as writer:

        def add(frame: pd.DataFrame) -> None:
            rows = Table.from_pandas(frame, form, preserve_index=False, nthreads=1)
            writer.write_table(rows, row_group_size=max(1, len(frame)))

        yield add
