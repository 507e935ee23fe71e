"""How is a text file of columns read? Numbers, a row a line, perhaps under names, and perhaps with
one column of classes.

Format: RFC 4180, of which fields that hold the separator are not read.
"""

import warnings
from pathlib import Path

import numpy as np

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.arrays import from_rows
from wgan.data.dataset import Dataset

SEPARATORS = (",", ";", "\t", " ")
"""In falling order of trust: names of columns hold spaces."""


def from_csv(
    path: Path, label: str | None = None, kind: str = "auto", progress: Progress = silent
) -> Dataset:
    """Return the data set of a text file of numbers, a row a line, perhaps under a line of names;
    read into memory.

    Columns are parted by comma, semicolon, tab or space, the first of these that the first line
    holds. A first line without any number is one of names. The column called `label` holds each
    row's class, numbers or names, and is kept apart.
    """
    try:
        separator, names = csv_names(path)
        if label is not None and names.count(label) > 1:
            raise WganError(
                f"{path}: {names.count(label)} columns are called {label}: rename all but the one"
                " with the labels"
            )
        numbers = [i for i, name in enumerate(names) if label is None or name != label]
        first = _skipped(names)
        with (
            path.open(encoding="utf-8-sig") as file,
            warnings.catch_warnings(action="ignore"),
        ):  # of an empty file, refused below
            rows = np.loadtxt(
                file,
                delimiter=separator,
                skiprows=first,
                ndmin=2,
                comments=None,
                encoding="utf-8",
                usecols=numbers if label is not None else None,
            )
        if rows.size == 0:
            raise WganError(f"{path}: holds no rows of numbers")
        dataset = from_rows(rows, str(path), kind=kind, progress=progress)
        return (
            dataset
            if label is None
            else dataset.with_labels(
                _text_column(path, separator, names, label), f"{path}, column {label}"
            )
        )
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    except WganError:
        raise
    except ValueError:
        raise WganError(f"{path}: {_first_fault(path, separator, names, label)}") from None


def csv_names(path: Path) -> tuple[str, list[str]]:
    """Return the separator of a text file of columns, and the fields of its first line, which are
    names where none is a number.

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
    if _skipped(names) and not names[0]:
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
    """Return the error of a file that is not in UTF-8."""
    return WganError(
        f"{path}: not text in UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8"
    )


def has_names(path: Path) -> bool:
    """Tell whether the first line of a text file of columns holds their names."""
    names = csv_names(path)[1]
    return bool(_skipped(names))


def _skipped(names: list[str]) -> int:
    """Return how many lines hold names: one, unless a field of the first is a number."""
    return int(not any(map(is_number, names)))


def _text_column(path: Path, separator: str, names: list[str], name: str) -> list[str]:
    with path.open(encoding="utf-8-sig") as file:
        rows = [line.rstrip("\n").split(separator) for line in file if line.strip()][1:]
    if any(len(row) != len(names) for row in rows):
        raise ValueError("a row of another width")
    return [row[names.index(name)].strip().strip('"') for row in rows]


def _first_fault(path: Path, separator: str, names: list[str], label: str | None) -> str:
    """Say which line of a text file is not a row of numbers as wide as the first."""
    with path.open(encoding="utf-8-sig") as file:
        lines = [line.rstrip("\n").split(separator) for line in file]
    first = _skipped(names)
    columns = names if first else [str(i + 1) for i in range(len(names))]
    for number, fields in enumerate(lines[first:], start=1 + first):
        if len(fields) != len(columns) and fields != [""]:
            return (
                f"line {number} has {len(fields)} fields and the first line {len(columns)}: make"
                " them equal"
            )
        for name, field in zip(columns, fields, strict=False):
            if fields != [""] and name != label and not is_number(field):
                return (
                    f"line {number}, column {name} holds {field.strip()!r}: only numbers can be"
                    " read; drop or recode the column"
                )
    return "only rows of numbers can be read, each as long as the first"


def is_number(field: str) -> bool:
    """Tell whether a field is written as a number; nan and inf are."""
    try:
        float(field)
    except ValueError:
        return False
    return True
