"""Contents of text files that hold tables: bytes, separator and the fields of the first line.

The separator is inferred from the first lines, or given by a line `sep=;`.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from wgan.base.errors import WganError
from wgan.data.columns import is_number, told_separator
from wgan.data.encodings import UTF_8, as_utf_8
from wgan.data.packed import read_packed

SEPARATORS = (",", ";", "\t", "|")
"""Separators that are tried; of two that fit alike, the first is taken."""
HEAD_BYTES = 2**18
"""Bytes in which the separator is looked for: 256 KiB hold 100 rows of 2,600 characters each."""
HEAD_RECORDS = 100
"""Rows that the separator is inferred from: enough to outvote one in a text field."""
NO_VALUE = ("", "na")
"""Words for a missing number in a row of numbers, in lower case."""


@dataclass(frozen=True)
class Content:
    """The content of a text file, or of a piece of it.

    Attributes:
        path: the file.
        data: its text in UTF-8, unpacked and without a line `sep=;`.
        separator: what separates fields.
        names: the fields of the first line.
        skipped: lines before the first that `data` has; of a piece, before the row that follows its
            line of names, less that one.
        names_line: the line of the file that holds the names.
    """

    path: Path
    data: bytes
    separator: str
    names: list[str]
    skipped: int = 0
    names_line: int = 1

    def fault(self, line: int, words: str) -> WganError:
        """Return the error of a line, counted from 1 in `data`."""
        return WganError(f"{self.path}: line {line + self.skipped} {words}")


def begins_with_names(path: Path, encoding: str = UTF_8) -> bool:
    """Return whether the first line of a text file holds names, and not numbers alone.

    Args:
        path: the file.
        encoding: how it is encoded.

    Raises:
        WganError: an empty or damaged file.
    """
    first = read_content(path, HEAD_BYTES, encoding).names
    if not any(map(is_number, first)):
        return True
    return any(field.lower() not in NO_VALUE and not is_number(field) for field in first)


def read_content(path: Path, most: int | None = None, encoding: str = UTF_8) -> Content:
    """Return the content of a text file.

    Args:
        path: the file.
        most: bytes that are read at most; None: all.
        encoding: how it is encoded.

    Raises:
        WganError: an empty or damaged file, or one in another encoding.
    """
    packed = read_packed(path, most)
    cut = most is not None and len(packed) >= most
    data = b"".join(as_utf_8([packed], path, encoding, cut))
    if b"\n" not in data:
        # Line ends of old systems, which pandas reads and the csv module does not.
        data = data.replace(b"\r", b"\n")
    # A cut may fall inside a character, which is then left out.
    told, length = told_separator(data[:HEAD_BYTES].decode("utf-8", "ignore"))
    data = data[length:]
    separator, names = _header(data[:HEAD_BYTES].decode("utf-8", "ignore"), path, told)
    skipped = int(bool(told))
    return Content(path, data, separator, names, skipped, skipped + 1)


def _header(head: str, path: Path, told: str = "") -> tuple[str, list[str]]:
    """Return the separator of a text file, and the fields of its first line.

    The file may name the separator itself. Otherwise it is the one with which most of the first
    rows have as many fields as the first row; among several, the one that gives most fields.
    """
    if not head.strip():
        raise WganError(f"{path}: an empty file: give one with a line of names and rows below")
    candidates = []
    for place, separator in enumerate([told] if told else SEPARATORS):
        try:
            records = _first_records(head, separator)
        except csv.Error:
            continue
        # The cut may have shortened the last row.
        compared = records[: max(2, len(records) - 1)]
        width = len(records[0])
        equal = sum(len(record) == width for record in compared)
        candidates.append((equal if width > 1 else 0, width, -place, separator, records[0]))
    if not candidates:
        raise WganError(
            f"{path}: a quote near its top is never closed, or a field has more than"
            f" {csv.field_size_limit()} characters: fix it"
        )
    *_, separator, first = max(candidates)
    return separator, [field.strip() for field in first]


def _first_records(head: str, separator: str) -> list[list[str]]:
    """Return the rows among the first ones that are not blank."""
    reader = csv.reader(io.StringIO(head), delimiter=separator)
    first = [record for record, _ in zip(reader, range(HEAD_RECORDS), strict=False)]
    return [record for record in first if record]
