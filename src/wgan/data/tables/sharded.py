"""Tables in shards of Parquet files, looked through twice: for their columns, then to be coded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent, tracked
from wgan.data.cache import cached
from wgan.data.dataset import Dataset
from wgan.data.kinds import Kind, find_kind
from wgan.data.shards.arrays import sharded
from wgan.data.shards.hashing import below, row_hashes
from wgan.data.shards.places import Place
from wgan.data.shards.records import ORDER, bound_for
from wgan.data.shards.source import READERS, Source
from wgan.data.shards.stores import Store
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.coded import infer_codec, with_rules
from wgan.data.tables.corrections import read_corrections, read_rules
from wgan.data.tables.parquet import (
    INDEX,
    arrow_frame,
    need_pyarrow,
    opened_parquet,
    readable_parquet,
    refuse_other_columns,
)
from wgan.data.tables.witnesses import witnesses

LOOKED_BYTES = 16 * 2**20
"""Bytes of shards whose rows columns are inferred from, beside witnesses: unpacked they become some
100 MB, or some 100,000 rows of 20 columns.
"""
BATCH_ROWS = 65_536
"""Rows of a file that are read at once."""
FOLDED = 64
"""Looks that are put together at once: few passes, and little memory."""
SAMPLED = "__wgan_sampled__"
"""Column of a look that tells rows of the random sample from witnesses."""
ROWS = b"wgan rows"
"""Entry of a look's metadata: the rows of its shard."""


