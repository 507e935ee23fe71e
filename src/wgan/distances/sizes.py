"""Sizes of exact transport: from how many pairs on few are generated, and what fits into memory."""

from math import isqrt
from pathlib import Path

from wgan.base.errors import WganError

BYTES_A_PAIR = 44
"""Peak memory of a solve on all pairs, measured: 4.3 GB at n = m = 10,000."""

BYTES_A_SAMPLE = 15_000
"""Peak memory of generated pairs for each sample of both sides, without its coordinates. It is 60
pairs of 150 bytes at most, and two thirds as much again for everything else.
"""

BYTES_A_COORDINATE = 40
"""The same for each coordinate: 25 was measured at n = m = 4,000 in 784-D."""

PAIRS_IN_PLANE = 10_000 * 10_000
PAIRS_IN_SPACE = 2_500 * 2_500
"""Pairs from which on they are generated, up to 3 dimensions and beyond.

They are measured by `benchmarks/distances.py --columns`. At 2,500 x 2,500 generated pairs take 0.3
to 0.7 of the time of all pairs in 16-D. In the plane they take half, but points on a line do not
end. So such samples are left to the solver of all pairs as long as it can hold them.
"""


def few_pairs(n: int, m: int, d: int) -> bool:
    """Return whether pairs are generated, rather than all solved on at once.

    Args:
        n: samples of one side.
        m: samples of the other.
        d: dimensions.
    """
    return n * m >= (PAIRS_IN_PLANE if d <= 3 else PAIRS_IN_SPACE)


def check_memory(n: int, m: int, few: bool = False, d: int = 1) -> None:
    """Refuse samples whose solve would not fit into memory, and say how many would.

    Args:
        n: samples of one side.
        m: samples of the other.
        few: whether pairs are generated.
        d: dimensions, on which it depends from how many samples on they are generated.

    Raises:
        WganError: a solve would need more memory than the machine has free.
    """
    a_sample = BYTES_A_SAMPLE + BYTES_A_COORDINATE * d
    need = a_sample * (n + m) if few else BYTES_A_PAIR * n * m
    free = available_memory()
    if free is not None and need > free:
        raise WganError(
            f"exact transport of {n} x {m} samples needs {need / 1e9:.1f} GB and {free / 1e9:.1f}"
            f" GB are free: use at most {_most_samples(free, few, d)} samples a side"
        )


def _most_samples(free: int, few: bool, d: int) -> int:
    """Return the most samples a side whose solve fits into memory."""
    most = free // (2 * (BYTES_A_SAMPLE + BYTES_A_COORDINATE * d))
    if few and few_pairs(most, most, d):
        return most
    all_pairs = isqrt(free // BYTES_A_PAIR)
    # Where pairs are generated, samples of both sides are solved on all pairs below that number.
    while few and few_pairs(all_pairs, all_pairs, d):
        all_pairs -= 1
    return all_pairs


def available_memory() -> int | None:
    """Return the bytes available without swapping; None where the system has no `/proc/meminfo`."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kibibytes = (int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    return next((1024 * number for number in kibibytes), None)
