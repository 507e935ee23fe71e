"""Drawings of tables: a panel a column, with the frequency of each level or range of numbers."""

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
"""Bars of a panel: 10 pixels each."""


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
