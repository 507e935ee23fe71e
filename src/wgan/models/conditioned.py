"""Rows of a table that satisfy conditions: states are set, and ranges are waited for.

A condition that leaves a column one state (a level, a missing value, a spike) is given to the
generator, which then meets it exactly and at no cost. Any other is met by rejection: rows with the
states of other columns are drawn until enough of them lie in the range. Rejection samples the
generator's own conditional distribution.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64

from wgan.base.errors import WganError
from wgan.base.seeding import derive, numpy_generator
from wgan.data import TableCodec
from wgan.data.tables.conditions import FREE
from wgan.evaluation.sampler import ConditionalSampler
from wgan.models.conditions import LEVELS_NAMED, Condition, Where, conditions
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


def conditional_sampler(model: Model, seed: int, purpose: str) -> ConditionalSampler | None:
    """Return a function (where, n, draw) -> `n` fresh rows under conditions; None for a model of
    something else than a table.

    Each seed, purpose, draw and condition has a stream of random numbers of its own.

    Args:
        model: a model.
        seed: random seed.
        purpose: a name for what the rows are for.
    """
    if not isinstance(model.codec, TableCodec):
        return None

    def sample(where: Mapping[str, str], n: int, draw: int) -> np.ndarray:
        stream = derive(seed, purpose, "where", repr(sorted(where.items())), draw)
        return sample_where(model, n, stream, where).raw

    return sample


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
