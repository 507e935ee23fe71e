"""DataFrames of other libraries than pandas, such as polars: made pandas ones, and made again."""

from importlib.util import find_spec
from typing import Any, TypeAlias

import narwhals as nw
import pandas as pd

from wgan.base.errors import WganError
from wgan.data.tables.parquet import arrow_frame

Frame: TypeAlias = Any
"""A DataFrame of any library that narwhals knows."""


def is_frame(source: object) -> bool:
    """Return whether an object is a DataFrame, of pandas or another library."""
    if isinstance(source, pd.DataFrame):
        return True
    native = nw.from_native(source, pass_through=True)
    return isinstance(native, nw.DataFrame | nw.LazyFrame)


def as_pandas(frame: Frame) -> pd.DataFrame:
    """Return the table of any library as a pandas DataFrame.

    Args:
        frame: a DataFrame that is in memory.

    Raises:
        WganError: a lazy frame, or no pyarrow to read it with.
    """
    if isinstance(frame, pd.DataFrame):
        return frame
    return arrow_frame(_narwhal(frame).to_arrow())


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
    from pyarrow import Schema, Table, schema, types

    narwhal = _narwhal(frame)
    given = narwhal.head(0).to_arrow().schema
    # A column without any value has no type.
    known = [field.name for field in given if not types.is_null(field.type)]
    chosen = Schema.from_pandas(samples, preserve_index=False)
    fields = [(given if name in known else chosen).field(name) for name in samples.columns]
    table = Table.from_pandas(samples, schema(fields), preserve_index=False)
    table = table.replace_schema_metadata(given.metadata)
    if narwhal.implementation.is_pyarrow():
        return table
    made = nw.from_arrow(table, backend=narwhal.implementation)
    # Arrow has one type where a library has two, such as categories and enumerations.
    casts = [nw.col(name).cast(narwhal.schema[name]) for name in known if name in made.columns]
    return made.with_columns(casts).to_native()


def _narwhal(frame: Frame) -> nw.DataFrame[Any]:
    """Return a frame of another library as narwhals sees it."""
    library = type(frame).__module__.split(".")[0]
    narwhal = nw.from_native(frame)
    if isinstance(narwhal, nw.LazyFrame):
        raise WganError(f"a lazy frame of {library} holds no rows yet: collect it first")
    if find_spec("pyarrow") is None:
        raise WganError(f"a frame of {library} needs pyarrow: pip install 'wgan[parquet]'")
    return narwhal
