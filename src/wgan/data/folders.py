"""Folders and zips of pictures, decoded once by Pillow into an array of bytes in the cache."""

import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent, tracked
from wgan.data.arrays import DAMAGED, from_npy
from wgan.data.cache import cached
from wgan.data.dataset import Dataset

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
MODES = ("L", "RGB", "RGBA")
"""Pillow's modes, each of which keeps all that the ones before it hold."""
MANY_PICTURES = 2000
"""From so many pictures on, checking them takes seconds, so that progress is worth showing."""
WITH_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")
"""Pillow's modes that have a channel of transparency."""
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""Errors of Pillow for a file that it cannot decode."""


def from_pictures(
    path: Path,
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    kind: str = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of a folder or zip of pictures.

    Nested folders are classes, and give labels.

    Args:
        path: the folder or zip; hidden files and files that are no pictures are skipped.
        resize: (height, width) in pixels; pictures are cut centrally to that aspect, then resampled
            (Pillow's `fit`, Lanczos).
        mode: `L`, `RGB` or `RGBA`; in `L` and `RGB`, transparent parts are white. `auto`: the first
            of them that keeps all that any picture holds.
        kind: the kind of data that pixels are read as.
        progress: listener while reading and decoding.

    Raises:
        WganError: no pictures, one that cannot be decoded, or sizes that differ without `resize`.
    """
    names = _names(path)
    listener = progress if len(names) > MANY_PICTURES else silent
    # 1 is the version of decoding: another one makes the cache decode again.
    digest = sha256(f"pictures 1 {resize} {mode}".encode())
    modes = set()
    for name, content in tracked(_contents(path, names), "checking pictures", len(names), listener):
        digest.update(b"\0" + os.fsencode(name) + f"\0{len(content)}\0".encode() + content)
        modes.add(_mode_of(content, f"{path}/{name}") if mode == "auto" else mode)
    common = max(modes, key=MODES.index)

    def decode_all(target: Path) -> None:
        contents = tracked(_contents(path, names), "decoding pictures", len(names), progress)
        _decode_all(path, contents, len(names), target, resize, common)

    array_file = cached(digest.hexdigest(), decode_all, ".npy")
    classes, labels = _classes(names)
    dataset = from_npy(array_file, kind, progress, name=str(path))
    return replace(dataset, labels=labels, classes=classes)


def _names(path: Path) -> list[str]:
    """Return the names of the pictures below a folder or in a zip, sorted."""
    if path.is_dir():
        files = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
    else:
        try:
            with zipfile.ZipFile(path) as archive:
                files = archive.namelist()
        except zipfile.BadZipFile as error:
            raise WganError(f"{path}: a damaged zip file ({error}): make it again") from None
    names = sorted(name for name in files if _is_picture(PurePosixPath(name)))
    if not names:
        raise WganError(
            f"{path}: no pictures found; endings read are {', '.join(sorted(SUFFIXES))}"
        )
    return names


def _is_picture(name: PurePosixPath) -> bool:
    # __MACOSX holds what macOS adds to a zip.
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return name.suffix.lower() in SUFFIXES and not hidden


def _contents(path: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each picture."""
    if path.is_dir():
        for name in names:
            yield name, (path / name).read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in names:
            try:
                yield name, archive.read(name)
            except DAMAGED as error:
                raise WganError(
                    f"{path}/{name}: cannot be unpacked ({error}): make the zip again, without a"
                    " password"
                ) from None


def _classes(names: list[str]) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Return the names of the classes, and each picture's class; none for a single folder."""
    folders = [PurePosixPath(n).parent.as_posix() for n in names]
    classes = sorted(set(folders))
    if len(classes) < 2:
        return (), None
    number = {c: i for i, c in enumerate(classes)}
    return tuple(classes), np.array([number[f] for f in folders], dtype=np.int64)


def _mode_of(content: bytes, where: str) -> str:
    """Return the first mode that keeps all that a picture holds."""
    try:
        with Image.open(BytesIO(content)) as image:
            if image.mode in WITH_ALPHA or "transparency" in image.info:
                return "RGBA"
            # I and I;16 hold 16 bits of grey.
            grey = image.mode in ("1", "L") or image.mode[0] == "I"
            return "L" if grey else "RGB"
    except UNREADABLE as error:
        raise _unreadable(where, error) from None


def _unreadable(where: str, error: Exception) -> WganError:
    reason = "no picture format that is known" if "cannot identify" in str(error) else error
    return WganError(f"{where}: cannot be decoded ({reason}): remove it or save it again")


def _decode_all(
    path: Path,
    contents: Iterable[tuple[str, bytes]],
    count: int,
    target: Path,
    resize: tuple[int, int] | None,
    mode: str,
) -> None:
    """Write a .npy of all pictures, one after another.

    The file is not mapped: on a full disk, a map would crash where a write raises an error.
    """
    shape: tuple[int, ...] | None = None
    first = ""
    with target.open("wb") as out:
        for name, content in contents:
            pixels = _decode(content, f"{path}/{name}", resize, mode)
            if shape is None:
                shape = pixels.shape
                first = name
                header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
                np.lib.format.write_array_header_1_0(out, header)
            if pixels.shape != shape:
                (h, w), (h0, w0) = pixels.shape[:2], shape[:2]
                raise WganError(
                    f"{path}/{name}: {h}x{w} pixels (height x width) where {first} has {h0}x{w0};"
                    f" give one size for all, e.g. --set 'data.resize=[{h0},{w0}]'"
                )
            out.write(pixels.tobytes())


def _decode(
    content: bytes, where: str, resize: tuple[int, int] | None, mode: str
) -> UInt8[np.ndarray, "h w c"]:
    """Return the pixels of one picture in a mode, resized if asked for."""
    try:
        with Image.open(BytesIO(content)) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode[0] == "I":
                image = _to_8_bits(image)
            transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
            if transparent and mode != "RGBA":
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image.convert("RGBA"))
            image = image.convert(mode)
            if resize is not None:
                image = ImageOps.fit(image, (resize[1], resize[0]), Image.Resampling.LANCZOS)
    except UNREADABLE as error:
        raise _unreadable(where, error) from None
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return a grey picture of 16 bits with 8: 65535 = 255 * 257."""
    grey = (np.asarray(image).astype(np.int64) // 257).clip(0, 255)
    return Image.fromarray(grey.astype(np.uint8))
