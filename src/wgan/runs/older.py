"""Forms of older versions: names in the files of runs that have changed since."""

from collections.abc import Mapping
from typing import Any

NAMES = {"periods": "sittings", "requested": "asked"}
"""Present names of values in JSON, and what older versions called them."""


def name_in(values: Mapping[str, Any], name: str) -> str:
    """Return a present name, or the older one if the values have only that."""
    return name if name in values else NAMES[name]


def kind(shape: tuple[int, ...], is_table: bool) -> str:
    """Return the kind of data of a run that did not write it; there were three kinds then."""
    if is_table:
        return "tables"
    return "vectors" if len(shape) == 1 else "images"
