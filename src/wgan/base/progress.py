"""Progress of long work: the worker reports what is done, the listener decides how to show it."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

Item = TypeVar("Item")


@runtime_checkable
class Progress(Protocol):
    """A listener to long work: a bar on the command line, a list in a test, an event on a page."""

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        """Take note that `done` of `total` units of `what` are finished.

        Args:
            what: the work, in words for the user.
            done: finished units, from 0 to `total`.
            total: all units; None: not known.
        """


def silent(what: str, done: int, total: int | None, /) -> None:
    """Ignore progress: the default of every function that takes a listener."""


def tracked(
    items: Iterable[Item], what: str, total: int | None, progress: Progress
) -> Iterator[Item]:
    """Yield items, and report to `progress` before the first and after each.

    Args:
        items: the units of work.
        what: the work, in words for the user.
        total: how many items there are; None: not known.
        progress: the listener.

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
