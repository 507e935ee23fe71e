"""Tables as data sets: what every reader of tables does once it knows columns and rows."""

from collections.abc import Callable, Sequence
from hashlib import sha256

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.dataset import Dataset
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.corrections import Corrections
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


def table_dataset(name: str, codec: TableCodec, rows: Float[np.ndarray, "n c"]) -> Dataset:
    """Return the data set of coded rows in memory.

    Args:
        name: what messages call it.
        codec: the table's codec.
        rows: `[n, learned columns]`, as `codec.matrix` gives them.
    """
    digest = sha256(repr(codec.reading).encode() + np.ascontiguousarray(rows).tobytes())
    return Dataset(name, rows, codec, digest.hexdigest())
