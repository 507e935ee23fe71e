"""Tables in text files, comma-separated or alike, read by pandas; what pandas lets pass is refused.

Format: RFC 4180, with the separators of `content`.
"""

import csv
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from wgan.base.errors import WganError
from wgan.data.columns import is_number, not_text
from wgan.data.tables.content import Content, read_content
from wgan.data.tables.spellings import MISSING

RESPELLED = rb"(?:^|[%s\r\n\"]) *(?:-?0[0-9]|\+[0-9]|-?[0-9]{16}|true|TRUE|false|FALSE)"
"""Fields that pandas reads as a number or boolean of another spelling: 007 as 7, true as True, and
perhaps whole numbers that a double does not hold.
"""
CODE = r"[-+]?0\d+|\+\d+|-?\d{16,}"
"""Whole numbers that are names, since a number does not give back how they are spelled."""
WITH_COMMAS = r"-?\d+(,\d+)?"
"""Numbers with a decimal comma, such as 3,14, and whole ones among them."""
WITH_POINTS = r"-?[1-9]\d{0,2}(\.\d{3})?"
"""Numbers that have either three decimals or groups of three digits, such as 1.234."""
MOST_NOTED = 5
"""Columns that a note about missing values names: more would not be read."""


@dataclass(frozen=True)
class Hint:
    """What is known beforehand about a column of a text file.

    Attributes:
        as_text: whether its fields are kept as they are spelled.
        missing: the texts that stand for a missing value, beside nothing.
        declared: those of them that a schema names, so that nothing need be said of them.
    """

    as_text: bool = False
    missing: Sequence[str] = MISSING
    declared: Sequence[str] = ()


Hints = Mapping[str, Hint]
"""Column -> what is known beforehand."""


def read_text(path: Path, hints: Hints | None = None) -> pd.DataFrame:
    """Return the table in a text file, `.gz` or plain.

    Whole numbers that a number would spell otherwise stay text. Texts that were read as missing
    values are counted in a note. Rows of another length than the first are refused.

    Args:
        path: the file.
        hints: what is known beforehand about columns.

    Raises:
        WganError: a file that is no such table; the message names the line.
    """
    hints = hints or {}
    content = read_content(path)
    _check_names(content)
    missing = {name: ["", *hints.get(name, Hint()).missing] for name in content.names}
    as_text = {name: "str" for name in content.names if hints.get(name, Hint()).as_text}
    frame = _read(content, dtype=as_text, na_values=missing, keep_default_na=False)
    # pandas fills short rows up, so the last column then has gaps.
    if len(frame) and len(content.names) > 1 and frame.iloc[:, -1].isna().any():
        _refuse_short_rows(content)
    spelled = _suspects(content, frame)
    if not spelled:
        return frame
    texts = _read(content, dtype="str", na_filter=False, usecols=spelled)
    counts = {}
    for name in spelled:
        absent = texts[name].isin(missing[name])
        guessed = absent & ~texts[name].isin(["", *hints.get(name, Hint()).declared])
        counts[name] = texts[name][guessed].value_counts().to_dict()
        if not _is_text(frame[name]) and _is_respelled(texts[name][~absent]):
            frame[name] = texts[name].mask(absent)
    _note_missing(content.path, counts)
    _refuse_unclear_points(content, frame, texts)
    return frame


def read_fields(path: Path) -> pd.DataFrame:
    """Return the fields of a text file as they are spelled, those of missing values too.

    Args:
        path: a file that `read_text` takes.

    Raises:
        WganError: a file that is no such table.
    """
    return _read(read_content(path), dtype="str", na_filter=False)


