"""Parts of a sample: one trains the critics of a bracket, and the other is only measured."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from wgan.base.seeding import numpy_generator

Sample = np.ndarray
"""float64 `[n, d]`; two sides may differ in n."""
Places = Int64[np.ndarray, "_"]


@dataclass(frozen=True)
class Parts:
    """The two parts of a sample: one trains and chooses, the other is only measured.

    In a bracket of samples, and for an auditor from elsewhere, both are the whole sample.
    """

    train: Sample
    held_out: Sample

    @property
    def whole(self) -> Sample:
        """Both parts of a sample that was parted."""
        return np.concatenate([self.train, self.held_out])


def parted(s: Sample, seed: int, side: str, whole: bool) -> Parts:
    """Return the parts of a sample.

    Args:
        s: `[n, d]` samples.
        seed: random seed of the bracket.
        side: "x" or "y".
        whole: whether both parts are the whole sample.
    """
    if whole:
        return Parts(s, s)
    train, held_out = halves(len(s), seed, side)
    return Parts(s[train], s[held_out])


def shuffled(s: Sample, seed: int, side: str) -> Parts:
    """Return a whole sample in random order as both parts: stored rows may be sorted.

    Args:
        s: `[n, d]` samples.
        seed: random seed of the bracket.
        side: "x" or "y".
    """
    train, held_out = halves(len(s), seed, side)
    order = np.concatenate([train, held_out])
    return Parts(s[order], s[order])


def halves(n: int, seed: int, side: str) -> tuple[Places, Places]:
    """Return the places of the samples of a side that train the critics, and of those held out.

    Args:
        n: the number of samples.
        seed: random seed of the bracket.
        side: "x" or "y".
    """
    shuffled = numpy_generator(seed, "bracket", side).permutation(n)
    return shuffled[: n // 2], shuffled[n // 2 :]
