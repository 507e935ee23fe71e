"""Diagnosis of a run: what went wrong, if anything, and what to do next.

Each sentence has the figures that it rests on. docs/how-to/train.md explains them.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from wgan.config import Config
from wgan.evaluation import Trend
from wgan.evaluation.watch import TOLERANCE
from wgan.objectives import Variant
from wgan.runs import Headroom
from wgan.runs.records import TENTH

Metrics = Mapping[str, int | float]
"""One line of `metrics.jsonl`."""
LAST_PART = 10
"""Figures are means over the last tenth of the logged steps, beside the first tenth. A shorter part
is noisier; a longer one is further from the run's end.
"""
PILED_UP = 0.5
"""Share of weights at the bound that is reported. It lies between 0.30, where the gradients
of a clipped critic are sound, and 0.92, where they vanish (docs/figures/claims.md, clipping).
"""
VANISHED = 0.01
"""The generator's gradient has vanished below a hundredth of its first norm. Chosen here: a larger
part would report gradients that get smaller as the generator gets better.
"""
STEEP = 1.5
"""Mean slope that is reported where the penalty aims at 1. Chosen here: a penalised slope lies a
little above 1 in any case (docs/explain/mathematics.md), and 1.5 is far from that.
"""
LOST = 0.9
"""Modes were lost below nine tenths of what was covered before. Chosen here: any mode may be missed
by chance, and of 25 modes two may be missing.
"""
QUARTERS = 4
"""Parts into which the measurements of modes are divided, the last of which is compared."""
FAR_OUTSIDE = 3.0
"""Ratio that marks a diverged run: its samples lie this many times farther from the data than a
single point in their middle does. An untrained generator reads about 1, the worst collapse below 2.
"""
ALIKE = 1e-9
"""Share of W1 that its interval has at most if all samples are the same point, but for rounding."""
LEAST_IN_A_QUARTER = 2
"""Fewest measurements in a quarter for a statement: with a single one, chance would decide."""


def diagnose(
    variant: Variant,
    config: Config,
    metrics: Sequence[Metrics],
    trend: Trend | None,
    headroom: Headroom | None,
) -> list[str]:
    """Return sentences on the figures of a finished run; the stop report is the last.

    Args:
        variant: the run's variant, with its settings.
        config: the run's configuration.
        metrics: the lines of its `metrics.jsonl`.
        trend: the trend of its held-out distance; none with fewer than 32 measurements.
        headroom: the headroom of its critic; None if it was not measured.
    """
    last = metrics[-max(1, len(metrics) // LAST_PART) :]
    step = int(metrics[-1]["step"]) if metrics else 0
    sentences = [
        _critic(variant, config, headroom),
        _clipping(last),
        _slope(variant, last),
        _generator(metrics[: len(last)], last),
        _modes(metrics),
        _stop(config, trend, step),
    ]
    return [sentence for sentence in sentences if sentence]


def _critic(variant: Variant, config: Config, headroom: Headroom | None) -> str:
    """Return whether the critic's estimate still rises, as far as it was tried."""
    if headroom is None:
        return ""
    figures = (
        f"{headroom.steps} more critic steps against the same generator take its estimate from"
        f" {headroom.before:.3g} to {headroom.after:.3g} (+- {headroom.half_width:.2g})"
    )
    if headroom.state == "unclear":
        return f"whether the critic's estimate still rises cannot be told: {figures}"
    if headroom.state == "steady":
        return (
            f"critic's estimate steady within {TENTH:.0%}: {figures}; no more steps and no other"
            " learning rate were tried"
        )
    if not variant.bounded:
        return f"critic not at an optimum, which {variant.name} need not have: {figures}"
    if not variant.score.is_w1:
        return (
            f"critic not at its optimum: {figures}; for this score that is not a fault, since there"
            " the generator's gradient may vanish"
        )
    return (
        f"critic under-trained: {figures}; raise optimizer.critic_steps"
        f" ({config.optimizer.critic_steps}) or optimizer.lr"
    )


def _clipping(last: Sequence[Metrics]) -> str:
    """Return how many weights of a clipped critic stand at the bound, if many do."""
    share = _mean(last, "clipped_share")
    if share is None or share < PILED_UP:
        return ""
    return (
        f"{share:.0%} of the critic's weights stand at the clipping bound, so it is little more"
        " than signs: raise objective.clip, or take a variant with a penalty"
    )


