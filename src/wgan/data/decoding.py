"""Decoding of picture files by Pillow, each in its own depth: 8 or 16 bits, or floats."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from PIL import Image, ImageOps, UnidentifiedImageError

from wgan.base.errors import WganError

SUFFIXES = {
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
}
"""Endings of files that are taken for pictures in folders and archives."""
FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF", "WEBP", "TIFF", "PPM")
"""Pillow's names of the formats that are read, independent of a file's name. One of the others
(EPS) would start a program, Ghostscript, on the file.
"""
PREVIEWS = "MPO"
"""Pillow's name of a JPEG file whose further frames are previews of the same picture."""
WITH_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")
"""Pillow's modes that have a channel of transparency."""
MODES = ("L", "RGB", "RGBA")
"""Pillow's modes that pictures are read in, each of which keeps all that those before it hold."""
MODE_OF: dict[int, "Mode"] = {1: "L", 3: "RGB", 4: "RGBA"}
"""The mode of pictures by their channels."""
BYTES, WORDS, FLOATS = "|u1", "<u2", "<f4"
"""Types of pixels, by NumPy's names: of 8 bits, of up to 16 bits, and of floats."""
Mode = Literal["L", "RGB", "RGBA"]
DEPTHS = {BYTES: "8 bits", WORDS: "16 bits", FLOATS: "floats"}
MOST_GREY = 2**16 - 1
BITS_PER_SAMPLE = 258
"""The tag of TIFF 6.0 that holds the bits of each channel."""


@dataclass(frozen=True)
class Look:
    """Facts from the header of a picture file.

    Attributes:
        dtype: the type that holds its pixels.
        grey: whether it has no colour.
        alpha: whether it has a channel of transparency.
        frames: pictures in the file, of which the first is read.
    """

    dtype: str
    grey: bool
    alpha: bool
    frames: int


def look_at(content: bytes, where: str) -> Look:
    """Return the facts in the header of a picture file.

    Args:
        content: the bytes of the file.
        where: what messages call it.

    Raises:
        WganError: no picture that can be read, or one whose depth would be lost.
    """
    with _opened(content, where) as image:
        dtype = _dtype(image, where)
        alpha = image.mode in WITH_ALPHA or "transparency" in image.info
        if alpha and dtype != BYTES:
            raise WganError(
                f"{where}: a transparent grey beside {DEPTHS[dtype]} a pixel: save it without"
            )
        frames = 1 if image.format == PREVIEWS else getattr(image, "n_frames", 1)
        return Look(dtype, dtype != BYTES or image.mode in ("1", "L", "LA", "La"), alpha, frames)


def _dtype(image: Image.Image, where: str) -> str:
    """Return the type that holds the pixels.

    16 bits of colour are refused, because Pillow would cut them to 8.
    """
    if image.mode == "F":
        return FLOATS
    if image.mode[0] == "I":
        return WORDS
    if _bits(image) > 8:
        raise WganError(
            f"{where}: colour of more than 8 bits, which cannot be read whole: save it with 8 bits,"
            " or all pictures as an array [n, height, width, channels] in a .npy"
        )
    return BYTES


def _bits(image: Image.Image) -> int:
    """Return the bits of a channel in the file, where Pillow opens it with 8."""
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, 8)
        return max(bits) if isinstance(bits, tuple) else int(bits)
    # How the file is unpacked: "RGB;16B" of a PNG, ("RGB", largest value) of a PPM.
    ways = [entry[3] for entry in getattr(image, "tile", [])]
    if image.format == "PNG":
        return 16 if any(";16" in str(way) for way in ways) else 8
    if image.format == "PPM":
        numbers = [each for way in ways if isinstance(way, tuple) for each in way]
        return 16 if any(isinstance(each, int) and each > 255 for each in numbers) else 8
    return 8