def _read(content: Content, **settings: Any) -> pd.DataFrame:
    """Return what pandas reads of a text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                io.BytesIO(content.data),
                sep=content.separator,
                names=content.names,
                header=0,
                skipinitialspace=True,
                index_col=False,
                low_memory=False,
                encoding="utf-8-sig",
                # In a file of one column, a blank line is a missing value.
                skip_blank_lines=len(content.names) > 1,
                **settings,
            )
    except pd.errors.ParserWarning:
        raise content.fault(
            2,
            f"has more fields than the {len(content.names)} names of line {1 + content.skipped}:"
            " mend one of them",
        ) from None
    except pd.errors.ParserError as error:
        raise _parser_fault(content, error) from None
    except UnicodeDecodeError as error:
        raise not_text(content.path, error) from None
    except (ValueError, OverflowError) as error:
        raise WganError(f"{content.path}: not a table that can be read ({error})") from None


def _parser_fault(content: Content, error: pd.errors.ParserError) -> WganError:
    """Return what is wrong with a file, in our words where they are better."""
    match = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if match is None:
        return WganError(f"{content.path}: {error}")
    return content.fault(
        int(match[2]),
        f"has {match[3]} fields, and line {1 + content.skipped} {match[1]}: mend it, or quote what"
        " holds a separator",
    )


def _suspects(content: Content, frame: pd.DataFrame) -> list[str]:
    """Return the columns of which the spelling must be looked at.

    They are those with missing values, numbers and booleans of which some may be respelled, and
    numbers with points beside decimal commas.
    """
    respelled = re.search(RESPELLED % re.escape(content.separator).encode(), content.data)
    commas = _has_decimal_commas(content, frame)
    return [
        name
        for name, column in frame.items()
        if column.isna().any()
        or (respelled and not _is_text(column))
        or (commas and pd.api.types.is_float_dtype(column.dtype))
    ]


def _is_text(column: pd.Series) -> bool:
    return bool(pd.api.types.is_string_dtype(column))


def _is_respelled(texts: pd.Series) -> bool:
    """Return whether pandas would spell a column otherwise.

    It holds whole numbers some of which are codes, or booleans that are not written True and False.
    """
    values = pd.Series(texts.unique())
    if not len(values):
        return False
    codes = values.str.fullmatch(CODE).any() and values.str.fullmatch(r"[-+]?\d+").all()
    booleans = values.str.lower().isin(["true", "false"]).all()
    return bool(codes or (booleans and not values.isin(["True", "False"]).all()))


def _note_missing(path: Path, counts: Mapping[str, Mapping[str, int]]) -> None:
    """Say which texts were read as missing values, and how often."""
    words = [
        f"column '{name}' {', '.join(f'{text!r} {count} times' for text, count in texts.items())}"
        for name, texts in counts.items()
        if texts
    ]
    if words:
        more = f" and in {len(words) - MOST_NOTED} more columns" if len(words) > MOST_NOTED else ""
        warnings.warn(
            f"{path}: read as missing: {'; '.join(words[:MOST_NOTED])}{more}. In a schema,"
            " [columns.NAME] missing = [] keeps them",
            stacklevel=2,
        )


def _has_decimal_commas(content: Content, frame: pd.DataFrame) -> bool:
    """Return whether some column of a file has decimal commas."""
    if content.separator == ",":
        return False
    for _, column in frame.items():
        if _is_text(column):
            values = pd.Series(column.dropna().unique())
            # Without a comma anywhere these are codes, such as 007.
            commas = values.str.contains(",").any()
            if commas and values.str.fullmatch(WITH_COMMAS).all():
                return True
    return False


def _refuse_unclear_points(content: Content, frame: pd.DataFrame, texts: pd.DataFrame) -> None:
    """Refuse numbers such as 1.234 in a file of decimal commas: the point may group thousands."""
    if not _has_decimal_commas(content, frame):
        return
    for name in texts.columns:
        spelled = texts[name][frame[name].notna()]
        if pd.api.types.is_float_dtype(frame[name].dtype):
            points = spelled[spelled.str.contains(".", regex=False)]
            if len(points) and spelled.str.fullmatch(WITH_POINTS).all():
                raise WganError(
                    f"{content.path}: column '{name}' holds {points.iloc[0]}, and others have"
                    " decimal commas, so its point may group thousands: say in a schema"
                    f' [columns."{name}"] format = "#.##0", or "0.000"'
                )


def _check_names(content: Content) -> None:
    path = content.path
    names = content.names
    for i, name in enumerate(names):
        if not name:
            why = "as if it counted rows: drop it, or name it" if i == 0 else "give it one"
            raise WganError(f"{path}: column {i + 1} has no name, {why}")
        if is_number(name):
            raise WganError(
                f"{path}: line {1 + content.skipped} holds the number {name}, and a table begins"
                f" with the names of its columns: if it is a name, write it as y{name}; if it is"
                " a value, write a line of names above it"
            )
        if names.count(name) > 1:
            raise WganError(
                f"{path}: {names.count(name)} columns are called '{name}': rename all but one"
            )


def _refuse_short_rows(content: Content) -> None:
    """Refuse a row with too few fields."""
    width = len(content.names)
    lines = io.TextIOWrapper(io.BytesIO(content.data), "utf-8-sig", newline="")
    reader = csv.reader(lines, delimiter=content.separator)
    try:
        for record in reader:
            blank = not record or (len(record) == 1 and not record[0].strip())
            if len(record) < width and not blank:
                raise content.fault(
                    reader.line_num,
                    f"has {len(record)} fields, and line {1 + content.skipped} {width}: mend it",
                )
    except csv.Error as error:
        raise content.fault(reader.line_num, f"cannot be read ({error})") from None
