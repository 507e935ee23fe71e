"""Sentence on a kernel distance: what share of real samples, broken, would be as far.

The squared maximum mean discrepancy is quadratic in the difference of two distributions. From a
mixture (1 - a) P + a B to P it is a^2 times that from B to P. So a generator's root, divided by
that of broken samples, is a share a of real samples: if these were broken, the distance would be
the same.
"""

from math import sqrt

from wgan.evaluation.results import Line


def learned_in_words(line: Line, broken: str) -> str:
    """Return the figure of a kernel distance in one sentence.

    Generated samples are told from real ones where their interval ends above the floor, which is a
    mean over sets too, and is taken to be as noisy.

    Args:
        line: generated, real and broken samples.
        broken: a word for the broken ones, such as `blurred`.
    """
    _, generated, real, worst, *_ = line.cells
    figures = (
        f"kernel distance on learned features {generated}"
        f" (floor {real}, {broken} {worst}; n={line.n}, {line.of})"
    )
    # The difference of two means that are equally noisy has the root of two times their noise.
    if not line.generated.value - line.real > sqrt(2) * line.generated.half_width:
        return f"{figures}: not told from real samples at this n"
    if not line.broken > 0:
        return f"{figures}: told from real samples"
    share = share_broken(line.generated.value, line.broken)
    if share > 1:
        return f"{figures}: {share:.2g} times as far as samples that are all {broken}"
    return f"{figures}: as far as real samples of which {share:.1%} are {broken}"


def share_broken(generated: float, broken: float) -> float:
    """Return a = sqrt(MMD^2(generated, real) / MMD^2(broken, real)).

    Args:
        generated: the squared discrepancy of generated samples; below zero, it is taken as zero.
        broken: that of broken samples, above zero.

    >>> share_broken(0.04, 4.0)
    0.1
    """
    return sqrt(max(0.0, generated) / broken)
