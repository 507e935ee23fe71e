"""Drawing of plots by matplotlib: colours, dashes and markers, SVG for a page, files for a paper.

Text and axes of an SVG take the colour of the text around them, so that a page is legible in light
and dark. Lines differ in dashes and markers too, not in colour alone.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wgan.base.figures import figure
from wgan.base.files import write_sealed
from wgan.base.printing import on_one_line, visible

INK = "#123456"
"""Stands for the colour of the surrounding text until the SVG is written: no plot uses it."""
DARK = "#202020"
"""Colour of text and axes in a file, which has a white ground."""
COLOURS = ("#3b82f6", "#e07b39", "#2f9e63", "#b25fd0", "#d6455d", "#8a8a3a")
"""Colours of lines, legible on a white and on a black ground."""
DASHES = ("-", "--", "-.", ":")
MARKERS = "osD^vP"
FLOOR_COLOUR = "#8a8a8a"
"""Grey, for real samples."""
FLOOR_DASHES = (0, (1, 1))
"""Dots that no line of `DASHES` has."""
HEIGHT = 3.4
WIDTH = 7.2
WIDE = 10.0
"""Inches of a plot: as wide as a page of text, and wider for three panels side by side."""
ROW_HEIGHT = 2.3
"""Inches of a row of a plot with several: twelve panels in rows of three fill a page."""
DOTS_PER_INCH = 200
"""Dots per inch of a PNG: 1,440 pixels across, sharp in print over a column's width."""


@dataclass(frozen=True)
class Plot:
    """A plot with the words and numbers that say the same.

    Attributes:
        name: the name of its file, and of its element on a page.
        title: what stands above it.
        alt: what it shows, in a sentence.
        table: the names of columns, and rows of its numbers.
        draw: draws it onto axes, one for each panel.
        panels: number of panels.
        across: panels side by side; the others stand in further rows.
    """

    name: str
    title: str
    alt: str
    table: tuple[Sequence[str], Sequence[Sequence[str]]]
    draw: Callable[[Sequence[Any]], None]
    panels: int = 1
    across: int = 3

    def svg(self) -> str:
        """Return the plot as an SVG element."""
        buffer = io.StringIO()
        self._write(buffer, INK, format="svg", transparent=True, metadata={"Date": None})
        text = buffer.getvalue()
        text = text[text.index("<svg") :].replace(INK, "currentColor")
        # The page's style sheet sets the size, and `role` makes the title what is read aloud.
        text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
        labelled = rf'\1 role="img" aria-labelledby="{self.name}-title"'
        text = re.sub(r'(<svg[^>]*?) width="[^"]*"', labelled, text, count=1)
        # An id is unique on a page of several plots.
        text = re.sub(r'id="([^"]+)"', rf'id="{self.name}-\1"', text)
        text = re.sub(r"url\(#([^)]+)\)", rf"url(#{self.name}-\1)", text)
        text = re.sub(r'href="#([^"]+)"', rf'href="#{self.name}-\1"', text)
        title = f'<title id="{self.name}-title">{_escaped(self.alt)}</title>'
        return re.sub(r"<metadata>.*?</metadata>", lambda _: title, text, count=1, flags=re.S)

    def save(self, path: Path, form: str) -> None:
        """Write the plot as a file, dark on white; an earlier one is replaced.

        Args:
            path: the file.
            form: `png` or `svg`.

        Raises:
            WganError: a file there that is not ours.
        """
        buffer = io.BytesIO()
        # Without a date, the same plot is the same file.
        metadata = {"Date": None} if form == "svg" else None
        self._write(buffer, DARK, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
        write_sealed(path, buffer.getvalue())

    def _write(self, target: Any, ink: str, **options: Any) -> None:
        """Draw the plot with text and axes in a colour, and write it with options of `savefig`."""
        settings: dict[str, Any] = {
            "svg.fonttype": "none",
            "svg.hashsalt": self.name,
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "text.color": ink,
            "axes.labelcolor": ink,
            "axes.edgecolor": ink,
            "xtick.color": ink,
            "ytick.color": ink,
            "legend.labelcolor": ink,
            "legend.frameon": False,
        }
        columns = min(self.panels, self.across)
        rows = -(-self.panels // columns)
        size = (WIDTH if columns < 3 else WIDE, HEIGHT if rows == 1 else rows * ROW_HEIGHT)
        with figure(size, settings) as drawn:
            self.draw([drawn.add_subplot(rows, columns, i + 1) for i in range(self.panels)])
            drawn.savefig(target, **options)  # here, since ids of an SVG follow the settings


def plain(text: str) -> str:
    """Return text that matplotlib draws as it is.

    Between two dollars it would read a formula, and an SVG with control characters would not be
    XML.
    """
    return on_one_line(text).replace("$", r"\$")


def _escaped(text: str) -> str:
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def colour(i: int) -> str:
    """Return the colour of the i-th line."""
    return COLOURS[i % len(COLOURS)]


def marker(i: int) -> str:
    """Return the marker of the i-th line."""
    return MARKERS[i % len(MARKERS)]


def style(i: int) -> dict[str, Any]:
    """Return the colour and dashes of the i-th line, as matplotlib's keyword arguments."""
    return {"color": colour(i), "linestyle": DASHES[i % len(DASHES)]}
