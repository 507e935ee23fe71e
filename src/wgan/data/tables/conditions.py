"""Which states is a generator of tables asked for while it trains? Mostly none; for the others rare
states more often than they occur.

Half of the rows ask for nothing, so that what is learned without conditions has the true
frequencies. The others ask for a state of one column, drawn by the logarithm of its frequency, as
Xu et al. (2019), section 4.3, and for a few of the other columns' states besides.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int64

from wgan.base.errors import WganError
from wgan.data.dataset import Split
from wgan.data.tables.codec import TableCodec

FREE = -1
"""What stands for a state that is not asked for."""
SHARE = 0.5
"""Share of the rows that ask for anything."""
ALSO = 0.2
"""Probability that each further column is asked for."""
MOST_ROWS = 1_000_000
"""Rows of a given state are looked for among so many training rows."""


@dataclass(frozen=True)
class TableConditions:
    """States of columns that a generator of tables can be asked for: `[n, columns]`, -1 if free."""

    codec: TableCodec

    @property
    def instead_of_labels(self) -> str:
        return "this model is of a table: ask for values of columns with --where, or where="

    def check(self, y: np.ndarray, n: int) -> Int64[np.ndarray, "n c"]:
        """Return states as int64.

        Raises:
            WganError: another shape, or a state that a column does not have.
        """
        most = np.array([column.states for column in self.codec.learned])
        whole = y.shape == (n, len(most)) and y.dtype.kind in "iu"
        if not whole or not ((y >= FREE) & (y < most)).all():
            raise WganError(
                f"states: give {n} rows of {len(most)} numbers of states, or -1 where a column is"
                " free"
            )
        return y.astype(np.int64)

    def sampler(self, split: Split) -> "Balance":
        """Return what draws states while training on a split."""
        return Balance(split)


@dataclass(frozen=True)
class Balance:
    """Draws states to ask for, and real rows that have them."""

    split: Split

    @property
    def codec(self) -> TableCodec:
        """The table's codec."""
        assert isinstance(self.split.dataset.codec, TableCodec)
        return self.split.dataset.codec

    @cached_property
    def conditionable(self) -> Int64[np.ndarray, " k"]:
        """Places of the columns that have several states."""
        return np.array(
            [i for i, column in enumerate(self.codec.learned) if column.code_sizes], dtype=np.int64
        )

    @cached_property
    def _index(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return rows by state, column after column; where each state begins, and its count; sums
        of probabilities, plus the column's place.
        """
        rows = self.split.train_rows(np.arange(min(self.split.n_train, MOST_ROWS)))
        sorted_rows, counts, sums = [], [], []
        states = self.codec.states(self.split.dataset.rows[rows])
        for k, i in enumerate(self.conditionable):
            order = np.argsort(states[:, i], kind="stable")
            sorted_rows.append(rows[order])
            counts.append(np.bincount(states[:, i], minlength=self.codec.learned[i].states))
            weight = np.log1p(counts[-1])
            sums.append(k + np.cumsum(weight) / weight.sum())
            sums[-1][-1] = k + 1
        count = np.concatenate(counts)
        return np.concatenate(sorted_rows), np.cumsum(count) - count, count, np.concatenate(sums)

    def draw(
        self, random: np.random.Generator, rows: Int64[np.ndarray, " n"]
    ) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, "n c"]]:
        """Return `rows`, a part of them exchanged for rows of balanced states, and the states asked
        for, -1 where a column is free.
        """
        n, k = len(rows), len(self.conditionable)
        y = np.full((n, len(self.codec.learned)), FREE, dtype=np.int64)
        if k == 0:
            return rows, y
        sorted_rows, first, count, sums = self._index
        asks, column = random.random(n) < SHARE, random.integers(k, size=n)
        state = np.searchsorted(sums, column + random.random(n), side="right")
        chosen = sorted_rows[first[state] + (random.random(n) * count[state]).astype(np.int64)]
        rows = np.where(asks, chosen, rows)
        asked = random.random((n, k)) < ALSO
        asked[np.arange(n), column] = True
        asked &= asks[:, None]
        where = np.nonzero(asked.any(axis=1))[0]
        y[np.ix_(where, self.conditionable)] = np.where(
            asked[where],
            self.codec.states(self.split.dataset.rows[rows[where]])[:, self.conditionable],
            FREE,
        )
        return rows, y
