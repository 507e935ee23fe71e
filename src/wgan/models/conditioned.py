"""Rows of a table, or series by their static columns, that satisfy conditions.

Conditions that many rows satisfy are met by rejection: rows are drawn freely until enough of them
satisfy all. So they follow the generator's joint distribution, given the conditions, exactly.

If few rows satisfy them, some columns are given to the generator: those for which the conditions
leave one choice (a level, a missing value, a spike, a single number). Rows are then chosen among
candidates (see `models.resampling`). The other conditions are met by rejection among these rows.
Series are met by rejection alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError
from wgan.base.seeding import derive, numpy_generator
from wgan.data import Codec, TableCodec
from wgan.data.tables.conditions import FREE
from wgan.data.tables.series import LEVELS_NAMED
from wgan.evaluation.sampler import ConditionalSampler
from wgan.models.conditions import Condition, Where, conditions
from wgan.models.model import Model
from wgan.models.rejection import Drawn

FIRST_BLOCK = 1024
"""Rows drawn at first in rejection: four blocks of noise. Each further block is twice as large, so
that at most about twice the rows that are needed are drawn, in few calls. Blocks do not depend on
how many rows are requested, and so neither do the first rows.
"""
LEAST_SHARE = 1 / 20
"""Least share of free rows that satisfies conditions for plain rejection. A row with given columns
costs about as much as 16 free ones: 8 candidates, each weighted by a second pass.
"""
LARGEST_BLOCK = 65_536
"""Most rows drawn at once. Rows of a hundred columns then take 50 MB."""
LARGEST_BYTES = 2**28
"""Most bytes of samples drawn at once: series are larger than rows. Up to 512 columns, tables are
drawn in blocks of `LARGEST_BLOCK` still.
"""
TRIES = 1000
"""Rows drawn for each requested row before a condition is given up. More would serve rarer
conditions, but a condition that no row meets would be refused later.
"""
LEAST_TRIES = 200_000
"""Fewest rows drawn before a condition is given up, so that rare ones pass if few rows are
requested.
"""


@runtime_checkable
class Described(Protocol):
    """The codec of samples that a row of a table describes."""

    @property
    def statics(self) -> TableCodec | None:
        """The codec of these rows; None: there are none."""

    def static_rows(self, raw: np.ndarray) -> np.ndarray | None:
        """Return the row of each raw sample."""


@dataclass(frozen=True)
class Conditioned:
    """Samples that satisfy conditions.

    Attributes:
        raw: `[n, *raw_shape]` samples, as the codec decodes them.
        tried: rows that were drawn for them.
        satisfied: rows among these that satisfied the conditions; some may have been left over.
        redrawn: those of them that broke a rule of the data and were drawn again.
        labels: `[n]` their class numbers; None: the model has no classes.
    """

    raw: np.ndarray
    tried: int
    satisfied: int
    redrawn: int = 0
    labels: Int64[np.ndarray, " n"] | None = None

    @property
    def acceptance(self) -> float:
        """Share of the drawn rows that satisfied the conditions; 1 without rejection."""
        return self.satisfied / self.tried


def sample_where(
    model: Model, n: int, seed: int = 0, where: Where = (), balance: str | None = None
) -> Conditioned:
    """Return rows of a table, or series with static columns, that satisfy every condition.

    Args:
        model: a model of a table, or of series that static columns describe.
        n: the number of rows.
        seed: random seed.
        where: the conditions, as `conditions` takes them.
        balance: a column whose levels (or few numbers) are to be equally frequent, as far as the
            conditions allow them; None: no column.

    Raises:
        WganError: a model of something else; conditions that contradict each other or the data, or
            that hardly any row meets.

    See also:
        complete: rows with gaps instead of conditions.
    """
    codec, requested, place = check_where(model, where, balance)
    if place is None:
        return _rows(model, n, seed, requested)
    possible = _possible(codec, requested)
    column = codec.learned[place]
    states = np.flatnonzero(possible[place][: column.present_states])
    each = -(-n // len(states))  # rounded up; what is too much is cut off below
    parts = []
    for state in states.tolist():
        value = float(column.spikes[state]) if column.is_number else float(state)
        with_state = [*requested, Condition(place, column, "=", (value,))]
        parts.append(_rows(model, each, derive(seed, "balance", state), with_state))
    rows = np.concatenate([part.raw for part in parts])
    order = numpy_generator(seed, "balance").permutation(len(rows))[:n]
    classes = [part.labels for part in parts if part.labels is not None]
    labels = np.concatenate(classes)[order] if classes else None
    tried, satisfied, redrawn = (
        sum(getattr(part, count) for part in parts) for count in ("tried", "satisfied", "redrawn")
    )
    return Conditioned(rows[order], tried, satisfied, redrawn, labels)


def check_where(
    model: Model, where: Where, balance: str | None
) -> tuple[TableCodec, list[Condition], int | None]:
    """Return the codec of the columns, the conditions, and the place of the balanced column.

    Args:
        model: as in `sample_where`.
        where: the conditions.
        balance: the balanced column; None: no column.

    Raises:
        WganError: a model of something else, or conditions that contradict each other or the data.
    """
    codec = _columns_of(model.codec)
    if codec is None:
        raise WganError(
            "where and balance are for models of tables, and of series with static columns; ask for"
            " a class with label"
        )
    requested = conditions(codec, where)
    possible = _possible(codec, requested)
    place = None if balance is None else _balanced_place(codec, balance, possible)
    return codec, requested, place


def conditional_sampler(model: Model, seed: int, purpose: str) -> ConditionalSampler | None:
    """Return a function (where, n, draw) -> `n` fresh rows under conditions; None if not a table.

    Each seed, purpose, draw and condition has a stream of random numbers of its own.

    Args:
        model: a model.
        seed: random seed.
        purpose: a name for the purpose of the rows.
    """
    if not isinstance(model.codec, TableCodec):
        return None

    def sample(where: Mapping[str, str], n: int, draw: int) -> np.ndarray:
        stream = derive(seed, purpose, "where", repr(sorted(where.items())), draw)
        return sample_where(model, n, stream, where).raw

    return sample


def _columns_of(codec: Codec) -> TableCodec | None:
    """Return the codec of the columns that conditions name; None where there are none."""
    if isinstance(codec, TableCodec):
        return codec
    return codec.statics if isinstance(codec, Described) else None


def _rows_of(codec: Codec, raw: np.ndarray) -> Float[np.ndarray, "n c"]:
    """Return the rows of a table that conditions are checked on."""
    rows = codec.static_rows(raw) if isinstance(codec, Described) else raw
    assert rows is not None
    return rows


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
    """Return `n` samples that satisfy conditions: free ones, or rows with single choices given."""
    codec = _columns_of(model.codec)
    assert codec is not None
    possible = _possible(codec, requested)
    given = np.array([codec.given(i, choices) for i, choices in enumerate(possible)])
    free = np.full_like(given, FREE)
    waited_for = _waited_for(codec, requested, free)
    if not isinstance(model.codec, TableCodec) or (given == FREE).all() or not waited_for:
        return _wait(model, n, seed, free, requested)
    first = _draw(model, FIRST_BLOCK, derive(seed, "share"), free).raw
    rare = _satisfied(first, waited_for).mean() < LEAST_SHARE
    return _wait(model, n, seed, given if rare else free, requested)


def _wait(
    model: Model, n: int, seed: int, y: Int64[np.ndarray, " columns"], requested: list[Condition]
) -> Conditioned:
    """Return `n` samples with the choices y that satisfy conditions."""
    codec = _columns_of(model.codec)
    assert codec is not None
    waited_for = _waited_for(codec, requested, y)
    if not waited_for:
        drawn = _draw(model, n, seed, y)
        return Conditioned(drawn.raw, n, n, drawn.redrawn, _labels(model, n, seed))
    parts: list[np.ndarray] = []
    classes: list[Int64[np.ndarray, " m"]] = []
    count = tried = redrawn = 0
    block = FIRST_BLOCK
    bytes_of_one = int(np.prod(model.codec.raw_shape)) * np.dtype(np.float64).itemsize
    largest = min(LARGEST_BLOCK, max(LARGEST_BYTES // bytes_of_one, FIRST_BLOCK))
    while count < n:
        if tried >= max(TRIES * n, LEAST_TRIES):
            raise WganError(
                f"{count} of {tried} rows satisfy {_words(waited_for)}, too few to wait for {n}:"
                " ask for fewer rows, or weaken the conditions"
            )
        of_block = derive(seed, "where", tried)
        drawn = _draw(model, block, of_block, y)
        chosen = _satisfied(_rows_of(model.codec, drawn.raw), waited_for)
        parts.append(drawn.raw[chosen])
        labels = _labels(model, block, of_block)
        if labels is not None:
            classes.append(labels[chosen])
        count += len(parts[-1])
        tried += block
        redrawn += drawn.redrawn
        block = min(2 * block, largest)
    of_all = np.concatenate(classes)[:n] if classes else None
    return Conditioned(np.concatenate(parts)[:n], tried, count, redrawn, of_all)


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


def _labels(model: Model, n: int, seed: int) -> Int64[np.ndarray, " n"] | None:
    """Return the classes that `n` samples of that seed were drawn with; None: there are none."""
    return model.draw_labels(n, seed) if model.classes else None


def _words(requested: list[Condition]) -> str:
    return " and ".join(map(str, requested))
