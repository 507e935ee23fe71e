"""Parts of a sample: one trains the critics of a bracket, and the other is only measured."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from wgan.audit.groups import Codes, group_means, grouped_halves, one_of_each
from wgan.base.seeding import numpy_generator

Sample = np.ndarray
"""float64 `[n, d]`; two sides may differ in n."""
Places = Int64[np.ndarray, " _"]


@dataclass(frozen=True)
class Parts:
    """The two parts of a sample: one trains and chooses, the other is only measured.

    In a bracket of samples, and for an auditor from elsewhere, both are the whole sample.
    `places` are those of the held-out rows in the sample. `groups` are their groups, whole ones
    alone; None: each row is one. `singles` are the places, among the held-out rows, of one random
    row of each group.
    """

    train: Sample
    held_out: Sample
    places: Places
    groups: Codes | None = None
    singles: Places | None = None

    @property
    def count(self) -> int | None:
        """Groups that are held out; None without groups."""
        return None if self.singles is None else len(self.singles)

    def means(self, scores: Sample, clamp: tuple[float, float]) -> Sample:
        """Return scores of the held-out rows as independent values: means of groups, if any.

        Rows are clamped before the mean is taken, so that its expectation is that of the clamped
        critic. It is the mean over a random group, each of which counts the same.

        Args:
            scores: `[n]`, of the held-out rows.
            clamp: (low, high) of the scores.
        """
        if self.groups is None:
            return scores
        return group_means(np.clip(scores, *clamp), self.groups)

    @property
    def independent(self) -> Sample:
        """Held-out rows that are independent of each other: one of each group."""
        return self.held_out if self.singles is None else self.held_out[self.singles]


def parted(s: Sample, seed: int, side: str, whole: bool, codes: Codes | None = None) -> Parts:
    """Return the parts of a sample.

    Args:
        s: `[n, d]` samples.
        seed: random seed of the bracket.
        side: "x" or "y".
        whole: whether both parts are the whole sample.
        codes: `[n]`, the group of each row, which are not divided; None: each row is one.
    """
    if whole:
        return Parts(s, s, np.arange(len(s)), codes)
    train, held_out = halves(len(s), seed, side, codes)
    return _parts(s, train, held_out, seed, side, codes)


def shuffled(s: Sample, seed: int, side: str, codes: Codes | None = None) -> Parts:
    """Return a whole sample in random order as both parts: stored rows may be sorted.

    Args:
        s: `[n, d]` samples.
        seed: random seed of the bracket.
        side: "x" or "y".
        codes: `[n]`, the group of each row, which stay together; None: each row is one.
    """
    order = np.concatenate(halves(len(s), seed, side, codes))
    return _parts(s, order, order, seed, side, codes)


def _parts(
    s: Sample, train: Places, held_out: Places, seed: int, side: str, codes: Codes | None
) -> Parts:
    if codes is None:
        return Parts(s[train], s[held_out], held_out)
    groups = codes[held_out]
    return Parts(s[train], s[held_out], held_out, groups, one_of_each(groups, seed, side))


def halves(n: int, seed: int, side: str, codes: Codes | None = None) -> tuple[Places, Places]:
    """Return the places of the samples of a side that train the critics, and of those held out.

    Args:
        n: the number of samples.
        seed: random seed of the bracket.
        side: "x" or "y".
        codes: `[n]`, the group of each row: halves of the groups; None: each row is one.
    """
    if codes is not None:
        return grouped_halves(codes, seed, side)
    shuffled = numpy_generator(seed, "bracket", side).permutation(n)
    return shuffled[: n // 2], shuffled[n // 2 :]
