"""No-overlap demonstration: divergences and critics between two parallel lines.

P = (0, U) and Q = (theta, U), with U uniform on [0, 1]. For theta != 0, JS = log 2, KL = infinity
and W1 = |theta|. A generator of one parameter, theta, is moved by the gradient of its loss: exactly
0 for JS, and 1 for W1.

Reference: Arjovsky, Chintala and Bottou (2017), example 1.
"""

from collections.abc import Sequence
from math import log
from typing import Any

import torch

from wgan.base.progress import Progress
from wgan.base.seeding import torch_generator
from wgan.experiments.demos.critics import CPU, PENALTY_WEIGHT, Draw, train_on_fresh
from wgan.experiments.demos.results import (
    Claim,
    Demo,
    Result,
    Row,
    find,
    means,
    plot_means,
    scaled,
)
from wgan.networks import mlp_critic
from wgan.objectives import find_variant

THETAS = (0.25, 0.5, 0.75, 1.0)
"""Distances of the lines: four show a straight line, and each takes as long as the other."""
NAMES = ("gan-minimax", "wgan-gp", "wgan-ortho")
EXACT = {
    "gan-minimax": ("JS = log 2 = 0.693", "0"),
    "wgan-gp": ("W1 = theta", "1"),
    "wgan-ortho": ("W1 = theta", "1"),
}
"""Exact divergence and exact gradient in theta, by variant."""
STEPS = 600
"""Critic steps. They trade time, 43 s in all, for convergence."""
WIDTH = 64
"""Units of a hidden layer. More take longer; the best critics depend on one coordinate."""
DEPTH = 2
"""Hidden layers. More take longer; the best critics depend on one coordinate."""
LEARNING_RATE = 2e-3
"""Chosen for convergence within `STEPS`; the rate falls to zero."""
SAMPLES = 4096
"""Samples of each side at the reading. They trade time for noise in the heights alone."""
READING_WITHIN = 0.02
"""Share of the exact reading within which a critic's must lie. Chosen here."""
GRADIENT_WITHIN = 0.1
"""Share of 1 within which a gradient must lie. Wider than `READING_WITHIN`: the penalty makes the
slope 1 + theta / 10, so it is too large by a tenth for theta = 1.
"""
VANISHED = 0.01
"""A gradient below it all but vanishes: a hundredth of that of W1. Chosen here."""


def line(theta: float) -> Draw:
    """Return how to draw from (theta, U)."""
    return lambda n, g: torch.stack([torch.full((n,), theta), torch.rand(n, generator=g)], dim=1)


