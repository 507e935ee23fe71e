"""Progress bars of the command line, drawn by rich on standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

from wgan.base.printing import on_one_line
from wgan.base.progress import Progress, silent


def terminal() -> Console | None:
    """Return standard error where bars can be drawn on it.

    None in a pipe or file, also where the environment forces colours, and on a terminal that moves
    no cursor (`TERM=dumb`).
    """
    console = Console(stderr=True)
    if sys.stderr is None or not sys.stderr.isatty() or console.is_dumb_terminal:
        return None
    return console


@contextmanager
def bar(quiet: bool = False, remaining: bool = True) -> Iterator[Progress]:
    """Yield a listener that draws one bar; it goes when the work is done.

    Nothing is drawn where `quiet`, or where `terminal` finds none. With `remaining` the bar
    ends in the time left, otherwise in the time taken.
    """
    console = terminal()
    if quiet or console is None:
        yield silent
        return
    clock = TimeRemainingColumn() if remaining else TimeElapsedColumn()
    columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), clock]
    with RichProgress(*columns, console=console, transient=True) as drawn:
        task = drawn.add_task("")

        def show(what: str, done: int, total: int | None, /) -> None:
            # A single unit is no share of anything: the bar then only moves.
            known = total if total is not None and total > 1 else None
            drawn.update(task, description=on_one_line(what), completed=done, total=known)

        yield show
