"""Where does randomness come from? Every draw is a function of (seed, what it is for, counters), so
nothing needs saving.
"""

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor


def derive(seed: int, *labels: str | int) -> int:
    """Return a 63-bit seed for one stream of random numbers: a hash of (seed, labels), independent
    between labels.

    >>> derive(0, "latent", 1) == derive(0, "latent", 1) != derive(0, "latent", 2)
    True
    """
    digest = blake2b(repr((int(seed), *labels)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def numpy_generator(seed: int, *labels: str | int) -> np.random.Generator:
    """Return NumPy's generator for one stream."""
    return np.random.default_rng(derive(seed, *labels))


def torch_generator(device: torch.device, seed: int, *labels: str | int) -> torch.Generator:
    """Return torch's generator on `device` for one stream (devices of other kinds give other
    numbers).
    """
    return torch.Generator(device=device).manual_seed(derive(seed, *labels))


def latents(
    seed: int, n: int, latent: int, device: torch.device, block: int = 256
) -> Iterator[Tensor]:
    """Yield standard normal noise in whole blocks `[256, latent]`, at least `n` rows in all; a row
    does not depend on `n`.
    """
    for i in range(-(-n // block)):
        yield torch.randn(
            block, latent, generator=torch_generator(device, seed, "sample", i), device=device
        )
