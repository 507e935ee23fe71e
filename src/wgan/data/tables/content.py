"""Contents of text files that hold tables: bytes, separator and the fields of the first line.

The separator is inferred from the first lines, or given by a line `sep=;`.
"""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from wgan.base.errors import WganError
from wgan.data.columns import SEPARATOR_LINE, is_number, not_text
from wgan.data.packed import read_packed

SEPARATORS = (",", ";", "\t", "|")
"""Separators that are tried; of two that fit alike, the first is taken."""
HEAD_BYTES = 2**18
"""Bytes in which the separator is looked for: 256 KiB hold 100 rows of 2,600 characters each."""
HEAD_RECORDS = 100
"""Rows that the separator is inferred from: enough to outvote one in a text field."""
NO_VALUE = ("", "na")
"""What a row of numbers may hold where a number is missing, in lower case."""


@dataclass(frozen=True)
class Content:
    """The content of a text file.

    Attributes:
        path: the file.
        data: its bytes, unpacked and without a line `sep=;`.
        separator: what separates fields.
        names: the fields of the first line.
        skipped: lines before the first that `data` has.
    """

    path: Path
    data: bytes
    separator: str
    names: list[str]
    skipped: int

    def fault(self, line: int, words: str) -> WganError:
        """Return the error of a line, counted from 1 in `data`."""
        return WganError(f"{self.path}: line {line + self.skipped} {words}")


def begins_with_names(path: Path) -> bool:
    """Return whether the first line of a text file holds names, and not numbers alone.

    Raises:
        WganError: an empty or damaged file.
    """
    first = read_content(path, HEAD_BYTES).names
    if not any(map(is_number, first)):
        return True
    return any(field.lower() not in NO_VALUE and not is_number(field) for field in first)


def read_content(path: Path, most: int | None = None) -> Content:
    """Return the content of a text file.

    Args:
        path: the file.
        most: bytes that are read at most; None: all.

    Raises:
        WganError: an empty or damaged file, or one that is not UTF-8.
    """
    content = read_packed(path, most)
    complete = len(content) < HEAD_BYTES
    if b"\n" not in content:
        # Line ends of old systems, which pandas reads and the csv module does not.
        content = content.replace(b"\r", b"\n")
    skipped = 0
    told = re.match(rb"(?:\xef\xbb\xbf)?" + SEPARATOR_LINE.encode() + rb"\r?\n", content)
    if told:
        content = content[told.end() :]
        skipped = 1
    try:
        # A cut may fall inside a character, which is then left out.
        head = content[:HEAD_BYTES].decode("utf-8-sig", "strict" if complete else "ignore")
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    separator, names = _header(head, path, told[1].decode() if told else "")
    return Content(path, content, separator, names, skipped)


def _header(head: str, path: Path, told: str = "") -> tuple[str, list[str]]:
    """Return the separator of a text file, and the fields of its first line.

    Unless the file itself names it, it is the separator that gives most of the first rows as many
    fields as the first has; then the one that gives most fields.
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
            f" {csv.field_size_limit()} characters: mend it"
        )
    *_, separator, first = max(candidates)
    return separator, [field.strip() for field in first]


def _first_records(head: str, separator: str) -> list[list[str]]:
    """Return the rows among the first ones that are not blank."""
    reader = csv.reader(io.StringIO(head), delimiter=separator)
    first = [record for record, _ in zip(reader, range(HEAD_RECORDS), strict=False)]
    return [record for record in first if record]
