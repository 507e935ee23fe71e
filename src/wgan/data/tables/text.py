"""Tables in text files, comma-separated or alike, read by pandas; what pandas lets pass is refused.

Format: RFC 4180, with the separator inferred from the first lines.
"""

import csv
import io
import re
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from wgan.base.errors import WganError
from wgan.data.columns import is_number, not_text
from wgan.data.packed import read_packed

SEPARATORS = (",", ";", "\t", "|")
"""Separators that are tried; of two that fit alike, the first is taken."""
MISSING = ["?"]
"""How old tables write a missing value, beside what pandas takes for one: nothing, NA, NaN, null,
None and the like.
"""
HEAD_BYTES = 2**18
"""Bytes in which the separator is looked for: 256 KiB hold 100 rows of 2,600 characters each."""
HEAD_RECORDS = 100
"""Rows that the separator is inferred from: enough to outvote one in a text field."""
RESPELLED = rb"(?:^|[%s\n\"]) *(?:-?0[0-9]|true|TRUE|false|FALSE)"
"""Fields that pandas reads as a number or boolean of another spelling: 007 as 7, true as True."""
CODE = r"-?0\d+"
"""Whole numbers with a leading zero: codes, and no numbers."""
DECIMAL_COMMA = r"-?\d+(,\d+)?"
"""Numbers with a decimal comma, such as 3,14."""
NO_VALUE = ("", "na")
"""What a row of numbers may hold where a number is missing, in lower case."""


def begins_with_names(path: Path) -> bool:
    """Return whether the first line of a text file holds names, and not numbers alone.

    Raises:
        WganError: an empty or damaged file.
    """
    _, first = _header(_content(path, HEAD_BYTES), path)
    if not any(map(is_number, first)):
        return True
    return any(field.lower() not in NO_VALUE and not is_number(field) for field in first)


