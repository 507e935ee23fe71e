"""Error type of the package, and suggestions for misspelled names."""

from collections.abc import Iterable
from difflib import get_close_matches


class WganError(ValueError):
    """Input that cannot be used. The message names the fault, the place and the remedy.

    The command line prints the message alone and exits with code 2.
    """


class OlderVersionError(WganError):
    """A file that an older version wrote in a form that is no longer read."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word, or all of them when none is near.

    Args:
        word: the unknown word.
        known: the words that would have been accepted.

    >>> did_you_mean("wgan-pg", ["gan", "wgan-gp"])
    "Did you mean 'wgan-gp'?"
    >>> did_you_mean("xyz", ["gan", "wgan-gp"])
    'Known: gan, wgan-gp.'
    """
    known = sorted(known)
    # Swapped letters first: by difflib's ratio, 'wgan-pg' is as near to 'wgan-gp' as to 'wgan-lp'.
    anagrams = [name for name in known if sorted(name) == sorted(word)]
    close = anagrams or get_close_matches(word, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(known)}."


class SettingError(WganError):
    """A setting that cannot be used; `key` is its name, such as `training.steps`.

    >>> str(SettingError("training.steps", "= 0: give 1 or more"))
    'training.steps = 0: give 1 or more'
    """

    def __init__(self, key: str, fault: str) -> None:
        super().__init__(f"{key} {fault}")
        self.key = key
