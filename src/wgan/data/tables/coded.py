"""Tables as data sets: what every reader of tables does once it knows columns and rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.dataset import Dataset
from wgan.data.storage import Rows
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.corrections import Corrections
from wgan.data.tables.declared import declared_rules
from wgan.data.tables.infer import infer


def infer_codec(
    names: Sequence[str],
    rows: int,
    series_of: Callable[[int], pd.Series],
    corrections: Corrections | None = None,
    progress: Progress = silent,
) -> TableCodec:
    """Return the codec of a table that something can be learned from.

    Args:
        names: the names of the columns.
        rows: the number of rows.
        series_of: returns the column at a place.
        corrections: as in `infer`.
        progress: as in `infer`.

    Raises:
        WganError: as `infer`, or a table in which nothing varies.
    """
    codec = TableCodec(infer(names, rows, series_of, corrections, progress))
    if codec.shape == (0,):
        raise WganError(
            "no column but identifiers holds anything that varies: there is nothing to learn"
        )
    return codec


def with_rules(codec: TableCodec, rows: Rows, declared: Sequence[Mapping[str, Any]]) -> TableCodec:
    """Return the codec of a table with the rules of a schema.

    Args:
        codec: the table's codec.
        rows: `[n, learned columns]` rows, in memory or in a file.
        declared: the tables `[[rules]]` of the schema.

    Raises:
        WganError: entries that are no rules of this table, rules that rows break, or nothing to
            learn beside a sum.
    """
    if not declared:
        return codec
    codec = replace(codec, rules=declared_rules(declared, codec.columns, rows))
    if codec.shape == (0,):
        raise WganError("schema, rules: nothing but a sum varies: there is nothing to learn")
    return codec


def table_dataset(
    name: str,
    codec: TableCodec,
    rows: Float[np.ndarray, "n c"],
    rules: Sequence[Mapping[str, Any]] = (),
) -> Dataset:
    """Return the data set of coded rows in memory.

    Args:
        name: what messages call it.
        codec: the table's codec.
        rows: `[n, learned columns]`, as `codec.matrix` gives them.
        rules: as in `with_rules`.

    Raises:
        WganError: as `with_rules`.
    """
    codec = with_rules(codec, rows, rules)
    digest = sha256(repr(codec.reading).encode() + np.ascontiguousarray(rows).tobytes())
    return Dataset(name, rows, codec, digest.hexdigest())
