"""Tables in text files, comma-separated or alike, read by pandas; what pandas lets pass is refused.

Format: RFC 4180, with the separators of `content`.
"""

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from wgan.base.errors import WganError
from wgan.data.columns import is_number
from wgan.data.encodings import UTF_8
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
    """Facts about a column of a text file that are known before it is read.

    Attributes:
        as_text: whether its fields are kept as they are spelled.
        missing: the texts that stand for a missing value, beside nothing.
        declared: those of them that a schema names, so that no note is needed.
    """

    as_text: bool = False
    missing: Sequence[str] = MISSING
    declared: Sequence[str] = ()


Hints = Mapping[str, Hint]
"""Column -> what is known beforehand."""


@dataclass
class Seen:
    """Findings about the texts of a column, in one or several pieces.

    Attributes:
        hint: what is known beforehand of the column.
        guessed: texts that were taken for missing values, and how often.
        commas: whether all other texts may have decimal commas.
        comma: whether one of them has.
        points: whether all other texts may group thousands by points.
        point: the first that has a point; empty if none has.
    """

    hint: Hint
    guessed: Counter[str] = field(default_factory=Counter)
    commas: bool = True
    comma: bool = False
    points: bool = True
    point: str = ""

    def add(self, texts: pd.Series, plain: bool) -> None:
        """Take note of more texts of the column.

        Args:
            texts: the texts as they are spelled.
            plain: whether the file separates fields by commas, so that no number has one.
        """
        absent = texts.isin(["", *self.hint.missing])
        guessed = texts[absent & ~texts.isin(["", *self.hint.declared])]
        self.guessed.update(guessed.value_counts().to_dict())
        if plain or not (self.commas or self.points):
            return
        values = pd.Series(texts[~absent].unique(), dtype="str")
        self.commas = self.commas and bool(values.str.fullmatch(WITH_COMMAS).all())
        self.comma = self.comma or bool(values.str.contains(",", regex=False).any())
        self.points = self.points and bool(values.str.fullmatch(WITH_POINTS).all())
        with_point = values[values.str.contains(".", regex=False)]
        if not self.point and len(with_point):
            self.point = str(with_point.iloc[0])


def read_text(path: Path, hints: Hints | None = None, encoding: str = UTF_8) -> pd.DataFrame:
    """Return the table in a text file, `.gz` or plain.

    Whole numbers that a number would spell otherwise stay text. Texts that were read as missing
    values are counted in a note. Rows of another length than the first are refused.

    Args:
        path: the file.
        hints: what is known beforehand about columns.
        encoding: how the text is encoded.

    Raises:
        WganError: a file that is no such table; the message names the line.
    """
    hints = hints or {}
    content = read_content(path, encoding=encoding)
    check_names(content)
    frame, texts = typed_columns(content, hints)
    # pandas fills short rows up, so the last column then has gaps.
    if len(frame) and len(content.names) > 1 and frame.iloc[:, -1].isna().any():
        refuse_short_rows(content)
    seen = {name: Seen(hints.get(name, Hint())) for name in content.names}
    for name, each in seen.items():
        # Numbers and booleans that need no second look are as clear as they are.
        if name in texts.columns or _is_text(frame[name]):
            each.add((texts if name in texts.columns else frame)[name], content.separator == ",")
    check_seen(path, seen)
    return frame


def typed_columns(content: Content, hints: Hints) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the columns of a text, and those of them whose spelling matters as they are spelled.

    Args:
        content: the text.
        hints: what is known beforehand about columns.

    Raises:
        WganError: rows that are longer than the names.
    """
    missing = {name: ["", *hints.get(name, Hint()).missing] for name in content.names}
    as_text = {name: "str" for name in content.names if hints.get(name, Hint()).as_text}
    frame = read_fields(content, dtype=as_text, na_values=missing, keep_default_na=False)
    spelled = _suspects(content, frame)
    texts = read_texts(content, spelled) if spelled else pd.DataFrame()
    for name in texts.columns:
        absent = texts[name].isin(missing[name])
        if not _is_text(frame[name]) and _is_respelled(texts[name][~absent]):
            frame[name] = texts[name].mask(absent)
    return frame, texts


def check_seen(path: Path, seen: Mapping[str, Seen]) -> None:
    """Warn of texts that were read as missing values, and refuse numbers of two readings.

    Args:
        path: the file.
        seen: what has been seen of each column.

    Raises:
        WganError: numbers such as 1.234 beside decimal commas, whose point may group thousands.
    """
    _note_missing(path, {name: dict(each.guessed.most_common()) for name, each in seen.items()})
    if not any(each.comma and each.commas for each in seen.values()):
        return
    for name, each in seen.items():
        if each.points and each.point and not each.hint.as_text:
            raise WganError(
                f"{path}: column '{name}' holds {each.point}, and others have decimal commas, so"
                f' its point may group thousands: say in a schema [columns."{name}"] format ='
                ' "#.##0", or "0.000"'
            )


def read_texts(content: Content, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Return columns of a text as they are spelled.

    Args:
        content: the text.
        names: the columns; None: all, and then rows that are longer than the names are refused.

    Raises:
        WganError: such a row.
    """
    return read_fields(content, dtype="str", na_filter=False, usecols=names)


