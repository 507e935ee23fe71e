"""Drawings of series: a panel a channel, in which each series is a line."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from wgan.data.drawing import BLUE, GREY

PANEL = (420, 180)
"""Width and height of a panel in pixels: two fit side by side on a screen."""
LINES = 24
"""Series of a panel for each side: more run together."""
MOST_CHANNELS = 12
"""Channels that are drawn: more would not fit on a screen, and the page says how many there are."""
MARGIN = 8
"""Pixels left free around the lines."""
ZOOM = 2
"""Pixels drawn for one: lines are smoothed by shrinking the picture."""
CUT_TAILS = (0.001, 0.999)
"""Quantiles of real values that a panel spans: one far value would make all lines flat."""
WHITE = (255, 255, 255)


def write_series(
    fake: Float[np.ndarray, "m t c"], path: Path, real: Float[np.ndarray, "n t c"] | None = None
) -> None:
    """Write one panel a channel as a PNG, generated series in blue over real ones in grey.

    Args:
        fake: generated series, of which the first 24 are drawn.
        path: the file.
        real: real series; None: no real series.
    """
    channels = min(fake.shape[2], MOST_CHANNELS)
    across = 1 if channels == 1 else 2
    down = -(-channels // across)
    sheet = Image.new("RGB", (across * PANEL[0], down * PANEL[1]), WHITE)
    for i in range(channels):
        panel = _panel(fake[:LINES, :, i], real[:LINES, :, i] if real is not None else None)
        sheet.paste(panel, (i % across * PANEL[0], i // across * PANEL[1]))
    sheet.save(path, format="png")


def _panel(fake: Float[np.ndarray, "m t"], real: Float[np.ndarray, "n t"] | None) -> Image.Image:
    panel = Image.new("RGB", (ZOOM * PANEL[0], ZOOM * PANEL[1]), WHITE)
    draw = ImageDraw.Draw(panel)
    low, high = np.quantile(fake if real is None else real, CUT_TAILS)
    span = (high - low) or 1.0
    low -= 0.05 * span
    span *= 1.1
    width, height = (ZOOM * (side - 2 * MARGIN) for side in PANEL)
    sides = [(GREY, real)] if real is not None else []
    across = ZOOM * MARGIN + np.linspace(0, width, fake.shape[1])
    for colour, series in [*sides, (BLUE, fake)]:
        for line in series:
            up = ZOOM * MARGIN + height * (1 - np.clip((line - low) / span, 0, 1))
            draw.line(list(zip(across.tolist(), up.tolist(), strict=True)), colour, ZOOM)
    return panel.resize(PANEL, Image.Resampling.LANCZOS)