def read_text(path: Path) -> pd.DataFrame:
    """Return the table in a text file, `.gz` or plain.

    Codes with leading zeros stay text, decimal commas are read, and rows of another length than the
    first are refused.

    Raises:
        WganError: a file that is no such table; the message names the line.
    """
    content = _content(path)
    separator, names = _header(content, path)
    _check_names(names, path)
    settings: dict[str, Any] = {
        "sep": separator,
        "na_values": MISSING,
        "skipinitialspace": True,
        "index_col": False,
        "low_memory": False,
        "encoding": "utf-8-sig",
        # In a file of one column, a blank line is a missing value.
        "skip_blank_lines": len(names) > 1,
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            as_spelled = dict.fromkeys(_respelled_columns(content, separator, settings), "str")
            frame = pd.read_csv(io.BytesIO(content), dtype=as_spelled, **settings)
    except pd.errors.ParserWarning:
        raise WganError(
            f"{path}: line 2 has more fields than the {len(names)} names of line 1: mend one of"
            " them"
        ) from None
    except pd.errors.ParserError as error:
        raise WganError(f"{path}: {_parser_fault(error)}") from None
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    frame = frame.rename(columns=str.strip)
    # pandas fills short rows up, so the last column then has gaps.
    if len(frame) and len(names) > 1 and frame.iloc[:, -1].isna().any():
        _refuse_short_rows(content, separator, len(names), path)
    return frame if separator == "," else _with_decimal_commas(frame)


def _parser_fault(error: pd.errors.ParserError) -> str:
    """Return what is wrong with a file, in our words where they are better."""
    match = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if match is None:
        return str(error)
    return (
        f"line {match[2]} has {match[3]} fields, and line 1 {match[1]}: mend it, or quote what"
        " holds a separator"
    )


def _with_decimal_commas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with columns of decimal commas, such as 3,14, as numbers.

    A file that has decimal points has no decimal commas, and is returned as it is.
    """
    for name, dtype in frame.dtypes.items():
        if pd.api.types.is_float_dtype(dtype):
            # A missing value also differs from a whole number.
            fractions = (frame[name] % 1 != 0).sum() - frame[name].isna().sum()
            if fractions > 0:
                return frame
    columns = {
        name: pd.to_numeric(column.str.replace(",", "."))
        for name, column in frame.items()
        if _has_decimal_commas(column)
    }
    return frame.assign(**columns) if columns else frame


def _has_decimal_commas(column: pd.Series) -> bool:
    if not pd.api.types.is_string_dtype(column.dtype):
        return False
    values = column.dropna()
    if not len(values) or not values.str.fullmatch(DECIMAL_COMMA).all():
        return False
    return not values.str.fullmatch(CODE).any()


def _content(path: Path, most: int | None = None) -> bytes:
    """Return the bytes of a file, unpacked, or the first `most` of them."""
    return read_packed(path, most)


def _header(content: bytes, path: Path) -> tuple[str, list[str]]:
    """Return the separator of a text file, and the fields of its first line.

    It is the separator that gives most of the first rows as many fields as the first has; then the
    one that gives most fields.
    """
    complete = len(content) < HEAD_BYTES
    try:
        # A cut may fall inside a character, which is then left out.
        head = content[:HEAD_BYTES].decode("utf-8-sig", "strict" if complete else "ignore")
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    if not head.strip():
        raise WganError(f"{path}: an empty file: give one with a line of names and rows below")
    candidates = []
    for place, separator in enumerate(SEPARATORS):
        try:
            records = _first_records(head, separator)
        except csv.Error:
            continue
        # The cut may have shortened the last row.
        compared = records[: max(2, len(records) - 1)]
        width = len(records[0])
        equal = sum(len(record) == width for record in compared)
        candidates.append((equal if width > 1 else 0, width, -place, records[0]))
    if not candidates:
        raise WganError(
            f"{path}: a quote near its top is never closed, or a field has more than"
            f" {csv.field_size_limit()} characters: mend it"
        )
    *_, place_from_last, first = max(candidates)
    return SEPARATORS[-place_from_last], [field.strip() for field in first]


def _first_records(head: str, separator: str) -> list[list[str]]:
    """Return the rows among the first ones that are not blank."""
    reader = csv.reader(io.StringIO(head), delimiter=separator)
    first = [record for record, _ in zip(reader, range(HEAD_RECORDS), strict=False)]
    return [record for record in first if record]


def _check_names(names: list[str], path: Path) -> None:
    for i, name in enumerate(names):
        if not name:
            why = "as if it counted rows: drop it, or name it" if i == 0 else "give it one"
            raise WganError(f"{path}: column {i + 1} has no name, {why}")
        if is_number(name):
            raise WganError(
                f"{path}: line 1 holds the number {name}, and a table begins with the names of its"
                " columns: write such a line above it"
            )
        if names.count(name) > 1:
            raise WganError(
                f"{path}: {names.count(name)} columns are called '{name}': rename all but one"
            )


def _respelled_columns(content: bytes, separator: str, settings: dict[str, Any]) -> list[str]:
    """Return the columns that pandas would spell otherwise.

    They hold whole numbers some of which begin with zeros, and so are codes, or booleans that are
    not written True and False.
    """
    if not re.search(RESPELLED % re.escape(separator).encode(), content):
        return []
    frame = pd.read_csv(io.BytesIO(content), dtype="str", **settings)
    names = []
    for name, column in frame.items():
        values = pd.Series(column.dropna().unique())
        if not len(values):
            continue
        codes = values.str.fullmatch(CODE).any() and values.str.fullmatch(r"-?\d+").all()
        booleans = values.str.lower().isin(["true", "false"]).all()
        as_pandas_writes = values.isin(["True", "False"]).all()
        if codes or (booleans and not as_pandas_writes):
            names.append(str(name))
    return names


def _refuse_short_rows(content: bytes, separator: str, width: int, path: Path) -> None:
    """Refuse a row with too few fields."""
    lines = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    reader = csv.reader(lines, delimiter=separator)
    try:
        for record in reader:
            blank = not record or (len(record) == 1 and not record[0].strip())
            if len(record) < width and not blank:
                raise WganError(
                    f"{path}: line {reader.line_num} has {len(record)} fields, and line 1 {width}:"
                    " mend it"
                )
    except csv.Error as error:
        raise WganError(f"{path}: line {reader.line_num}: {error}") from None
