"""DataFrames of other libraries than pandas: those that narwhals knows, and streams of Arrow.

A stream of Arrow is what `__arrow_c_stream__` returns (the Arrow PyCapsule interface): that of
DuckDB, of readers of pyarrow and of many more. Samples come back as a DataFrame of the same library
where it holds rows in memory, and as a `pyarrow.Table` where it does not.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
import pandas as pd

from wgan.base.errors import WganError
from wgan.data.ecosystem.arrived import Arrived
from wgan.data.tables.parquet import arrow_frame

Frame: TypeAlias = Any
"""A DataFrame of any library that narwhals knows, or an object with a stream of Arrow."""
STREAM = "__arrow_c_stream__"


def is_frame(source: object) -> bool:
    """Return whether an object is a DataFrame, of pandas or another library."""
    if isinstance(source, pd.DataFrame):
        return True
    native = nw.from_native(source, pass_through=True, allow_series=True)
    if isinstance(native, nw.DataFrame | nw.LazyFrame):
        return True
    return hasattr(source, STREAM) and not isinstance(native, nw.Series)


def open_frame(source: object) -> Arrived | None:
    """Return the table of a DataFrame of any library; None: it is none.

    Raises:
        WganError: as `as_pandas`.
    """
    if isinstance(source, pd.DataFrame):
        return Arrived(source)
    _check_names(source)
    if not is_frame(source):
        return None
    frame = in_memory(source)
    return Arrived(as_pandas(frame), like=LikeFrame(without_rows(frame)))


@dataclass(frozen=True)
class LikeFrame:
    """Makes samples a DataFrame of the library and types of another one.

    Attributes:
        empty: the other one, without rows.
    """

    empty: Frame

    def __call__(self, samples: pd.DataFrame, classes: np.ndarray | None = None) -> Frame:
        return made_like(self.empty, samples)


def in_memory(frame: Frame) -> Frame:
    """Return a DataFrame in memory as it is, and any other object's stream as a `pyarrow.Table`.

    Args:
        frame: a DataFrame, or an object with a stream, which is read to its end.

    Raises:
        WganError: a lazy frame, no pyarrow to read it with, or a stream that fails or has no
            columns.
    """
    if isinstance(nw.from_native(frame, pass_through=True), nw.DataFrame):
        return frame
    library = type(frame).__module__.split(".")[0]
    if not hasattr(frame, STREAM):
        raise WganError(f"a lazy frame of {library} holds no rows yet: collect it first")
    _need_pyarrow(library)
    from pyarrow import table

    try:
        read = table(frame)
    # What fails is the query of the library, with errors of its own.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WganError(
            f"a {type(frame).__name__} of {library} gives no table ({reason}): give one as a"
            " DataFrame"
        ) from None
    _check_names(read)
    return read


def as_pandas(frame: Frame) -> pd.DataFrame:
    """Return the table of any library as a pandas DataFrame.

    Args:
        frame: a DataFrame, or an object with a stream, which is read to its end.

    Raises:
        WganError: as `in_memory`.
    """
    if isinstance(frame, pd.DataFrame):
        return frame
    return arrow_frame(_narwhal(in_memory(frame)).to_arrow())


def without_rows(frame: Frame) -> Frame:
    """Return the frame without its rows, which keeps its library and types.

    Raises:
        WganError: as `as_pandas`.
    """
    return (
        frame.iloc[:0] if isinstance(frame, pd.DataFrame) else _narwhal(frame).head(0).to_native()
    )


def made_like(frame: Frame, samples: pd.DataFrame) -> Frame:
    """Return samples as a DataFrame of the library and types of another one.

    Args:
        frame: a DataFrame with columns of the samples, perhaps without rows; others have the type
            that pyarrow chooses.
        samples: the samples.

    Raises:
        WganError: as `as_pandas`.
    """
    if isinstance(frame, pd.DataFrame):
        return samples
    narwhal = _narwhal(frame)
    given = narwhal.head(0).to_arrow().schema
    table = arrow_like(given, samples)
    if narwhal.implementation.is_pyarrow():
        return table
    made = nw.from_arrow(table, backend=narwhal.implementation)
    # Arrow has one type where a library has two, such as categories and enumerations.
    known = [name for name in made.columns if name in given.names and not _is_null(given, name)]
    casts = [nw.col(name).cast(narwhal.schema[name]) for name in known]
    return made.with_columns(casts).to_native()


def arrow_like(given: Any, samples: pd.DataFrame) -> Any:
    """Return samples as a `pyarrow.Table` with the types of another one.

    Args:
        given: the `pyarrow.Schema` of the other one.
        samples: the samples; columns that it lacks have the type that pyarrow chooses.
    """
    from pyarrow import Schema, Table, compute, field, schema, types

    # A column without any value has no type.
    known = [name for name in given.names if not _is_null(given, name)]
    chosen = Schema.from_pandas(samples, preserve_index=False)
    fields = []
    for name in samples.columns:
        own = given if name in known and not types.is_decimal(given.field(name).type) else chosen
        fields.append(own.field(name))
    table = Table.from_pandas(samples, schema(fields), preserve_index=False)
    for i, name in enumerate(table.column_names):
        # Decimals were read as numbers, and are rounded to their places.
        if name in known and types.is_decimal(given.field(name).type):
            own_type = given.field(name).type
            decimals = compute.cast(table.column(i), own_type, safe=False)
            table = table.set_column(i, field(name, own_type), decimals)
    return table.replace_schema_metadata(given.metadata)


def _is_null(schema: Any, name: str) -> bool:
    return str(schema.field(name).type) == "null"


def _narwhal(frame: Frame) -> nw.DataFrame[Any]:
    """Return a frame of another library as narwhals sees it."""
    frame = in_memory(frame)
    _need_pyarrow(type(frame).__module__.split(".")[0])
    return nw.from_native(frame)


def _check_names(frame: Frame) -> None:
    """Refuse a table of pyarrow with columns of one name, which narwhals does not take."""
    given = getattr(frame, "column_names", ())
    names = given if isinstance(given, list) else []
    for name in names:
        if names.count(name) > 1:
            raise WganError(f"several columns are called '{name}': rename all but one")


def _need_pyarrow(library: str) -> None:
    if find_spec("pyarrow") is None:
        raise WganError(f"a frame of {library} needs pyarrow: pip install 'wgan[parquet]'")
