"""Spellings of numbers in text, such as 1,234.50 and 12.5 %: inferred, read and written back.

A spelling is described as spreadsheets do: `#,##0.00` groups thousands and has two decimals, `0.#`
has as many decimals as there are. A currency or a unit stands before or behind. `+0` writes the
sign of positive numbers too, `(0)` puts negative ones in brackets, and `$-0` has the sign behind
the currency.
"""

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

MISSING = (
    *("?", "NA", "N/A", "n/a", "#N/A", "#NA", "#N/A N/A", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("NULL", "null", "None", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
"""Texts that are read as a missing value, beside nothing: the question mark of old tables, and what
pandas takes for one.
"""
SPACES = " \u00a0\u202f"
"""A blank, and the two that do not break, which languages group thousands with."""
GROUPS = ",.'\u2019" + SPACES
"""Characters between groups of three digits."""
MARKS = ".,"
"""Characters before decimals."""
CURRENCY_SIGNS = "$€£¥₹₽₩₺₫₴₪฿"
CURRENCY = rf"(?:(?:R|A|C|US)?\$|[{CURRENCY_SIGNS}]|EUR|USD|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN)"
"""Texts before a number. Other words make it a name, such as Room 12."""
UNIT = rf"(?:[%‰°{CURRENCY_SIGNS}]|[^\W\d_])(?:[^\W\d_]|[%‰°²³/·.{CURRENCY_SIGNS} ]){{0,19}}"
"""Texts behind a number: at most 20 characters, without digits."""
NUMBER = (
    rf"(?P<open>\()?(?P<sign>[-+\u2212])?(?P<prefix>{CURRENCY}[{SPACES}]?)?(?P<second>[-+\u2212])?"
    rf"(?P<body>\d(?:[\d{GROUPS}]*\d)?)(?P<suffix>[{SPACES}]?{UNIT})?(?P<close>\))?"
)
"""A number in text, in parts."""
FORMAT = re.compile(
    rf"(?P<open>\()?(?P<plus>\+)?(?P<prefix>[^0#()+]*)(?:#(?P<group>[{GROUPS}])##0|0)"
    rf"(?:(?P<mark>[{MARKS}])(?P<decimals>0+|#))?(?P<suffix>[^0#()]*)(?P<close>\))?"
)
"""The description of a spelling."""
BODY = rf"(?:\d+|\d{{1,3}}(?:(?P<group>[{GROUPS}])\d{{3}})(?:(?P=group)\d{{3}})*)(?:[{MARKS}]\d+)?"
"""The digits of a number in some spelling; versions and addresses, such as 1.2.3, are none."""
VERSION = r"v?\d+(?:\.\d+){2,}"
"""A version or an address of a network."""
VERSIONS = 0.1
"""Share of versions among different texts from which on numbers such as 1.2 are versions too. A
slip of a decimal number, such as 12.5.3, is rarer.
"""
MOST_UNITS = 10
"""Units of one quantity that people mix, each perhaps spelled in several ways. More different texts
behind numbers are parts of names, such as the postcode 1007 BB.
"""
CODE_SHAPE = rf"(\d{{4,}})[{SPACES}]?([A-Z]+)"
"""Names of digits and capitals: where all are of the same lengths, three endings tell them from
measured numbers, whose digits grow by ones.
"""
LEAST_ENDINGS = 3
"""Endings of names in one shape: numbers of one length may have one unit, or a second by mistake.
"""
DIGITS = r"\+?\d+"
"""Digits alone, perhaps behind a plus: names that a file or a program kept as text."""
MEASURED = rf"[{GROUPS}%‰°{CURRENCY_SIGNS}]"
"""Text of a measured number: 5.2 kg, 3 m and 7%, but not the name 12A."""
HEAD = 100
"""Different texts that are looked at first, so that columns of other text cost little."""
MOST_ARE_NUMBERS = 0.5
"""Share of numbers among different texts from which on the other texts are slips."""
VARIABLE = -1
"""Stands for as many decimals as a number has."""


@dataclass(frozen=True)
class Spelling:
    """A spelling of numbers.

    Attributes:
        prefix: what stands before each number.
        suffix: what stands behind it.
        group: what separates groups of three digits; empty: nothing.
        mark: what stands before decimals; empty where there are none.
        decimals: the number of decimals; -1: as many as a number has.
        plus: whether positive numbers have a sign.
        brackets: whether negative numbers stand in brackets.
        sign_inside: whether the sign stands behind the prefix, as in $-2.50.
    """

    prefix: str = ""
    suffix: str = ""
    group: str = ""
    mark: str = ""
    decimals: int = 0
    plus: bool = False
    brackets: bool = False
    sign_inside: bool = False

    def __str__(self) -> str:
        prefix = self.prefix + "-" * self.sign_inside
        grouped = f"#{self.group}##0" if self.group else "0"
        decimals = "#" if self.decimals == VARIABLE else "0" * self.decimals
        text = f"{'+' * self.plus}{prefix}{grouped}{self.mark}{decimals}{self.suffix}"
        return f"({text})" if self.brackets else text

    def read(self, texts: pd.Series) -> Float[np.ndarray, " n"]:
        """Return texts as numbers, NaN where a text is missing or not written so."""
        # Texts repeat, and reading one takes far longer than finding it again.
        codes, different = pd.factorize(texts.astype(object))
        return np.append(self._read(pd.Series(different, dtype=object)), np.nan)[codes]

    def _read(self, texts: pd.Series) -> Float[np.ndarray, " n"]:
        """Return different texts as numbers."""
        whole = _whole(self.group)
        fraction = rf"(?:{re.escape(self.mark)}\d+)?" if self.mark else ""
        sign = r"([-+\u2212])?"
        prefix = re.escape(self.prefix)
        suffix = re.escape(self.suffix)
        parts = texts.str.extract(rf"^(\()?{sign}{prefix}{sign}({whole}{fraction}){suffix}(\))?$")
        parts.columns = pd.Index(["open", "sign", "second", "body", "close"])
        opened = parts["open"].notna()
        signs = parts["sign"].fillna("") + parts["second"].fillna("")
        wrong = (signs.str.len() > opened.map({True: 0, False: 1})) | (
            opened != parts["close"].notna()
        )
        if not self.brackets:
            wrong |= opened
        size = self._sizes(parts["body"])
        minus = opened | signs.isin(["-", "\u2212"])
        return np.where(wrong, np.nan, np.where(minus, -size, size))

    def _sizes(self, bodies: pd.Series) -> Float[np.ndarray, " n"]:
        """Return the digits of texts as numbers."""
        if self.group:
            bodies = bodies.str.replace(self.group, "", regex=False)
        if self.mark:
            bodies = bodies.str.replace(self.mark, ".", regex=False)
        return pd.to_numeric(bodies, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)

    def write(self, x: Float[np.ndarray, " n"]) -> list[str]:
        """Return numbers in this spelling; none may be missing."""
        return [self._written(value) for value in x.tolist()]

    def _written(self, value: float) -> str:
        size = abs(value)
        if self.decimals == VARIABLE:
            plain = np.format_float_positional(size, trim="-")
        else:
            plain = f"{size:.{self.decimals}f}"
        whole, _, fraction = plain.partition(".")
        if self.group:
            whole = f"{int(whole):,}".replace(",", self.group)
        text = whole + (self.mark + fraction if fraction else "") + self.suffix
        if value < 0 and float(plain) > 0:
            return f"({self.prefix}{text})" if self.brackets else self._signed("-", text)
        return self._signed("+" if self.plus and float(plain) > 0 else "", text)

    def _signed(self, sign: str, text: str) -> str:
        return self.prefix + sign + text if self.sign_inside else sign + self.prefix + text


def parse_spelling(text: str) -> Spelling | None:
    """Return the spelling that a description such as `#,##0.00` stands for; None: it is none."""
    match = FORMAT.fullmatch(text)
    if match is None or match["group"] == (match["mark"] or "") or _unequal(match):
        return None
    decimals = match["decimals"] or ""
    prefix = match["prefix"]
    # Behind other text than a currency a hyphen is part of it.
    inside = re.fullmatch(rf"{CURRENCY}[{SPACES}]?-", prefix) is not None
    return Spelling(
        prefix[:-1] if inside else prefix,
        match["suffix"],
        match["group"] or "",
        match["mark"] or "",
        VARIABLE if decimals == "#" else len(decimals),
        bool(match["plus"]),
        bool(match["open"]),
        inside,
    )


def _unequal(match: re.Match[str]) -> bool:
    return bool(match["open"]) != bool(match["close"])


class Inferred(NamedTuple):
    """Spelling inferred from the numbers in a column of text.

    Attributes:
        spelling: how they are written; None if the texts are not numbers in one spelling.
        plain: whether they are numbers that Python's `float` reads, such as 1e-5, in no spelling.
        fault: why most texts are numbers and yet cannot be read; empty: they are not numbers.
        odd: the first text that shows the fault.
        settings: what a schema may say of them.
    """

    spelling: Spelling | None = None
    fault: str = ""
    odd: str = ""
    plain: bool = False
    settings: str = ""


def infer_spelling(texts: pd.Series) -> Inferred:
    """Return how numbers are written in a column of text.

    Args:
        texts: the different texts of the column, see `different_texts`.
    """
    head = texts.iloc[:HEAD]
    if not len(texts) or _are_numbers(head, _parts(head)).mean() <= MOST_ARE_NUMBERS:
        return Inferred()
    parts = _parts(texts)
    numbers = _are_numbers(texts, parts)
    if texts.str.fullmatch(DIGITS).all() or numbers.mean() <= MOST_ARE_NUMBERS:
        return Inferred()
    if _are_names(texts, parts, numbers):
        return Inferred()
    if not numbers.all():
        odd = str(texts[~numbers].iloc[0])
        fault = "is not a number, and most others are"
        return Inferred(None, fault, odd, settings=f'missing = ["{odd}"]')
    if parts["body"].isna().any():
        return Inferred(plain=bool(pd.to_numeric(texts, errors="coerce").notna().all()))
    if parts["body"].str.match(r"0\d").any():
        return Inferred()
    first = parts.iloc[0].fillna("")
    for part in ("prefix", "suffix"):
        others = parts[part].fillna("") != first[part]
        if others.any():
            odd = str(texts[others].iloc[0])
            return Inferred(None, f"has another unit than {str(texts.iloc[0])!r}", odd)
    return _with_separators(texts, parts, Spelling(first["prefix"], first["suffix"]))


def _parts(texts: pd.Series) -> pd.DataFrame:
    """Return the parts of numbers in text, missing where a text is none."""
    return texts.str.extract(rf"^{NUMBER}$")


def _are_numbers(texts: pd.Series, parts: pd.DataFrame) -> pd.Series:
    """Return which texts are numbers that were measured, and no names such as 007 or 12A.

    Args:
        texts: the different texts of the column.
        parts: their parts.
    """
    plain = pd.to_numeric(texts, errors="coerce").notna() & ~texts.str.match(r"[-+]?0\d")
    spelled = parts["body"].str.fullmatch(BODY).fillna(False).astype(bool)
    return plain | (spelled & texts.str.contains(MEASURED))


def _are_names(texts: pd.Series, parts: pd.DataFrame, numbers: pd.Series) -> bool:
    """Return whether what looks like numbers are parts of names: postcodes and versions.

    Args:
        texts: the different texts of the column.
        parts: their parts.
        numbers: which of them look like numbers.
    """
    others = texts[~numbers]
    if others.str.fullmatch(VERSION).sum() > VERSIONS * len(texts):
        return True
    endings = pd.Series(parts["suffix"].dropna().unique(), dtype="str").str.strip().str.casefold()
    if endings.nunique() < LEAST_ENDINGS or endings.nunique() > MOST_UNITS:
        return endings.nunique() > MOST_UNITS
    shapes = texts[numbers].str.extract(rf"^{CODE_SHAPE}$")
    lengths = shapes.apply(lambda part: part.str.len()).drop_duplicates()
    one_shape = len(lengths) == 1 and bool(lengths.notna().all(axis=None))
    return one_shape and shapes[1].nunique() >= LEAST_ENDINGS


def _with_separators(texts: pd.Series, parts: pd.DataFrame, units: Spelling) -> Inferred:
    """Return the spelling of numbers in parts, of which prefix and suffix are known."""
    bodies = parts["body"]
    used = set("".join(bodies.str.replace(r"\d", "", regex=True).unique()))
    fitting = []
    most = 0.0
    odd = str(texts.iloc[0])
    for group, mark in product(["", *GROUPS], ["", *MARKS]):
        if len(set(group + mark)) < len(group + mark) or not set(group + mark) <= used:
            continue
        number = _whole(group) + (rf"(?:{re.escape(mark)}\d+)?" if mark else "")
        fits = bodies.str.fullmatch(number)
        if fits.all() and used == set(group + mark):
            fitting.append(replace(units, group=group, mark=mark))
        elif most < fits.mean() < 1:
            most = fits.mean()
            odd = str(texts[~fits].iloc[0])
    if len(fitting) == 2:
        fitting = _decided(bodies, fitting)
    if len(fitting) != 1:
        if not fitting:
            return Inferred(None, "is not spelled as the other numbers are", odd)
        fault = "may be grouped by thousands or have three decimals"
        mark = next(each.mark for each in fitting if each.mark)
        as_group = replace(units, group=mark)
        as_mark = replace(units, mark=mark, decimals=3)
        settings = f'format = "{as_group}" or format = "{as_mark}"'
        return Inferred(None, fault, str(texts.iloc[0]), settings=settings)
    spelling = fitting[0]
    if spelling.mark:
        lengths = bodies.str.extract(rf"{re.escape(spelling.mark)}(\d+)$")[0].str.len().fillna(0)
        fixed = lengths.nunique() == 1
        spelling = replace(spelling, decimals=int(lengths.iloc[0]) if fixed else VARIABLE)
    signs = parts["sign"].fillna("") + parts["second"].fillna("")
    inside = bool(parts["second"].notna().any() and parts["sign"].isna().all())
    spelling = replace(
        spelling,
        plus=bool(signs.eq("+").any()),
        brackets=bool(parts["open"].notna().any()),
        sign_inside=inside,
    )
    x = spelling.read(texts)
    wrong = np.isnan(x)
    if spelling.plus:
        wrong |= signs.eq("").to_numpy() & (x != 0)
    if wrong.any():
        return Inferred(None, "is not spelled as the other numbers are", str(texts[wrong].iloc[0]))
    return Inferred(spelling)


def _decided(bodies: pd.Series, fitting: list[Spelling]) -> list[Spelling]:
    """Return the spelling that three digits behind a separator speak for, or both.

    Numbers without the separator are below 1,000, and so speak for groups. A point in a plain
    number is a decimal point, as everywhere.
    """
    plain = fitting[0].prefix + fitting[0].suffix == ""
    by_mark = {spelling.mark: spelling for spelling in fitting}
    if plain and set(by_mark) == {"", "."}:
        return [by_mark["."]]
    if "" in by_mark and bodies.str.fullmatch(r"\d+").any():
        return [by_mark[""]]
    return fitting


def _whole(group: str) -> str:
    """Return the regular expression of whole numbers with groups of three digits, or without."""
    return rf"(?:[1-9]\d{{0,2}}(?:{re.escape(group)}\d{{3}})+|\d{{1,3}})" if group else r"\d+"