@dataclass(frozen=True)
class TableUnpacker:
    """Makes matrices of Parquet files, as a codec has them.

    Attributes:
        codec: the codec of all shards.
        names: the names of the columns.
    """

    may_lack: ClassVar[bool] = True
    codec: TableCodec
    names: tuple[str, ...]

    @property
    def how(self) -> str:
        return repr(self.codec.reading)

    def labels(self, path: Path, where: str) -> list[str]:
        return []

    def unpack(self, path: Path, where: str, target: Path) -> None:
        with _named(path, where), opened_parquet(path) as file, target.open("wb") as out:
            shape = (file.metadata.num_rows, len(self.codec.learned))
            header = {"descr": "<f8", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(out, header)
            for batch in _batches(file, self.names):
                try:
                    matrix = self.codec.matrix(_frame(batch))
                except WganError as error:
                    raise WganError(f"{where}: {error}") from None
                out.write(np.ascontiguousarray(matrix, dtype="<f8").data)


def from_table_shards(
    name: str,
    found: tuple[Store, list[Place], str],
    schema: Path | None = None,
    kind: str | Kind = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of a table in shards.

    What columns hold is inferred from a random sample of rows and from witnesses. Distributions are
    fitted to the training rows at hand.

    Args:
        name: what messages call the shards.
        found: store, places and form, as `find_shards` returns them.
        schema: a file that corrects what is inferred.
        kind: `auto` or `tables`.
        progress: listener.

    Raises:
        WganError: no pyarrow, shards that cannot be read or have other columns than the first, or
            as `infer_codec`; the message names the shard.
    """
    if kind != "auto" and find_kind(kind).codec.kind != "tables":
        raise WganError(f"{name}: holds tables, and data.kind = '{kind}': leave it out")
    store, places, _ = found
    need_pyarrow(Path(places[0].name))
    source = Source(name, store, places)
    table, rows = _looked(source, progress)
    corrections = read_corrections(schema) if schema else None
    columns = table.column_names
    try:
        codec = infer_codec(
            columns,
            table.num_rows,
            lambda i: arrow_frame(table.select([i])).iloc[:, 0],
            corrections,
            progress,
        )
        unpacker = TableUnpacker(codec, tuple(columns))
        total = 8 * rows * len(codec.learned)
        coded = Source(name, store, places, unpacker, total=total, known=source.facts)
        records = coded.records(progress)
        shards = coded.rows(records)
        codec = with_rules(codec, shards.sample, read_rules(schema) if schema else [])
    except WganError as error:
        if str(error).startswith(tuple(place.url for place in places)):
            raise
        raise WganError(f"{name}: {error}") from None
    digest = sha256((shards.summary.digest + repr(codec.reading)).encode()).hexdigest()
    return sharded(Dataset(name, shards, codec, digest))


def _looked(source: Source, progress: Progress) -> tuple[Any, int]:
    """Return the rows that columns are inferred from, as an Arrow table, and the number of all."""
    import pyarrow as pa

    bound = bound_for(source.size, LOOKED_BYTES)
    count = len(source.places)
    rows = 0
    table: Any = None
    waiting: list[Any] = []
    fields: dict[str, str] = {}
    with ThreadPoolExecutor(READERS) as pool:
        looks = pool.map(partial(_look, source, bound), range(count))
        for i, look in enumerate(tracked(looks, "looking at the columns", count, progress)):
            own = {each.name: str(each.type) for each in look.schema if each.name != SAMPLED}
            fields = fields or own
            refuse_other_columns(source.places[i].url, own, source.places[0].name, fields)
            rows += int(look.schema.metadata[ROWS])
            waiting.append(look.replace_schema_metadata(None))
            if len(waiting) == FOLDED or i == count - 1:
                # In the order of names in the first shard, whatever the order in another one.
                same = [each.select(waiting[0].column_names) for each in waiting]
                table = pa.concat_tables([*([table] if table is not None else []), *same])
                table = _kept(table.unify_dictionaries())
                waiting = [table.slice(0, 0)]
    return table.drop_columns([SAMPLED]), rows


def _kept(table: Any) -> Any:
    """Return the rows that are sampled or witnesses."""
    import pyarrow as pa

    sampled = table[SAMPLED].to_numpy()
    return table.filter(pa.array(sampled | witnesses(table.drop_columns([SAMPLED]))))


def _look(source: Source, bound: int, shard: int) -> Any:
    """Return the sampled rows and the witnesses of a shard, from the cache if it has them."""
    from pyarrow import parquet

    key = sha256(f"look 1 {bound} {source.keys[shard]}".encode()).hexdigest()

    def make(target: Path) -> None:
        parquet.write_table(_look_at(source, bound, shard), target)

    return parquet.read_table(cached(key, make, ".parquet"))


def _look_at(source: Source, bound: int, shard: int) -> Any:
    import pyarrow as pa

    place = source.places[shard]
    found = []
    first = 0
    with source.copy(shard) as path, _named(path, place.url), opened_parquet(path) as file:
        names = [each for each in file.schema_arrow.names if not each.startswith(INDEX)]
        if not file.metadata.num_rows:
            raise WganError(f"{place.url}: holds no rows: leave the shard out, or make it again")
        for batch in _batches(file, names):
            stop = first + batch.num_rows
            sampled = below(row_hashes(0, ORDER, place.name, first, stop), bound)
            found.append(_kept(batch.append_column(SAMPLED, pa.array(sampled))))
            first = stop
    table = _kept(pa.concat_tables(found).unify_dictionaries())
    return table.replace_schema_metadata({ROWS: str(first)})


def _batches(file: Any, names: Any) -> Iterator[Any]:
    """Yield the rows of a Parquet file as Arrow tables."""
    import pyarrow as pa

    for batch in file.iter_batches(BATCH_ROWS, columns=list(names)):
        yield pa.Table.from_batches([batch])


def _frame(table: Any) -> pd.DataFrame:
    return arrow_frame(table.replace_schema_metadata(None))


@contextmanager
def _named(path: Path, where: str) -> Iterator[None]:
    """Return a context in which errors of a damaged file name the shard and not its copy."""
    try:
        with readable_parquet(path):
            yield
    except WganError as error:
        raise WganError(str(error).replace(str(path), where)) from None
