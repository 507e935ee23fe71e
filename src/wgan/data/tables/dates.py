"""Forms of times in text: how a column writes its dates, inferred from its texts and written back.

A form is what `strftime` takes, with two additions: `%-d` is a number without a leading zero, on
every system, and `%3f` is milliseconds.
"""

import re
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from wgan.base.errors import WganError

FORM_ROWS = 100
"""Different texts that forms are tried on first, so that wrong forms cost little."""
FORM_SOURCES = 10
"""Different texts that forms are read off, so that a wrong first one does not hide the others."""
MOST_ARE_TIMES = 0.5
"""Share of different texts in one form from which on the others are slips, and no categories."""
TOKEN = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?|\d+|[^\W\d_]+|.", re.DOTALL)
"""A time of day, a number, a word, or one other character."""
WITH_ZONE = re.compile(
    r"(.*\d:\d\d(?::\d\d(?:\.\d+)?)?)( ?(?:Z|UTC|GMT)|[+-]\d\d:?\d\d)", re.DOTALL
)
"""A time with a zone, which is part of the form: all values of a column have the same."""
ZONE_OF_FORM = re.compile(r".*?(?: ?(Z|UTC|GMT)|([+-]\d\d):?(\d\d))", re.DOTALL)
"""The form of times with a zone, which stands at its end."""
WITHIN_A_MONTH = re.compile("%-?[djUWVuwaAcxHI]")
"""Parts of a form that distinguish times within a month."""
DECIMALS = r"%Y\.%-?m"
"""Form that is none: numbers such as 2024.05 are written so."""
BETWEEN = " ,-/.T"
"""Characters that may stand between the parts of a time."""
DAYS = [pd.Timestamp("2024-01-01") + pd.Timedelta(days=i) for i in range(7)]
MONTHS = [pd.Timestamp(2024, month, 1) for month in range(1, 13)]
WORDS = {
    **{month.strftime("%B"): "%B" for month in MONTHS},
    **{month.strftime("%b"): "%b" for month in MONTHS},
    **{day.strftime("%A"): "%A" for day in DAYS},
    **{day.strftime("%a"): "%a" for day in DAYS},
    "AM": "%p",
    "PM": "%p",
    "T": "T",
}
"""Words of a time, and what writes them."""
CUT_ZERO = "\x02"
"""Mark before a number whose leading zero is cut off once it is written."""
CUT_MICROSECONDS = "\x01"
"""Mark behind microseconds that are cut to milliseconds once they are written."""


class Form(NamedTuple):
    """Form inferred from the times in a column of text.

    Attributes:
        form: how they, or most of them, are written; empty if in no known way.
        odd: the first text that is not written so, where most are; empty if there is none.
        other: a second form that fits all texts as well, month and day exchanged; empty if none.
    """

    form: str = ""
    odd: str = ""
    other: str = ""


def infer_form(texts: pd.Series) -> Form:
    """Return how times are written in a column of text.

    Args:
        texts: the different texts of the column.
    """
    head = texts.iloc[:FORM_ROWS]
    candidates = dict.fromkeys(
        form for text in head.iloc[:FORM_SOURCES] for form in _forms(str(text))
    )
    best = Form()
    most = MOST_ARE_TIMES
    for form in candidates:
        if not is_written(head, form).mean() > most:
            continue
        fits = is_written(texts, form)
        if fits.all():
            return Form(form, "", _exchanged(texts, form))
        # Of shorter forms too much else looks alike: 2009-10 is a season, 10.5.12 a version.
        if fits.mean() > most and "%Y" in form and re.search("%-?d", form):
            most = fits.mean()
            best = Form(form, str(texts[~fits].iloc[0]))
    return best


def _exchanged(texts: pd.Series, form: str) -> str:
    """Return the form with month and day exchanged if it reads all texts as other times."""
    if not re.search(r"%-?[md].*%-?[md].*%[Yy]", form):
        return ""
    swap = {"m": "d", "d": "m"}
    other = re.sub(r"%(-?)([md])", lambda match: f"%{match[1]}{swap[match[2]]}", form)
    if not is_written(texts, other).all():
        return ""
    return other if (read_times(texts, form) != read_times(texts, other)).any() else ""


def is_written(texts: pd.Series, form: str) -> pd.Series:
    """Return which texts a form gives back as they are spelled."""
    times = read_times(texts, form)
    there = times.notna()
    return there & (write_times(times, form) == texts)


def read_times(texts: pd.Series, form: str) -> pd.Series:
    """Return texts as times, missing where a text is not written in this form."""
    plain = form.replace("%-", "%").replace("%3f", "%f")
    return pd.to_datetime(texts, format=plain, errors="coerce")


def on_clock(series: pd.Series, zone: Any, name: str) -> pd.Series:
    """Return times of any zone as those of another.

    Args:
        series: the times.
        zone: the other zone; None: none.
        name: the column's name.

    Raises:
        WganError: no times, or times of which only one side has a zone.
    """
    if not hasattr(series, "dt"):
        raise WganError(
            f"column '{name}' holds times, and here it is of type {series.dtype}: convert it, e.g."
            " with pandas.to_datetime"
        )
    own = getattr(getattr(series.dtype, "pyarrow_dtype", series.dtype), "tz", None)
    if str(own) == str(zone):
        return series
    if zone is None or own is None:
        here, there = (
            f"the zone {own}" if own else "none",
            f"the zone {zone}" if zone else "no zone",
        )
        raise WganError(
            f"column '{name}' holds times of {there}, and here they have {here}: give both alike,"
            " e.g. with Series.dt.tz_localize"
        )
    return series.astype(pd.DatetimeTZDtype("us", own)).dt.tz_convert(zone)


