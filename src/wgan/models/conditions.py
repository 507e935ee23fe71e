"""How are rows of a table asked for? States are given to the generator, which then holds them
exactly; ranges of numbers are waited for.

A condition that leaves a column one state (a level, a missing value, a spike) costs nothing. Any
other is met by rejection: rows are drawn, with what is asked for of other columns, until enough lie
in the range. That samples the generator's own conditional distribution.
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
from wgan.data.tables.series import seconds, spelled
from wgan.models.model import Model

BLOCK = 4096
TRIES, LEAST_TRIES = 1000, 200_000
"""So many rows are drawn for each that is asked for, and at least so many, before a range is given
up.
"""
CONDITION = re.compile(r"\s*(>=|<=|=|>|<)(.*)", re.DOTALL)
Where = Mapping[str, object] | Sequence[str] | str


@dataclass(frozen=True)
class Condition:
    """`column operator value`, such as age >= 30; an equality with nothing asks for a missing
    value.
    """

    place: int
    column: Column
    operator: str
    value: float

    def holds(self, x: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Tell for which values the condition holds; for a missing one only where it is asked
        for.
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
        found: np.ndarray = compare[self.operator](x, self.value)
        return found

    def states(self) -> Bool[np.ndarray, " states"]:
        """Tell in which states the condition can hold."""
        column = self.column
        if not column.is_number:
            return self.holds(
                np.append(
                    np.arange(len(column.levels), dtype=np.float64), [np.nan] * column.missing
                )
            )
        known = self.holds(np.array([*column.spikes, *[np.nan] * column.missing], dtype=np.float64))
        if not column.scored:
            return known
        low, high = column.knots[0], column.knots[-1]
        equal = (
            low <= self.value <= high
            and self.value not in column.spikes
            and (not column.discrete or self.value in column.knots)
        )
        inside = {
            "=": equal,
            ">=": self.value <= high,
            ">": self.value < high,
            "<=": self.value >= low,
            "<": self.value > low,
        }
        return np.append(inside[self.operator], known)


def conditions(codec: TableCodec, where: Where) -> list[Condition]:
    """Return what `where` asks for: text such as `age>=30`, one or several, or a mapping of columns
    to a value or a (low, high) pair.

    Raises:
        WganError: no such column, a value that the column cannot have, or an operator that does not
            fit it.
    """
    if isinstance(where, str):
        where = [where]
    if not isinstance(where, Mapping):
        return [_condition(codec, *_parsed(codec, text)) for text in where]
    found = []
    for name, value in where.items():
        if isinstance(value, tuple) and len(value) == 2:
            found += [
                _condition(codec, str(name), sign, str(end))
                for sign, end in zip((">=", "<="), value, strict=True)
                if end is not None
            ]
        else:
            missing = (
                value is None
                or value is pd.NaT
                or value is pd.NA
                or (isinstance(value, float) and np.isnan(value))
            )
            found.append(_condition(codec, str(name), "=", None if missing else spelled(value)))
    return found


def _parsed(codec: TableCodec, text: str) -> tuple[str, str, str | None]:
    """Return column, operator and value: the longest name of a column that the text begins with; no
    value asks for a missing one.
    """
    names = sorted(
        (column.name for column in codec.columns if text.lstrip().startswith(column.name)),
        key=len,
        reverse=True,
    )
    for name in names:
        if match := CONDITION.fullmatch(text.lstrip().removeprefix(name)):
            value = match[2].strip()
            empty = value == "" and "" not in next(
                column.levels for column in codec.columns if column.name == name
            )
            return name, match[1], None if empty else value
    if guess := re.fullmatch(r"\s*([^=<>]+?)\s*(>=|<=|=|>|<).*", text, re.DOTALL):
        codec.place(guess[1])
    raise WganError(
        f"--where {text}: write COLUMN=VALUE, or with <, <=, > or >= for =, e.g. --where 'age>=30'"
    )


def _condition(codec: TableCodec, name: str, operator: str, text: str | None) -> Condition:
    place = codec.place(name)
    column = codec.learned[place]
    if text is None:
        if operator != "=" or not column.missing:
            raise WganError(
                f"column '{name}':"
                f" {'never missing in the data' if operator == '=' else 'a range needs a value'}:"
                " give a value"
            )
        return Condition(place, column, "=", float("nan"))
    if not column.is_number:
        if operator != "=":
            raise WganError(
                f"column '{name}' has no order, so {operator} cannot be asked for: write"
                f" {name}=VALUE"
            )
        if text not in column.levels:
            raise WganError(
                f"column '{name}' has no level '{text}'. {did_you_mean(text, column.levels[:50])}"
            )
        return Condition(place, column, "=", float(column.levels.index(text)))
    try:
        value = _time(column, text) if column.kind == "datetime" else float(text)
    except ValueError:
        raise WganError(
            f"column '{name}': '{text}' is no {'date' if column.kind == 'datetime' else 'number'}"
        ) from None
    if not np.isfinite(value):
        raise WganError(
            f"column '{name}': '{text}' is no {'date' if column.kind == 'datetime' else 'number'}"
        )
    return Condition(place, column, operator, value)


def _time(column: Column, text: str) -> float:
    """Return seconds of a time that is written as the column writes it, or as 2024-01-31 10:00; in
    the column's own zone, unless it names one.
    """
    if column.format and not np.isnan(value := float(seconds(pd.Series([text]), column.format)[0])):
        return value
    if not re.match(r"\d{4}-\d{1,2}-\d{1,2}", text):
        raise ValueError(text)
    stamp = pd.Timestamp(text)
    zone = None if column.format else getattr(pd.api.types.pandas_dtype(column.dtype), "tz", None)
    return float(seconds(pd.Series([stamp.tz_convert(zone) if stamp.tz is not None else stamp]))[0])


@dataclass(frozen=True)
class Conditioned:
    """Rows `raw` that satisfy what was asked for, out of so many `tried`."""

    raw: Float[np.ndarray, "n c"]
    tried: int


def sample_where(
    model: Model, n: int, seed: int = 0, where: Where = (), balance: str | None = None
) -> Conditioned:
    """Return `n` rows of a table that satisfy every condition; with `balance`, that column's levels
    are equally frequent, in random order.

    Raises:
        WganError: a model of something else, conditions that contradict each other or the data, or
            that hardly any row meets.
    """
    if not isinstance(model.codec, TableCodec):
        raise WganError("where and balance are for models of tables; ask for a class with label")
    asked = conditions(model.codec, where)
    y = _states(model.codec, asked)
    waits = [
        c for c in asked if y[c.place] == FREE or (c.column.scored and y[c.place] == 0)
    ]  # the others hold by their state
    if balance is None:
        return _wait(model, n, seed, y, waits)
    place = model.codec.place(balance)
    levels = len(model.codec.learned[place].levels)
    if model.codec.learned[place].is_number or y[place] != FREE or levels < 2:
        raise WganError(
            f"column '{balance}' cannot be balanced: choose a category that no condition fixes"
        )
    parts = [
        _wait(model, -(-n // levels), derive(seed, "balance", level), _with(y, place, level), waits)
        for level in range(levels)
    ]
    rows = numpy_generator(seed, "balance").permutation(
        np.concatenate([part.raw for part in parts])
    )
    return Conditioned(rows[:n], sum(part.tried for part in parts))


def _with(
    y: Int64[np.ndarray, " columns"], place: int, state: int
) -> Int64[np.ndarray, " columns"]:
    return np.where(np.arange(len(y)) == place, state, y)


def _wait(
    model: Model, n: int, seed: int, y: Int64[np.ndarray, " columns"], waits: list[Condition]
) -> Conditioned:
    """Return `n` rows with the states y that satisfy what has to be waited for."""
    if not waits:
        return Conditioned(model.sample(n, seed, np.repeat(y[None], n, axis=0)), n)
    states, raw, got, tried = np.repeat(y[None], BLOCK, axis=0), [], 0, 0
    while got < n:
        if tried >= max(TRIES * n, LEAST_TRIES):
            raise WganError(
                f"{got} of {tried} rows satisfy {_words(waits)}, too few to wait for {n}: ask for"
                " fewer rows, or for less"
            )
        rows = model.sample(BLOCK, derive(seed, "where", tried), states)
        raw.append(rows[np.all([c.holds(rows[:, c.place]) for c in waits], axis=0)])
        got, tried = got + len(raw[-1]), tried + BLOCK
    return Conditioned(np.concatenate(raw)[:n], tried)


def _states(codec: TableCodec, asked: list[Condition]) -> Int64[np.ndarray, " columns"]:
    """Return the one state that conditions leave a column, and -1 where they leave several, or a
    column has but one.
    """
    y = np.full(len(codec.learned), FREE, dtype=np.int64)
    for place in {condition.place for condition in asked}:
        mine = [condition for condition in asked if condition.place == place]
        possible = np.all([condition.states() for condition in mine], axis=0)
        if not possible.any():
            raise WganError(
                f"no row of the data's kind can satisfy {_words(mine)}: column"
                f" '{mine[0].column.name}' holds {mine[0].column}"
            )
        if possible.sum() == 1 and mine[0].column.code_sizes:
            y[place] = int(possible.argmax())
    return y


def _words(asked: list[Condition]) -> str:
    return " and ".join(f"{c.column.name}{c.operator}{_value(c)}" for c in asked)


def _value(condition: Condition) -> str:
    column, value = condition.column, condition.value
    if np.isnan(value):
        return ""
    if column.kind == "datetime":
        return str(pd.Timestamp(value, unit="s"))
    return f"{value:.10g}" if column.is_number else column.levels[int(value)]
