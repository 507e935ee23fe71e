"""Conditions of tables: columns that a generator is given while it trains, rare states more often.

Half of the rows have no condition, so that samples without conditions have the true frequencies. In
the others one column is given, its state drawn by the logarithm of its frequency (Xu et al. 2019,
section 4.3). Other columns are given besides, mostly few, at times any number. A row is chosen by
its given columns alone, so the rest has the data's own distribution under that condition.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int64

from wgan.base.errors import WganError
from wgan.data.dataset import Split
from wgan.data.tables.codec import TableCodec

FREE = -1
"""Choice of a column that is not given."""
CONDITION_SHARE = 0.5
"""Share of the rows that have conditions."""
FEW_SHARE = 0.6
"""Share of these rows in which each further column is given with the probability `FEW`."""
FEW = 0.1
"""This gives the one to three conditions that people use. In the other rows all probabilities are
equally frequent, for rows that are to be completed.
"""
MOST_ROWS = 1_000_000
"""Training rows among which rows of a given state are looked up. The index takes 8 bytes a row and
column, so 160 MB for a million rows of 20 columns; rare states have rows enough among a million.
"""


@dataclass(frozen=True)
class TableConditions:
    """Conditions of a generator of tables: `[n, columns]` choices, -1 where a column is free.

    Choices are those of `ColumnCode`: levels, spikes, missing values, cells of ordinary numbers.
    """

    codec: TableCodec

    @property
    def instead_of_labels(self) -> str:
        return "this model is of a table: ask for values of columns with --where, or where="

    def check(self, y: np.ndarray, n: int) -> Int64[np.ndarray, "n c"]:
        """Return choices as int64.

        Args:
            y: `[n, columns]` choices.
            n: the number of rows.

        Raises:
            WganError: another shape, or a choice that a column does not have.
        """
        most = np.array([code.choices for code in self.codec.codes])
        whole = y.shape == (n, len(most)) and y.dtype.kind in "iu"
        if not whole or not ((y >= FREE) & (y < most)).all():
            raise WganError(
                f"conditions: give {n} rows of {len(most)} numbers of choices, or -1 where a column"
                " is free"
            )
        return y.astype(np.int64)

    def sampler(self, split: Split) -> "Balance":
        """Return a function that draws conditions while training on a split."""
        return Balance(split)

    def of_rows(
        self, random: np.random.Generator, raw: Float[np.ndarray, "n c"]
    ) -> Int64[np.ndarray, "n c"]:
        """Return choices of each row in columns that are drawn for it alone, -1 in the others.

        Rows are not exchanged, as `Balance` does, so that no row depends on what others hold.

        Args:
            random: the generator of random numbers.
            raw: `[n, columns]` rows.
        """
        conditioned, given = _conditioned(random, *raw.shape)
        given &= conditioned[:, None]
        return np.where(given, self.codec.choices(raw), FREE) if len(raw) else given.astype(int)


@dataclass(frozen=True)
class Balance:
    """Draws conditions, and real rows that meet them."""

    split: Split

    @property
    def codec(self) -> TableCodec:
        """The table's codec."""
        assert isinstance(self.split.dataset.codec, TableCodec)
        return self.split.dataset.codec

    @cached_property
    def conditionable(self) -> Int64[np.ndarray, " k"]:
        """Places of the columns that have several states."""
        places = [i for i, code in enumerate(self.codec.codes) if code.sizes]
        return np.array(places, dtype=np.int64)

    @cached_property
    def _index(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Rows by state, and how states are drawn.

        Returns:
            All rows sorted by state, column after column; where each state begins there; its number
            of rows; and cumulative probabilities of states, which run from k to k + 1 in column k.
        """
        rows = self.split.train_rows(np.arange(min(self.split.n_at_hand, MOST_ROWS)))
        sorted_rows = []
        counts = []
        sums = []
        states = self.codec.states(self.split.dataset.rows[rows])
        for k, i in enumerate(self.conditionable):
            order = np.argsort(states[:, i], kind="stable")
            sorted_rows.append(rows[order])
            counts.append(np.bincount(states[:, i], minlength=self.codec.coded[i].states))
            weight = np.log1p(counts[-1])
            sums.append(k + np.cumsum(weight) / weight.sum())
            # Not a rounding error less, or the next column's first state would be drawn.
            sums[-1][-1] = k + 1
        count = np.concatenate(counts)
        return np.concatenate(sorted_rows), np.cumsum(count) - count, count, np.concatenate(sums)

    def draw(
        self, random: np.random.Generator, rows: Int64[np.ndarray, " n"]
    ) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, "n c"]]:
        """Return rows and their conditions.

        Args:
            random: the generator of random numbers.
            rows: `[n]` row numbers, drawn at true frequencies.

        Returns:
            The row numbers, a part of them exchanged for rows of balanced states, and
            `[n, columns]` choices, -1 where a column is free.
        """
        n = len(rows)
        columns = len(self.codec.learned)
        y = np.full((n, columns), FREE, dtype=np.int64)
        conditioned, given = _conditioned(random, n, columns)
        if len(self.conditionable):
            sorted_rows, first, count, sums = self._index
            column = random.integers(len(self.conditionable), size=n)
            state = np.searchsorted(sums, column + random.random(n), side="right")
            chosen = sorted_rows[first[state] + (random.random(n) * count[state]).astype(np.int64)]
            rows = np.where(conditioned, chosen, rows)
            given[np.arange(n), self.conditionable[column]] = True
        given &= conditioned[:, None]
        where = np.nonzero(given.any(axis=1))[0]
        choices = self.codec.choices(self.split.dataset.rows[rows[where]])
        y[where] = np.where(given[where], choices, FREE)
        return rows, y


def _conditioned(
    random: np.random.Generator, n: int, columns: int
) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, "n c"]]:
    """Return which of n rows have conditions, and which columns these would give."""
    conditioned = random.random(n) < CONDITION_SHARE
    few = random.random(n) < FEW_SHARE
    share = np.where(few, FEW, random.random(n))
    return conditioned, random.random((n, columns)) < share[:, None]
