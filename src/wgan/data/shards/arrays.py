"""Shards of arrays and of pictures as data sets."""

from dataclasses import fields, replace

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.arrays import from_rows
from wgan.data.dataset import Dataset
from wgan.data.kinds import Kind
from wgan.data.shards.dataset import ShardedDataset
from wgan.data.shards.places import PICTURES, Place
from wgan.data.shards.source import Source
from wgan.data.shards.stores import Store
from wgan.data.shards.tars import PictureUnpacker, picturing


def sharded(plain: Dataset) -> ShardedDataset:
    """Return a data set whose rows are `ShardedRows` as one that is split by hashes."""
    return ShardedDataset(**{each.name: getattr(plain, each.name) for each in fields(plain)})


def from_shards(
    source: str,
    found: tuple[Store, list[Place], str],
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    kind: str | Kind = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of shards of arrays or pictures.

    Each shard is looked through once, and what is found is kept in the cache.

    Args:
        source: what messages call them.
        found: store, places and form, as `find_shards` returns them.
        resize: (height, width) of pictures in pixels.
        mode: `L`, `RGB` or `RGBA` for pictures; `auto`: what the first one holds.
        kind: the kind of data that arrays are read as.
        progress: listener.

    Raises:
        WganError: shards that cannot be read, or differ; the message names the shard.
    """
    store, places, form = found
    shards = Source(source, store, places)
    if form == PICTURES:
        with shards.copy(0) as path:
            shards.unpacker = PictureUnpacker(picturing(path, places[0].url, mode, resize))
    records = shards.records(progress)
    rows = shards.rows(records)
    plain = from_rows(rows, source, kind=kind, progress=progress)
    # Names count, whatever the kind makes its hash of: the split depends on them.
    plain = replace(plain, fingerprint=rows.summary.digest)
    labelled = [bool(record.labels) for record in records]
    if not any(labelled):
        return sharded(plain)
    if not all(labelled):
        raise WganError(
            f"{places[labelled.index(False)].url}: its pictures have no classes, and those of"
            f" {places[labelled.index(True)].name} have: give each a .cls, or none"
        )
    labels = [label for record in records for label in record.labels]
    return sharded(plain).with_labels(labels) if len(set(labels)) > 1 else sharded(plain)
