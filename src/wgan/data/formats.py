"""File formats of samples for each kind of data: the endings of a path, and what writes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import UInt8, UInt16

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.places import check_new, check_special
from wgan.data.codec import Codec
from wgan.data.drawing import image_of, write_grid, write_scatter
from wgan.data.images import ImageCodec
from wgan.data.series import SeriesCodec
from wgan.data.series_drawing import write_series
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.drawing import write_columns
from wgan.data.tables.frames import ENDINGS, write_frame

Labels = Sequence[str] | None


@dataclass(frozen=True)
class Formats:
    """The file formats of one kind of data.

    Attributes:
        default: the name of a file where none is given.
        endings: endings that a path may have; "" stands for a folder.
        words: the endings, listed for a person.
        write: writes raw samples, given their codec, the path, and their class names if any; it is
            not called for arrays (`.npy`, `.npz`).
    """

    default: str
    endings: tuple[str, ...]
    words: str
    write: Callable[[np.ndarray, Any, Path, Labels], None]


def draw_points(raw: np.ndarray, codec: Codec, path: Path, labels: Labels) -> None:
    """Write a scatter of the first two coordinates: `write` for kinds whose samples are points.

    Args:
        raw: the samples.
        codec: their codec.
        path: the file.
        labels: not drawn.
    """
    with replaced(path) as target:
        write_scatter(np.asarray(codec.measure(raw), dtype=np.float64), target)


def _draw_vectors(raw: np.ndarray, codec: Codec, path: Path, labels: Labels) -> None:
    with replaced(path) as target:
        write_scatter(np.asarray(raw, dtype=np.float64), target)


def _write_images(raw: np.ndarray, codec: ImageCodec, path: Path, labels: Labels) -> None:
    if path.suffix == "":
        _write_folder(codec.to_files(raw), path, labels)
        return
    with replaced(path) as target:
        write_grid(codec.to_pixels(raw), target)


def _draw_series(raw: np.ndarray, codec: SeriesCodec, path: Path, labels: Labels) -> None:
    with replaced(path) as target:
        write_series(codec.in_channels(raw), target)


def _write_table(raw: np.ndarray, codec: TableCodec, path: Path, labels: Labels) -> None:
    if path.suffix.lower() == ".png":
        with replaced(path) as target:
            write_columns(codec, raw, target)
        return
    write_frame(codec.frame(raw), codec, path)


ARRAYS = (".npy", ".npz")
"""Endings of arrays, which samples of these kinds can be written as."""
FORMATS: dict[str, Formats] = {
    "vectors": Formats(
        "samples.png", (".png", *ARRAYS), ".png (a scatter), .npy or .npz", _draw_vectors
    ),
    "images": Formats(
        "samples.png",
        (".png", *ARRAYS, ""),
        ".png, .npy, .npz or a folder (no ending)",
        _write_images,
    ),
    "series": Formats(
        "samples.npy", (*ARRAYS, ".png"), ".npy, .npz or .png (a panel a channel)", _draw_series
    ),
    "tables": Formats(
        "samples.csv",
        (*ENDINGS, ".png"),
        f"{', '.join(ENDINGS)} or .png (a panel a column)",
        _write_table,
    ),
}


def formats_of(codec: Codec) -> Formats:
    """Return the file formats of a codec's kind.

    Raises:
        WganError: a kind without formats.
    """
    if codec.kind not in FORMATS:
        raise WganError(f"no file formats for {codec.kind}: add a line to data.formats.FORMATS")
    return FORMATS[codec.kind]


def check_place(path: Path, codec: Codec) -> None:
    """Refuse a path that samples of this kind cannot be written to.

    Args:
        path: the file or folder.
        codec: the codec of the samples.

    Raises:
        WganError: a file that is there already, or an ending that does not fit the samples.
    """
    check_special(path)
    formats = formats_of(codec)
    endings = tuple(ending for ending in formats.endings if ending)
    as_folder = path.suffix == "" and "" in formats.endings
    if not as_folder and not path.name.lower().endswith(endings):
        raise WganError(f"{path}: samples of this kind are written as {formats.words}")
    check_new(path, "choose another name", as_folder)


def write_samples(raw: np.ndarray, codec: Codec, path: Path, labels: Labels = None) -> None:
    """Write samples in the format that the ending of `path` names.

    `.npy` is the array, `.npz` the array as `x` and its labels as `y`. The kind decides about other
    endings. For images, `.png` is a grid, and no ending is a folder of PNGs, one folder a class
    where there are labels. For vectors, `.png` is a scatter. For tables, `.csv`, `.tsv` (`.gz` too)
    and `.parquet` are tables, and `.png` is one panel a column.

    Args:
        raw: the samples.
        codec: their codec.
        path: the file or folder.
        labels: the class of each sample, by name.

    Raises:
        WganError: as `check_place`, or a class whose name cannot be a folder's.
    """
    if path.suffix == "":
        for name in set(labels or ()):
            _check_folder_name(name, path)
    check_place(path, codec)
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
        formats_of(codec).write(raw, codec, path, labels)


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
) -> None:
    """Write one PNG a picture; numbers of equal length keep them in order."""
    digits = max(4, len(str(len(pixels) - 1)))
    for i, picture in enumerate(pixels):
        place = folder if labels is None else folder / labels[i]
        place.mkdir(exist_ok=True, parents=True)
        with replaced(place / f"{i:0{digits}d}.png") as target:
            image_of(picture).save(target, format="png")
