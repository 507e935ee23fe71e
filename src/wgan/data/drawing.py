"""Drawings of samples: a grid of pictures, a scatter of points."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped, UInt8, UInt16
from PIL import Image

from wgan.base.errors import WganError

SIDE = 640
"""Pixels of a drawing's side: it fits on any screen, and small pictures are seen."""
GAP = 2
"""Pixels between the pictures of a grid."""
DOT = 1
"""Half the side of a point, in pixels: 2,000 points of 2 x 2 neither vanish nor run together."""
GREY = (190, 190, 190)
BLUE = (31, 90, 200)
"""Colours of real and of generated samples: they differ in lightness too, not in hue alone."""
MOST_SCALE = 64
"""The largest scale: a pixel of 64 x 64 is a tile, and a larger one shows nothing more."""
MOST_PIXELS = 2**27
"""Pixels of an enlarged grid: in colour they take 400 MB, and viewers open no larger one."""


@dataclass(frozen=True)
class Sheet:
    """Layout of pictures in files.

    Attributes:
        columns: pictures in a row of a grid; None: as many as make it about square.
        scale: whole factor by which each pixel is enlarged to a square; None: grids and animations
            are enlarged to fit the screen, and other files keep the size of the data.
    """

    columns: int | None = None
    scale: int | None = None

    def __post_init__(self) -> None:
        if self.scale is not None and not 1 <= self.scale <= MOST_SCALE:
            raise WganError(f"--scale {self.scale}: give a whole number from 1 to {MOST_SCALE}")


AS_FITS = Sheet()
"""Pictures as they fit the screen."""


def write_grid(pixels: UInt8[np.ndarray, "n h w c"], path: Path, sheet: Sheet = AS_FITS) -> None:
    """Write pictures side by side, row by row, as one PNG with a gap of two pixels.

    Small pictures are enlarged by a whole factor.

    Args:
        pixels: the pictures.
        path: the file.
        sheet: columns and scale.

    Raises:
        WganError: a scale by which the grid takes more pixels than viewers open.
    """
    n, h, w, c = pixels.shape
    columns = sheet.columns or min(n, max(1, round((n * h / w) ** 0.5)))
    rows = -(-n // columns)
    zoom = sheet.scale or max(1, SIDE // max(rows * h, columns * w))
    if sheet.scale and rows * columns * h * w * zoom**2 > MOST_PIXELS:
        raise WganError(
            f"--scale {zoom}: a grid of {rows} x {columns} pictures of {h} x {w} then has more than"
            f" {MOST_PIXELS / 1e6:.0f} million pixels: give a smaller scale, or fewer pictures"
        )
    pixels = enlarged(pixels, zoom)
    down = h * zoom + GAP
    across = w * zoom + GAP
    canvas = np.full((rows * down - GAP, columns * across - GAP, c), 255, dtype=np.uint8)
    for i, picture in enumerate(pixels):
        top = i // columns * down
        left = i % columns * across
        canvas[top : top + h * zoom, left : left + w * zoom] = picture
    image_of(canvas).save(path, format="png")


def enlarged(pixels: Shaped[np.ndarray, "n h w c"], scale: int) -> Shaped[np.ndarray, "n h2 w2 c"]:
    """Return pictures in which each pixel is a square: nearest neighbour, so values stay the same.

    Args:
        pixels: the pictures.
        scale: side of the square.
    """
    return pixels.repeat(scale, axis=1).repeat(scale, axis=2)


def write_scatter(
    fake: Float[np.ndarray, "m d"], path: Path, real: Float[np.ndarray, "n d"] | None = None
) -> None:
    """Write the first two columns as points in a square PNG.

    The square spans the real points, or the generated ones where there are no real ones, with a
    margin of a tenth of their range on each side.

    Args:
        fake: generated points, drawn in blue.
        path: the file.
        real: real points, drawn in grey below; None: no real points.
    """
    sets = [(GREY, _two_columns(real))] if real is not None else []
    sets.append((BLUE, _two_columns(fake)))
    frame = sets[0][1]
    centre = (frame.max(axis=0) + frame.min(axis=0)) / 2
    # Half the range and a tenth of it; not zero, where all points are one.
    reach = max(float(np.ptp(frame, axis=0).max()) * 0.6, 1e-12)
    sheet = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
    for colour, points in sets:
        pixels = (points - centre) / reach * (SIDE / 2) + SIDE / 2
        # Points far away would overflow an integer.
        places = pixels.clip(-SIDE, 2 * SIDE).astype(int)
        inside = ((places >= DOT) & (places < SIDE - DOT)).all(axis=1)
        for column, up in places[inside]:
            row = SIDE - 1 - up
            sheet[row - DOT : row + DOT + 1, column - DOT : column + DOT + 1] = colour
    Image.fromarray(sheet).save(path, format="png")


def _two_columns(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n 2"]:
    return np.concatenate([points, np.zeros((len(points), 1))], axis=1)[:, :2]


def image_of(
    pixels: UInt8[np.ndarray, "h w c"] | UInt16[np.ndarray, "h w 1"],
) -> Image.Image:
    """Return pixels as a Pillow image, grey where they have one channel."""
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
