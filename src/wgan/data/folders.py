"""How does a folder or zip of pictures become an array? Decoded once by Pillow into a uint8 cache
keyed by content.
"""

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
MANY_PICTURES = 2000
"""From here on, checking the files takes seconds, so that progress is worth showing."""
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def from_pictures(
    path: Path,
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    kind: str = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of a folder or zip of pictures; nested folders are classes and give
    labels.

    Args:
        path: the folder or zip; hidden files and files that are no pictures are passed over.
        resize: (height, width) in pixels: cut centrally to that aspect, then resampled (Pillow's
            `fit`, Lanczos).
        mode: `L`, `RGB`, `RGBA` (to `L` or `RGB`, transparent parts become white), or `auto`: the
            least of them that keeps what any of the pictures holds.
        kind: the kind of data that pixels are read as.
        progress: listener while reading and decoding.

    Raises:
        WganError: no pictures, one that cannot be decoded, or sizes that differ without `resize`.
    """
    names = _names(path)
    listener = progress if len(names) > MANY_PICTURES else silent
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
    if path.is_dir():
        found = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
    else:
        try:
            with zipfile.ZipFile(path) as archive:
                found = archive.namelist()
        except zipfile.BadZipFile as error:
            raise WganError(f"{path}: a damaged zip file ({error}): make it again") from None
    names = sorted(n for n in found if _is_picture(PurePosixPath(n)))
    if not names:
        raise WganError(
            f"{path}: no pictures found; endings read are {', '.join(sorted(SUFFIXES))}"
        )
    return names


def _is_picture(name: PurePosixPath) -> bool:
    return name.suffix.lower() in SUFFIXES and not any(
        part.startswith((".", "__MACOSX")) for part in name.parts
    )


def _contents(path: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
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
    folders = [PurePosixPath(n).parent.as_posix() for n in names]
    classes = sorted(set(folders))
    if len(classes) < 2:
        return (), None
    number = {c: i for i, c in enumerate(classes)}
    return tuple(classes), np.array([number[f] for f in folders], dtype=np.int64)


def _mode_of(content: bytes, where: str) -> str:
    try:
        with Image.open(BytesIO(content)) as image:
            alpha = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
            return (
                "RGBA"
                if alpha
                else "L"
                if image.mode in ("1", "L") or image.mode[0] == "I"
                else "RGB"
            )
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
    """Write a .npy of all pictures, one after another: a full disk is then an error like any other
    (a map would crash).
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
    try:
        with Image.open(BytesIO(content)) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode[0] == "I":  # 16 bits a pixel
                image = Image.fromarray(
                    (np.asarray(image).astype(np.int64) // 257).clip(0, 255).astype(np.uint8)
                )
            if mode != "RGBA" and (
                image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
            ):
                image = Image.alpha_composite(
                    Image.new("RGBA", image.size, "white"), image.convert("RGBA")
                )
            image = image.convert(mode)
            if resize is not None:
                image = ImageOps.fit(image, (resize[1], resize[0]), Image.Resampling.LANCZOS)
    except UNREADABLE as error:
        raise _unreadable(where, error) from None
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels
