"""How do samples become files people look at? A grid or a folder of PNGs, a scatter of points, an
array, or a table.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.data.codecs import Codec, ImageCodec
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.frames import ENDINGS, write_frame
from wgan.data.tables.schema import Column

SIDE, DOT, GAP = 640, 1, 2
GREY, BLUE = (190, 190, 190), (31, 90, 200)
PANEL, BARS = (220, 110), 20


def check_place(path: Path, codec: Codec) -> None:
    """Refuse a place that samples of this kind cannot be written to.

    Raises:
        WganError: the file is there already, or an ending that is not known or does not fit the
            samples.
    """
    if isinstance(codec, TableCodec):
        known, forms = (
            path.name.endswith((*ENDINGS, ".png")),
            f"{', '.join(ENDINGS)} or .png (a panel a column)",
        )
    elif isinstance(codec, ImageCodec):
        known, forms = (
            path.suffix in (".png", ".npy", ".npz", ""),
            ".png, .npy, .npz or a folder (no ending)",
        )
    else:
        known, forms = path.suffix in (".png", ".npy", ".npz"), ".png (a scatter), .npy or .npz"
    if not known:
        raise WganError(f"{path}: samples of this kind are written as {forms}")
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise WganError(
            f"{path}: is there already, and nothing is overwritten: choose another name"
        )


def write_samples(
    raw: np.ndarray, codec: Codec, path: Path, labels: Sequence[str] | None = None
) -> None:
    """Write samples in the form that the ending of `path` names.

    `.png` a grid or scatter; `.npy` the array; `.npz` the array as `x` and its labels as `y`; none
    a folder of PNGs, with a folder a class where there are labels. Of tables: `.csv`, `.tsv` (`.gz`
    too) or `.parquet`; `.png` a picture of each column.

    Raises:
        WganError: as `check_place`, or a class whose name cannot be a folder's.
    """
    for name in set(labels or ()) if path.suffix == "" else ():
        parts = PurePosixPath(name).parts
        if (
            not parts
            or parts[0] == "/"
            or "\0" in name
            or any(part.startswith(".") for part in parts)
        ):
            raise WganError(
                f"a class called '{name}' cannot be a folder below {path}: write an .npz, which"
                " holds labels as they are"
            )
    check_place(path, codec)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(codec, TableCodec):
        if path.suffix == ".png":
            with replaced(path) as target:
                write_columns(codec, raw, target)
        else:
            write_frame(codec.frame(raw), codec, path)
    elif path.suffix == ".npy":
        with replaced(path) as target, target.open("wb") as file:
            np.save(file, raw)
    elif path.suffix == ".npz":
        with replaced(path) as target, target.open("wb") as file:
            if labels is None:
                np.savez(file, x=raw)
            else:
                np.savez(file, x=raw, y=np.array(labels))
    elif isinstance(codec, ImageCodec):
        pixels = codec.to_pixels(raw)
        if path.suffix == "":
            _write_folder(pixels, path, labels)
        else:
            with replaced(path) as target:
                write_grid(pixels, target)
    else:
        with replaced(path) as target:
            write_scatter(np.asarray(raw, dtype=np.float64), target)


def write_grid(
    pixels: UInt8[np.ndarray, "n h w c"], path: Path, columns: int | None = None
) -> None:
    """Write pictures side by side, row by row, as one PNG with a gap of two pixels; small ones are
    enlarged whole times.
    """
    n, h, w, c = pixels.shape
    columns = columns or min(n, max(1, round((n * h / w) ** 0.5)))
    rows = -(-n // columns)
    zoom = max(1, SIDE // max(rows * h, columns * w))
    pixels = pixels.repeat(zoom, axis=1).repeat(zoom, axis=2)
    down, across = h * zoom + GAP, w * zoom + GAP
    sheet = np.full((rows * down - GAP, columns * across - GAP, c), 255, dtype=np.uint8)
    for i, picture in enumerate(pixels):
        top, left = i // columns * down, i % columns * across
        sheet[top : top + h * zoom, left : left + w * zoom] = picture
    _image(sheet).save(path, format="png")


def write_scatter(
    fake: Float[np.ndarray, "m d"], path: Path, real: Float[np.ndarray, "n d"] | None = None
) -> None:
    """Write the first two columns as points in a square PNG: real ones grey below, generated ones
    blue.

    The square spans the real points (or, without them, the generated ones) with a margin of a tenth
    of their reach.
    """
    sets = [(GREY, _two_columns(real))] if real is not None else []
    sets.append((BLUE, _two_columns(fake)))
    frame = sets[0][1]
    centre = (frame.max(axis=0) + frame.min(axis=0)) / 2
    reach = max(float(np.ptp(frame, axis=0).max()) * 0.6, 1e-12)
    sheet = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
    for colour, points in sets:
        places = (
            ((points - centre) / reach * (SIDE / 2) + SIDE / 2).clip(-SIDE, 2 * SIDE).astype(int)
        )
        for column, up in places[((places >= DOT) & (places < SIDE - DOT)).all(axis=1)]:
            row = SIDE - 1 - up
            sheet[row - DOT : row + DOT + 1, column - DOT : column + DOT + 1] = colour
    Image.fromarray(sheet).save(path, format="png")


def write_columns(
    codec: TableCodec,
    fake: Float[np.ndarray, "m c"],
    path: Path,
    real: Float[np.ndarray, "n c"] | None = None,
) -> None:
    """Write a panel a column as one PNG: how often each level, or number of a range, occurs; real
    rows grey, generated ones blue.
    """
    columns = codec.learned
    across = max(1, round((len(columns) * PANEL[1] / PANEL[0]) ** 0.5))
    sheet = Image.new(
        "RGB", (across * PANEL[0], -(-len(columns) // across) * PANEL[1]), (255, 255, 255)
    )
    for i, column in enumerate(columns):
        panel = Image.new("RGB", PANEL, (255, 255, 255))
        _draw_column(
            ImageDraw.Draw(panel), column, fake[:, i], None if real is None else real[:, i]
        )
        sheet.paste(panel, (i % across * PANEL[0], i // across * PANEL[1]))
    sheet.save(path, format="png")


def _draw_column(
    draw: ImageDraw.ImageDraw,
    column: Column,
    fake: Float[np.ndarray, " m"],
    real: Float[np.ndarray, " n"] | None,
) -> None:
    sides = [(GREY, real), (BLUE, fake)] if real is not None else [(BLUE, fake)]
    base = sides[0][1]
    assert base is not None
    if column.is_number and len(present := base[~np.isnan(base)]):
        low, high = np.quantile(present, [0.005, 0.995]).tolist()
        edges = np.linspace(low, high, BARS + 1)[1:-1]
        codes = [
            np.where(np.isnan(x), BARS, np.searchsorted(edges, np.nan_to_num(x), side="right"))
            for _, x in sides
            if x is not None
        ]
        bars = BARS + column.missing
    else:
        known = min(len(column.levels), BARS)
        bars = max(1, known + column.missing)
        codes = [
            np.where(np.isnan(x), bars - 1, np.nan_to_num(x).clip(0, max(0, known - 1)))
            for _, x in sides
            if x is not None
        ]
    shares = [
        np.bincount(code.astype(np.int64), minlength=bars) / max(len(code), 1) for code in codes
    ]
    draw.text(
        (6, 2), column.name[:34].encode("latin-1", "replace").decode("latin-1"), fill=(0, 0, 0)
    )
    width, height, foot = (PANEL[0] - 12) / bars, PANEL[1] - 24, PANEL[1] - 6
    top = max(share.max() for share in shares) or 1.0
    for (colour, _), share, shift in zip(
        sides, shares, (0.05, 0.5) if len(sides) == 2 else (0.1,), strict=True
    ):
        for k, value in enumerate(share):
            left = 6 + (k + shift) * width
            draw.rectangle(
                (
                    left,
                    foot - value / top * height,
                    left + width * (0.42 if len(sides) == 2 else 0.8),
                    foot,
                ),
                fill=colour,
            )


def _two_columns(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n 2"]:
    return np.concatenate([points, np.zeros((len(points), 1))], axis=1)[:, :2]


def _write_folder(
    pixels: UInt8[np.ndarray, "n h w c"], folder: Path, labels: Sequence[str] | None
) -> None:
    digits = max(4, len(str(len(pixels) - 1)))
    for i, picture in enumerate(pixels):
        place = folder if labels is None else folder / labels[i]
        place.mkdir(exist_ok=True, parents=True)
        with replaced(place / f"{i:0{digits}d}.png") as target:
            _image(picture).save(target, format="png")


def _image(pixels: UInt8[np.ndarray, "h w c"]) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