def decode(
    content: bytes, where: str, dtype: str, mode: str, resize: tuple[int, int] | None
) -> Shaped[np.ndarray, "h w c"]:
    """Return the pixels of one picture.

    Args:
        content: the bytes of the file.
        where: what messages call it.
        dtype: the type of its pixels, as `look_at` returned it.
        mode: `L`, `RGB` or `RGBA`; more than 8 bits are grey.
        resize: (height, width) in pixels, or None; the picture is cut centrally to that aspect.

    Raises:
        WganError: a damaged picture, or values that its type does not hold.
    """
    with _opened(content, where) as opened:
        image = ImageOps.exif_transpose(opened)
        if dtype != BYTES:
            return _deep(image, where, dtype, resize)[:, :, None]
        transparent = image.mode in WITH_ALPHA or "transparency" in image.info
        if transparent and mode != "RGBA":
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image.convert("RGBA"))
        pixels = np.asarray(_fit(image.convert(mode), resize))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def read_picture(path: Path, size: tuple[int, int], mode: Mode) -> Shaped[np.ndarray, "h w c"]:
    """Return the pixels of one picture file, in its own depth.

    A picture of another size is cut and resampled, with a `UserWarning`.

    Args:
        path: the file.
        size: (height, width) in pixels.
        mode: as for `decode`.

    Raises:
        WganError: no file there, or as `look_at` and `decode`.
    """
    if not path.is_file():
        raise WganError(f"{path}: no such file: give a picture")
    content = path.read_bytes()
    dtype = look_at(content, str(path)).dtype
    pixels = decode(content, str(path), dtype, mode, None)
    if pixels.shape[:2] == size:
        return pixels
    height, width = pixels.shape[:2]
    warnings.warn(
        f"{path}: {height} x {width} pixels are cut centrally and resampled to {size[0]} x"
        f" {size[1]}, the size of the data",
        stacklevel=2,
    )
    return decode(content, str(path), dtype, mode, size)


def _deep(
    image: Image.Image, where: str, dtype: str, resize: tuple[int, int] | None
) -> Shaped[np.ndarray, "h w"]:
    """Return grey pixels of more than 8 bits."""
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise WganError(f"{where}: holds NaN or infinite pixels: fill them, or leave it out")
    low, high = float(values.min()), float(values.max())
    if dtype == WORDS and (low < 0 or high > MOST_GREY):
        raise WganError(
            f"{where}: pixels run from {low:g} to {high:g}, and whole numbers from 0 to {MOST_GREY}"
            " are read: scale them, or save floats in [0, 1]"
        )
    if resize is not None:
        # Lanczos overshoots at edges; no pixel may leave the range of its picture.
        fitted = _fit(Image.fromarray(values.astype(np.float32)), resize)
        values = _rounded(np.asarray(fitted).clip(low, high), dtype)
    return values.astype(dtype)


def _rounded(values: Float[np.ndarray, "h w"], dtype: str) -> Float[np.ndarray, "h w"]:
    return np.rint(values) if dtype == WORDS else values


def _fit(image: Image.Image, resize: tuple[int, int] | None) -> Image.Image:
    if resize is None:
        return image
    height, width = resize
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


@contextmanager
def _opened(content: bytes, where: str) -> Iterator[Image.Image]:
    """Yield a picture, in a context in which errors of Pillow name the file."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            yield image
    except (WganError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise _unreadable(where, f"none of {', '.join(FORMATS)}") from None
    # On damaged files Pillow raises what its parsers do: OSError, SyntaxError, struct.error, ...
    except Exception as error:
        raise _unreadable(where, str(error) or type(error).__name__) from None


def _unreadable(where: str, reason: str) -> WganError:
    return WganError(f"{where}: cannot be decoded ({reason}): remove it or save it again")


def common_mode(looks: list[Look], opaque: bool) -> Mode:
    """Return the first mode that keeps all that any picture holds.

    Args:
        looks: of all pictures.
        opaque: whether no pixel of any picture is transparent.
    """
    if not opaque and any(look.alpha for look in looks):
        return "RGBA"
    return "L" if all(look.grey for look in looks) else "RGB"
