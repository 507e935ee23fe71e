"""The schema of a table: what one column holds, and how its values become states and scores.

A number's place in its column is its normal score z = Phi^-1(F(x)), where F is the column's
distribution function, made of cells. Heavy tails and bounds thus need no setting. A value that many
rows share (a spike, such as 0) is a state of its own, and so is a missing value. The normal score
is the rank transform of van der Waerden (1952).
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64

from wgan.data.tables.cells import Cells
from wgan.data.tables.dates import nearest_written
from wgan.data.tables.difference import Difference
from wgan.data.tables.steps import equal, rounded

Kind = Literal["numeric", "datetime", "category", "boolean", "identifier"]
MOST_STATES = 256
"""A column of more states is coded as two digits. A single code of 10,000 levels would make a row
10,000 numbers wide; two digits of 100 take 200. Below this bound one code is simpler to learn.
"""
FIRST_LEVELS = 4
"""Levels that a description of a column lists: they fit on one line of a terminal."""
NO_CELLS = Cells()
UNSEEN = -1
"""State of a value that no row had which the column was fitted on."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: the column's name.
        kind: what it holds.
        dtype: the pandas type that samples come back in.
        missing: whether values may be missing.
        step: numbers are multiples of it; 0: any number.
        low: a bound that a schema sets below all ordinary numbers; None: the least number is one.
        high: likewise above them.
        spikes: numbers that are states of their own.
        codes: those of the spikes that lie far from all other numbers, such as -999.
        far_rows: the number of rows with a value far from all others that too few rows have to be
            one of the codes; they count as the nearest end.
        cells: the distribution of the other numbers; empty if there are none.
        levels: categories as they are spelled, the most frequent first.
        unseen: levels that only rows have which the column was not fitted on; they are not states.
        unseen_codes: likewise numbers that would be codes.
        unseen_missing: whether only such rows have missing values.
        unseen_rows: the number of rows with an unseen value.
        categories: all categories that pandas declares, in their order.
        shares: the frequency of each state.
        format: how times are written that are kept as text or whole numbers, or numbers kept as
            text.
        pattern: the text that an identifier's number is put into.
        start: the number of the first new identifier.
        absent: texts that stand for a missing value, beside an empty field.
        twin: name of an earlier column that it is the same as in many rows, which is a state; none:
            it is not a twin. `TableCodec` tells that state apart, since it takes the other column.
        difference: how it is learned as its difference from an earlier column; None: it is not.

    Times are numbers: seconds since 1970.
    """

    name: str
    kind: Kind
    dtype: str
    missing: bool = False
    step: float = 0.0
    low: float | None = None
    high: float | None = None
    spikes: tuple[float, ...] = ()
    codes: tuple[float, ...] = ()
    far_rows: int = 0
    cells: Cells = NO_CELLS
    levels: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    unseen_codes: tuple[float, ...] = ()
    unseen_missing: bool = False
    unseen_rows: int = 0
    categories: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    format: str = ""
    pattern: str = ""
    start: int = 1
    absent: tuple[str, ...] = ()
    twin: str = ""
    difference: Difference | None = field(default=None, repr=False)

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers or times."""
        return self.kind in ("numeric", "datetime")

    @property
    def scored(self) -> bool:
        """Whether a score, and not the state alone, says what some values are."""
        return len(self.cells) > 0

    @property
    def missing_state(self) -> bool:
        """Whether a missing value is a state."""
        return self.missing and not self.unseen_missing

    @cached_property
    def places(self) -> Int64[np.ndarray, " k"]:
        """Places in `levels` of the levels that are states."""
        unseen = set(self.unseen)
        seen = [i for i, level in enumerate(self.levels) if level not in unseen]
        return np.array(seen, dtype=np.int64)

    @property
    def states(self) -> int:
        """Number of states.

        A category has a state for each level that is not unseen. A number has one for all ordinary
        numbers, if there are any, one for each spike, and one for the value of its twin. A missing
        value is the last state.
        """
        return self.present_states + self.missing_state

    @property
    def present_states(self) -> int:
        """Number of states of values that are not missing."""
        if not self.is_number:
            return len(self.places)
        return self.scored + len(self.spikes) + bool(self.twin)

    @property
    def twin_state(self) -> int:
        """The state of the value of the twin, where there is one."""
        return self.scored + len(self.spikes)

    @property
    def twin_choice(self) -> int:
        """The choice of the value of the twin, where there is one."""
        return len(self.cells) + self.twin_state - self.scored

    @property
    def is_choice(self) -> bool:
        """Whether its values are a few: several levels, or numbers that are all spikes."""
        return not self.scored and self.present_states > 1

    @property
    def has_unseen(self) -> bool:
        """Whether rows that the column was not fitted on may have values that are not states."""
        unseen = self.unseen or self.unseen_codes or self.unseen_missing
        return bool(unseen) or not self.present_states

    @property
    def code_sizes(self) -> tuple[int, ...]:
        """Sizes of the one-hot codes of the state: none, one, or two digits for many states."""
        if self.kind == "identifier" or self.states <= 1:
            return ()
        if self.states <= MOST_STATES:
            return (self.states,)
        base = int(np.ceil(np.sqrt(self.states)))
        return (-(-self.states // base), base)

    @property
    def choices(self) -> int:
        """Number of choices, see `ColumnCode`: cells, then the other states."""
        return len(self.cells) + self.states - self.scored

    @property
    def frequencies(self) -> tuple[float, ...]:
        """Frequency of each choice; equal ones of states where shares are not known."""
        states = max(self.states, 1)
        shares = self.shares or (1 / states,) * states
        if not self.scored:
            return shares
        rises = np.diff(self.cells.heights, prepend=0.0) * shares[0]
        return (*rises.tolist(), *shares[1:])

    def choice_of(
        self, x: Float[np.ndarray, " n"], state: Int64[np.ndarray, " n"]
    ) -> Int64[np.ndarray, " n"]:
        """Return the choice of each value; -1 for one that is unseen.

        Args:
            x: `[n]` values as `numbers` gives them; NaN: missing.
            state: the state of each.
        """
        if not self.scored:
            return state
        cell = self.cells.of(np.nan_to_num(x))
        other = np.where(state == UNSEEN, UNSEEN, len(self.cells) + state - 1)
        return np.where(state == 0, cell, other)

    @property
    def width(self) -> int:
        """Numbers that a network sees: the one-hot codes and, if scored, a normal score."""
        return sum(self.code_sizes) + self.scored

    def state_of(self, x: Float[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Return the state of each value; -1 for one that is unseen.

        States are numbered as in `states`. In a column without ordinary numbers a value takes the
        nearest spike. The value of a twin counts as an ordinary number, see `TableCodec.states`.

        Args:
            x: `[n]` values as `numbers` gives them; NaN: missing.
        """
        absent = np.isnan(x)
        if not self.is_number:
            state = self._state_by_place[np.nan_to_num(x).astype(np.int64)]
        elif self.scored:
            state = np.zeros(len(x), dtype=np.int64)
            for i, spike in enumerate(self.spikes):
                state[equal(x, spike, self.step)] = 1 + i
        elif self.spikes:
            spikes = np.asarray(self.spikes)
            halfway = (spikes[:-1] + spikes[1:]) / 2
            state = np.searchsorted(halfway, np.nan_to_num(x)).astype(np.int64)
        else:
            state = np.full(len(x), UNSEEN)
        for code in self.unseen_codes:
            state[equal(x, code, self.step)] = UNSEEN
        state[absent] = self.states - 1 if self.missing_state else UNSEEN
        return state

    @cached_property
    def _state_by_place(self) -> Int64[np.ndarray, " levels"]:
        """State of each level; one more entry, for columns without levels."""
        state = np.full(len(self.levels) + 1, UNSEEN)
        state[self.places] = np.arange(len(self.places))
        return state

    def score_of(
        self, x: Float[np.ndarray, " n"], state: Int64[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """Return the normal score of each number.

        The score is 0 where the state alone says what the value is. Numbers beyond the cells have
        the scores of the ends.

        Args:
            x: `[n]` values as `numbers` gives them; NaN: missing.
            state: the state of each.
        """
        score = self.cells.scores(np.nan_to_num(x), self.step)
        return np.where(state == 0, score, 0.0)

    def values(
        self,
        state: Int64[np.ndarray, " n"],
        score: Float[np.ndarray, " n"],
        twin: Float[np.ndarray, " n"] | None = None,
    ) -> Float[np.ndarray, " n"]:
        """Return the values of states and scores: the inverse of `state_of` and `score_of`.

        Args:
            state: `[n]` states; one beyond the column's counts as the last.
            score: `[n]` normal scores.
            twin: `[n]` values of the column that it is a twin of. One beyond the column's range
                gives the nearest end, and for a missing one the median is taken; None: all missing.
        """
        state = state.clip(0, max(self.states - 1, 0))
        if not self.is_number:
            return np.append(self.places, np.nan)[state]
        if not self.scored:
            return np.array([*self.spikes, np.nan])[state]
        x = self.cells.numbers(score, self.step)
        same = np.zeros(len(x), dtype=bool)
        if self.twin:
            same = state == self.twin_state
            median = self.cells.numbers(np.zeros(len(x)), self.step)
            other = median if twin is None else np.where(np.isnan(twin), median, twin)
            other = rounded(other, self.step).clip(self.cells.lows[0], self.cells.highs[-1])
            x = np.where(same, other, x)
        x = self.written(x)
        by_state = np.array([np.nan, *self.spikes, *[np.nan] * bool(self.twin), np.nan])
        return np.where((state == 0) | same, x, by_state[state])

    def written(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return the nearest numbers that the column can write, such as first days of months."""
        return nearest_written(x, self.format) if self.kind == "datetime" else x

    def __str__(self) -> str:
        parts: list[str] = [self.kind]
        if self.is_number:
            parts += self._range_in_words()
            parts += [f"written as {self.format}"] if self.format else []
        elif self.kind == "identifier":
            parts.append(f"made anew, as {self.pattern.format(self.start)}")
        elif len(self.places) > 1:
            levels = [self.levels[i] for i in self.places[: FIRST_LEVELS + 1]]
            parts.append(f"{len(self.places)} levels: {_first_of(levels)}")
        elif len(self.places):
            parts.append(f"always {self.levels[self.places[0]]}")
        if self.missing_state:
            parts.append("may be missing" if self.states > 1 else "always missing")
        return ", ".join(parts)

    def _range_in_words(self) -> list[str]:
        """Return words on the numbers or times of the column."""
        ends = self.ends
        written = [self.spelled(x) for x in ends]
        if not self.scored and len(ends) > 1:
            return [f"{len(ends)} values: {_first_of(written)}"]
        if not self.scored:
            return [f"always {each}" for each in written]
        unit = " s" if self.kind == "datetime" else ""
        steps = f"in steps of {self.step:g}{unit}" if self.step else "any"
        parts = [f"{written[0]} to {written[-1]}", steps]
        often = [x for x in self.spikes if x not in self.codes]
        if often and self.kind != "datetime":
            parts.append("often " + ", ".join(f"{x:g}" for x in often))
        if self.codes:
            parts.append("apart from these " + ", ".join(map(self.spelled, self.codes)))
        if self.twin:
            parts.append(f"often the same as {self.twin}")
        if self.difference:
            parts.append(f"learned as its {self.difference}")
        return parts

    @property
    def ends(self) -> list[float]:
        """The least and the largest ordinary number, and all spikes but codes, rising."""
        cells = {*self.cells.lows[:1], *self.cells.highs[-1:]}
        return sorted({*self.spikes, *cells} - set(self.codes))

    def spelled(self, x: float) -> str:
        """Return a number or time as people write it."""
        if self.kind != "datetime":
            return f"{x:.10g}"
        # pandas holds the times of 290,000 years around 1970 in microseconds.
        return str(pd.Timestamp(round(x * 1e6), unit="us"))


def _first_of(words: list[str]) -> str:
    """Return the first words, and dots if there are more."""
    more = ", ..." if len(words) > FIRST_LEVELS else ""
    return ", ".join(words[:FIRST_LEVELS]) + more


def is_single(dtype: str) -> bool:
    """Return whether a type holds numbers of half or single precision.

    The decimals of such numbers are noise beyond those that were written.

    Args:
        dtype: the name of a pandas type.
    """
    return dtype.lower().startswith(("float32", "float16", "float["))