def _slope(variant: Variant, last: Sequence[Metrics]) -> str:
    """Return the slope of a critic whose estimate would be a distance, if it is steep."""
    norm = _mean(last, "gradient_norm")
    if norm is None or not variant.reads_w1 or norm <= STEEP:
        return ""
    low = _mean(last, "gradient_norm_5")
    high = _mean(last, "gradient_norm_95")
    return (
        f"the critic's slope is {norm:.2f} on average ({low:.2f} to {high:.2f} at 90 % of the"
        " points), where the penalty aims at 1: do not read its estimate as a distance, or raise"
        " objective.penalty_weight"
    )


def _generator(first: Sequence[Metrics], last: Sequence[Metrics]) -> str:
    """Return how far the generator's gradient fell, if it vanished."""
    before = _mean(first, "generator_gradient_norm")
    now = _mean(last, "generator_gradient_norm")
    if before is None or now is None or now > VANISHED * before:
        return ""
    if before == 0:
        return (
            "the generator's gradient is 0 from the first steps on, so one of the networks is"
            " saturated: train again with a lower optimizer.lr"
        )
    return (
        f"the generator's gradient fell from {before:.2g} to {now:.2g}: it has all but vanished;"
        " take a Wasserstein variant, or fewer critic steps"
    )


def _modes(metrics: Sequence[Metrics]) -> str:
    """Return how many modes were lost, if any were.

    They were if the whole last quarter of the measurements covers fewer than nine tenths of what an
    earlier quarter covered at its median.
    """
    covered = [line["modes_covered"] for line in metrics if "modes_covered" in line]
    quarter = len(covered) // QUARTERS
    if quarter < LEAST_IN_A_QUARTER:
        return ""
    earlier = [covered[i * quarter : (i + 1) * quarter] for i in range(QUARTERS - 1)]
    best = max(float(np.median(each)) for each in earlier)
    most_of_late = max(covered[-quarter:])
    if most_of_late >= LOST * best:
        return ""
    return f"modes were lost: {best:g} covered at one time, at most {most_of_late} of late"


def _stop(config: Config, trend: Trend | None, step: int) -> str:
    """Return the stop report: whether the held-out distance still falls, and what to try next."""
    if trend is None:
        return ""
    steady = config.optimizer.decay == "none"
    longer = f"--steps {2 * config.training.steps}"
    if not steady:
        longer += " in another --out"
    if trend.state == "falling":
        return f"not converged: {trend}; continue with {longer}"
    if trend.state == "rising":
        return f"getting worse: {trend}; lower optimizer.lr, or raise optimizer.critic_steps"
    if trend.state == "unclear":
        return (
            f"whether it has converged cannot be told: {trend}, which does not show that as many"
            f" steps again would change it by less than {TOLERANCE:.0%}; continue with {longer}"
        )
    if steady or step < config.training.steps:
        return (
            f"converged within {TOLERANCE:.0%}: {trend}, at which as many steps again would change"
            " it by less; next, try a lower optimizer.lr, a wider network or another variant"
        )
    return (
        f"no longer falling, within {TOLERANCE:.0%}: {trend}; but the learning rate fell to zero,"
        f" so only {longer} can tell whether less is possible"
    )


def _mean(lines: Sequence[Metrics], name: str) -> float | None:
    """Return the mean of a metric over the lines that have it; none where none has."""
    values = [line[name] for line in lines if name in line]
    return float(np.mean(values)) if values else None


def diverged(
    config: Config, w1: float, half_width: float, real: Float[np.ndarray, "n d"]
) -> list[str]:
    """Return a sentence if a run has diverged.

    Its samples then lie far outside the data. Or they are one point, as where all units of a layer
    have died: all sets of them then read the same W1. A generator that gives the mean of the data
    alone reads W1 = E |x - mean|. Any other point c reads at least half of that, since
    |mean - c| <= E |x - c|.

    Args:
        config: the run's configuration.
        w1: its held-out distance.
        half_width: of the interval of that distance over sets of samples.
        real: held-out samples, in the coordinates of that distance.
    """
    middle = float(np.linalg.norm(real - real.mean(0), axis=1).mean())
    if w1 > FAR_OUTSIDE * middle:
        what = f"the run diverged: W1 {w1:.3g}"
    elif half_width <= ALIKE * w1 and w1 > middle / 2:
        what = f"all samples seem to be one point: each set of them reads W1 {w1:.3g}"
    else:
        return []
    return [
        f"{what}, where a single point in the middle of the data reads {middle:.3g}; lower"
        f" optimizer.lr ({config.optimizer.lr:g}) and choose another --out"
    ]
