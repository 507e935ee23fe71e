"""Diagnosis of a run: what went wrong, if anything, and what to do next.

Each sentence has the figures that it rests on. docs/training.md explains them.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from wgan.config import Config
from wgan.evaluation import Trend
from wgan.objectives import Variant
from wgan.runs import Headroom

Metrics = Mapping[str, int | float]
<<<<<<< HEAD
"""One line of `metrics.jsonl`."""
LAST_PART = 10
"""Figures are means over the last tenth of the logged steps, beside the first tenth. A shorter part
is noisier; a longer one is further from the run's end.
"""
PILED_UP = 0.5
"""Share of weights at the bound that is reported. It lies between 0.30, where the gradients
of a clipped critic are sound, and 0.92, where they vanish (docs/claims.md, clipping).
"""
VANISHED = 0.01
"""The generator's gradient has vanished below a hundredth of its first norm. Chosen here: a larger
part would report gradients that get smaller as the generator gets better.
"""
STEEP = 1.5
"""Mean slope that is reported where the penalty aims at 1. Chosen here: a penalised slope lies a
little above 1 in any case (docs/distances.md), and 1.5 is far from that.
"""
LOST = 0.9
"""Modes were lost below nine tenths of what was covered before. Chosen here: any mode may be missed
by chance, and of 25 modes two may be missing.
"""
QUARTERS = 4
"""Parts into which the measurements of modes are divided, the last of which is compared."""
LEAST_IN_A_QUARTER = 2
"""Measurements in a quarter without which nothing is said: of a single one, chance would decide."""
=======
"""A line of `metrics.jsonl`: name -> value."""
ENDS = 10
"""Means are taken over the first and the last tenth of the lines, since a single line is noisy."""
PILED_UP = 0.5
"""Share of weights at the clipping bound from which on most of them are nothing but a sign."""
VANISHED = 0.01
"""Share of its first norm below which the generator's gradient has vanished. Under minimax, on the
digits, it fell by ten orders of magnitude (LOG.md, "Vanishing gradients need samples that lie
apart"). Gradients also shrink as samples come nearer to the data, so a smaller fall proves nothing.
"""
STEEP = 1.5
"""Slope from which on a penalised critic is too steep to be read. The optimum has the slope
1 + W / (2 lambda) and reads W + W^2 / (2 lambda), here W / 2 too much (docs/mathematics.md).
"""
LOST = 0.9
"""Share of the modes once covered below which modes were lost. Counts vary between measurements, so
a smaller drop may be noise.
"""
LEAST_QUARTER = 2
"""Measurements in a quarter of a run, below which a drop of the modes covered proves nothing."""
>>>>>>> side-E


def diagnose(
    variant: Variant,
    config: Config,
    metrics: Sequence[Metrics],
    trend: Trend | None,
    headroom: Headroom | None,
) -> list[str]:
<<<<<<< HEAD
    """Return what the figures of a finished run say, in sentences; the stop report is the last.
=======
    """Return the diagnosis of a finished run: sentences, the report on its end last.
>>>>>>> side-E

    Args:
        variant: the run's variant, with its settings.
        config: the run's configuration.
        metrics: the lines of its `metrics.jsonl`.
<<<<<<< HEAD
        trend: the trend of its held-out distance; none with fewer than 16 measurements.
        headroom: the headroom of its critic; none where it was not measured.
    """
    last = metrics[-max(1, len(metrics) // LAST_PART) :]
=======
        trend: how its held-out distance moves; None where it was measured fewer than 16 times.
        headroom: how much its critic's estimate still rose; None where that was not tried.
    """
    last = metrics[-max(1, len(metrics) // ENDS) :]
>>>>>>> side-E
    step = int(metrics[-1]["step"]) if metrics else 0
    sentences = [
        _critic(variant, config, headroom),
        _clipping(last),
        _slope(variant, last),
        _generator(metrics[: len(last)], last),
        _modes(metrics),
<<<<<<< HEAD
        _stop(config, trend, step),
=======
        _end(config, trend, step),
>>>>>>> side-E
    ]
    return [sentence for sentence in sentences if sentence]


def _critic(variant: Variant, config: Config, headroom: Headroom | None) -> str:
<<<<<<< HEAD
    """Return whether the critic was trained enough."""
    if headroom is None:
        return ""
    figures = (
        f"{headroom.steps} more critic steps against the same generator take its estimate from"
        f" {headroom.before:.3g} to {headroom.after:.3g} (+- {headroom.half_width:.2g})"
    )
    if headroom.state == "unclear":
        return f"whether the critic is trained enough cannot be told: {figures}"
    if headroom.state == "enough":
        return f"critic trained enough, as far as this learning rate takes it: {figures}"
=======
    """Return whether the critic is near its optimum."""
    if headroom is None:
        return ""
    h = headroom
    rise = (
        f"{h.steps} more critic steps against the same generator take its estimate from"
        f" {h.before:.3g} to {h.after:.3g} (+- {h.half_width:.2g})"
    )
    if h.state == "unclear":
        return f"whether the critic is trained enough cannot be told: {rise}"
    if h.state == "enough":
        return f"critic trained enough, as far as this learning rate takes it: {rise}"
>>>>>>> side-E
    if not variant.score.is_w1:
        return (
            f"critic not at its optimum: {rise}; for this score that is no fault, since there"
            " the generator's gradient may vanish"
        )
    return (
        f"critic under-trained: {rise}; raise optimizer.critic_steps"
        f" ({config.optimizer.critic_steps}) or optimizer.lr"
    )


<<<<<<< HEAD
def _clipping(last: Sequence[Metrics]) -> str:
    """Return how many weights of a clipped critic stand at the bound, if many do."""
=======
def _clipping(variant: Variant, last: Sequence[Metrics]) -> str:
    """Return whether most weights stand at the clipping bound."""
>>>>>>> side-E
    share = _mean(last, "clipped_share")
    if share is None or share < PILED_UP:
        return ""
    return (
        f"{share:.0%} of the critic's weights stand at the clipping bound, so it is little more"
        " than signs: raise objective.clip, or take a variant with a penalty"
    )


def _slope(variant: Variant, last: Sequence[Metrics]) -> str:
<<<<<<< HEAD
    """Return the slope of a critic whose estimate would be a distance, if it is steep."""
    norm = _mean(last, "gradient_norm")
=======
    """Return whether the critic is steeper than its penalty aims at."""
    norm = _mean(last, "gradient_norm")
    low = _mean(last, "gradient_norm_5")
    high = _mean(last, "gradient_norm_95")
>>>>>>> side-E
    if norm is None or not variant.reads_w1 or norm <= STEEP:
        return ""
    low = _mean(last, "gradient_norm_5")
    high = _mean(last, "gradient_norm_95")
    return (
        f"the critic's slope is {norm:.2f} on average ({low:.2f} to {high:.2f} at 90 % of the"
        " points), where the penalty aims at 1: do not read its estimate as a distance, or raise"
        " objective.penalty_weight"
    )


<<<<<<< HEAD
def _generator(first: Sequence[Metrics], last: Sequence[Metrics]) -> str:
    """Return how far the generator's gradient fell, if it vanished."""
    before = _mean(first, "generator_gradient_norm")
=======
def _generator(metrics: Sequence[Metrics], last: Sequence[Metrics]) -> str:
    """Return whether the generator's gradient has vanished."""
    first = _mean(metrics[: len(last)], "generator_gradient_norm")
>>>>>>> side-E
    now = _mean(last, "generator_gradient_norm")
    if before is None or now is None or now > VANISHED * before:
        return ""
    return (
        f"the generator's gradient fell from {before:.2g} to {now:.2g}: it has all but vanished;"
        " take a Wasserstein variant, or fewer critic steps"
    )


def _modes(metrics: Sequence[Metrics]) -> str:
<<<<<<< HEAD
    """Return how many modes were lost, if any were.

    They were if the whole last quarter of the measurements covers fewer than nine tenths of what an
    earlier quarter covered at its median.
    """
    covered = [line["modes_covered"] for line in metrics if "modes_covered" in line]
    quarter = len(covered) // QUARTERS
    if quarter < LEAST_IN_A_QUARTER:
=======
    """Return whether modes were lost.

    They were if the whole last quarter of the measurements covers fewer than nine tenths of what an
    earlier quarter covers at its median.
    """
    covered = [line["modes_covered"] for line in metrics if "modes_covered" in line]
    quarter = len(covered) // 4
    if quarter < LEAST_QUARTER:
>>>>>>> side-E
        return ""
    earlier = [covered[i * quarter : (i + 1) * quarter] for i in range(QUARTERS - 1)]
    best = max(float(np.median(each)) for each in earlier)
    most_of_late = max(covered[-quarter:])
    if most_of_late >= LOST * best:
        return ""
    return f"modes were lost: {best:g} covered at one time, at most {most_of_late} of late"


<<<<<<< HEAD
def _stop(config: Config, trend: Trend | None, step: int) -> str:
    """Return the stop report: whether the held-out distance still falls, and what to try next."""
=======
def _end(config: Config, trend: Trend | None, step: int) -> str:
    """Return whether the held-out distance still moves, and what to do next."""
>>>>>>> side-E
    if trend is None:
        return ""
    steady = config.optimizer.decay == "none"
    longer = f"--steps {2 * config.training.steps}"
    if not steady:
        longer += " in another --out"
    if trend.state == "falling":
        return f"not converged: {trend}; go on with {longer}"
    if trend.state == "rising":
        return f"getting worse: {trend}; lower optimizer.lr, or raise optimizer.critic_steps"
    if trend.state == "unclear":
        return f"whether it has converged cannot be told: {trend}; go on with {longer}"
    if steady or step < config.training.steps:
        return (
            f"converged within its noise: {trend}; next, try a lower optimizer.lr, a wider network"
            " or another variant"
        )
    return (
        f"no longer falling within its noise: {trend}; but the learning rate fell to zero, so only"
        f" {longer} can tell whether less is possible"
    )


def _mean(lines: Sequence[Metrics], name: str) -> float | None:
<<<<<<< HEAD
    """Return the mean of a metric over the lines that have it; none where none has."""
=======
    """Return the mean of a metric over the lines that have it; None if none has."""
>>>>>>> side-E
    values = [line[name] for line in lines if name in line]
    return float(np.mean(values)) if values else None
