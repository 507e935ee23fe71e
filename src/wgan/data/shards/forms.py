"""Forms of shards: which reader takes which, and which settings fit it."""

from pathlib import Path

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.dataset import Dataset
from wgan.data.kinds import Kind
from wgan.data.labels import OWN
from wgan.data.shards.arrays import from_shards
from wgan.data.shards.places import PICTURES, TABLES
from wgan.data.shards.stores import find_shards
from wgan.data.tables.sharded import from_table_shards


def load_shards(
    source: str,
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    kind: str | Kind = "auto",
    labels: str | None = None,
    schema: str | None = None,
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of shards: a folder, a pattern, a list or an address.

    Args:
        source: as `find_shards` takes it.
        resize: (height, width) of pictures in pixels.
        mode: `auto`, `L`, `RGB` or `RGBA` for pictures.
        kind: the kind of data that arrays are read as.
        labels: `own`, or None: classes of pictures come with them.
        schema: a file that corrects what is inferred of a table's columns.
        progress: listener.

    Raises:
        WganError: settings of another form, or shards that cannot be found or read, or differ.
    """
    if isinstance(kind, Kind):
        raise WganError(
            f"{source}: windows are not cut from shards: save the windows themselves as shards"
        )
    found = find_shards(source)
    form = found[2]
    if (resize or mode != "auto") and form != PICTURES:
        raise WganError(
            f"{source}: data.resize and data.mode apply to shards of pictures: leave them out"
        )
    if schema and form != TABLES:
        raise WganError(f"{source}: data.schema applies to shards of tables: leave it out")
    if labels is not None and form == TABLES:
        raise WganError(
            f"{source}: data.labels: each column of a table can be asked for when sampling (sample"
            " --where): leave it out"
        )
    if form == TABLES:
        of_columns = Path(schema) if schema else None
        return from_table_shards(source, found, of_columns, kind, progress)
    if labels not in (None, OWN):
        raise WganError(
            f"{source}: data.labels: shards hold classes as members .cls of tar files: write"
            f" '{OWN}', or leave it out"
        )
    return from_shards(source, found, resize, mode, kind, progress)
