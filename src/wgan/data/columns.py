"""Text files of numbers, one row a line, perhaps under names and with one column of classes.

Format: RFC 4180, without fields that hold the separator.
"""

import re
import warnings
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import TextIO

import numpy as np

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.arrays import from_rows
from wgan.data.dataset import Dataset
from wgan.data.encodings import UTF_8, not_text, with_mark
from wgan.data.kinds import Kind

SEPARATOR_LINE = re.compile(r"\ufeff?(?i:sep)=([,;|\t ])(?:\r?\n|\r|$)")
"""First line that names the separator of a file, as spreadsheets write and read it."""
SEPARATORS = (",", ";", "\t", " ")
"""Separators in falling order of trust: names of columns may hold spaces."""
ROWS_COMPARED = 100
"""Rows that a first line of numbers is compared with, to see whether it holds names."""
YEARS = (1900, 2100)
"""Whole numbers that are taken for years where they stand side by side in a first line."""
CHANCE = 1e-3
"""Probability below which a first line of whole numbers is not a row like the others: of 1,000
files of numbers one would be refused.
"""


def from_csv(
    path: Path,
    label: str | None = None,
    kind: str | Kind = "auto",
    progress: Progress = silent,
    encoding: str = UTF_8,
) -> Dataset:
    """Return the data set of a text file of numbers, read into memory.

    Columns are separated by comma, semicolon, tab or space, the first of these that the first line
    holds. A first line without any number holds names.

    Args:
        path: the file.
        label: name of the column that holds each row's class, numbers or names; None: no column.
        kind: as in `from_rows`.
        progress: as in `from_rows`.
        encoding: the encoding of the text.

    Raises:
        WganError: a file that is not such a text; the message names the line.
    """
    try:
        separator, names = csv_names(path, encoding)
        if label is not None and names.count(label) > 1:
            raise WganError(
                f"{path}: {names.count(label)} columns are called {label}: rename all but the one"
                " with the labels"
            )
        rows = _read_numbers(path, separator, names, label, encoding)
        if rows.size == 0:
            raise WganError(f"{path}: holds no rows of numbers")
        dataset = from_rows(rows, str(path), kind=kind, progress=progress)
        if _name_lines(names):
            kept = tuple(name for name in names if name != label)
            dataset = replace(dataset, codec=dataset.codec.named(kept))
        if label is None:
            return dataset
        classes = _read_texts(path, names, label, encoding)
        return dataset.with_labels(classes, f"{path}, column {label}")
    except UnicodeError as error:
        raise not_text(path, error, encoding) from None
    except WganError:
        raise
    except ValueError:
        raise WganError(f"{path}: {_first_fault(path, names, label, encoding)}") from None


def _read_numbers(
    path: Path, separator: str, names: list[str], label: str | None, encoding: str
) -> np.ndarray:
    """Return the columns of numbers `[n, d]`."""
    columns = None
    if label is not None:
        columns = [i for i, name in enumerate(names) if name != label]
    # The warning is of an empty file, which is refused later.
    opened, _ = _opened(path, encoding)
    with opened as file, warnings.catch_warnings(action="ignore"):
        return np.loadtxt(
            file,
            delimiter=separator,
            skiprows=_name_lines(names),
            ndmin=2,
            comments=None,
            usecols=columns,
        )


def csv_names(path: Path, encoding: str = UTF_8) -> tuple[str, list[str]]:
    """Return the separator of a text file of columns, and the fields of its first line.

    The fields are names where none of them is a number.

    Args:
        path: the file.
        encoding: how it is encoded.

    Raises:
        WganError: a first line that may be either names or numbers.
    """
    try:
        opened, told = _opened(path, encoding)
        with opened as file:
            first, *rest = [line.strip() for line in islice(file, 1 + ROWS_COMPARED)] or [""]
    except UnicodeError as error:
        raise not_text(path, error, encoding) from None
    separator = told or next((s for s in SEPARATORS if s in first), ",")
    names = [name.strip().strip('"') for name in first.split(separator)]
    if _name_lines(names) and not names[0]:
        raise WganError(
            f"{path}: the first column has no name (a saved row index?): drop it, or name it to"
            " have it measured"
        )
    if names == [str(i) for i in range(len(names))] and len(names) > 1:
        raise WganError(
            f"{path}: the first line counts the columns, so it may be names or a row: remove it, or"
            " write names"
        )
    if not _name_lines(names) and _are_names(names, [line.split(separator) for line in rest]):
        raise WganError(
            f"{path}: the first line, {', '.join(names[:3])}{', ...' * (len(names) > 3)}, is unlike"
            f" the rows below, so it may hold names: write them as y{names[0]} and so on, or"
            " remove the line"
        )
    return separator, names


