"""Output of `--json`: one document of strict JSON on standard output, and nothing else there.

A command that has the flag makes the document of its typed results. Progress, notes and errors go
to standard error. The keys of each document are listed in docs/how-to/script.md.
"""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import PurePath
from typing import Annotated, Any

from cyclopts import Parameter

from wgan.base.version import __version__

Json = Annotated[bool, Parameter(name="--json", negative="")]
"""The flag, which each command takes as `json_`."""
WITHOUT_JSON = {
    "completion": "prints a script",
    "serve": "serves samples until it is stopped, and prints its address alone with --quiet",
    "studio": "serves a page until it is stopped, and prints its address alone with --quiet",
}
"""Commands that have no results to print, and what they do instead."""


def print_json(command: str, values: Mapping[str, Any]) -> None:
    """Print the document of a command.

    Args:
        command: the words of the command, such as `features train`.
        values: its results by name, as `plain` takes them.
    """
    document = {"command": command, "wgan": __version__, **plain(values)}
    print(json.dumps(document, indent=2, allow_nan=False))


def plain(values: Any) -> Any:
    r"""Return values as strict JSON allows them.

    An infinity or NaN becomes its name. A path becomes its text, and a number of NumPy one of
    Python. Bytes of a name that are not UTF-8 become escapes, as they are on the screen.

    Args:
        values: dicts, sequences, paths, numbers, texts and None.

    >>> plain({"kl": float("inf"), "n": (1, 2.5), "name": "caf\udce9"})
    {'kl': 'inf', 'n': [1, 2.5], 'name': 'caf\\udce9'}
    """
    if isinstance(values, Mapping):
        return {_text(str(name)): plain(value) for name, value in values.items()}
    if isinstance(values, str | PurePath):
        return _text(str(values))
    if isinstance(values, Sequence):
        return [plain(value) for value in values]
    if hasattr(values, "tolist"):  # of NumPy, which need not be imported here
        return plain(values.tolist())
    return str(values) if isinstance(values, float) and not isfinite(values) else values


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
