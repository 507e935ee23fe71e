"""Records in JSON: plain values, written whole with their digest, and read back into dataclasses.

A record that was changed after it was written is refused, and so is one whose values are of another
type than the dataclass declares. Keys that a dataclass does not have are ignored: a newer version
may have written them. Records of older versions have no digest; their types are checked alone.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from wgan.base.errors import WganError
from wgan.base.files import write_text

DIGEST = "digest"
MOST_BYTES = 2**28
"""Size of a file beyond which it is not read. The widest table that was tried takes a hundredth of
it, and JSON takes about ten times its size in memory.
"""
MOST_NESTED = 32
"""Brackets within brackets beyond which a file is refused. Our own files have at most 8; what
prints nested values calls itself, and Python allows a thousand calls.
"""
MOST_QUOTED = 300
"""Characters of a reason: four lines of a terminal."""
RESTORE = "restore it, or train again in another folder"
FAULTS = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""Errors that reading values of another form raises."""

Record = TypeVar("Record")


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write plain values atomically as JSON, with a digest of them.

    Args:
        path: the file, in a folder that exists.
        values: by name.
    """
    write_text(path, json.dumps({**values, DIGEST: digest_of(values)}, indent=2) + "\n")


def digest_of(values: Any) -> str:
    """Return the SHA-256 of plain values; their order in dicts does not matter.

    >>> digest_of({"a": 1, "b": (2,)}) == digest_of({"b": [2], "a": 1})
    True
    """
    plain = json.loads(json.dumps(values))
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def read_json(path: Path, remedy: str = RESTORE, all_finite: bool = True) -> dict[str, Any]:
    """Return the plain values of a file that `write_json` wrote, without their digest.

    Args:
        path: the file.
        remedy: what to do where it is damaged.
        all_finite: whether numbers that are not finite are refused.

    Raises:
        WganError: no such file, no JSON object, or one that was changed after it was written.
    """
    with damage_named(path, remedy):
        values = parsed(read_text(path), all_finite)
        if not isinstance(values, dict):
            raise TypeError("no JSON object")
        written = values.pop(DIGEST, None)
        if written is not None and written != digest_of(values):
            raise WganError(f"{path}: was changed after it was written: {remedy}")
        return values


def read_text(path: Path, most: int | None = MOST_BYTES) -> str:
    """Return a UTF-8 text file.

    Args:
        path: the file.
        most: bytes that it may have; None: any number.

    Raises:
        WganError: no regular file, or a larger one.
        ValueError: not UTF-8.
    """
    if not path.is_file():  # a pipe would be waited for
        raise WganError(f"{path}: {'no regular file' if path.exists() else 'no such file'}")
    if most is not None and path.stat().st_size > most:
        raise WganError(f"{path}: larger than {most >> 20} MiB, so it is not read")
    return path.read_text(encoding="utf-8")


def parsed(text: str, all_finite: bool = True) -> Any:
    """Return the values of a JSON text.

    Args:
        text: JSON.
        all_finite: whether numbers that are not finite are refused.

    Raises:
        ValueError: no JSON, a key twice, a number that is not finite, or brackets nested too deep.
        RecursionError: brackets nested far too deep.

    >>> parsed('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    """

    def number(digits: str) -> float:
        x = float(digits)
        if all_finite and not isfinite(x):
            raise ValueError(f"{digits[:20]} is not a finite number")
        return x

    values = json.loads(
        text, object_pairs_hook=_each_once, parse_float=number, parse_constant=number
    )
    _refuse_deep(values)
    return values


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return values


def _refuse_deep(values: Any) -> None:
    level = [values]
    for _ in range(MOST_NESTED):
        lists = [each.values() if isinstance(each, dict) else each for each in level]
        level = [each for values in lists for each in values if isinstance(each, dict | list)]
        if not level:
            return
    raise ValueError(f"brackets nested more than {MOST_NESTED} deep")


def typed(values: Any, form: type[Record], known_only: bool = False) -> Record:
    """Return plain values as a dataclass, or another type, with every value of the declared type.

    Args:
        values: plain values; lists stand for tuples, dicts for dataclasses.
        form: the type.
        known_only: whether keys that the dataclass does not have are refused, since what it
            describes would be another thing without them.

    Raises:
        ValueError: a value is missing, of another type, or refused by the dataclass; the message
            names its key.
    """
    if known_only and isinstance(values, dict):
        unknown = sorted(set(values) - {field.name for field in fields(cast(Any, form))})
        if unknown:
            raise ValueError(f"unknown key {unknown[0]}")
    try:
        return msgspec.convert(values, form)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`", "")) from None


@contextmanager
def damage_named(path: Path, remedy: str = RESTORE) -> Iterator[None]:
    """Return a context in which a fault in a file's contents becomes an error that names the file.

    Args:
        path: the file.
        remedy: what to do.

    Raises:
        WganError: the fault.
    """
    try:
        yield
    except WganError:
        raise
    except FAULTS as error:
        raise WganError(f"{path}: damaged ({reason_of(error)}): {remedy}") from None


def reason_of(error: Exception) -> str:
    """Return the first line of an error's message, or its name; it may quote what is long.

    Args:
        error: the error.
    """
    lines = str(error).strip().splitlines()
    return lines[0][:MOST_QUOTED] if lines else type(error).__name__
