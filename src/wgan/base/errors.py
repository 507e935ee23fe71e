"""How does wgan say that something is wrong? One error type, whose message names the fault, the
place and the remedy.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class WganError(ValueError):
    """Input that cannot be used; the command line prints the message alone and leaves with exit
    code 2.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word (letters swapped come first), or all of
    them when none is near.

    >>> did_you_mean("wgan-pg", ["gan", "wgan-gp"])
    "Did you mean 'wgan-gp'?"
    >>> did_you_mean("xyz", ["gan", "wgan-gp"])
    'Known: gan, wgan-gp.'
    """
    known = sorted(known)
    swapped = [name for name in known if sorted(name) == sorted(word)]
    close = swapped or get_close_matches(word, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(known)}."


class SettingError(WganError):
    """A setting that cannot be used; `key` is its name, such as `training.steps`.

    >>> str(SettingError("training.steps", "= 0: give 1 or more"))
    'training.steps = 0: give 1 or more'
    """

    def __init__(self, key: str, fault: str) -> None:
        super().__init__(f"{key} {fault}")
        self.key = key
