"""Drawings of series: a panel a channel, in which each series is a line."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from wgan.data.drawing import BLUE, GREY

PANEL = (420, 200)
"""Width and height of a panel in pixels: two fit side by side on a screen."""
LINES = 24
"""Series of a panel for each side: more run together."""
MOST_CHANNELS = 12
"""Channels that are drawn: more would not fit on a screen, and the page says how many there are."""
LEFT, TOP, RIGHT, BOTTOM = 68, 20, 10, 20
"""Pixels around the lines: for numbers of ten characters, a name above, and steps below."""
ZOOM = 2
"""Pixels drawn for one: lines are smoothed by shrinking the picture."""
CUT_TAILS = (0.001, 0.999)
"""Quantiles of real values that a panel spans: one far value would make all lines flat."""
NAME_LENGTH = 50
"""Characters of a channel's name that fit above a panel."""
WHITE = (255, 255, 255)
INK = (60, 60, 60)

Lines = Float[np.ndarray, "n t"]


def write_series(
    fake: Float[np.ndarray, "m t c"],
    path: Path,
    real: Float[np.ndarray, "n t c"] | None = None,
    names: Sequence[str] = (),
) -> None:
    """Write one panel a channel as a PNG, generated series in blue over real ones in grey.

    A line has a gap where values are missing (NaN), and stops at the end of its series.

    Args:
        fake: generated series, of which the first 24 are drawn.
        path: the file.
        real: real series; None: no real series.
        names: names of the channels; `()`: they are numbered, where there are several.
    """
    channels = min(fake.shape[2], MOST_CHANNELS)
    across = 1 if channels == 1 else 2
    down = -(-channels // across)
    numbered = [f"channel {i + 1}" if fake.shape[2] > 1 else "" for i in range(channels)]
    sheet = Image.new("RGB", (across * PANEL[0], down * PANEL[1]), WHITE)
    for i, name in enumerate(names[:channels] or numbered):
        panel = _panel(fake[..., i], None if real is None else real[..., i], name)
        sheet.paste(panel, (i % across * PANEL[0], i // across * PANEL[1]))
    sheet.save(path, format="png")


def _panel(fake: Lines, real: Float[np.ndarray, "m t"] | None, name: str) -> Image.Image:
    low, high = _span(fake if real is None else real)
    panel = Image.new("RGB", (ZOOM * PANEL[0], ZOOM * PANEL[1]), WHITE)
    draw = ImageDraw.Draw(panel)
    width = ZOOM * (PANEL[0] - LEFT - RIGHT)
    height = ZOOM * (PANEL[1] - TOP - BOTTOM)
    across = ZOOM * LEFT + np.linspace(0, width, fake.shape[1])
    sides = [(GREY, real)] if real is not None else []
    for colour, series in [*sides, (BLUE, fake)]:
        for line in series[:LINES]:
            up = ZOOM * TOP + height * (1 - np.clip((line - low) / (high - low), 0, 1))
            for piece in _pieces(across, up):
                if len(piece) > 1:
                    draw.line(piece, colour, ZOOM)
                else:  # a value between two missing ones would be no line
                    x, y = piece[0]
                    draw.ellipse((x - ZOOM, y - ZOOM, x + ZOOM, y + ZOOM), colour)
    small = panel.resize(PANEL, Image.Resampling.LANCZOS)
    _write_axes(ImageDraw.Draw(small), low, high, fake.shape[1], name)
    return small


def _span(x: Lines) -> tuple[float, float]:
    """Return the ends of the vertical axis, with a twentieth of the range free on each side."""
    known = x[np.isfinite(x)]
    low, high = np.quantile(known, CUT_TAILS).tolist() if len(known) else (0.0, 1.0)
    # A constant channel, such as one at 1e9, gets a range that its numbers can be told in.
    free = 0.05 * (high - low) or 0.05 * abs(low) or 0.5
    return low - free, high + free


def _pieces(
    across: Float[np.ndarray, " t"], up: Float[np.ndarray, " t"]
) -> Iterator[list[tuple[float, float]]]:
    """Yield the points of each stretch of a line without missing values."""
    there = np.flatnonzero(~np.isnan(up))
    for steps in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
        if len(steps):
            yield list(zip(across[steps].tolist(), up[steps].tolist(), strict=True))


def _write_axes(draw: ImageDraw.ImageDraw, low: float, high: float, steps: int, name: str) -> None:
    """Write the axes, the numbers at their ends, and the name of the channel."""
    right, foot = PANEL[0] - RIGHT, PANEL[1] - BOTTOM
    draw.line([(LEFT, TOP), (LEFT, foot), (right, foot)], INK)
    # Pillow's own font has the characters of Latin-1 alone.
    written = name[:NAME_LENGTH].encode("latin-1", "replace").decode("latin-1")
    draw.text((LEFT, TOP - 4), written, INK, anchor="ls")
    for value, y in ((high, TOP), (low, foot)):
        draw.text((LEFT - 4, y), f"{value:.4g}", INK, anchor="rm")
    for word, x, anchor in (
        ("1", LEFT, "lt"),
        ("step", (LEFT + right) / 2, "mt"),
        (str(steps), right, "rt"),
    ):
        draw.text((x, foot + 5), word, INK, anchor=anchor)
