"""Conditions on the rows of a table, read from text such as `age>=30` or from a mapping."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from wgan.base.errors import WganError
from wgan.data import TableCodec
from wgan.data.tables.differences import as_coded
from wgan.data.tables.schema import Column
from wgan.data.tables.series import no_level, parse_number, seconds, spelled, zone_of

COMPARISONS = {
    ">=": np.greater_equal,
    "<=": np.less_equal,
    ">": np.greater,
    "<": np.less,
}
SIGNS = ">=|<=|!=|=|>|<"
CONDITION = re.compile(rf"\s*({SIGNS})(.*)|\s+in(?:\s+(.*))?", re.DOTALL)
"""Text after the name of a column: a sign and a value, or `in` and several."""
UNKNOWN_COLUMN = re.compile(rf"\s*([^=<>!]+?)(?:\s*(?:{SIGNS}).*|\s+in\s.*)", re.DOTALL)
"""Form of a condition on an unknown column, for the error."""
Where = Mapping[str, object] | Sequence[str | Mapping[str, object]] | str
"""Conditions: text such as `age>=30`, or columns and their values; one or several of these."""
Wanted = str | float | None
"""A requested value: a text, a number, or None for a missing value."""


@dataclass(frozen=True)
class Condition:
    """A column, an operator and values, such as age >= 30.

    Attributes:
        place: place of the column among the learned ones.
        column: the column.
        operator: one of =, !=, >=, <=, > and <; = with several values asks for one of them.
        values: numbers, times in seconds since 1970, or numbers of levels; NaN: missing. All
            operators but = have one.
    """

    place: int
    column: Column
    operator: str
    values: tuple[float, ...]

    def holds(self, x: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Return for which values the condition holds.

        It holds for a missing value only if a missing one is requested. So != never holds for one.

        Args:
            x: `[n]` values of the column; NaN: missing.
        """
        if self.operator in COMPARISONS:
            holds: np.ndarray = COMPARISONS[self.operator](x, self.values[0])
            return holds
        equal = np.isin(x, [value for value in self.values if not np.isnan(value)])
        if self.operator == "!=":
            return ~equal & ~np.isnan(x)
        return equal | (np.isnan(x) & bool(np.isnan(self.values).any()))

    def choices(self) -> Bool[np.ndarray, " choices"]:
        """Return for which choices of the column the condition can hold."""
        if self.column.difference:
            ends = self.column.written(np.array(self.column.ends))
            return self._of_difference(bool(self._twin_at_times(ends[:1], ends[-1:])[0]))
        return self._of_cells_and_others(self._in_cells_at_times, self._twin_at_times)

    def certain(self) -> Bool[np.ndarray, " choices"]:
        """Return the choices of the column for which the condition surely holds."""
        if self.column.difference:
            return self._of_difference(self.operator == "!=" and bool(np.isnan(self.values[0])))
        return self._of_cells_and_others(self._in_cells_always, self._in_cells_always)

    def _of_difference(self, of_numbers: bool) -> Bool[np.ndarray, " choices"]:
        """Return which choices of a difference, and of a missing value, satisfy the condition.

        No choice of a difference tells a number.
        """
        coded = as_coded(self.column)
        missing = np.full(int(coded.missing_state), np.nan)
        return np.append(np.full(coded.choices - len(missing), of_numbers), self.holds(missing))

    def _of_cells_and_others(
        self,
        of_cells: Callable[[np.ndarray, np.ndarray], np.ndarray],
        of_twin: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> Bool[np.ndarray, " choices"]:
        """Return which cells, single values and values of the twin satisfy the condition.

        Cells are judged by their ends, and the value of the twin by the ends of the column.
        """
        column = self.column
        missing = [np.nan] * column.missing_state
        single = column.spikes if column.is_number else column.places
        holds = self.holds(np.array([*single, *missing], dtype=np.float64))
        ends = (column.cells.lows, column.cells.highs)
        lows, highs = (column.written(np.array(each, dtype=np.float64)) for each in ends)
        if not len(lows):
            return holds
        holds = np.append(of_cells(lows, highs), holds)
        if not column.twin:
            return holds
        return np.insert(holds, column.twin_choice, of_twin(lows[:1], highs[-1:])[0])

    def _twin_at_times(self, lows: np.ndarray, highs: np.ndarray) -> np.ndarray:
        """Return whether the condition can hold for the value of a twin.

        It is any of the range, and may equal a spike.
        """
        if self.operator == "=":
            return self._any_inside(lows, highs, self.values)
        return self._in_cells_at_times(lows, highs)

    def _in_cells_at_times(self, lows: np.ndarray, highs: np.ndarray) -> np.ndarray:
        if self.operator in COMPARISONS:
            return self.holds(highs if self.operator in (">=", ">") else lows)
        if self.operator == "!=":
            return (lows < highs) | self.holds(lows)
        # A spike in the range of a cell is a choice of its own.
        spikes = self.column.spikes
        return self._any_inside(lows, highs, [v for v in self.values if v not in spikes])

    def _in_cells_always(self, lows: np.ndarray, highs: np.ndarray) -> np.ndarray:
        if self.operator in COMPARISONS:
            return self.holds(lows) & self.holds(highs)
        if self.operator == "!=":
            return ~self._any_inside(lows, highs, self.values)
        return (lows == highs) & self.holds(lows)

    def _any_inside(
        self, lows: np.ndarray, highs: np.ndarray, values: Sequence[float]
    ) -> np.ndarray:
        """Return in which cells one of some values lies."""
        x = np.asarray(values, dtype=np.float64)[:, None]
        inside: np.ndarray = np.any((lows <= x) & (x <= highs), axis=0)
        return inside

    def __str__(self) -> str:
        values = [self._spelled(value) for value in self.values]
        if len(values) > 1:
            return f"{self.column.name} in {', '.join(values)}"
        return f"{self.column.name}{self.operator}{values[0]}"

    def _spelled(self, value: float) -> str:
        if np.isnan(value):
            return ""
        column = self.column
        return column.spelled(value) if column.is_number else column.levels[int(value)]


def conditions(codec: TableCodec, where: Where) -> list[Condition]:
    """Return the conditions that `where` describes.

    Args:
        codec: the table's codec.
        where: text such as `age>=30`, `size!=small` or `size in small, large`; or a mapping of
            columns to a value, to a list or set of values, or to a (low, high) tuple, where None
            leaves an end open; or several of these.

    Raises:
        WganError: no such column, a value that the column cannot have, or an operator that does not
            fit it.
    """
    if isinstance(where, str | Mapping):
        where = [where]
    if not isinstance(where, Sequence) or not all(isinstance(w, str | Mapping) for w in where):
        raise WganError(f"where = {where!r}: give text such as 'age>=30', a dict, or several")
    found = []
    for each in where:
        if isinstance(each, str):
            found.append(_condition(codec, *_parsed(codec, each)))
        else:
            for name, value in each.items():
                found += _of_value(codec, str(name), value)
    return found


def _of_value(codec: TableCodec, name: str, value: object) -> list[Condition]:
    """Return the conditions of one entry of a mapping."""
    if isinstance(value, tuple):
        if len(value) != 2:
            raise WganError(
                f"where: '{name}' has {len(value)} values in a tuple, and a tuple is a range (low,"
                " high): give several values as a list"
            )
        ends = zip((">=", "<="), value, strict=True)
        return [_condition(codec, name, s, [_plain(end)]) for s, end in ends if end is not None]
    if isinstance(value, list | Set | np.ndarray | pd.Series | pd.Index):
        return [_condition(codec, name, "=", [_plain(each) for each in value])]
    return [_condition(codec, name, "=", [_plain(value)])]


def _plain(value: object) -> Wanted:
    """Return a number as it is, none for a missing value, and anything else as text."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, Real) and not isinstance(value, bool):
        return None if np.isnan(float(value)) else float(value)
    return spelled(value)


def _parsed(codec: TableCodec, text: str) -> tuple[str, str, list[Wanted]]:
    """Return column, operator and values of a text; none where a missing value is requested.

    The column is that of the longest name with which the text begins.
    """
    text_from_name = text.lstrip()
    columns = [c for c in codec.columns if text_from_name.startswith(c.name)]
    for column in sorted(columns, key=lambda column: len(column.name), reverse=True):
        if match := CONDITION.fullmatch(text_from_name.removeprefix(column.name)):
            sign, value, several = match.groups()
            values = _separated(text, several or "") if sign is None else [value.strip()]
            if sign is not None and values[0].startswith(tuple("=<>")):
                _refuse_sign(text, sign + values[0][0], values[0], column)
            has_empty = "" in column.levels
            wanted = [each if each or has_empty else None for each in values]
            return column.name, sign or "=", wanted
    if guess := UNKNOWN_COLUMN.fullmatch(text):
        codec.place(guess[1])
    raise WganError(
        f"--where {text}: write COLUMN=VALUE, or with !=, <, <=, > or >= for =, e.g. --where"
        " 'age>=30', or COLUMN in VALUE, VALUE"
    )


def _refuse_sign(text: str, sign: str, value: str, column: Column) -> None:
    """Refuse an operator of other languages, such as ==, unless a level begins with its end."""
    if value not in column.levels:
        raise WganError(f"--where {text}: {sign} is not an operator: write =, !=, <, <=, > or >=")


def _separated(text: str, values: str) -> list[str]:
    """Return values that are separated by commas, quoted as in CSV where they hold some."""
    try:
        lines = list(csv.reader(io.StringIO(values.strip()), skipinitialspace=True, strict=True))
    except csv.Error:
        lines = []
    if not values.strip() or len(lines) != 1:
        raise WganError(
            f"--where {text}: after 'in' write values with commas between them, and double quotes"
            ' around a value that holds one: COLUMN in A, "B, C"'
        )
    return [value.strip() for value in lines[0]]


def _condition(codec: TableCodec, name: str, operator: str, wanted: Sequence[Wanted]) -> Condition:
    """Return a condition, its values from texts or numbers; none: a missing value."""
    place = codec.place(name)
    column = codec.learned[place]
    if not wanted:
        raise WganError(f"column '{name}': a list without values: give one or more")
    values = [_value(column, operator, each) for each in wanted]
    return Condition(place, column, operator, tuple(dict.fromkeys(values)))


def _value(column: Column, operator: str, wanted: Wanted) -> float:
    """Return the number, the time or the place of the level of a requested value."""
    name = column.name
    if wanted is None:
        if operator in COMPARISONS:
            raise WganError(f"column '{name}': a range needs a value: give a value")
        if not column.missing_state and operator == "=":
            raise WganError(
                f"column '{name}': it is never missing in the training data: give a value"
            )
        return np.nan
    if column.is_number:
        return _number(column, wanted)
    text = spelled(wanted)
    if operator in COMPARISONS:
        raise WganError(
            f"column '{name}' has no order, so {operator} cannot be asked for: write {name}=VALUE"
        )
    if text not in column.levels:
        raise WganError(no_level(column, text))
    if text in column.unseen:
        fault = f"column '{name}': the level '{text}' is in held-out rows alone, so never learned"
        raise WganError(f"{fault}: ask for another")
    return float(column.levels.index(text))


def _number(column: Column, wanted: str | float) -> float:
    """Return the number or the time of a text, or the number itself."""
    is_time = column.kind == "datetime"
    text = spelled(wanted)
    refusal = WganError(
        f"column '{column.name}': '{text}' is not a {'date' if is_time else 'number'}"
    )
    try:
        if is_time:
            value = _time(column, text)
        else:
            value = parse_number(wanted, column) if isinstance(wanted, str) else wanted
    except ValueError:
        raise refusal from None
    if not np.isfinite(value):
        raise refusal
    return value


def _time(column: Column, text: str) -> float:
    """Return seconds of a time that is written as the column writes it, or as 2024-01-31 10:00.

    It is in the column's own zone, unless it names one.
    """
    if column.format:
        value = float(seconds(pd.Series([text]), column.format)[0])
        if not np.isnan(value):
            return value
    if not re.match(r"\d{4}-\d{1,2}-\d{1,2}", text):
        raise ValueError(text)
    stamp = pd.Timestamp(text)
    if stamp.tz is not None:
        stamp = stamp.tz_convert(zone_of(column))
    return float(seconds(pd.Series([stamp]))[0])
