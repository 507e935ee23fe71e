"""Data sets of Hugging Face's library `datasets`: tables, and pictures with their classes.

A column of the type `Image` makes a data set one of pictures, and a column of the type `ClassLabel`
names their classes. Without pictures it is a table. Rows that `select`, `filter` or `shuffle` chose
are read as they were chosen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wgan.base.errors import WganError, did_you_mean
from wgan.base.printing import counted
from wgan.data.ecosystem.arrived import Arrived
from wgan.data.ecosystem.frames import arrow_like
from wgan.data.encoded import Encoded
from wgan.data.labels import OWN
from wgan.data.tables.parquet import arrow_frame

NAME = "<datasets.Dataset>"


def open_hugging_face(source: Any, labels: str | None = None) -> Arrived | None:
    """Return what an object of the library `datasets` holds; None: it is no data set.

    Args:
        source: the object.
        labels: `own`, or the column of the classes of pictures.

    Raises:
        WganError: several splits, a stream without an end, or columns that cannot be read.
    """
    import datasets

    if isinstance(source, dict):
        splits = ", ".join(map(str, source)) or "none"
        raise WganError(
            f"a {type(source).__name__} of splits ({splits}): give one of them, such as"
            f" data[{next(iter(source), 'train')!r}]"
        )
    if isinstance(source, datasets.IterableDataset):
        raise WganError(
            "an IterableDataset has no known end: give"
            " datasets.Dataset.from_list(list(data.take(10_000)), features=data.features)"
        )
    if not isinstance(source, datasets.Dataset):
        return None
    notes: tuple[str, ...] = ()
    if source.format["type"] == "custom":
        notes = ("the transform of the datasets.Dataset is not applied: use map for one that is",)
    plain = source.with_format(None)
    images = [name for name, each in plain.features.items() if isinstance(each, datasets.Image)]
    if len(images) > 1:
        raise WganError(
            f"{NAME}: the columns {', '.join(images)} hold pictures: keep one, with"
            f" select_columns(['{images[0]}'])"
        )
    if images:
        return _pictures(plain, images[0], labels, notes)
    return _table(plain, notes)


def _pictures(source: Any, image: str, labels: str | None, notes: tuple[str, ...]) -> Arrived:
    """Return a column of pictures, with the column of their classes where there is one."""
    import datasets

    column, words = _column_of_classes(source, image, labels)
    others = [name for name in source.features if name not in (image, column)]
    if others:
        notes = (*notes, f"{NAME}: left out: {', '.join(others)}{words}")
    encoded = source.select_columns([image]).cast_column(image, datasets.Image(decode=False))

    def contents() -> Iterator[bytes]:
        for i, row in enumerate(encoded):
            yield _bytes_of(row[image], f"{NAME}, row {i + 1}")

    features = {name: source.features[name] for name in (image, column) if name is not None}
    return Arrived(
        Encoded(len(source), contents),
        NAME,
        "images",
        None if column is None else _classes(source, column),
        notes,
        LikePictures(image, column, features),
    )


def _column_of_classes(source: Any, image: str, labels: str | None) -> tuple[str | None, str]:
    """Return the column of the classes of pictures, and what to say where none is chosen."""
    import datasets

    if labels not in (None, OWN):
        if labels not in source.features or labels == image:
            raise WganError(
                f"{NAME}: data.labels = '{labels}' is no column beside the pictures."
                f" {did_you_mean(str(labels), source.features)}"
            )
        return labels, ""
    own = [name for name, each in source.features.items() if isinstance(each, datasets.ClassLabel)]
    if len(own) == 1:
        return own[0], ""
    several = f"the columns {', '.join(own)} name classes" if own else "no column names classes"
    if labels == OWN:
        raise WganError(f"{NAME}: {several}: give data.labels the name of one column")
    return None, f" ({several}: data.labels chooses one)" if own else ""


def _classes(source: Any, column: str) -> np.ndarray:
    """Return the class of each row by its name; empty where it has none."""
    values = source.select_columns([column])[:][column]
    names = getattr(source.features[column], "names", None)
    if names is None:
        return np.array(["" if value is None else value for value in values])
    return np.array(["" if value is None or value < 0 else names[value] for value in values])


def _bytes_of(stored: Any, where: str) -> bytes:
    """Return the bytes of a picture, which a row holds or names the file of."""
    if stored is None:
        raise WganError(f"{where}: holds no picture: drop the row")
    if stored.get("bytes") is not None:
        return bytes(stored["bytes"])
    path = Path(str(stored.get("path")))
    if not path.is_file():
        raise WganError(f"{where}: its picture is not at hand, {path}: load the data set anew")
    return path.read_bytes()


def _table(source: Any, notes: tuple[str, ...]) -> Arrived:
    """Return the columns of a data set as a table; classes are categories by their names."""
    import datasets

    simple = datasets.Value | datasets.ClassLabel
    other = [name for name, each in source.features.items() if not isinstance(each, simple)]
    if other:
        kinds = ", ".join(f"'{name}' ({type(source.features[name]).__name__})" for name in other)
        raise WganError(
            f"{NAME}: {counted(len(other), 'column')} of a table cannot be read: {kinds}: leave"
            f" out, with remove_columns({other})"
        )
    frame = arrow_frame(source.with_format("arrow")[:])
    for name, feature in source.features.items():
        if isinstance(feature, datasets.ClassLabel):
            codes = frame[name].fillna(-1).astype(np.int64)
            frame[name] = pd.Categorical.from_codes(codes, categories=feature.names)
    return Arrived(frame, like=LikeTable(dict(source.features)), notes=notes)


@dataclass(frozen=True)
class LikeTable:
    """Makes rows of a table a `datasets.Dataset`.

    Attributes:
        features: the types of the columns by name, as the library has them.
    """

    features: dict[str, Any]

    def __call__(self, samples: Any, classes: np.ndarray | None = None) -> Any:
        import datasets

        if not isinstance(samples, pd.DataFrame):
            return samples
        features = datasets.Features(
            {name: each for name, each in self.features.items() if name in samples.columns}
        )
        plain = samples.copy()
        for name, feature in features.items():
            if isinstance(feature, datasets.ClassLabel):
                numbers = {each: i for i, each in enumerate(feature.names)}
                plain[name] = plain[name].astype(object).map(numbers).astype("Int64")
        table = arrow_like(features.arrow_schema, plain)
        table = table.replace_schema_metadata(None)
        others = datasets.Features.from_arrow_schema(table.schema)  # drawn beside what was given
        features = datasets.Features({name: features.get(name, others[name]) for name in others})
        return datasets.Dataset(table, datasets.DatasetInfo(features=features))


@dataclass(frozen=True)
class LikePictures:
    """Makes pictures a `datasets.Dataset`, with their classes where they are known.

    Attributes:
        image: the column of the pictures.
        column: the column of the classes.
        features: the types of both.
    """

    image: str
    column: str | None
    features: dict[str, Any]

    def __call__(self, samples: Any, classes: np.ndarray | None = None) -> Any:
        import datasets

        grey = samples.shape[-1] == 1
        values: dict[str, Any] = {self.image: list(samples[..., 0] if grey else samples)}
        if self.column is not None and classes is not None:
            feature = self.features[self.column]
            names = getattr(feature, "names", None)
            values[self.column] = [_value(feature, names, each) for each in classes.tolist()]
        features = datasets.Features({name: self.features[name] for name in values})
        return datasets.Dataset.from_dict(values, features=features)


def _value(feature: Any, names: list[str] | None, name: str) -> Any:
    """Return the value of a class in a column of that type."""
    if names is not None:
        return names.index(name)
    dtype = str(feature.dtype)
    if dtype == "bool":
        return name == "True"
    return int(name) if dtype.startswith(("int", "uint")) else name
