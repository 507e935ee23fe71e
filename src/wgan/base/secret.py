"""Secret random numbers, of the operating system.

Differential privacy holds against an attacker who knows everything but them. So they do not follow
from a random seed, which a run publishes, and are stored nowhere.
"""

import os
import secrets

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri


def uniforms(n: int) -> Float[np.ndarray, " n"]:
    """Return uniform numbers between 0 and 1, ends excluded, of 52 bits each.

    Args:
        n: how many.
    """
    # One bit less than a double has, since the half takes one.
    whole = np.frombuffer(os.urandom(8 * n), dtype=np.uint64) >> np.uint64(12)
    return (whole + 0.5) * 2.0**-52


def normals(n: int) -> Float[np.ndarray, " n"]:
    """Return standard normal numbers.

    Args:
        n: how many.
    """
    numbers: np.ndarray = ndtri(uniforms(n))
    return numbers


def seed() -> int:
    """Return a random seed of 63 bits."""
    return secrets.randbits(63)
