"""Progress of long work: the worker says what is done, and the listener decides how to show it."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

Item = TypeVar("Item")


@runtime_checkable
class Progress(Protocol):
    """A listener to long work. The command line draws a bar; a test or a page may do anything else."""

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        """Take note that `done` of `total` units of `what` are finished; `total` None: not known."""


def silent(what: str, done: int, total: int | None, /) -> None:
    """Ignore progress: the default of every function that takes a listener."""


def tracked(
    items: Iterable[Item], what: str, total: int | None, progress: Progress
) -> Iterator[Item]:
    """Yield items, telling `progress` before the first and after each.

    >>> seen = []
    >>> list(tracked("ab", "letters", 2, lambda what, done, total: seen.append(done)))
    ['a', 'b']
    >>> seen
    [0, 1, 2]
    """
    progress(what, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        progress(what, done, total)