def _are_names(first: list[str], rows: list[list[str]]) -> bool:
    """Return whether a first line of numbers seems to hold names, such as 2019,2020,2021.

    Names are whole numbers that differ. They rise by equal steps or are years, and no other row
    does so. Or the columns below them hold fractions, so that such a row is rarer by chance than 1
    in 1,000.
    """
    if len(first) < 2 or len(set(first)) < len(first) or not all(map(_is_whole, first)):
        return False
    rows = [row for row in rows if len(row) == len(first)]
    if _has_equal_steps(first):
        # Of two numbers any has equal steps; names count on.
        counts_on = len(first) > 2 or int(first[1]) - int(first[0]) == 1
        return counts_on and bool(rows) and not any(map(_has_equal_steps, rows))
    if _are_years(first):
        return bool(rows) and not any(map(_are_years, rows))
    whole = np.array([[_is_whole(field) for field in row] for row in rows])
    if not len(whole):
        return False
    # Laplace's rule of succession, since 100 rows without a whole number do not exclude one.
    shares = (whole.sum(0) + 1) / (len(whole) + 2)
    return float(shares.prod()) < CHANCE


def _is_whole(field: str) -> bool:
    return re.fullmatch(r"\s*[-+]?\d+\s*", field) is not None


def _has_equal_steps(fields: list[str]) -> bool:
    """Return whether fields are whole numbers that differ by one and the same step, not 0."""
    if not all(map(_is_whole, fields)):
        return False
    whole = list(map(int, fields))
    steps = {second - first for first, second in pairwise(whole)}
    return len(steps) == 1 and steps != {0}


def _are_years(fields: list[str]) -> bool:
    """Return whether fields are rising years near ours."""
    if not all(map(_is_whole, fields)):
        return False
    whole = list(map(int, fields))
    return YEARS[0] <= whole[0] and whole[-1] <= YEARS[1] and whole == sorted(set(whole))


def told_separator(text: str) -> tuple[str, int]:
    r"""Return the separator that a first line `sep=;` names, and the length of that line.

    Args:
        text: the beginning of a file.

    >>> told_separator("sep=;\na;b")
    (';', 6)
    >>> told_separator("a;b")
    ('', 0)
    """
    match = SEPARATOR_LINE.match(text)
    return (match[1], match.end()) if match else ("", 0)


def _opened(path: Path, encoding: str) -> tuple[TextIO, str]:
    """Return a text file behind a first line `sep=;`, and its separator, empty without that line.

    Args:
        path: the file.
        encoding: how it is encoded.
    """
    file = path.open(encoding=with_mark(encoding))
    try:
        separator, _ = told_separator(file.readline())
    except UnicodeError:
        file.close()
        raise
    if not separator:
        file.seek(0)
    return file, separator


def has_names(path: Path, encoding: str = UTF_8) -> bool:
    """Return whether the first line of a text file of columns holds their names.

    Args:
        path: the file.
        encoding: how it is encoded.

    Raises:
        WganError: as `csv_names`.
    """
    _, names = csv_names(path, encoding)
    return bool(_name_lines(names))


def _name_lines(first: list[str]) -> int:
    """Return the number of lines of names: 1, or 0 where a field of the first line is a number."""
    return int(not any(map(is_number, first)))


def _read_texts(path: Path, names: list[str], name: str, encoding: str) -> list[str]:
    """Return the column of a name as it is written."""
    separator, _ = csv_names(path, encoding)
    opened, _ = _opened(path, encoding)
    with opened as file:
        rows = [line.rstrip("\n").split(separator) for line in file if line.strip()][1:]
    if any(len(row) != len(names) for row in rows):
        raise ValueError("a row of another width")
    return [row[names.index(name)].strip().strip('"') for row in rows]


def _first_fault(path: Path, names: list[str], label: str | None, encoding: str) -> str:
    """Return words that name a line that is not a row of numbers as wide as the first."""
    separator, _ = csv_names(path, encoding)
    opened, told = _opened(path, encoding)
    with opened as file:
        lines = [line.rstrip("\n").split(separator) for line in file]
    first = _name_lines(names)
    skipped = int(bool(told))
    columns = names if first else [str(i + 1) for i in range(len(names))]
    for number, fields in enumerate(lines[first:], start=1 + first + skipped):
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
