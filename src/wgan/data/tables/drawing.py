"""Drawings of tables: one panel a column, with the frequency of each level or range of numbers."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from wgan.data.drawing import BLUE, GREY
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.schema import Column

PANEL = (220, 110)
"""Width and height of a panel in pixels: 16 columns fit on a screen."""
BARS = 20
"""Bars of a panel: 10 pixels each, enough to see two peaks."""
MARGIN = 6
"""Pixels left free beside and below the bars."""
TITLE_HEIGHT = 18
"""Pixels above the bars, for one line in Pillow's own font."""
NAME_LENGTH = 34
"""Characters of a column's name that fit into a panel."""
CUT_TAILS = (0.005, 0.995)
"""Quantiles between which numbers are drawn. Without the cut, one far number would leave all others
in one bar.
"""
WHITE = (255, 255, 255)
Colour = tuple[int, int, int]
Values = Float[np.ndarray, " _"]


def write_columns(
    codec: TableCodec,
    fake: Float[np.ndarray, "m c"],
    path: Path,
    real: Float[np.ndarray, "n c"] | None = None,
) -> None:
    """Write one panel a column as a PNG: how often each level, or number of a range, occurs.

    Args:
        codec: the table's codec.
        fake: `[m, columns]` generated rows, drawn in blue.
        path: the file.
        real: `[n, columns]` real rows, drawn in grey; None: no real rows.
    """
    columns = codec.learned
    across = max(1, round((len(columns) * PANEL[1] / PANEL[0]) ** 0.5))
    down = -(-len(columns) // across)
    sheet = Image.new("RGB", (across * PANEL[0], down * PANEL[1]), WHITE)
    for i, column in enumerate(columns):
        sides = [(BLUE, fake[:, i])]
        if real is not None:
            sides.insert(0, (GREY, real[:, i]))
        panel = Image.new("RGB", PANEL, WHITE)
        _draw_column(ImageDraw.Draw(panel), column, sides)
        sheet.paste(panel, (i % across * PANEL[0], i // across * PANEL[1]))
    sheet.save(path, format="png")


def _draw_column(
    draw: ImageDraw.ImageDraw, column: Column, sides: list[tuple[Colour, Values]]
) -> None:
    """Draw the bars of each side; the first side decides about ranges of numbers."""
    shares = _shares(column, [x for _, x in sides])
    bars = len(shares[0])
    # Pillow's own font has the characters of Latin-1 alone.
    name = column.name[:NAME_LENGTH].encode("latin-1", "replace").decode("latin-1")
    draw.text((MARGIN, 2), name, fill=(0, 0, 0))
    width = (PANEL[0] - 2 * MARGIN) / bars
    height = PANEL[1] - TITLE_HEIGHT - MARGIN
    foot = PANEL[1] - MARGIN
    # Shares of a bar's place: two bars side by side, or one, with a gap around.
    shifts, bar = ((0.05, 0.5), 0.42) if len(sides) == 2 else ((0.1,), 0.8)
    top = max(share.max() for share in shares) or 1.0
    for (colour, _), share, shift in zip(sides, shares, shifts, strict=True):
        for k, value in enumerate(share):
            left = MARGIN + (k + shift) * width
            corners = (left, foot - value / top * height, left + width * bar, foot)
            draw.rectangle(corners, fill=colour)


def _shares(column: Column, sides: list[np.ndarray]) -> list[Float[np.ndarray, " bars"]]:
    """Return the frequency of each bar, for each side; the last ones count codes, and missing."""
    present = sides[0][~np.isnan(sides[0])]
    ordinary = present[~np.isin(present, column.codes)]
    if column.is_number and len(ordinary):
        low, high = np.quantile(ordinary, CUT_TAILS).tolist()
        edges = np.linspace(low, high, BARS + 1)[1:-1]
        apart = [*column.codes, *[np.nan] * column.missing]
        bars = BARS + len(apart)
        codes = [np.searchsorted(edges, np.nan_to_num(x), side="right") for x in sides]
        for code, x in zip(codes, sides, strict=True):
            for k, value in enumerate(apart):
                code[np.isnan(x) if np.isnan(value) else x == value] = BARS + k
    else:
        levels = min(len(column.levels), BARS)
        bars = max(1, levels + column.missing)
        last = max(0, levels - 1)
        codes = [np.where(np.isnan(x), bars - 1, np.nan_to_num(x).clip(0, last)) for x in sides]
    return [
        np.bincount(code.astype(np.int64), minlength=bars) / max(len(code), 1) for code in codes
    ]
