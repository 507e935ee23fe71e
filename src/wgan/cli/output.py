"""Parts that all commands share: the screen, and how flags and tables look."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cyclopts
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from wgan.base.errors import WganError
from wgan.base.printing import on_one_line, visible

if TYPE_CHECKING:
    from wgan.data import Dataset


class Screen(Console):
    """A console on which names from data and files cannot act as commands of a terminal."""

    def render_str(self, text: str, **style: Any) -> Text:
        """Return text for printing, with control characters as escapes."""
        return super().render_str(visible(text), **style)

    def on_broken_pipe(self) -> None:
        """Leave as other programs do, where a reader such as `head` has gone."""
        raise BrokenPipeError


screen = Screen(highlight=False, markup=False, soft_wrap=True)
aside = Screen(highlight=False, markup=False, soft_wrap=True, stderr=True)
"""The screen for notes beside results in JSON."""
WIDEST = 1000
"""Columns in which a table is measured: wider than any that is printed."""
Flag = cyclopts.Parameter(negative="")


@dataclass(frozen=True)
class Written:
    """Files that a command wrote.

    Attributes:
        lines: for people.
        values: the same for programs, by name.
    """

    lines: tuple[str, ...]
    values: dict[str, Any]


def notes_on(as_json: bool) -> Screen:
    """Return where lines go that are not results: beside a document of JSON, standard error."""
    return aside if as_json else screen


def check_here(run: Path) -> None:
    """Refuse an address of the Hub where the folder of a run is needed.

    Args:
        run: what the user gave, of whose `hf://` a path keeps one slash.

    Raises:
        WganError: such an address.
    """
    from wgan.models.hub import SCHEME, is_address

    if is_address(run) and not run.exists():
        typed = str(run).replace(SCHEME, f"{SCHEME}/", 1)
        raise WganError(f"{typed}: holds no run: give a folder that `wgan train` made")


def print_columns(dataset: "Dataset", to: Screen = screen) -> None:
    """Print the facts inferred from the data, a line for each column of a table."""
    for line in dataset.codec.describe():
        to.print(f"  {on_one_line(line)}")


def print_table(table: Table) -> None:
    """Print a table whole, also where the screen is narrow or a file."""
    wide = Screen(highlight=False, markup=False, width=WIDEST)
    wide.width = max(1, Measurement.get(wide, wide.options, table).maximum)
    wide.print(table)
