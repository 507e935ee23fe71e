"""Rows of a table that satisfy conditions: choices are given, and ranges are waited for.

A condition that leaves a column one choice (a level, a missing value, a spike, a single number) is
given to the generator, which then meets it exactly and at no cost. Any other is met by rejection:
rows with the choices of other columns are drawn until enough of them lie in the range. Rejection
samples the generator's own conditional distribution.
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
from wgan.data.tables.schema import Column
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
        redrawn: those of them that broke a rule of the data and were drawn again.
    """

    raw: Float[np.ndarray, "n c"]
    tried: int
    redrawn: int = 0


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
    y = _choices(model.codec, requested)
    # The others hold by their choice alone.
    ranges = [c for c in requested if not c.holds(_ends(c.column, int(y[c.place]))).all()]
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
    redrawn = sum(part.redrawn for part in parts)
    return Conditioned(rows[:n], sum(part.tried for part in parts), redrawn)


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
    if column.is_choice and not fixed and place not in codec.computed:
        return place
    why = "a condition fixes it" if fixed else f"it holds {column}"
    if place in codec.computed:
        why = "it is a sum, computed from other columns"
    few = [c for i, c in enumerate(codec.learned) if c.is_choice and i not in codec.computed]
    others = [c.name for c in few if c is not column][:LEVELS_NAMED]
    hint = f"choose one of {', '.join(others)}" if others else "leave it out"
    if column.scored:
        hint += ", or train with a schema that calls it a category"
    raise WganError(f"column '{name}' cannot be balanced, since {why}: {hint}")


def _wait(
    model: Model, n: int, seed: int, y: Int64[np.ndarray, " columns"], ranges: list[Condition]
) -> Conditioned:
    """Return `n` rows with the choices y that satisfy the conditions that must be waited for."""
    if not ranges:
        drawn = model.draw(n, seed, np.repeat(y[None], n, axis=0))
        return Conditioned(drawn.raw, n, drawn.redrawn)
    states = np.repeat(y[None], BLOCK, axis=0)
    parts: list[np.ndarray] = []
    count = 0
    tried = 0
    redrawn = 0
    while count < n:
        if tried >= max(TRIES * n, LEAST_TRIES):
            raise WganError(
                f"{count} of {tried} rows satisfy {_words(ranges)}, too few to wait for {n}: ask"
                " for fewer rows, or for less"
            )
        drawn = model.draw(BLOCK, derive(seed, "where", tried), states)
        satisfied = np.all([c.holds(drawn.raw[:, c.place]) for c in ranges], axis=0)
        parts.append(drawn.raw[satisfied])
        count += len(parts[-1])
        tried += BLOCK
        redrawn += drawn.redrawn
    return Conditioned(np.concatenate(parts)[:n], tried, redrawn)


def _choices(codec: TableCodec, requested: list[Condition]) -> Int64[np.ndarray, " columns"]:
    """Return the one choice that conditions leave each column.

    It is -1 where they leave several, or where the column has but one or is computed.
    """
    y = np.full(len(codec.learned), FREE, dtype=np.int64)
    for place in {condition.place for condition in requested}:
        of_column = [condition for condition in requested if condition.place == place]
        column = codec.learned[place]
        possible = np.all([condition.choices() for condition in of_column], axis=0)
        if not possible.any():
            raise WganError(
                f"no row of the data's kind can satisfy {_words(of_column)}: column"
                f" '{column.name}' holds {column}"
            )
        y[place] = codec.given(place, possible)
    return y


def _ends(column: Column, choice: int) -> Float[np.ndarray, " ends"]:
    """Return the least and the largest value of a choice of a column; of a free one, none that a
    condition holds for.
    """
    cells = column.cells
    if choice == FREE:
        return np.array([-np.inf, np.inf, np.nan])
    if choice < len(cells):
        return np.array([cells.lows[choice], cells.highs[choice]])
    state = np.array([choice - len(cells) + column.scored])
    return column.values(state, np.zeros(1))


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
