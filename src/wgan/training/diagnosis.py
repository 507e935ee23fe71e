"""Diagnosis of a run: what went wrong, if anything, and what to do next, in sentences."""

from collections.abc import Mapping, Sequence

import numpy as np

from wgan.config import Config
from wgan.evaluation import Trend
from wgan.objectives import Variant
from wgan.runs import Headroom

Metrics = Mapping[str, int | float]
PILED_UP = 0.5
VANISHED = 0.01
STEEP = 1.5
LOST = 0.9


def diagnose(
    variant: Variant,
    config: Config,
    metrics: Sequence[Metrics],
    trend: Trend | None,
    headroom: Headroom | None,
) -> list[str]:
    """Return what the figures of a finished run say, the stop report last.

    Args:
        variant: the run's variant, with its settings.
        config: the run's configuration.
        metrics: the lines of its `metrics.jsonl`.
        trend: of its held-out distance; none where it was measured fewer than 16 times.
        headroom: how much its critic's estimate still rose; none where that was not tried.
    """
    last = metrics[-max(1, len(metrics) // 10) :]
    step = int(metrics[-1]["step"]) if metrics else 0
    words = [
        _critic(variant, config, headroom),
        _clipping(variant, last),
        _slope(variant, last),
        _generator(metrics, last),
        _modes(metrics),
    ]
    return [sentence for sentence in (*words, _stop(config, trend, step)) if sentence]


def _critic(variant: Variant, config: Config, headroom: Headroom | None) -> str:
    if headroom is None:
        return ""
    h = headroom
    figures = (
        f"{h.steps} more critic steps against the same generator take its estimate from"
        f" {h.before:.3g} to {h.after:.3g} (+- {h.half_width:.2g})"
    )
    if h.state == "unclear":
        return f"whether the critic is trained enough cannot be told: {figures}"
    if h.state == "enough":
        return f"critic trained enough, as far as this learning rate takes it: {figures}"
    if not variant.score.is_w1:
        return (
            f"critic not at its optimum: {figures}; for this score that is no fault, since there"
            " the generator's gradient may vanish"
        )
    return (
        f"critic under-trained: {figures}; raise optimizer.critic_steps"
        f" ({config.optimizer.critic_steps}) or optimizer.lr"
    )


def _clipping(variant: Variant, last: Sequence[Metrics]) -> str:
    share = _mean(last, "clipped_share")
    if share is None or share < PILED_UP:
        return ""
    advice = "raise objective.clip, or take a variant with a penalty"
    return (
        f"{share:.0%} of the critic's weights stand at the clipping bound, so it is little more"
        f" than signs: {advice}"
    )


def _slope(variant: Variant, last: Sequence[Metrics]) -> str:
    norm, low, high = (
        _mean(last, name) for name in ("gradient_norm", "gradient_norm_5", "gradient_norm_95")
    )
    if norm is None or not variant.reads_w1 or norm <= STEEP:
        return ""
    return (
        f"the critic's slope is {norm:.2f} on average ({low:.2f} to {high:.2f} at 90 % of the"
        " points), where the penalty aims at 1: do not read its estimate as a distance, or raise"
        " objective.penalty_weight"
    )


def _generator(metrics: Sequence[Metrics], last: Sequence[Metrics]) -> str:
    first = _mean(metrics[: len(last)], "generator_gradient_norm")
    now = _mean(last, "generator_gradient_norm")
    if first is None or now is None or now > VANISHED * first:
        return ""
    return (
        f"the generator's gradient fell from {first:.2g} to {now:.2g}: it has all but vanished;"
        " take a Wasserstein variant, or fewer critic steps"
    )


def _modes(metrics: Sequence[Metrics]) -> str:
    """Lost: in the whole last quarter of the measurements, fewer than nine tenths of what an
    earlier quarter covered at its median.
    """
    covered = [line["modes_covered"] for line in metrics if "modes_covered" in line]
    quarter = len(covered) // 4
    if quarter < 2:
        return ""
    best = max(float(np.median(covered[i * quarter : (i + 1) * quarter])) for i in range(3))
    last = covered[-quarter:]
    if max(last) >= LOST * best:
        return ""
    return f"modes were lost: {best:g} covered at one time, at most {max(last)} of late"


def _stop(config: Config, trend: Trend | None, step: int) -> str:
    if trend is None:
        return ""
    steady = config.optimizer.decay == "none"
    longer = f"--steps {2 * config.training.steps}" + ("" if steady else " in another --out")
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
    values = [line[name] for line in lines if name in line]
    return float(np.mean(values)) if values else None
