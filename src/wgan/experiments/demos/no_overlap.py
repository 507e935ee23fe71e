"""What do divergences say of distributions that do not overlap? Two parallel lines, Arjovsky,
Chintala and Bottou (2017), example 1.

P = (0, U) and Q = (theta, U), U uniform on [0, 1]. For theta != 0: JS = log 2, KL = infinity, W1 =
|theta|. A generator of one parameter, theta, is moved by the gradient of its loss: exactly 0 for
JS, and 1 for W1.
"""

from math import log
from typing import Any

import torch

from wgan.base.progress import Progress
from wgan.base.seeding import torch_generator
from wgan.experiments.demos.critics import train_on_fresh
from wgan.experiments.demos.results import Claim, Demo, Result, Row, find, means
from wgan.networks import mlp_critic
from wgan.objectives import find_variant

THETAS = (0.25, 0.5, 0.75, 1.0)
NAMES = ("gan-minimax", "wgan-gp", "wgan-ortho")
STEPS, WEIGHT, SAMPLES = 600, 10.0, 4096


def line(theta: float) -> Any:
    """Return how to draw from (theta, U)."""
    return lambda n, generator: torch.stack(
        [torch.full((n,), theta), torch.rand(n, generator=generator)], dim=1
    )


def measure(name: str, theta: float, seed: int, steps: int) -> Row:
    """Return what a critic trained between the lines reads, and the gradient in theta that it gives
    the generator.
    """
    variant = find_variant(name).adjusted(WEIGHT if find_variant(name).penalty else None)
    critic = mlp_critic(2, 64, 2, seed, variant.layers)
    for _ in train_on_fresh(critic, variant, line(0.0), line(theta), steps, seed, lr=2e-3):
        pass
    critic.eval()
    generator = torch_generator(torch.device("cpu"), seed, "no-overlap")
    real, height = line(0.0)(SAMPLES, generator), torch.rand(SAMPLES, generator=generator)
    place = torch.tensor(theta, requires_grad=True)
    f_fake = critic(torch.stack([place.expand(SAMPLES), height], dim=1))
    estimate = variant.score.estimate(critic(real), f_fake).mean()
    (gradient,) = torch.autograd.grad(variant.score.generator(f_fake, None).mean(), place)
    return {
        "critic": name,
        "theta": theta,
        "seed": seed,
        "estimate": float(estimate.detach()),
        "gradient": float(gradient),
    }


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return readings of three critics at four distances, beside the exact curves."""
    work = [(name, theta, seed) for name in NAMES for theta in THETAS for seed in range(seeds)]
    rows = []
    for i, (name, theta, seed) in enumerate(work):
        progress(f"{name} at theta {theta:g}", i, len(work))
        rows.append(measure(name, theta, seed, max(1, int(STEPS * effort))))
    table = means(rows, ("critic", "theta"), ("estimate", "gradient"))
    exact = {
        "gan-minimax": ("JS = log 2 = 0.693", "0"),
        "wgan-gp": ("W1 = theta", "1"),
        "wgan-ortho": ("W1 = theta", "1"),
    }
    shown: list[Row] = [
        {
            "critic": r["critic"],
            "theta": r["theta"],
            "exact": exact[r["critic"]][0],
            "estimate": r["estimate"],
            "exact gradient": exact[r["critic"]][1],
            "gradient": r["gradient"],
        }
        for r in table
    ]
    js = [find(table, "estimate", critic="gan-minimax", theta=t).value for t in THETAS]
    gp, ortho = (
        [find(table, "estimate", critic=name, theta=t).value for t in THETAS] for name in NAMES[1:]
    )
    pulls = {
        name: [find(table, "gradient", critic=name, theta=t).value for t in THETAS]
        for name in NAMES
    }
    largest = max(abs(r["gradient"]) for r in rows if r["critic"] == "gan-minimax")
    w1_pulls = [*pulls["wgan-gp"], *pulls["wgan-ortho"]]
    steep = tuple(t + t * t / (2 * WEIGHT) for t in THETAS)
    claims = [
        Claim(
            "JS reads log 2 at every distance, within 2 %, and tells nothing of theta",
            _near(js, (log(2),) * len(js), 0.02),
            _list(js),
        ),
        Claim(
            "the JS critic's gradient all but vanishes", largest < 0.01, f"at most {largest:.1e}"
        ),
        Claim(
            "an orthonormal critic reads theta within 2 %", _near(ortho, THETAS, 0.02), _list(ortho)
        ),
        Claim(
            f"a penalised one reads theta + theta^2 / {2 * WEIGHT:g}, within 2 %",
            _near(gp, steep, 0.02),
            _list(gp),
        ),
        Claim(
            "both pull with gradient 1, within 10 %",
            _near(w1_pulls, (1.0,) * len(w1_pulls), 0.1),
            _list(w1_pulls),
        ),
    ]
    return Result(rows, shown, claims, lambda figure: _draw(figure, table))


def _near(values: list[float], truth: tuple[float, ...], share: float) -> bool:
    return all(abs(v - t) <= share * t for v, t in zip(values, truth, strict=True))


def _list(values: list[float]) -> str:
    return ", ".join(f"{v:.3f}" for v in values)


def _draw(figure: Any, table: list[Row]) -> None:
    left, right = figure.subplots(1, 2)
    curve = torch.linspace(-1, 1, 201)
    left.plot(curve, curve.abs(), "k-", label="W1, exact")
    left.plot(
        curve, torch.where(curve == 0, 0.0, log(2)), "k--", label="JS, exact (0 at theta = 0)"
    )
    right.plot(THETAS, [1] * len(THETAS), "k-", label="of W1, exact")
    right.plot(THETAS, [0] * len(THETAS), "k--", label="of JS, exact")
    for name in NAMES:
        for axes, column in ((left, "estimate"), (right, "gradient")):
            found = [find(table, column, critic=name, theta=t) for t in THETAS]
            axes.errorbar(
                THETAS,
                [m.value for m in found],
                [m.half_width for m in found],
                fmt="o",
                capsize=3,
                label=f"{name} critic",
            )
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
