"""Streams of random numbers, each a function of (seed, purpose, counters).

No random state is ever saved: a run that resumes derives its streams again. Only the functions that
make torch's numbers import torch.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, *labels: str | int) -> int:
    """Return the 63-bit seed of one stream: a hash of (seed, labels).

    Streams of different labels are independent, as far as BLAKE2b can be told from chance.

    Args:
        seed: random seed of the whole work; the same seed gives the same streams.
        labels: what the stream is for, and counters such as the step.

    >>> derive(0, "latent", 1) == derive(0, "latent", 1) != derive(0, "latent", 2)
    True
    """
    digest = blake2b(repr((int(seed), *labels)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1  # fits a signed 64-bit integer, not negative


def numpy_generator(seed: int, *labels: str | int) -> np.random.Generator:
    """Return NumPy's generator for one stream; arguments as for `derive`."""
    return np.random.default_rng(derive(seed, *labels))


def torch_generator(device: "torch.device", seed: int, *labels: str | int) -> "torch.Generator":
    """Return torch's generator for one stream.

    Args:
        device: where the numbers are drawn; a CPU and a GPU give different numbers.
        seed: as for `derive`.
        labels: as for `derive`.
    """
    import torch

    return torch.Generator(device=device).manual_seed(derive(seed, *labels))


def latents(
    seed: int, n: int, latent: int, device: "torch.device", block: int = 256
) -> Iterator["torch.Tensor"]:
    """Yield standard normal noise in whole blocks `[block, latent]`, at least `n` rows in all.

    Each block has a stream of its own, so that a row does not depend on `n`.

    Args:
        seed: random seed; the same seed gives the same noise.
        n: rows that are needed.
        latent: numbers in a row.
        device: where the numbers are drawn.
        block: rows in a block. Another size gives other noise.
    """
    import torch

    for i in range(-(-n // block)):
        generator = torch_generator(device, seed, "sample", i)
        yield torch.randn(block, latent, generator=generator, device=device)
