"""Printing of results: the same facts as a line, as a table and as JSON."""

from dataclasses import asdict
from math import isfinite
from typing import Any


class Printed:
    """Base of frozen dataclasses that print themselves.

    `str` is one line, `facts` the same in full as words, and `to_json` the same as numbers.
    """

    @property
    def note(self) -> str:
        """Advice that the result calls for; empty if none."""
        return ""

    def facts(self) -> dict[str, str]:
        """Return the rows of the table: names, and values in words."""
        raise NotImplementedError

    def table(self) -> str:
        """Return the facts as lines of two columns."""
        facts = self.facts()
        width = max(map(len, facts))
        return "\n".join(f"{name:{width}}  {fact}" for name, fact in facts.items())

    def to_json(self) -> dict[str, Any]:
        """Return all fields as plain values for JSON."""
        fields: dict[str, Any] = finite(asdict(self))  # type: ignore[call-overload]
        return fields


def finite(values: Any) -> Any:
    """Return plain values as JSON allows them: an infinity or NaN becomes its name.

    >>> finite({"kl": float("inf"), "n": [1, 2.5]})
    {'kl': 'inf', 'n': [1, 2.5]}
    """
    if isinstance(values, dict):
        return {key: finite(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [finite(value) for value in values]
    return str(values) if isinstance(values, float) and not isfinite(values) else values


def figures(value: float) -> str:
    """Return a distance in four significant digits, without an exponent where it stays readable.

    >>> figures(1.23456), figures(0.0), figures(12345.6), figures(1.2e-7)
    ('1.235', '0', '12346', '1.2e-07')
    """
    # `.4g` takes an exponent from 1e4 on; up to 1e9 the whole number is easier to read.
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def percent(confidence: float) -> str:
    """Return a probability in per cent, with all digits that may have been given.

    >>> percent(0.95), percent(0.57), percent(0.9999999)
    ('95 %', '57 %', '99.99999 %')
    """
    return f"{100 * confidence:.12g} %"
