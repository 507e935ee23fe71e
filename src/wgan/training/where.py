"""How are rows of a table asked for? States are given to the generator, which then holds them exactly; ranges of numbers are waited for.

A condition that leaves a column one state (a level, a missing value, a spike) costs nothing. Any other is met by rejection: rows
are drawn, with what is asked for of other columns, until enough lie in the range. That samples the generator's own conditional distribution.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64

from wgan.data import TableCodec
from wgan.data.balance import FREE
from wgan.data.schema import Column, seconds
from wgan.errors import WganError, did_you_mean
from wgan.seeding import derive, numpy_generator
from wgan.training.model import Model

BLOCK = 4096
TRIES, LEAST_TRIES = 1000, 200_000
"""So many rows are drawn for each that is asked for, and at least so many, before a range is given up."""
CONDITION = re.compile(r"\s*(.+?)\s*(>=|<=|=|>|<)\s*(.*?)\s*")
Where = Mapping[str, object] | Sequence[str] | str


@dataclass(frozen=True)
class Condition:
    """`column operator value`, such as age >= 30; an equality with nothing asks for a missing value."""

    place: int
    column: Column
    operator: str
    value: float

    def holds(self, x: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Tell for which values the condition holds; for a missing one only where it is asked for."""
        if np.isnan(self.value):
            return np.isnan(x)
        compare = {"=": np.equal, ">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less}
        found: np.ndarray = compare[self.operator](x, self.value)
        return found

    def states(self) -> Bool[np.ndarray, " states"]:
        """Tell in which states the condition can hold."""
        column = self.column
        if not column.is_number:
            return self.holds(np.append(np.arange(len(column.levels), dtype=np.float64), [np.nan] * column.missing))
        known = self.holds(np.array([*column.spikes, *[np.nan] * column.missing], dtype=np.float64))
        if not column.scored:
            return known
        low, high = column.knots[0], column.knots[-1]
        inside = {"=": low <= self.value <= high, ">=": self.value <= high, ">": self.value < high, "<=": self.value >= low, "<": self.value > low}
        return np.append(inside[self.operator], known)


def conditions(codec: TableCodec, where: Where) -> list[Condition]:
    """Return what `where` asks for: text such as `age>=30`, one or several, or a mapping of columns to a value or a (low, high) pair.

    Raises:
        WganError: no such column, a value that the column cannot have, or an operator that does not fit it.
    """
    if isinstance(where, str):
        where = [where]
    if not isinstance(where, Mapping):
        matches = [CONDITION.fullmatch(text) for text in where]
        for text, match in zip(where, matches, strict=True):
            if not match:
                raise WganError(f"--where {text}: write COLUMN=VALUE, or COLUMN>=VALUE and the like, e.g. --where age>=30")
        return [_condition(codec, *match.groups()) for match in matches if match]
    found = []
    for name, value in where.items():
        if isinstance(value, tuple) and len(value) == 2:
            found += [_condition(codec, name, sign, str(end)) for sign, end in zip((">=", "<="), value, strict=True) if end is not None]
        else:
            missing = value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value))
            found.append(_condition(codec, name, "=", "" if missing else str(value)))
    return found


def _condition(codec: TableCodec, name: str, operator: str, text: str) -> Condition:
    place = codec.place(name)
    column = codec.learned[place]
    if text == "" and "" not in column.levels:
        if operator != "=" or not column.missing:
            raise WganError(f"column '{name}': {'never missing in the data' if operator == '=' else 'a range needs a value'}: give a value")
        return Condition(place, column, "=", float("nan"))
    if not column.is_number:
        if operator != "=":
            raise WganError(f"column '{name}' has no order, so {operator} cannot be asked for: write {name}=VALUE")
        if text not in column.levels:
            raise WganError(f"column '{name}' has no level '{text}'. {did_you_mean(text, column.levels[:50])}")
        return Condition(place, column, "=", float(column.levels.index(text)))
    try:
        value = float(seconds(pd.Series([pd.Timestamp(text)]))[0]) if column.kind == "datetime" else float(text)
    except ValueError:
        raise WganError(f"column '{name}': '{text}' is no {'date' if column.kind == 'datetime' else 'number'}") from None
    if not np.isfinite(value):
        raise WganError(f"column '{name}': '{text}' is no {'date' if column.kind == 'datetime' else 'number'}")
    return Condition(place, column, operator, value)


@dataclass(frozen=True)
class Asked:
    """Rows `raw` that satisfy what was asked for, out of so many `tried`."""

    raw: Float[np.ndarray, "n c"]
    tried: int


def sample_where(model: Model, n: int, seed: int = 0, where: Where = (), balance: str | None = None) -> Asked:
    """Return `n` rows of a table that satisfy every condition; with `balance`, that column's levels are equally frequent.

    Raises:
        WganError: a model of something else, conditions that contradict each other or the data, or that hardly any row meets.
    """
    if not isinstance(model.codec, TableCodec):
        raise WganError("where and balance are for models of tables; ask for a class with label")
    asked = conditions(model.codec, where)
    y = _states(model.codec, asked)
    waits = [c for c in asked if y[c.place] == FREE or (c.column.scored and y[c.place] == 0)]  # the others hold by their state
    column = None if balance is None else model.codec.place(balance)
    if column is not None and (model.codec.learned[column].is_number or y[column] != FREE):
        raise WganError(f"column '{balance}' cannot be balanced: choose a category that no condition fixes")
    raw: list[np.ndarray] = []
    tried = 0
    while (got := sum(len(rows) for rows in raw)) < n:
        if tried >= max(TRIES * n, LEAST_TRIES):
            raise WganError(f"{got} of {tried} rows satisfy {_words(waits)}, too few to wait for {n}: ask for fewer rows, or for less")
        size = BLOCK if waits else n
        states = np.repeat(y[None], size, axis=0)
        if column is not None:
            states[:, column] = numpy_generator(seed, "balance", tried).integers(len(model.codec.learned[column].levels), size=size)
        rows = model.sample(size, derive(seed, "where", tried) if waits else seed, states)
        raw.append(rows[np.all([c.holds(rows[:, c.place]) for c in waits], axis=0)] if waits else rows)
        tried += size
    return Asked(np.concatenate(raw)[:n], tried)


def _states(codec: TableCodec, asked: list[Condition]) -> Int64[np.ndarray, " columns"]:
    """Return the one state that conditions leave a column, and -1 where they leave several, or a column has but one."""
    y = np.full(len(codec.learned), FREE, dtype=np.int64)
    for place in {condition.place for condition in asked}:
        mine = [condition for condition in asked if condition.place == place]
        possible = np.all([condition.states() for condition in mine], axis=0)
        if not possible.any():
            raise WganError(f"no row of the data's kind can satisfy {_words(mine)}: column '{mine[0].column.name}' holds {mine[0].column}")
        if possible.sum() == 1 and mine[0].column.heads:
            y[place] = int(possible.argmax())
    return y


def _words(asked: list[Condition]) -> str:
    spelled = {id(c): "" if np.isnan(c.value) else f"{c.value:g}" if c.column.is_number else c.column.levels[int(c.value)] for c in asked}
    return " and ".join(f"{c.column.name}{c.operator}{spelled[id(c)]}" for c in asked)
