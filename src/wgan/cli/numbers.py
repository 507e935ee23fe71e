"""Whole numbers on the command line: read exactly, where the parser would round 2.6 to 3."""

from collections.abc import Callable, Sequence
from typing import Any

from cyclopts import Parameter, Token

MOST = 2**63
"""Seeds and counts are below this, as NumPy and TOML hold them."""


def whole(least: int) -> Callable[[Any, Sequence[Token]], int]:
    """Return a converter to whole numbers; `30`, `1e3` and `30.0` are some, and `2.6` is none.

    Args:
        least: the smallest number that is taken.
    """

    def convert(kind: Any, tokens: Sequence[Token]) -> int:
        text = tokens[0].value
        words = f"{text}: give a whole number"
        try:
            value = int(text)
        except ValueError:
            value = _exact(text, words)
        if not least <= value < MOST:
            raise ValueError(f"{words} from {least} to 2^63 - 1")
        return value

    return convert


def _exact(text: str, words: str) -> int:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(words) from None
    if not value.is_integer():
        raise ValueError(words)
    return int(value)


COUNT = Parameter(converter=whole(-MOST + 1))
"""A count; the command knows its range."""
SEED = Parameter(converter=whole(0))
"""A random seed."""
NUMBER = Parameter(name=["-n", "--number"], converter=whole(-MOST + 1))
"""A number of samples."""
