"""Rows of a table that satisfy conditions.

Conditions that many rows satisfy are met by rejection: rows are drawn freely until enough of them
satisfy all. So they follow the generator's joint distribution, given the conditions, exactly.

Where few rows satisfy them, each column of which the conditions leave one choice (a level, a
missing value, a spike, a single number) is given to the generator, and rows are chosen among
candidates (see `models.resampling`). Other conditions are waited for among these rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError
from wgan.base.seeding import derive, numpy_generator
from wgan.data import TableCodec
from wgan.data.tables.conditions import FREE
from wgan.data.tables.series import LEVELS_NAMED
from wgan.evaluation.sampler import ConditionalSampler
from wgan.models.conditions import Condition, Where, conditions
from wgan.models.model import Model
from wgan.models.rejection import Drawn

FIRST_BLOCK = 1024
"""Rows drawn at first while a condition is waited for: four blocks of noise. Each further block is
twice as large, so that at most about twice the rows that are needed are drawn, in few calls. Blocks
do not depend on how many rows are requested, and so neither do the first rows.
"""
LEAST_SHARE = 1 / 20
"""Share of free rows that satisfies conditions from which on they are waited for. A row with given
columns costs about as much as 16 free ones: 8 candidates, each weighted by a second pass.
"""
LARGEST_BLOCK = 65_536
"""Rows drawn at once at most. Rows of a hundred columns then take 50 MB."""
TRIES = 1000
"""Rows drawn for each requested row before a condition is given up. More would serve rarer ones,
and would let a condition that no row meets take longer to be refused.
"""
LEAST_TRIES = 200_000
"""Rows drawn at least before a condition is given up, so that rare ones pass where few rows are
requested.
"""


@dataclass(frozen=True)
class Conditioned:
    """Rows that satisfy conditions.

    Attributes:
        raw: `[n, c]` rows, as the codec decodes them.
        tried: rows that were drawn for them.
        satisfied: rows among these that satisfied the conditions; some may have been left over.
        redrawn: those of them that broke a rule of the data and were drawn again.
    """

    raw: Float[np.ndarray, "n c"]
    tried: int
    satisfied: int
    redrawn: int = 0

    @property
    def acceptance(self) -> float:
        """Share of the drawn rows that satisfied the conditions; 1 where none was waited for."""
        return self.satisfied / self.tried


def sample_where(
    model: Model, n: int, seed: int = 0, where: Where = (), balance: str | None = None
) -> Conditioned:
    """Return rows of a table that satisfy every condition.

    Args:
        model: a model of a table.
        n: the number of rows.
        seed: random seed.
        where: the conditions, as `conditions` takes them.
        balance: a column whose levels (or few numbers) are to be equally frequent, those of them
            that the conditions leave; None: no column.

    Raises:
        WganError: a model of something else; conditions that contradict each other or the data, or
            that hardly any row meets.
    """
    if not isinstance(model.codec, TableCodec):
        raise WganError("where and balance are for models of tables; ask for a class with label")
    requested = conditions(model.codec, where)
    possible = _possible(model.codec, requested)
    if balance is None:
        return _rows(model, n, seed, requested)
    place = _balanced_place(model.codec, balance, possible)
    column = model.codec.learned[place]
    states = np.flatnonzero(possible[place][: column.present_states])
    each = -(-n // len(states))  # rounded up; what is too much is cut off below
    parts = []
    for state in states.tolist():
        value = float(column.spikes[state]) if column.is_number else float(state)
        with_state = [*requested, Condition(place, column, "=", (value,))]
        parts.append(_rows(model, each, derive(seed, "balance", state), with_state))
    rows = np.concatenate([part.raw for part in parts])
    rows = numpy_generator(seed, "balance").permutation(rows)
    tried, satisfied, redrawn = (
        sum(getattr(part, count) for part in parts) for count in ("tried", "satisfied", "redrawn")
    )
    return Conditioned(rows[:n], tried, satisfied, redrawn)


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


def _possible(codec: TableCodec, requested: list[Condition]) -> list[Bool[np.ndarray, " choices"]]:
    """Return which choices of each column the conditions leave; of a sum, all."""
    possible = [np.ones(column.choices, dtype=bool) for column in codec.coded]
    by_place = sorted(requested, key=attrgetter("place"))
    for place, of_column in groupby(by_place, key=attrgetter("place")):
        together = list(of_column)
        if place not in codec.computed:  # a sum can lie anywhere
            possible[place] = np.all([condition.choices() for condition in together], axis=0)
        if not possible[place].any() or _is_empty_range(together):
            column = codec.learned[place]
            raise WganError(
                f"no row of the data's kind can satisfy {_words(together)}: column"
                f" '{column.name}' holds {column}"
            )
    return possible


def _is_empty_range(of_column: list[Condition]) -> bool:
    """Return whether no number is as large and as small as conditions of one column ask for."""
    lows = [(c.values[0], c.operator == ">") for c in of_column if c.operator in (">=", ">")]
    highs = [(c.values[0], c.operator != "<") for c in of_column if c.operator in ("<=", "<")]
    if not lows or not highs:
        return False
    # Of equal bounds the strict one counts, which comes last among lows and first among highs.
    low, is_above = max(lows)
    high, is_closed = min(highs)
    return low > high or (low == high and (is_above or not is_closed))


def _balanced_place(codec: TableCodec, name: str, possible: list[np.ndarray]) -> int:
    """Return the place of a column that can be balanced."""
    place = codec.place(str(name))
    column = codec.learned[place]
    fixed = possible[place][: column.present_states].sum() < 2
    if column.is_choice and not fixed and place not in codec.computed:
        return place
    why = "a condition fixes it" if column.is_choice else f"it holds {column}"
    if place in codec.computed:
        why = "it is a sum, computed from other columns"
    few = [c for i, c in enumerate(codec.learned) if c.is_choice and i not in codec.computed]
    others = [c.name for c in few if c is not column][:LEVELS_NAMED]
    hint = f"choose one of {', '.join(others)}" if others else "leave it out"
    if column.scored:
        hint += ", or train with a schema that calls it a category"
    raise WganError(f"column '{name}' cannot be balanced, since {why}: {hint}")


def _rows(model: Model, n: int, seed: int, requested: list[Condition]) -> Conditioned:
    """Return `n` rows that satisfy conditions: free ones, or rows with single choices given."""
    assert isinstance(model.codec, TableCodec)
    possible = _possible(model.codec, requested)
    given = np.array([model.codec.given(i, choices) for i, choices in enumerate(possible)])
    free = np.full_like(given, FREE)
    waited_for = _waited_for(model.codec, requested, free)
    if (given == FREE).all() or not waited_for:
        return _wait(model, n, seed, free, requested)
    first = _draw(model, FIRST_BLOCK, derive(seed, "share"), free).raw
    rare = _satisfied(first, waited_for).mean() < LEAST_SHARE
    return _wait(model, n, seed, given if rare else free, requested)


def _wait(
    model: Model, n: int, seed: int, y: Int64[np.ndarray, " columns"], requested: list[Condition]
) -> Conditioned:
    """Return `n` rows with the choices y that satisfy conditions."""
    assert isinstance(model.codec, TableCodec)
    waited_for = _waited_for(model.codec, requested, y)
    if not waited_for:
        drawn = _draw(model, n, seed, y)
        return Conditioned(drawn.raw, n, n, drawn.redrawn)
    parts: list[np.ndarray] = []
    count = tried = redrawn = 0
    block = FIRST_BLOCK
    while count < n:
        if tried >= max(TRIES * n, LEAST_TRIES):
            raise WganError(
                f"{count} of {tried} rows satisfy {_words(waited_for)}, too few to wait for {n}:"
                " ask for fewer rows, or for less"
            )
        drawn = _draw(model, block, derive(seed, "where", tried), y)
        parts.append(drawn.raw[_satisfied(drawn.raw, waited_for)])
        count += len(parts[-1])
        tried += block
        redrawn += drawn.redrawn
        block = min(2 * block, LARGEST_BLOCK)
    return Conditioned(np.concatenate(parts)[:n], tried, count, redrawn)


def _waited_for(
    codec: TableCodec, requested: list[Condition], y: Int64[np.ndarray, " columns"]
) -> list[Condition]:
    """Return the conditions that the choices y do not make certain."""
    computed = codec.computed  # whose cells are those of the data, and no bounds
    return [c for c in requested if c.place in computed or not _is_certain(c, int(y[c.place]))]


def _satisfied(raw: Float[np.ndarray, "n c"], requested: list[Condition]) -> Bool[np.ndarray, " n"]:
    """Return which rows satisfy all conditions."""
    satisfied: np.ndarray = np.all([c.holds(raw[:, c.place]) for c in requested], axis=0)
    return satisfied


def _is_certain(condition: Condition, choice: int) -> bool:
    certain = condition.certain()
    return bool(certain.all() if choice == FREE else certain[choice])


def _draw(model: Model, n: int, seed: int, y: Int64[np.ndarray, " columns"]) -> Drawn:
    """Return `n` rows with the choices y."""
    free = bool((y == FREE).all())
    return model.draw(n, seed, None if free else np.repeat(y[None], n, axis=0))


def _words(requested: list[Condition]) -> str:
    return " and ".join(map(str, requested))