def read_fields(content: Content, **settings: Any) -> pd.DataFrame:
    """Return the table that pandas reads from a text."""
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
                encoding="utf-8",
                # In a file of one column, a blank line is a missing value.
                skip_blank_lines=len(content.names) > 1,
                **settings,
            )
    except pd.errors.ParserWarning:
        raise content.fault(
            2,
            f"has more fields than the {len(content.names)} names of line {content.names_line}:"
            " fix one of them",
        ) from None
    except pd.errors.ParserError as error:
        raise _parser_fault(content, error) from None
    except (ValueError, OverflowError) as error:
        raise WganError(f"{content.path}: not a table that can be read ({error})") from None


def _parser_fault(content: Content, error: pd.errors.ParserError) -> WganError:
    """Return the fault of a file, in wgan's words if they are better."""
    width = len(content.names)
    if "Expected" in str(error):
        # pandas counts rows, and a field may hold line ends.
        for line, record in _records(content):
            if len(record) > width:
                return content.fault(
                    line,
                    f"has {len(record)} fields, and line {content.names_line} {width}: fix it, or"
                    " quote what holds a separator",
                )
    if "EOF inside string" in str(error):
        lines = [0, *(line for line, _ in _records(content))]
        return content.fault(lines[-2] + 1, "opens a quote that is never closed: fix it")
    return WganError(f"{content.path}: {error}")


def _suspects(content: Content, frame: pd.DataFrame) -> list[str]:
    """Return the columns of which the spelling must be looked at.

    They are those with missing values, numbers and booleans of which some may be respelled, and
    fractions in a file that may have decimal commas.
    """
    respelled = re.search(RESPELLED % re.escape(content.separator).encode(), content.data)
    commas = content.separator != ","
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
    """Warn of texts that were read as missing values, with their counts."""
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


def check_names(content: Content) -> None:
    """Refuse names that a table cannot have.

    Raises:
        WganError: an empty name, a number, or a name twice; the message says what to write.
    """
    path = content.path
    names = content.names
    for i, name in enumerate(names):
        if not name:
            why = " (a saved row index?): drop it, or name it" if i == 0 else ": give it one"
            raise WganError(f"{path}: column {i + 1} has no name{why}")
        if is_number(name):
            raise WganError(
                f"{path}: line {content.names_line} holds the number {name}, and a table begins"
                f" with the names of its columns: if it is a name, write it as y{name}; if it is"
                " a value, write a line of names above it"
            )
        if names.count(name) > 1:
            raise WganError(
                f"{path}: {names.count(name)} columns are called '{name}': rename all but one"
            )


def refuse_short_rows(content: Content) -> None:
    """Refuse a row with too few fields.

    Raises:
        WganError: such a row, by its line.
    """
    width = len(content.names)
    for line, record in _records(content):
        blank = not record or (len(record) == 1 and not record[0].strip())
        if len(record) < width and not blank:
            raise content.fault(
                line,
                f"has {len(record)} fields, and line {content.names_line} {width}: fix it",
            )


def _records(content: Content) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a text, each with the line that it ends in."""
    lines = io.TextIOWrapper(io.BytesIO(content.data), "utf-8", newline="")
    reader = csv.reader(lines, delimiter=content.separator, skipinitialspace=True)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise content.fault(reader.line_num, f"cannot be read ({error})") from None
