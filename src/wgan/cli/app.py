"""What all commands share: the app, the screen, and how flags, tables and shapes look."""

import cyclopts
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from wgan.base.version import __version__
from wgan.data import Dataset

app = cyclopts.App(
    name="wgan",
    help=(
        "Wasserstein GANs: from data to a trained generator, and the distance that says how good"
        " it is."
    ),
    version=__version__,
    result_action="return_value",
)
screen = Console(highlight=False, markup=False, soft_wrap=True)
WIDEST = 1000
"""Columns in which a table is measured: wider than any that is printed."""
Flag = cyclopts.Parameter(negative="")


def print_columns(dataset: Dataset) -> None:
    """Print what was inferred of the data, a line for each column of a table."""
    for line in dataset.codec.describe():
        screen.print(f"  {line}")


def print_table(table: Table) -> None:
    """Print a table whole, also where the screen is narrow or a file."""
    wide = Console(highlight=False, markup=False, width=WIDEST)
    wide.width = max(1, Measurement.get(wide, wide.options, table).maximum)
    wide.print(table)


def times(shape: tuple[int, ...]) -> str:
    """Return a shape as people write it.

    >>> times((3, 32, 32))
    '3 x 32 x 32'
    """
    return " x ".join(map(str, shape))