def measure(name: str, theta: float, seed: int, steps: int) -> Row:
    """Train a critic between the lines; return its reading, and the generator's gradient in theta.

    Args:
        name: name of the variant.
        theta: distance of the lines.
        seed: random seed.
        steps: critic steps.
    """
    variant = find_variant(name)
    if variant.penalty:
        variant = variant.adjusted(PENALTY_WEIGHT)
    critic = mlp_critic(2, WIDTH, DEPTH, seed, variant.layers)
    for _ in train_on_fresh(critic, variant, line(0.0), line(theta), steps, seed, LEARNING_RATE):
        pass
    critic.eval()
    g = torch_generator(CPU, seed, "no-overlap")
    x_real = line(0.0)(SAMPLES, g)
    height = torch.rand(SAMPLES, generator=g)
    place = torch.tensor(theta, requires_grad=True)
    f_fake = critic(torch.stack([place.expand(SAMPLES), height], dim=1))
    estimate = variant.score.estimate(critic(x_real), f_fake).mean()
    (gradient,) = torch.autograd.grad(variant.score.generator(f_fake, None).mean(), place)
    return {
        "critic": name,
        "theta": theta,
        "seed": seed,
        "estimate": float(estimate.detach()),
        "gradient": float(gradient),
    }


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return readings of three critics at four distances, beside the exact curves.

    Args:
        seeds: trainings of each critic.
        effort: multiplies the steps.
        progress: listener.
    """
    work = [(name, theta, seed) for name in NAMES for theta in THETAS for seed in range(seeds)]
    rows = []
    for i, (name, theta, seed) in enumerate(work):
        progress(f"{name} at theta {theta:g}", i, len(work))
        rows.append(measure(name, theta, seed, scaled(STEPS, effort)))
    readings = means(rows, ("critic", "theta"), ("estimate", "gradient"))
    table: list[Row] = []
    for reading in readings:
        divergence, gradient = EXACT[reading["critic"]]
        table.append(
            {
                "critic": reading["critic"],
                "theta": reading["theta"],
                "exact": divergence,
                "estimate": reading["estimate"],
                "exact gradient": gradient,
                "gradient": reading["gradient"],
            }
        )
    claims = _claims(rows, readings)
    return Result(rows, table, claims, lambda figure: _draw(figure, readings))


def _claims(rows: Sequence[Row], readings: Sequence[Row]) -> list[Claim]:
    def by_theta(column: str, name: str) -> list[float]:
        return [find(readings, column, critic=name, theta=theta).value for theta in THETAS]

    js = by_theta("estimate", "gan-minimax")
    gp = by_theta("estimate", "wgan-gp")
    ortho = by_theta("estimate", "wgan-ortho")
    js_pull = max(abs(row["gradient"]) for row in rows if row["critic"] == "gan-minimax")
    w1_pulls = by_theta("gradient", "wgan-gp") + by_theta("gradient", "wgan-ortho")
    log_2 = [log(2)] * len(THETAS)
    gp_reads = [theta + theta**2 / (2 * PENALTY_WEIGHT) for theta in THETAS]
    return [
        Claim(
            "JS reads log 2 at every distance, within 2 %, and tells nothing of theta",
            _near(js, log_2, READING_WITHIN),
            _in_words(js),
        ),
        Claim(
            "the JS critic's gradient all but vanishes",
            js_pull < VANISHED,
            f"at most {js_pull:.1e}",
        ),
        Claim(
            "an orthonormal critic reads theta within 2 %",
            _near(ortho, THETAS, READING_WITHIN),
            _in_words(ortho),
        ),
        Claim(
            f"a penalised one reads theta + theta^2 / {2 * PENALTY_WEIGHT:g}, within 2 %",
            _near(gp, gp_reads, READING_WITHIN),
            _in_words(gp),
        ),
        Claim(
            "both pull with gradient 1, within 10 %",
            _near(w1_pulls, [1.0] * len(w1_pulls), GRADIENT_WITHIN),
            _in_words(w1_pulls),
        ),
    ]


def _near(values: Sequence[float], truth: Sequence[float], share: float) -> bool:
    return all(abs(v - t) <= share * t for v, t in zip(values, truth, strict=True))


def _in_words(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def _draw(figure: Any, readings: Sequence[Row]) -> None:
    left, right = figure.subplots(1, 2)
    theta = torch.linspace(-1, 1, 201)
    left.plot(theta, theta.abs(), "k-", label="W1, exact")
    js = torch.where(theta == 0, 0.0, log(2))
    left.plot(theta, js, "k--", label="JS, exact (0 at theta = 0)")
    right.plot(THETAS, [1] * len(THETAS), "k-", label="of W1, exact")
    right.plot(THETAS, [0] * len(THETAS), "k--", label="of JS, exact")
    for name in NAMES:
        for axes, column in ((left, "estimate"), (right, "gradient")):
            points = [find(readings, column, critic=name, theta=theta) for theta in THETAS]
            plot_means(axes, THETAS, points, f"{name} critic")
    left.set(xlabel="theta", ylabel="reading", title="Two lines at distance theta (KL is infinite)")
    right.set(xlabel="theta", ylabel="gradient in theta", title="What moves the generator")
    left.legend(fontsize=8)
    right.legend(fontsize=8)


DEMO = Demo(
    "no-overlap",
    "two parallel lines: JS stays at log 2 and gives no gradient, W1 is the distance and gives"
    " gradient 1",
    run,
)
