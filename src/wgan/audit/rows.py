"""Rows of a sample as hashes, which find rows that occur again, also after a cast to float32.

Rows are equal if their first twelve digits are. So time stamps a second apart are different rows,
and a scaling there and back changes nothing. A whole sample may have been stored in float32,
though. If one of two samples is and the other is not, they are compared as rounded to float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from jaxtyping import Float

# 128 bits: two different rows among 10^9 have one hash with probability 1e-21.
DIGEST = 16
# Binary digits that are compared, about twelve decimal ones: seconds since 1970 to a hundredth, and
# far more than a change of units by float64 may alter (the last of 53).
BITS = 40

# Share of rows of float32 beyond which a sample was stored so, and a few rows were added. By chance
# one in 128 time stamps is a number of float32.
MOST_SINGLE = 0.5


@dataclass(frozen=True, eq=False)
class RowHashes:
    """Hashes of the rows of a sample.

    Attributes:
        exact: of the rows, to twelve digits.
        rounded: of the rows rounded to float32.
        is_single: whether most rows hold numbers of float32 alone.

    >>> day = RowHashes.of(1.7e9 + np.arange(2000.0)[:, None])
    >>> day.repeated, day.count(RowHashes.of(1.7e9 + np.arange(0.5, 2000)[:, None]))
    (0, 0)
    """

    exact: Sequence[bytes]
    rounded: Sequence[bytes]
    is_single: bool

    @classmethod
    def of(cls, x: Float[np.ndarray, "n d"]) -> "RowHashes":
        """Return the hashes of a sample `[n, d]`."""
        with np.errstate(over="ignore"):  # beyond float32's range all are infinite
            single = np.asarray(x, dtype=np.float32).astype(np.float64)
        share = float((single == x).all(axis=1).mean()) if len(x) else 1.0
        exact = _hashes(x)
        return cls(exact, exact if share == 1 else _hashes(single), share > MOST_SINGLE)

    @cached_property
    def _sets(self) -> tuple[frozenset[bytes], frozenset[bytes]]:
        return frozenset(self.exact), frozenset(self.rounded)

    @property
    def repeated(self) -> int:
        """Rows that occur again."""
        return len(self.exact) - len(self._sets[0])

    def distinct(self, other: "RowHashes") -> frozenset[bytes]:
        """Return the distinct rows, rounded where one of the two samples alone is of float32."""
        return self._sets[self.is_single != other.is_single]

    def count(self, other: "RowHashes") -> int:
        """Return how many rows of another sample are rows of this one."""
        known = self.distinct(other)
        return sum(row in known for row in other.compared(self))

    def picked(self, places: Sequence[int]) -> "RowHashes":
        """Return the hashes of some rows.

        Args:
            places: where these rows stand.
        """
        exact, rounded = ([rows[i] for i in places] for rows in (self.exact, self.rounded))
        return RowHashes(exact, rounded, self.is_single)

    def compared(self, other: "RowHashes") -> Sequence[bytes]:
        """Return the rows, rounded where one of the two samples alone is of float32."""
        return self.rounded if self.is_single != other.is_single else self.exact


def _hashes(x: Float[np.ndarray, "n d"]) -> list[bytes]:
    parts, exponents = np.frexp(np.asarray(x, dtype=np.float64))
    rows = np.ldexp(np.rint(np.ldexp(parts, BITS)), exponents - BITS)
    rows = np.ascontiguousarray(rows) + 0.0  # -0.0 becomes 0.0
    return [blake2b(row.tobytes(), digest_size=DIGEST).digest() for row in rows]
