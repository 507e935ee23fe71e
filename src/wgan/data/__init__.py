"""Where do samples come from? `load` takes a name, a file, a folder or an array and returns one
`Dataset`.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from torch import Tensor

from wgan.base.errors import WganError, did_you_mean
from wgan.base.seeding import numpy_generator
from wgan.data import arrays, columns, images, stacked
from wgan.data.codecs import Codec, ImageCodec, VectorCodec, codec_from_json, codec_to_json
from wgan.data.dataset import Batches, Dataset, Split
from wgan.data.labels import OWN, labelled
from wgan.data.tables import frames
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.infer import read_corrections
from wgan.data.toys import SAMPLES, TOYS

__all__ = [
    "Batches",
    "Codec",
    "Dataset",
    "ImageCodec",
    "Split",
    "TableCodec",
    "VectorCodec",
    "codec_from_json",
    "codec_to_json",
    "load",
    "named_sources",
    "short_name",
]

Source: TypeAlias = str | Path | np.ndarray | Tensor | pd.DataFrame


def named_sources() -> dict[str, str]:
    """Return every name that `load` knows, with what it stands for."""
    return {"digits": "1,797 handwritten digits, 8 x 8 grey, from scikit-learn"} | {
        t.name: t.summary for t in TOYS.values()
    }


def short_name(source: str) -> str:
    """Return what a folder for results on this source is called: its name, or the file's without
    its endings.

    >>> short_name("digits"), short_name("photos/cats.zip"), short_name("stacked-mnist:mnist/")
    ('digits', 'cats', 'stacked-mnist')
    """
    if source.startswith(stacked.PREFIX):
        return stacked.PREFIX[:-1]
    return (Path(source).resolve().name if "/" in source else source).split(".")[0] or "data"


def load(
    source: Source,
    *,
    key: str | None = None,
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    labels: str | None = None,
    schema: str | None = None,
    as_numbers: bool = False,
    progress: bool = False,
) -> Dataset:
    """Return the data set that `source` names.

    Args:
        source: a name (see `named_sources`; for a file of the same name write `./name`), the path
            of a `.npy`, `.npz`, `.csv` (numbers alone) or idx file (`.gz` too), of a table (`.csv`
            or `.tsv` with a line of names, `.gz` too; `.parquet`), of a folder or zip of pictures,
            `stacked-mnist:FOLDER` with MNIST's idx files there, a DataFrame, or an array or tensor:
            `[n, d]` vectors, `[n, h, w]`, `[n, h, w, c]` or `[n, c, h, w]` pictures.
        key: which array of an `.npz` that holds several.
        resize: (height, width) for pictures from a folder or zip.
        mode: `auto`, `L`, `RGB` or `RGBA` for pictures from a folder or zip.
        labels: the samples' classes: `own` (folders, digits), the name of a column of the `.csv` or
            an array of the `.npz`, or a file of one label a sample (`.npy`, `.csv`, `.txt` or idx).
            Such a `.csv` is then rows of numbers, whatever its names.
        schema: a TOML file that corrects what is inferred of a table's columns.
        as_numbers: read a `.csv` whose columns are all numbers as rows of numbers, though they have
            names.
        progress: show a bar for what takes long.

    Raises:
        WganError: what was wrong with the source, where, and how to mend it.

    >>> load("digits").shape
    (1, 8, 8)
    """
    if isinstance(source, pd.DataFrame):
        if labels is not None:
            raise WganError(
                "labels of a table: each column can be asked for when sampling, so leave them out"
            )
        return frames.from_frame(
            source, corrections=read_corrections(Path(schema)) if schema else None
        )
    if isinstance(source, np.ndarray | Tensor):
        if labels is not None:
            raise WganError("labels of an array in memory: use load(array).with_labels(values)")
        return arrays.from_memory(source, progress=progress)
    kind = _kind(source)
    if kind == "csv" and labels is None and frames.is_table(Path(source)):
        kind = "table"
    _refuse_unfitting(
        source,
        kind,
        pictures=bool(resize) or mode != "auto",
        key=key is not None,
        schema=schema is not None,
    )
    if kind == "table" and labels is not None:
        raise WganError(
            f"{source}: data.labels: each column of a table can be asked for when sampling (sample"
            " --where): leave it out"
        )
    inside = labels is not None and labels in _names_inside(Path(source), kind)
    if inside and labels == key:
        raise WganError(
            f"{source}: array {key} cannot hold both the samples and their labels: name two arrays"
        )
    if not inside and labels not in (None, OWN) and not Path(str(labels)).is_file():
        raise WganError(
            f"{source}: data.labels = '{labels}' is no named column or array there, nor a file of"
            f" labels; write '{OWN}' for classes that the data bring (folders, digits)"
        )
    label = labels if inside else None
    readers: dict[str, Callable[[], Dataset]] = {
        "digits": _digits,
        "stacked": lambda: stacked.from_mnist(Path(str(source).removeprefix(stacked.PREFIX))),
        "toy": lambda: _toy(str(source)),
        "pictures": lambda: images.from_pictures(Path(source), resize, mode, progress),
        "npy": lambda: arrays.from_npy(Path(source), progress),
        "npz": lambda: arrays.from_npz(Path(source), key, progress, label),
        "idx": lambda: arrays.from_idx(Path(source), progress),
        "csv": lambda: columns.from_csv(Path(source), progress, label),
        "table": lambda: _table(Path(source), schema, as_numbers, progress),
    }
    dataset = readers[kind]()
    return dataset if labels is None or inside else labelled(dataset, labels)


def _refuse_unfitting(source: Source, kind: str, pictures: bool, key: bool, schema: bool) -> None:
    """Refuse settings of other kinds of data."""
    for given, belongs, words in (
        (
            pictures,
            "pictures",
            "data.resize and data.mode apply to folders and zips of pictures: leave them out",
        ),
        (key, "npz", "data.key applies to .npz files: leave it out"),
        (schema, "table", "data.schema applies to tables: leave it out"),
    ):
        if given and kind != belongs:
            raise WganError(f"{source}: {words}")


def _names_inside(path: Path, kind: str) -> list[str]:
    """Return the names of columns or arrays in a file that has them."""
    if kind == "csv":
        return columns.csv_names(path)[1] if columns.has_names(path) else []
    return arrays.npz_names(path) if kind == "npz" else []


def _table(path: Path, schema: str | None, as_numbers: bool, progress: bool) -> Dataset:
    if as_numbers and path.suffix == ".csv":
        try:
            return columns.from_csv(path, progress)
        except WganError:  # so it is a table, or its fault is told of as a table's
            pass
    return frames.from_file(path, Path(schema) if schema else None, progress)


def _kind(source: str | Path) -> str:
    """Tell which reader a name or path is for."""
    if source == "digits" or source in TOYS:
        return "digits" if source == "digits" else "toy"
    if str(source).startswith(stacked.PREFIX):
        return "stacked"
    path = Path(source)
    if not path.exists():
        raise WganError(
            f"{source}: no such file or folder, nor a data name."
            f" {did_you_mean(str(source), named_sources())}"
        )
    if path.is_dir() or path.suffix == ".zip":
        return "pictures"
    if path.name.endswith(frames.ENDINGS) and path.suffix != ".csv":
        return "table"
    if path.suffix in (".npy", ".npz", ".csv"):
        return path.suffix[1:]
    if arrays.is_idx(path):
        return "idx"
    size = path.stat().st_size
    raise WganError(
        f"{path}: {'an empty file' if size == 0 else 'not a kind of file that can be read'};"
        " give a .npy, .npz, .csv, .tsv, .parquet or idx file, or a folder or zip of pictures"
    )


def _digits() -> Dataset:
    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    plain = arrays.from_memory(pixels, "digits")
    return replace(plain, labels=digits.target.astype(np.int64), classes=tuple("0123456789"))


def _toy(name: str) -> Dataset:
    toy = TOYS[name]
    points = toy.draw(SAMPLES, numpy_generator(0, "toy", name)).astype(np.float32)
    plain = arrays.from_memory(points, name)
    assert isinstance(plain.codec, VectorCodec)
    return replace(plain, codec=replace(plain.codec, measure_standardised=False), toy=toy)
