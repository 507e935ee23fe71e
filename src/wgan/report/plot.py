"""A plot: its words, its numbers as a table, and its drawing by matplotlib as SVG or a file."""

Text and axes of an SVG take the colour of the text around them, so that a page is legible in light
and dark. Lines differ in dashes and markers too, not in colour alone.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INK = "#123456"
"""Stands for the colour of the surrounding text until the SVG is written."""
COLOURS = ("#3b82f6", "#e07b39", "#2f9e63", "#b25fd0", "#d6455d", "#8a8a3a")
"""The colour of each line, in order; a seventh line takes the first again."""
DASHES = ("-", "--", "-.", ":")
MARKERS = "osD^vP"
FLOOR = "#8a8a8a"
"""The grey of what is not a setting: the floor, true shares, intervals."""


@dataclass(frozen=True)
class Plot:
    """A plot: `alt` says what it shows, `table` holds its numbers; `draw` paints it onto axes,
    `panels` side by side.
    """

    name: str
    title: str
    alt: str
    table: tuple[Sequence[str], Sequence[Sequence[str]]]
    draw: Callable[[Sequence[Any]], None]
    panels: int = 1

    def svg(self) -> str:
        """Return the plot as an SVG element."""
        buffer = io.StringIO()
        self._paint(INK).savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        text = buffer.getvalue()
        text = text[text.index("<svg") :].replace(INK, "currentColor")
        text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
        text = re.sub(
            r'(<svg[^>]*?) width="[^"]*"',
            rf'\1 role="img" aria-labelledby="{self.name}-title"',
            text,
            count=1,
        )
        text = re.sub(
            r'id="([^"]+)"', rf'id="{self.name}-\1"', text
        )  # an id is unique on a page of several plots
        text = re.sub(r"url\(#([^)]+)\)", rf"url(#{self.name}-\1)", text)
        text = re.sub(r'href="#([^"]+)"', rf'href="#{self.name}-\1"', text)
        title = f'<title id="{self.name}-title">{_escaped(self.alt)}</title>'
        return re.sub(r"<metadata>.*?</metadata>", lambda _: title, text, count=1, flags=re.S)

    def save(self, path: Path, form: str) -> None:
        """Write the plot as a PNG or SVG file, dark on white."""
        self._paint("#202020").savefig(
            path, format=form, dpi=200, metadata={"Date": None} if form == "svg" else None
        )

    def _paint(self, ink: str) -> Any:
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        fixed: dict[Any, Any] = {
            "svg.fonttype": "none",
            "svg.hashsalt": self.name,
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
        inked = dict.fromkeys(
            (
                "text.color",
                "axes.labelcolor",
                "axes.edgecolor",
                "xtick.color",
                "ytick.color",
                "legend.labelcolor",
            ),
            ink,
        )
        with rc_context(fixed | inked | {"legend.frameon": False}):
            figure = Figure(figsize=(7.2 if self.panels < 3 else 10, 3.4), layout="constrained")
            self.draw([figure.add_subplot(1, self.panels, i + 1) for i in range(self.panels)])
            return figure


def plain(text: str) -> str:
    """Return text that matplotlib takes as it is: what stands between two dollars would be a
    formula.
    """
    return text.replace("$", r"\$")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def style(i: int) -> dict[str, Any]:
    """Return how the i-th line looks."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": DASHES[i % len(DASHES)]}
