"""Hashes of rows, by the name of their shard and their number in it, that decide where a row goes.

They depend on nothing else, so a row keeps its part when shards are added or taken away.
"""

import numpy as np
from jaxtyping import UInt64

from wgan.base.seeding import derive
from wgan.data.shuffle import mix

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: the step by which splitmix64 sets its states apart."""
WHOLE = 2**64


def row_hashes(
    seed: int, purpose: str, shard: str, first: int, stop: int
) -> UInt64[np.ndarray, " n"]:
    """Return a hash in 0..2^64-1 of each row of a shard: splitmix64, begun at a hash of the name.

    Args:
        seed: random seed; another seed gives other hashes.
        purpose: what the hashes are for.
        shard: the name of the shard.
        first: the first row.
        stop: the row after the last.

    >>> some = row_hashes(0, "split", "a.npy", 2, 5)
    >>> (some == row_hashes(0, "split", "a.npy", 0, 9)[2:5]).all()
    np.True_
    """
    key = np.uint64(derive(seed, "shards", purpose, shard))
    with np.errstate(over="ignore"):
        return mix(key + GOLDEN * np.arange(first + 1, stop + 1, dtype=np.uint64))


def bound_of(share: float) -> int:
    """Return the bound below which a share of all hashes lie."""
    return min(int(share * WHOLE), WHOLE)


def below(hashes: UInt64[np.ndarray, " n"], bound: int) -> np.ndarray:
    """Return which hashes lie below a bound in 0..2^64.

    Args:
        hashes: the hashes.
        bound: the bound, which as a whole does not fit into 64 bits.
    """
    if bound >= WHOLE:
        return np.ones(len(hashes), dtype=bool)
    return hashes < np.uint64(bound)