def write_times(times: pd.Series, form: str) -> pd.Series:
    """Return times as text in a form, missing where a time is."""
    marked = form.replace("%-", CUT_ZERO + "%").replace("%3f", "%f" + CUT_MICROSECONDS)
    written = times.dt.strftime(marked)
    if CUT_ZERO in marked:
        written = written.str.replace(CUT_ZERO + "0?", "", regex=True)
    if CUT_MICROSECONDS in marked:
        written = written.str.replace(r"\d{3}" + CUT_MICROSECONDS, "", regex=True)
    return written


def nearest_written(x: Float[np.ndarray, " n"], form: str) -> Float[np.ndarray, " n"]:
    """Return times rounded to the nearest month or year, where a form writes nothing finer.

    Months and years are not multiples of one step.

    Args:
        x: `[n]` seconds since 1970; NaN: missing.
        form: how they are written.
    """
    if WITHIN_A_MONTH.search(form) or not re.search("%-?[YymbB]", form):
        return x
    unit = "M" if re.search("%-?[mbB]", form) else "Y"
    there = ~np.isnan(x)
    starts = np.where(there, x, 0).astype("datetime64[s]").astype(f"datetime64[{unit}]")
    low, high = (each.astype("datetime64[s]").astype(np.float64) for each in (starts, starts + 1))
    return np.where(there, np.where(x - low < high - x, low, high), x)


def zone_of_form(form: str) -> str:
    """Return the zone of times that are written in a form; empty if it names none.

    >>> zone_of_form("%Y-%m-%d %H:%M+0100"), zone_of_form("%H:%M:%SZ"), zone_of_form("%Y-%m-%d")
    ('+01:00', 'UTC', '')
    """
    match = ZONE_OF_FORM.fullmatch(form)
    if not match:
        return ""
    word, hours, minutes = match.groups()
    return "UTC" if word or f"{hours}{minutes}" in ("+0000", "-0000") else f"{hours}:{minutes}"


def _forms(text: str) -> list[str]:
    """Return the forms that a text may be written in, the likeliest first."""
    zone = ""
    if match := WITH_ZONE.fullmatch(text):
        text, zone = match.groups()
    tokens = TOKEN.findall(text)
    numbers = [token for token in tokens if token.isdigit()]
    has_time = any(":" in token for token in tokens)
    named = any(WORDS.get(token) in ("%b", "%B") for token in tokens)
    forms = []
    for order in _orders(numbers, named, has_time, "/" in tokens):
        for short_date, short_hour in product((False, True), repeat=2):
            form = _form(tokens, order, short_date, short_hour)
            if form and not re.fullmatch(DECIMALS, form):
                forms.append(form + zone)
    return forms


def _form(tokens: list[str], order: tuple[str, ...], short_date: bool, short_hour: bool) -> str:
    """Return the form of tokens, given the order of the numbers in it; empty if they are no time.

    Args:
        tokens: the parts of a text.
        order: what its numbers are, in their order.
        short_date: whether days and months below 10 have one digit.
        short_hour: whether hours below 10 have one digit.
    """
    parts = []
    ordered = iter(order)
    hour = "I" if any(WORDS.get(token) == "%p" for token in tokens) else "H"
    for token in tokens:
        if token.isdigit():
            letter = next(ordered)
            short = "-" if short_date and letter in ("d", "m") else ""
            parts.append("".join(f"%{short}{each}" for each in letter))
        elif ":" in token and len(token) > 1:
            parts.append(_time_of_day(token, f"%-{hour}" if short_hour else f"%{hour}"))
        elif token in WORDS:
            parts.append(WORDS[token])
        elif token in BETWEEN:
            parts.append(token)
        else:
            return ""
    return "".join(parts)


def _time_of_day(token: str, hour: str) -> str:
    """Return the form of a time of day such as 14:05:33.250."""
    seconds, dot, fraction = token.partition(".")
    form = f"{hour}:%M" + ":%S" * (seconds.count(":") - 1)
    # Forms know milliseconds and microseconds; 7 digits or 9 do not come back.
    return form + (".%3f" if len(fraction) == 3 else ".%f" if dot else "")


def _orders(
    numbers: list[str], named: bool, has_time: bool, slashes: bool
) -> list[tuple[str, ...]]:
    """Return the possible meanings of the numbers of a text, in their order: Y, y, m and d.

    Args:
        numbers: the numbers, without those of a time of day.
        named: whether the month is a word.
        has_time: whether there is a time of day.
        slashes: whether there are slashes, as in 1/31/2024.
    """
    sizes = tuple(
        "Y" if len(number) == 4 else "2" if len(number) <= 2 else "x" for number in numbers
    )
    month_first = [("m", "d"), ("d", "m")]
    if not slashes:
        month_first.reverse()
    known: dict[tuple[str, ...], list[tuple[str, ...]]]
    if named:
        known = {("2", "Y"): [("d", "Y")], ("Y", "2"): [("Y", "d")], ("Y",): [("Y",)]}
        known["2", "2"] = [("d", "y")]
        return known.get(sizes, [])
    if numbers and len(numbers[0]) == 8 and has_time:
        # Eight digits alone may be a number.
        return [("Ymd",)] if len(numbers) == 1 else []
    known = {
        ("Y", "2", "2"): [("Y", "m", "d")],
        ("2", "2", "Y"): [(*order, "Y") for order in month_first],
        ("2", "2", "2"): [(*order, "y") for order in month_first],
        ("Y", "2"): [("Y", "m")],
        (): [()] if has_time else [],
    }
    return known.get(sizes, [])
