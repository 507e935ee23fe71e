"""Tables as data sets: what every reader does once it has columns, in memory or in files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent, tracked
from wgan.data.arrays import npy_rows
from wgan.data.cache import cached
from wgan.data.dataset import Dataset
from wgan.data.storage import Rows
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.corrections import Corrections
from wgan.data.tables.declared import declared_rules
from wgan.data.tables.infer import Keep, ignored, infer

PIECEWISE_BYTES = 2**30
"""A table whose coded rows take more than 1 GiB is coded into a file of the cache. Smaller ones are
coded in memory, which costs no disk.
"""
BLOCK_BYTES = 64 * 2**20
"""Bytes of rows that are put together from columns at once: few reads a column, and little memory.
"""


def infer_codec(
    names: Sequence[str],
    rows: int,
    series_of: Callable[[int], pd.Series],
    corrections: Corrections | None = None,
    progress: Progress = silent,
    keep: Keep = ignored,
) -> TableCodec:
    """Return the codec of a table that something can be learned from.

    Args:
        names: the names of the columns.
        rows: the number of rows.
        series_of: returns the column at a place.
        corrections: as in `infer`.
        progress: as in `infer`.
        keep: as in `infer`.

    Raises:
        WganError: as `infer`, or a table in which nothing varies.
    """
    codec = TableCodec(infer(names, rows, series_of, corrections, progress, keep))
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
        WganError: entries that are not rules of this table, rules that rows break, or nothing to
            learn beside a sum.
    """
    if not declared:
        return codec
    codec = replace(codec, rules=declared_rules(declared, codec.columns, rows))
    if codec.shape == (0,):
        raise WganError("schema, rules: nothing but a sum varies: there is nothing to learn")
    return codec


def ruled(dataset: Dataset, declared: Sequence[Mapping[str, Any]]) -> Dataset:
    """Return the dataset of a table with the rules of a schema, as `with_rules`."""
    codec = dataset.codec
    assert isinstance(codec, TableCodec)
    return replace(dataset, codec=with_rules(codec, dataset.rows, declared))


def table_dataset(name: str, codec: TableCodec, rows: Float[np.ndarray, "n c"]) -> Dataset:
    """Return the data set of coded rows in memory.

    Args:
        name: what messages call it.
        codec: the table's codec.
        rows: `[n, learned columns]`, as `codec.matrix` gives them.
    """
    digest = sha256(repr(codec.reading).encode() + np.ascontiguousarray(rows).tobytes())
    return Dataset(name, rows, codec, digest.hexdigest())


class ColumnFiles:
    """Coded columns of a table, each in a file of its own, which are put together to rows.

    Args:
        folder: where the files are written.
        rows: the number of rows.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder = folder
        self.rows = rows
        self.files: list[Path] = []

    def append(self, x: Float[np.ndarray, " n"]) -> None:
        """Write the next column."""
        self.files.append(self.folder / f"{len(self.files)}.f8")
        np.ascontiguousarray(x, dtype="<f8").tofile(self.files[-1])

    def blocks(self) -> Iterator[Float[np.ndarray, "k c"]]:
        """Yield the rows in blocks."""
        size = max(1, BLOCK_BYTES // (8 * len(self.files)))
        for start in range(0, self.rows, size):
            columns = [np.fromfile(f, "<f8", size, offset=8 * start) for f in self.files]
            yield np.stack(columns, axis=1)

    def dataset(self, name: str, codec: TableCodec, progress: Progress = silent) -> Dataset:
        """Return the data set of the rows, in memory or, above 1 GiB, in a file of the cache.

        Its fingerprint is that of the same rows in memory.

        Args:
            name: what messages call it.
            codec: the table's codec.
            progress: listener, called where the table is large.
        """
        shape = (self.rows, len(self.files))
        if 8 * self.rows * len(self.files) <= PIECEWISE_BYTES:
            rows = np.empty(shape)
            for i, file in enumerate(self.files):
                rows[:, i] = np.fromfile(file, "<f8")
            return table_dataset(name, codec, rows)
        digest = sha256(repr(codec.reading).encode())
        for block in tracked(self.blocks(), "hashing the table", None, progress):
            digest.update(block.tobytes())
        blocks = tracked(self.blocks(), "coding the table", None, progress)
        return cached_dataset(name, codec, blocks, shape, digest.hexdigest())


def cached_dataset(
    name: str,
    codec: TableCodec,
    pieces: Iterator[Float[np.ndarray, "k c"]],
    shape: tuple[int, int],
    digest: str,
) -> Dataset:
    """Return the data set of coded rows in a file of the cache, written first if it is not there.

    Args:
        name: what messages call it.
        codec: the table's codec.
        pieces: the rows, in pieces.
        shape: the number of rows and of columns.
        digest: a hash of all that the rows are made from.
    """
    coded = cached(digest, lambda target: _write_npy(pieces, shape, target), ".npy")
    with coded.open("rb") as opened:
        return Dataset(name, npy_rows(opened, coded), codec, digest)


def _write_npy(pieces: Iterator[np.ndarray], shape: tuple[int, int], target: Path) -> None:
    with target.open("wb") as out:
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(out, header)
        for piece in pieces:
            out.write(np.ascontiguousarray(piece, dtype="<f8").data)
