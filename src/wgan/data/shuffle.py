"""Which sample stands at place i of a shuffle of n? A keyed bijection that needs no memory, for
data of any length.

A balanced Feistel network over the next power of four, walked until it lands below n: Black and
Rogaway, "Ciphers with arbitrary finite domains" (2002), section 3 (cycle walking). The round
function is the finaliser of splitmix64.
"""

import numpy as np
from jaxtyping import Int64, UInt64

from wgan.base.seeding import derive

ROUNDS = 8


def shuffled(
    places: Int64[np.ndarray, " k"], n: int, seed: int, *labels: str | int
) -> Int64[np.ndarray, " k"]:
    """Return the samples that stand at `places` (each in 0..n-1) of the shuffle of 0..n-1 named by
    (seed, labels).

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
    bits, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = x >> bits, x & mask
    for key in keys:
        left, right = right, left ^ (_mix(right ^ key) & mask)
    return (left << bits) | right


def _mix(x: UInt64[np.ndarray, " k"]) -> UInt64[np.ndarray, " k"]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
