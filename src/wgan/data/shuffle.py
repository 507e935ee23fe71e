"""A shuffle of 0..n-1 that is computed and not stored: a keyed bijection, for data of any length.

A balanced Feistel network permutes the numbers below the next power of four. It is applied until it
lands below n (cycle walking; Black and Rogaway, "Ciphers with arbitrary finite domains", 2002,
section 3). The round function is the finaliser of splitmix64.
"""

import numpy as np
from jaxtyping import Int64, UInt64

from wgan.base.seeding import derive

ROUNDS = 8
"""Rounds of the network. With a random round function, four give a pseudo-random permutation (Luby
and Rackoff 1988). The finaliser is not a random function, and there are twice as many. Each round
costs a pass over the places.
"""


def shuffled(
    places: Int64[np.ndarray, " k"], n: int, seed: int, *labels: str | int
) -> Int64[np.ndarray, " k"]:
    """Return the numbers that stand at places of a shuffle of 0..n-1.

    Args:
        places: `[k]` places, each in 0..n-1.
        n: the length of the shuffle.
        seed: random seed of the shuffle.
        labels: what the shuffle is for; another purpose has another shuffle.

    >>> sorted(shuffled(np.arange(5), 5, seed=0).tolist())
    [0, 1, 2, 3, 4]
    """
    keys = np.array([derive(seed, "shuffle", *labels, r) for r in range(ROUNDS)], dtype=np.uint64)
    half = max(1, (int(n - 1).bit_length() + 1) // 2)
    out = _feistel(places.astype(np.uint64), half, keys)
    while (outside := out >= n).any():
        out[outside] = _feistel(out[outside], half, keys)
    return out.astype(np.int64)


def _feistel(
    x: UInt64[np.ndarray, " k"], half: int, keys: UInt64[np.ndarray, " r"]
) -> UInt64[np.ndarray, " k"]:
    bits = np.uint64(half)
    mask = np.uint64((1 << half) - 1)
    left = x >> bits
    right = x & mask
    for key in keys:
        left, right = right, left ^ (mix(right ^ key) & mask)
    return (left << bits) | right


def mix(x: UInt64[np.ndarray, " k"]) -> UInt64[np.ndarray, " k"]:
    """Return the finaliser of splitmix64, whose shifts and factors these are."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
