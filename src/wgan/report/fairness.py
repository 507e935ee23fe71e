"""Limits of a comparison in words: too few seeds, and settings that were not tuned alike."""

from collections.abc import Mapping
from itertools import count
from math import isnan
from typing import Any

from wgan.base.intervals import Mean, least_of_rank_test
from wgan.config.sections import OptimizerConfig
from wgan.objectives import VARIANTS

FALSE_ALARMS = {2: {2: 14, 3: 29, 5: 38}, 3: {2: 4, 3: 9, 5: 22}, 4: {2: 1, 3: 3, 5: 7}}
"""Comparisons in percent, by seeds and variants, in which Student's t sees a difference that does
not exist. 6,000 comparisons of equal variants were simulated, in which every other run collapses to
the same bad distance. With fewer or more collapsing runs, fewer differences are seen.
"""


def few_seeds(seeds: int, variants: int, means: list[Mean], level: float) -> str:
    """Return a note on what Student's t does not allow for, if it decides.

    Args:
        seeds: the fewest runs of a variant.
        variants: how many are compared.
        means: the differences that it decides on.
        level: the part of error that each of them may have.

    Returns:
        A sentence; empty where it decides on none.
    """
    if all(isnan(mean.half_width) for mean in means):
        return ""
    enough = next(n for n in count(2) if least_of_rank_test(n, n) <= level)
    advice = f"--seeds {enough} lets an exact rank test decide"
    known = FALSE_ALARMS.get(seeds)
    if known is None:
        return f"Student's t decides here, which does not hold where runs collapse: {advice}"
    number = next((k for k in sorted(known) if k >= variants), max(known))
    least = "at least " if variants > number else ""
    return (
        f"with {seeds} seeds Student's t decides; where every other run collapses, it takes noise"
        f" for a difference in {least}{known[number]} % of comparisons of {number} equal variants:"
        f" {advice}"
    )


def unlike_settings(groups: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return which groups were trained with tuned settings beside others with their papers'.

    Args:
        groups: settings of a run of each group, by its name.

    Returns:
        A sentence; empty where all are tuned, or none.
    """
    tuned = {name: _is_tuned(settings) for name, settings in groups.items()}
    own = " and ".join(name for name, it_is in tuned.items() if it_is is False)
    others = " and ".join(name for name, it_is in tuned.items() if it_is)
    if not own or not others:
        return ""
    return (
        f"not tuned alike: {own} ran with the paper's optimizer settings, {others} with others (of"
        " a preset, or --set): a difference may be one of settings"
    )


def _is_tuned(settings: Mapping[str, Mapping[str, Any]]) -> bool | None:
    """Return whether the optimizer's settings are others than the paper's; none if not known."""
    variant = VARIANTS.get(settings["objective"]["variant"])
    if variant is None:
        return None
    mine = settings.get("optimizer", {})
    paper = {"decay": OptimizerConfig().decay} | variant.optimizer
    return any(key in mine and _plain(mine[key]) != _plain(paper[key]) for key in paper)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
