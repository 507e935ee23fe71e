"""Conditions on the rows of a table, read from text such as `age>=30` or from a mapping."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from wgan.base.errors import WganError, did_you_mean
from wgan.data import TableCodec
from wgan.data.tables.cells import Cells
from wgan.data.tables.schema import Column
from wgan.data.tables.series import parse_number, seconds, spelled, zone_of

LEVELS_NAMED = 50
"""Levels among which an error looks for the nearest spelling; a column may have thousands."""
SIGNS = ">=|<=|=|>|<"
CONDITION = re.compile(rf"\s*({SIGNS})(.*)", re.DOTALL)
"""What follows the name of a column: a sign and a value."""
UNKNOWN_COLUMN = re.compile(rf"\s*([^=<>]+?)\s*({SIGNS}).*", re.DOTALL)
"""A condition of which no column has the name, as the error needs it."""
Where = Mapping[str, object] | Sequence[str] | str
"""Conditions: text such as `age>=30`, one or several, or columns and their values."""


@dataclass(frozen=True)
class Condition:
    """A column, an operator and a value, such as age >= 30.

    Attributes:
        place: place of the column among the learned ones.
        column: the column.
        operator: one of =, >=, <=, > and <.
        value: a number, a time in seconds since 1970, or the number of a level; NaN: missing.
    """

    place: int
    column: Column
    operator: str
    value: float

    def holds(self, x: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Return for which values the condition holds.

        It holds for a missing value only where a missing one is requested.

        Args:
            x: `[n]` values of the column; NaN: missing.
        """
        if np.isnan(self.value):
            return np.isnan(x)
        compare = {
            "=": np.equal,
            ">=": np.greater_equal,
            "<=": np.less_equal,
            ">": np.greater,
            "<": np.less,
        }
        holds: np.ndarray = compare[self.operator](x, self.value)
        return holds

    def choices(self) -> Bool[np.ndarray, " choices"]:
        """Return in which choices of the column the condition can hold."""
        column = self.column
        missing = [np.nan] * column.missing_state
        if not column.is_number:
            return self.holds(np.array([*column.places, *missing], dtype=np.float64))
        single = self.holds(np.array([*column.spikes, *missing], dtype=np.float64))
        cells = self._holds_in_cells()
        # A spike in the range of a cell is a choice of its own.
        only_single = self.operator == "=" and single.any()
        cells = np.zeros_like(cells) if only_single else cells
        return self._with_twin(np.append(cells, single))

    def _with_twin(self, holds: Bool[np.ndarray, " k"]) -> Bool[np.ndarray, " choices"]:
        """Insert whether the condition can hold for the value of a twin: any of the range."""
        column = self.column
        if not column.twin:
            return holds
        one_cell = Cells(column.cells.lows[:1], column.cells.highs[-1:], (1.0,))
        anywhere = Column(column.name, column.kind, column.dtype, cells=one_cell)
        can_hold = replace(self, column=anywhere).choices()[0]
        return np.insert(holds, column.twin_choice, can_hold)

    def _holds_in_cells(self) -> Bool[np.ndarray, " cells"]:
        """Return in which cells the condition holds for some number."""
        lows = np.asarray(self.column.cells.lows)
        highs = np.asarray(self.column.cells.highs)
        if self.operator == "=":
            return (lows <= self.value) & (self.value <= highs)
        return self.holds(highs if self.operator in (">=", ">") else lows)


def conditions(codec: TableCodec, where: Where) -> list[Condition]:
    """Return the conditions that `where` describes.

    Args:
        codec: the table's codec.
        where: text such as `age>=30`, one or several; or a mapping of columns to a value or to a
            (low, high) pair, where None leaves an end open.

    Raises:
        WganError: no such column, a value that the column cannot have, or an operator that does not
            fit it.
    """
    if isinstance(where, str):
        where = [where]
    if isinstance(where, Mapping):
        return [
            condition
            for name, value in where.items()
            for condition in _of_value(codec, str(name), value)
        ]
    if not isinstance(where, Sequence) or not all(isinstance(text, str) for text in where):
        raise WganError(f"where = {where!r}: give text such as 'age>=30', several, or a dict")
    return [_condition(codec, *_parsed(codec, text)) for text in where]


def _of_value(codec: TableCodec, name: str, value: object) -> list[Condition]:
    """Return the conditions of one entry of a mapping."""
    if not (isinstance(value, tuple) and len(value) == 2):
        wanted = None if _is_missing(value) else _plain(value)
        return [_condition(codec, name, "=", wanted)]
    ends = zip((">=", "<="), value, strict=True)
    return [_condition(codec, name, sign, _plain(end)) for sign, end in ends if end is not None]


def _plain(value: object) -> str | float:
    """Return a number as it is, and anything else as text."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return float(value) if is_number else spelled(value)  # type: ignore[arg-type]


def _is_missing(value: object) -> bool:
    if value is None or value is pd.NaT or value is pd.NA:
        return True
    return isinstance(value, float) and bool(np.isnan(value))


def _parsed(codec: TableCodec, text: str) -> tuple[str, str, str | None]:
    """Return column, operator and value of a text; no value where a missing one is requested.

    The column is that of the longest name with which the text begins.
    """
    text_from_name = text.lstrip()
    names = [c.name for c in codec.columns if text_from_name.startswith(c.name)]
    for name in sorted(names, key=len, reverse=True):
        if match := CONDITION.fullmatch(text_from_name.removeprefix(name)):
            value = match[2].strip()
            column = next(column for column in codec.columns if column.name == name)
            missing = value == "" and "" not in column.levels
            return name, match[1], None if missing else value
    if guess := UNKNOWN_COLUMN.fullmatch(text):
        codec.place(guess[1])
    raise WganError(
        f"--where {text}: write COLUMN=VALUE, or with <, <=, > or >= for =, e.g. --where 'age>=30'"
    )


def _condition(
    codec: TableCodec, name: str, operator: str, wanted: str | float | None
) -> Condition:
    """Return a condition, its value from a text or number; none: a missing value."""
    place = codec.place(name)
    column = codec.learned[place]
    if wanted is None:
        if operator != "=":
            raise WganError(f"column '{name}': a range needs a value: give a value")
        if not column.missing_state:
            raise WganError(f"column '{name}': never missing in the data learned: give a value")
        return Condition(place, column, "=", float("nan"))
    if column.is_number:
        return Condition(place, column, operator, _number(column, wanted))
    text = spelled(wanted)
    if operator != "=":
        raise WganError(
            f"column '{name}' has no order, so {operator} cannot be asked for: write {name}=VALUE"
        )
    if text not in column.levels:
        nearest = did_you_mean(text, column.levels[:LEVELS_NAMED])
        raise WganError(f"column '{name}' has no level '{text}'. {nearest}")
    if text in column.unseen:
        fault = f"column '{name}': the level '{text}' is in held-out rows alone, so never learned"
        raise WganError(f"{fault}: ask for another")
    return Condition(place, column, "=", float(column.levels.index(text)))


def _number(column: Column, wanted: str | float) -> float:
    """Return the number or the time of a text, or the number itself."""
    is_time = column.kind == "datetime"
    text = spelled(wanted)
    refusal = WganError(f"column '{column.name}': '{text}' is no {'date' if is_time else 'number'}")
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
