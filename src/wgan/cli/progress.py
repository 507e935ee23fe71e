"""Progress bars of the command line, drawn by rich on standard error."""

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


@contextmanager
def bar(quiet: bool = False, remaining: bool = True) -> Iterator[Progress]:
    """Yield a listener that draws one bar; it goes when the work is done.

    Nothing is drawn where `quiet`, or where standard error is no terminal. With `remaining` the bar
    ends in the time left, otherwise in the time taken.
    """
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
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
