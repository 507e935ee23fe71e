"""Pictures in Parquet files, a column of encoded ones and perhaps one of their classes.

Such files are what the library `datasets` writes and the Hub holds: it notes in each which columns
hold pictures, and the names of the classes.
"""

import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wgan.base.errors import WganError, did_you_mean
from wgan.base.progress import Progress
from wgan.data.dataset import Dataset
from wgan.data.encoded import Encoded, from_encoded
from wgan.data.kinds import Kind
from wgan.data.labels import OWN
from wgan.data.tables.parquet import opened_parquet

BATCH = 256
"""Pictures that are read of a file at once."""


@dataclass(frozen=True)
class PictureColumns:
    """Columns of a Parquet file that holds pictures.

    Attributes:
        pictures: the names of those of pictures.
        classes: the names of the classes of those that hold some, by column.
        names: all columns.
    """

    pictures: tuple[str, ...]
    classes: dict[str, tuple[str, ...]]
    names: tuple[str, ...]


def picture_columns(schema: Any) -> PictureColumns:
    """Return which columns hold pictures and classes, as `datasets` notes it in a file.

    Args:
        schema: the `pyarrow.Schema` of the file.
    """
    notes = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(notes)["info"]["features"]
        kinds = {name: each for name, each in features.items() if isinstance(each, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        kinds = {}
    # Without a note, pictures are told by how `datasets` stores them; sound is stored so too.
    stored = {
        each.name
        for each in schema
        if str(each.type).startswith("struct") and {f.name for f in each.type} == {"bytes", "path"}
    }
    own = {name for name, each in kinds.items() if each.get("_type") == "Image"}
    pictures = tuple(name for name in schema.names if name in stored & (own if kinds else stored))
    classes = {
        name: tuple(map(str, each["names"] if isinstance(each.get("names"), list) else ()))
        for name, each in kinds.items()
        if each.get("_type") == "ClassLabel"
    }
    return PictureColumns(pictures, classes, tuple(schema.names))


def from_parquet_pictures(
    source: str,
    paths: Sequence[Path],
    columns: PictureColumns,
    labels: str | None,
    how: tuple[tuple[int, int] | None, str, str | Kind, Progress],
) -> Dataset:
    """Return the pictures of Parquet files, with their classes.

    Args:
        source: what messages call them.
        paths: the files.
        columns: their columns.
        labels: `own` or the column of the classes; None: the only one that notes its classes.
        how: size, mode, kind and listener, as `from_encoded` takes them.

    Raises:
        WganError: several columns of pictures, no such column of classes, or as `from_encoded`.
    """
    if len(columns.pictures) > 1:
        raise WganError(
            f"{source}: the columns {', '.join(columns.pictures)} hold pictures, and one is read:"
            " give datasets.load_dataset(...).select_columns([...]) in Python"
        )
    image = columns.pictures[0]
    column = labels
    if labels in (None, OWN):
        column = next(iter(columns.classes)) if len(columns.classes) == 1 else None
        if column is None and labels == OWN:
            there = ", ".join(columns.classes) or "no column"
            raise WganError(f"{source}: {there} name classes: give data.labels one column's name")
    elif labels not in columns.names or labels == image:
        raise WganError(
            f"{source}: data.labels = '{labels}' is no column beside the pictures."
            f" {did_you_mean(str(labels), columns.names)}"
        )
    others = [name for name in columns.names if name not in (image, column)]
    if others:
        warnings.warn(f"{source}: left out: {', '.join(others)}", stacklevel=2)
    count = sum(_rows_of(path) for path in paths)

    def contents() -> Iterator[bytes]:
        for i, stored in enumerate(_values(paths, image)):
            if stored is None or stored["bytes"] is None:
                raise WganError(f"{source}, row {i + 1}: holds no picture: leave it out")
            yield stored["bytes"]

    data = from_encoded(Encoded(count, contents), source, *how)
    if column is None:
        return data
    name = f"{source}, column '{column}'"
    try:
        values = _class_names(_values(paths, column), columns.classes.get(column, ()), name)
        return data.with_labels(values, name)
    except WganError as error:
        if labels is not None:
            raise
        warnings.warn(f"{error}; they are left out", stacklevel=2)
        return data


def _class_names(values: Iterable[Any], names: Sequence[str], name: str) -> np.ndarray:
    """Return the class of each row; empty where it has none. Texts are names themselves."""
    found = []
    for i, value in enumerate(values):
        if isinstance(value, int) and value >= len(names) > 0:
            raise WganError(
                f"{name}: row {i + 1} has class {value}, and the file names {len(names)}, from 0"
                " on: name them all"
            )
        numbered = names and isinstance(value, int)
        missing = value is None or (numbered and value < 0)
        found.append("" if missing else names[value] if numbered else value)
    return np.array(found)


def _rows_of(path: Path) -> int:
    with opened_parquet(path) as file:
        return int(file.metadata.num_rows)


def _values(paths: Sequence[Path], column: str) -> Iterator[Any]:
    """Yield the values of a column of all files."""
    for path in paths:
        with opened_parquet(path) as file:
            for batch in file.iter_batches(BATCH, columns=[column]):
                yield from batch.column(0).to_pylist()
