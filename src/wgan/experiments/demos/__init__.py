"""Demonstrations: claims about GANs that can be seen in minutes, one file a claim.

Each trains, measures, and says what was seen and what was not. The results are in
docs/figures/claims.md.
"""

from wgan.base.errors import WganError, did_you_mean
from wgan.experiments.demos import clipping, estimate, mode_collapse, no_overlap, vanishing_gradient
from wgan.experiments.demos.results import Demo, Result, check_room, write

__all__ = ["DEMOS", "Result", "check_room", "demo", "write"]

DEMOS = {
    each.name: each
    for each in (
        no_overlap.DEMO,
        vanishing_gradient.DEMO,
        mode_collapse.DEMO,
        clipping.DEMO,
        estimate.DEMO,
    )
}


def demo(name: str) -> Demo:
    """Return the demonstration of a name.

    Args:
        name: one of `DEMOS`.

    Raises:
        WganError: no such demonstration; the message names the nearest.

    >>> demo("clipping").seeds
    3
    """
    if name not in DEMOS:
        raise WganError(f"no demo is called '{name}'. {did_you_mean(name, DEMOS)}")
    return DEMOS[name]
