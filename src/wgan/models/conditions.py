"""Conditions on the rows of a table that a model samples: states are set, ranges are waited for.

A condition that leaves a column one state (a level, a missing value, a spike) is given to the
generator, which then meets it exactly and at no cost. Any other is met by rejection: rows with the
states of other columns are drawn until enough of them lie in the range. Rejection samples the
generator's own conditional distribution.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError, did_you_mean
from wgan.base.seeding import derive, numpy_generator
from wgan.data import TableCodec
from wgan.data.tables.conditions import FREE
from wgan.data.tables.schema import Column
from wgan.data.tables.series import parse_number, seconds, spelled, zone_of
from wgan.models.model import Model

BLOCK = 4096
"""Rows drawn at once while a range is waited for. Larger blocks waste more rows of the last
block, smaller ones cost more calls of the generator.
"""
TRIES = 1000
"""Rows drawn for each requested row before a range is given up. More would serve rarer ranges, and
would let a range that no row meets take longer to be refused.
"""
LEAST_TRIES = 200_000
"""Rows drawn at least before a range is given up, so that rare ranges pass where few rows are
requested.
"""
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

    def states(self) -> Bool[np.ndarray, " states"]:
        """Return in which states of the column the condition can hold."""
        column = self.column
        missing = [np.nan] * column.missing_state
        if not column.is_number:
            return self.holds(np.array([*column.places, *missing], dtype=np.float64))
        single = self.holds(np.array([*column.spikes, *missing], dtype=np.float64))
        return np.append(self._holds_for_ordinary(), single) if column.scored else single

    def _holds_for_ordinary(self) -> bool:
        """Return whether the condition holds for some number that is no spike."""
        column = self.column
        low = column.knots[0]
        high = column.knots[-1]
        if self.operator == "=":
            possible = low <= self.value <= high and self.value not in column.spikes
            return possible and (not column.discrete or self.value in column.knots)
        holds = {
            ">=": self.value <= high,
            ">": self.value < high,
            "<=": self.value >= low,
            "<": self.value > low,
        }
        return holds[self.operator]


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
        text = None if _is_missing(value) else spelled(value)
        return [_condition(codec, name, "=", text)]
    ends = zip((">=", "<="), value, strict=True)
    return [_condition(codec, name, sign, str(end)) for sign, end in ends if end is not None]


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


def _condition(codec: TableCodec, name: str, operator: str, text: str | None) -> Condition:
    """Return a condition, its value from a text; none: a missing value."""
    place = codec.place(name)
    column = codec.learned[place]
    if text is None:
        if operator != "=":
            raise WganError(f"column '{name}': a range needs a value: give a value")
        if not column.missing_state:
            raise WganError(f"column '{name}': never missing in the data learned: give a value")
        return Condition(place, column, "=", float("nan"))
    if column.is_number:
        return Condition(place, column, operator, _number(column, text))
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


def _number(column: Column, text: str) -> float:
    """Return the number or the time of a text."""
    is_time = column.kind == "datetime"
    refusal = WganError(f"column '{column.name}': '{text}' is no {'date' if is_time else 'number'}")
    try:
        value = _time(column, text) if is_time else parse_number(text, column)
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


@dataclass(frozen=True)
class Conditioned:
    """Rows that satisfy conditions.

    Attributes:
        raw: `[n, c]` rows, as the codec decodes them.
        tried: rows that were drawn for them.
    """

    raw: Float[np.ndarray, "n c"]
    tried: int


def sample_where(
    model: Model, n: int, seed: int = 0, where: Where = (), balance: str | None = None
) -> Conditioned:
    """Return rows of a table that satisfy every condition.

    Args:
        model: a model of a table.
        n: the number of rows.
        seed: random seed.
        where: the conditions, as `conditions` takes them.
        balance: a column whose levels (or few numbers) are to be equally frequent; None: no column.

    Raises:
        WganError: a model of something else; conditions that contradict each other or the data, or
            that hardly any row meets.
    """
    if not isinstance(model.codec, TableCodec):
        raise WganError("where and balance are for models of tables; ask for a class with label")
    requested = conditions(model.codec, where)
    y = _states(model.codec, requested)
    # The others hold by their state alone.
    ranges = [c for c in requested if y[c.place] == FREE or (c.column.scored and y[c.place] == 0)]
    if balance is None:
        return _wait(model, n, seed, y, ranges)
    place = _balanced_place(model.codec, balance, y)
    states = model.codec.learned[place].present_states
    each = -(-n // states)  # rounded up; what is too much is cut off below
    parts = []
    for state in range(states):
        with_state = np.where(np.arange(len(y)) == place, state, y)
        parts.append(_wait(model, each, derive(seed, "balance", state), with_state, ranges))
    rows = np.concatenate([part.raw for part in parts])
    rows = numpy_generator(seed, "balance").permutation(rows)
    return Conditioned(rows[:n], sum(part.tried for part in parts))


def _balanced_place(codec: TableCodec, name: str, y: Int64[np.ndarray, " columns"]) -> int:
    """Return the place of a column that can be balanced."""
    place = codec.place(str(name))
    column = codec.learned[place]
    fixed = y[place] != FREE
    if column.is_choice and not fixed:
        return place
    why = "a condition fixes it" if fixed else f"it holds {column}"
    others = [c.name for c in codec.learned if c.is_choice and c is not column][:LEVELS_NAMED]
    hint = f"choose one of {', '.join(others)}" if others else "leave it out"
    if column.scored:
        hint += ", or train with a schema that calls it a category"
    raise WganError(f"column '{name}' cannot be balanced, since {why}: {hint}")


def _wait(
    model: Model, n: int, seed: int, y: Int64[np.ndarray, " columns"], ranges: list[Condition]
) -> Conditioned:
    """Return `n` rows with the states y that satisfy the conditions that must be waited for."""
    if not ranges:
        return Conditioned(model.sample(n, seed, np.repeat(y[None], n, axis=0)), n)
    states = np.repeat(y[None], BLOCK, axis=0)
    parts: list[np.ndarray] = []
    count = 0
    tried = 0
    while count < n:
        if tried >= max(TRIES * n, LEAST_TRIES):
            raise WganError(
                f"{count} of {tried} rows satisfy {_words(ranges)}, too few to wait for {n}: ask"
                " for fewer rows, or for less"
            )
        rows = model.sample(BLOCK, derive(seed, "where", tried), states)
        satisfied = np.all([c.holds(rows[:, c.place]) for c in ranges], axis=0)
        parts.append(rows[satisfied])
        count += len(parts[-1])
        tried += BLOCK
    return Conditioned(np.concatenate(parts)[:n], tried)


def _states(codec: TableCodec, requested: list[Condition]) -> Int64[np.ndarray, " columns"]:
    """Return the one state that conditions leave each column.

    It is -1 where they leave several, or where the column has but one.
    """
    y = np.full(len(codec.learned), FREE, dtype=np.int64)
    for place in {condition.place for condition in requested}:
        of_column = [condition for condition in requested if condition.place == place]
        column = codec.learned[place]
        possible = np.all([condition.states() for condition in of_column], axis=0)
        if not possible.any():
            raise WganError(
                f"no row of the data's kind can satisfy {_words(of_column)}: column"
                f" '{column.name}' holds {column}"
            )
        if possible.sum() == 1 and column.code_sizes:
            y[place] = int(possible.argmax())
    return y


def _words(conditions: list[Condition]) -> str:
    return " and ".join(f"{c.column.name}{c.operator}{_value(c)}" for c in conditions)


def _value(condition: Condition) -> str:
    column = condition.column
    value = condition.value
    if np.isnan(value):
        return ""
    if column.kind == "datetime":
        return str(pd.Timestamp(value, unit="s"))
    return f"{value:.10g}" if column.is_number else column.levels[int(value)]
