"""Text files of numbers, one row a line, perhaps under names and with one column of classes.

Format: RFC 4180, without fields that hold the separator.
"""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.arrays import from_rows
from wgan.data.dataset import Dataset

SEPARATORS = (",", ";", "\t", " ")
"""Separators in falling order of trust: names of columns may hold spaces."""


def from_csv(
    path: Path, label: str | None = None, kind: str = "auto", progress: Progress = silent
) -> Dataset:
    """Return the data set of a text file of numbers, read into memory.

    Columns are separated by comma, semicolon, tab or space, the first of these that the first line
    holds. A first line without any number holds names.

    Args:
        path: the file.
        label: name of the column that holds each row's class, numbers or names; None: no column.
        kind: as in `from_rows`.
        progress: as in `from_rows`.

    Raises:
        WganError: a file that is not such a text; the message names the line.
    """
    try:
        separator, names = csv_names(path)
        if label is not None and names.count(label) > 1:
            raise WganError(
                f"{path}: {names.count(label)} columns are called {label}: rename all but the one"
                " with the labels"
            )
        rows = _read_numbers(path, separator, names, label)
        if rows.size == 0:
            raise WganError(f"{path}: holds no rows of numbers")
        dataset = from_rows(rows, str(path), kind=kind, progress=progress)
        if _name_lines(names):
            kept = tuple(name for name in names if name != label)
            dataset = replace(dataset, codec=dataset.codec.named(kept))
        if label is None:
            return dataset
        classes = _read_texts(path, separator, names, label)
        return dataset.with_labels(classes, f"{path}, column {label}")
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    except WganError:
        raise
    except ValueError:
        raise WganError(f"{path}: {_first_fault(path, separator, names, label)}") from None


def _read_numbers(path: Path, separator: str, names: list[str], label: str | None) -> np.ndarray:
    """Return the columns of numbers `[n, d]`."""
    columns = None
    if label is not None:
        columns = [i for i, name in enumerate(names) if name != label]
    # The warning is of an empty file, which is refused later.
    with path.open(encoding="utf-8-sig") as file, warnings.catch_warnings(action="ignore"):
        return np.loadtxt(
            file,
            delimiter=separator,
            skiprows=_name_lines(names),
            ndmin=2,
            comments=None,
            encoding="utf-8",
            usecols=columns,
        )


def csv_names(path: Path) -> tuple[str, list[str]]:
    """Return the separator of a text file of columns, and the fields of its first line.

    The fields are names where none of them is a number.

    Raises:
        WganError: a first line that may be either names or numbers.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline().strip()
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    separator = next((s for s in SEPARATORS if s in first), ",")
    names = [name.strip().strip('"') for name in first.split(separator)]
    if _name_lines(names) and not names[0]:
        raise WganError(
            f"{path}: the first column has no name, as if it counted rows: drop it, or name it to"
            " have it measured"
        )
    if names == [str(i) for i in range(len(names))] and len(names) > 1:
        raise WganError(
            f"{path}: the first line counts the columns, so it may be names or a row: remove it, or"
            " write names"
        )
    return separator, names


def not_text(path: Path, error: UnicodeDecodeError) -> WganError:
    """Return the error to raise for a file that is not in UTF-8."""
    return WganError(
        f"{path}: not text in UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8"
    )


def has_names(path: Path) -> bool:
    """Return whether the first line of a text file of columns holds their names.

    Raises:
        WganError: as `csv_names`.
    """
    _, names = csv_names(path)
    return bool(_name_lines(names))


def _name_lines(first: list[str]) -> int:
    """Return the number of lines of names: 1, or 0 where a field of the first line is a number."""
    return int(not any(map(is_number, first)))


def _read_texts(path: Path, separator: str, names: list[str], name: str) -> list[str]:
    """Return the column of a name as it is written."""
    with path.open(encoding="utf-8-sig") as file:
        rows = [line.rstrip("\n").split(separator) for line in file if line.strip()][1:]
    if any(len(row) != len(names) for row in rows):
        raise ValueError("a row of another width")
    return [row[names.index(name)].strip().strip('"') for row in rows]


def _first_fault(path: Path, separator: str, names: list[str], label: str | None) -> str:
    """Return in words which line is not a row of numbers as wide as the first."""
    with path.open(encoding="utf-8-sig") as file:
        lines = [line.rstrip("\n").split(separator) for line in file]
    first = _name_lines(names)
    columns = names if first else [str(i + 1) for i in range(len(names))]
    for number, fields in enumerate(lines[first:], start=1 + first):
        if fields == [""]:
            continue
        if len(fields) != len(columns):
            return (
                f"line {number} has {len(fields)} fields and the first line {len(columns)}: make"
                " them equal"
            )
        for name, field in zip(columns, fields, strict=True):
            if name != label and not is_number(field):
                return (
                    f"line {number}, column {name} holds {field.strip()!r}: only numbers can be"
                    " read; drop or recode the column"
                )
    return "only rows of numbers can be read, each as long as the first"


def is_number(field: str) -> bool:
    """Return whether a field is written as a number; nan and inf are."""
    try:
        float(field)
    except ValueError:
        return False
    return True
