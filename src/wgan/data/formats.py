"""File formats of samples for each kind of data: the endings of a path, and what writes them."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import UInt8, UInt16

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.places import check_new, check_special
from wgan.data.animations import ANIMATIONS, check_writer, write_animation
from wgan.data.codec import Codec
from wgan.data.decoding import MODE_OF, read_picture
from wgan.data.drawing import AS_FITS, Sheet, enlarged, image_of, write_grid, write_scatter
from wgan.data.images import ImageCodec
from wgan.data.series.codec import SeriesCodec
from wgan.data.series.drawing import write_series
from wgan.data.sources import load
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.drawing import write_columns
from wgan.data.tables.frames import ENDINGS, write_frame
from wgan.data.vectors import VectorCodec

Labels = Sequence[str] | None


@dataclass(frozen=True)
class Formats:
    """The file formats of one kind of data.

    Attributes:
        default: the name of a file where none is given.
        endings: endings that a path may have; "" stands for a folder.
        words: the endings, listed for a person.
        write: writes raw samples, given their codec, the path, their class names if any, and the
            sheet of pictures; it is not called for arrays (`.npy`, `.npz`).
        frame: returns raw samples as a table, given their codec, their class names if any, and how
            many samples were written before them; None: they are arrays.
        of_tables: the formats where the data came as a table, for kinds that take both.
        read: returns the sample that a file holds, given the path and the codec, `[1, *raw_shape]`;
            None: samples are in arrays alone.
        pictures: whether samples are pictures, which a sheet lays out.
        rows: returns raw samples as a table with a row a sample, to be looked at one by one, given
            their codec; None: a sample is looked at as a picture.
    """

    default: str
    endings: tuple[str, ...]
    words: str
    write: Callable[[np.ndarray, Any, Path, Labels, Sheet], None]
    frame: Callable[[np.ndarray, Any, Labels, int], pd.DataFrame] | None = None
    of_tables: "Formats | None" = None
    read: Callable[[Path, Any], np.ndarray] | None = None
    pictures: bool = False
    rows: Callable[[np.ndarray, Any], pd.DataFrame] | None = None


def draw_points(
    raw: np.ndarray, codec: Codec, path: Path, labels: Labels, sheet: Sheet = AS_FITS
) -> None:
    """Write a scatter of the first two coordinates: `write` for kinds whose samples are points.

    Args:
        raw: the samples.
        codec: their codec.
        path: the file.
        labels: not drawn.
        sheet: of pictures alone.
    """
    with replaced(path) as target:
        write_scatter(np.asarray(codec.measure(raw), dtype=np.float64), target)


def _draw_vectors(raw: np.ndarray, codec: Codec, path: Path, labels: Labels, sheet: Sheet) -> None:
    with replaced(path) as target:
        write_scatter(np.asarray(raw, dtype=np.float64), target)


def _write_images(
    raw: np.ndarray, codec: ImageCodec, path: Path, labels: Labels, sheet: Sheet
) -> None:
    if path.suffix == "":
        _write_folder(codec.to_files(raw), path, labels, sheet.scale or 1)
        return
    with replaced(path) as target:
        if path.suffix.lower() in ANIMATIONS:
            write_animation(codec.to_pixels(raw), target, path.suffix.lower(), sheet.scale)
        else:
            write_grid(codec.to_pixels(raw), target, sheet)


def _read_image(path: Path, codec: ImageCodec) -> np.ndarray:
    c, h, w = codec.shape
    return codec.from_files(read_picture(path, (h, w), MODE_OF[c])[None])


def _write_series(
    raw: np.ndarray, codec: SeriesCodec, path: Path, labels: Labels, sheet: Sheet
) -> None:
    if path.suffix.lower() == ".png":
        with replaced(path) as target:
            write_series(codec.in_channels(raw), target, names=codec.headings)
        return
    frame = codec.frame(raw, labels)
    assert codec.table is not None
    write_frame(frame, codec.table.columns(codec.statics), path)


def _write_table(
    raw: np.ndarray, codec: TableCodec, path: Path, labels: Labels, sheet: Sheet
) -> None:
    if path.suffix.lower() == ".png":
        with replaced(path) as target:
            write_columns(codec, raw, target)
        return
    write_frame(codec.frame(raw), codec, path)


def _frame_of_rows(raw: np.ndarray, codec: TableCodec, labels: Labels, first: int) -> pd.DataFrame:
    return codec.frame(raw, first)


def _frame_of_series(
    raw: np.ndarray, codec: SeriesCodec, labels: Labels, first: int
) -> pd.DataFrame:
    return codec.frame(raw, labels, first)


def _rows_of_numbers(raw: np.ndarray, codec: VectorCodec) -> pd.DataFrame:
    names = codec.column_names or tuple(f"x{i + 1}" for i in range(raw.shape[1]))
    return pd.DataFrame(raw, columns=list(names))


def _rows_of_table(raw: np.ndarray, codec: TableCodec) -> pd.DataFrame:
    return codec.frame(raw)


ARRAYS = (".npy", ".npz")
"""Endings of arrays, which samples of these kinds can be written as."""
FORMATS: dict[str, Formats] = {
    "vectors": Formats(
        "samples.png",
        (".png", *ARRAYS),
        ".png (a scatter), .npy or .npz",
        _draw_vectors,
        rows=_rows_of_numbers,
    ),
    "images": Formats(
        "samples.png",
        (".png", *ANIMATIONS, *ARRAYS, ""),
        f".png, {', '.join((*ANIMATIONS, *ARRAYS))} or a folder (no ending)",
        _write_images,
        read=_read_image,
        pictures=True,
    ),
    "series": Formats(
        "samples.npy",
        (*ARRAYS, ".png"),
        ".npy, .npz or .png (a panel a channel)",
        _write_series,
        of_tables=Formats(
            "samples.csv",
            (*ENDINGS, *ARRAYS, ".png"),
            f"{', '.join(ENDINGS)}, .npy, .npz or .png (a panel a channel)",
            _write_series,
            _frame_of_series,
        ),
    ),
    "tables": Formats(
        "samples.csv",
        (*ENDINGS, ".png"),
        f"{', '.join(ENDINGS)} or .png (a panel a column)",
        _write_table,
        _frame_of_rows,
        rows=_rows_of_table,
    ),
}


def formats_of(codec: Codec) -> Formats:
    """Return the file formats of a codec's kind; those of tables where its samples are tables.

    Raises:
        WganError: a kind without formats.
    """
    if codec.kind not in FORMATS:
        raise WganError(f"no file formats for {codec.kind}: add a line to data.formats.FORMATS")
    formats = FORMATS[codec.kind]
    return formats.of_tables if formats.of_tables and codec.names else formats


def check_place(path: Path, codec: Codec, sheet: Sheet = AS_FITS) -> None:
    """Refuse a path that samples of this kind cannot be written to.

    Args:
        path: the file or folder.
        codec: the codec of the samples.
        sheet: how pictures are laid out.

    Raises:
        WganError: a file that already exists, an ending that does not fit the samples, a package
            that it needs and is missing, or a scale where there are no pictures.
    """
    check_special(path)
    formats = formats_of(codec)
    endings = tuple(ending for ending in formats.endings if ending)
    as_folder = path.suffix == "" and "" in formats.endings
    if not as_folder and not path.name.lower().endswith(endings):
        raise WganError(f"{path}: samples of this kind are written as {formats.words}")
    check_new(path, "choose another name", as_folder)
    check_writer(path)
    if sheet.scale is not None and not formats.pictures:
        raise WganError(f"--scale is for pictures, and these are {codec.kind}: leave it out")
    if sheet.scale is not None and path.name.lower().endswith(ARRAYS):
        raise WganError(f"{path}: arrays hold samples as they are: leave out --scale")


def read_sample(path: Path, codec: Codec) -> np.ndarray:
    """Return the samples in a file, as raw ones: those of an array, or the one of a picture.

    Args:
        path: the file: `.npy`, `.npz`, or a picture for kinds whose samples are pictures.
        codec: the codec that they are to fit.

    Raises:
        WganError: no such file, or samples of another shape, type or range.
    """
    read = formats_of(codec).read
    if path.name.lower().endswith(ARRAYS):
        with warnings.catch_warnings(action="ignore"):  # the range of a few samples is no guide
            raw = load(path, kind=codec.kind).rows[:]
    elif read is not None:
        raw = read(path, codec)
    else:
        raise WganError(f"{path}: give {codec.kind} as {' or '.join(ARRAYS)}")
    codec.check(raw)
    return raw


def write_samples(
    raw: np.ndarray, codec: Codec, path: Path, labels: Labels = None, sheet: Sheet = AS_FITS
) -> None:
    """Write samples in the format that the ending of `path` names.

    `.npy` is the array, `.npz` the array as `x` and its labels as `y`. The kind decides about other
    endings.

    - Images: `.png` is a grid; `.gif`, `.webp`, `.apng` and `.mp4` show one after the other. No
      ending is a folder of PNGs, with a folder for each class if there are labels.
    - Vectors: `.png` is a scatter.
    - Tables: `.csv`, `.tsv` (`.gz` too) and `.parquet` are tables, `.png` has a panel for each
      column.
    - Series: `.png` has a panel for each channel. Series that were read from a table may be written
      as tables, a row for each step.

    Args:
        raw: the samples.
        codec: their codec.
        path: the file or folder.
        labels: the class of each sample, by name.
        sheet: how pictures are laid out.

    Raises:
        WganError: as `check_place` and `write_grid`, or a class whose name cannot be a folder's.
    """
    if path.suffix == "":
        for name in set(labels or ()):
            _check_folder_name(name, path)
    check_place(path, codec, sheet)
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = path.suffix.lower()
    if ending == ".npy":
        with replaced(path) as target, target.open("wb") as file:
            np.save(file, raw)
    elif ending == ".npz":
        arrays = {"x": raw} if labels is None else {"x": raw, "y": np.array(labels)}
        with replaced(path) as target, target.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
    else:
        formats_of(codec).write(raw, codec, path, labels, sheet)


def _check_folder_name(name: str, path: Path) -> None:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") for part in parts)
    if not parts or parts[0] == "/" or "\0" in name or hidden:
        raise WganError(
            f"a class called '{name}' cannot be a folder below {path}: write an .npz, which"
            " holds labels as they are"
        )


def _write_folder(
    pixels: UInt8[np.ndarray, "n h w c"] | UInt16[np.ndarray, "n h w 1"],
    folder: Path,
    labels: Sequence[str] | None,
    scale: int,
) -> None:
    """Write one PNG a picture; numbers of equal length keep them in order."""
    digits = max(4, len(str(len(pixels) - 1)))
    for i, picture in enumerate(pixels):
        place = folder if labels is None else folder / labels[i]
        place.mkdir(exist_ok=True, parents=True)
        with replaced(place / f"{i:0{digits}d}.png") as target:
            image_of(enlarged(picture[None], scale)[0]).save(target, format="png")
