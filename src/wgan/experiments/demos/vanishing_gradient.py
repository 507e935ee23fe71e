"""Vanishing-gradient demonstration: the generator's gradient as its critic gets better.

An untrained generator of digits stands still while its critic is trained. Then the Euclidean norm
of the gradient of each generator loss over all of the generator's weights is measured. Both
Jensen-Shannon losses share one critic.

Reference: Arjovsky and Bottou (2017), figure 2.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from wgan.base.intervals import Mean
from wgan.base.progress import Progress
from wgan.base.seeding import torch_generator
from wgan.data import load
from wgan.experiments.demos.critics import CPU, train_on_fresh
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
from wgan.networks import mlp_critic, mlp_generator
from wgan.objectives import Variant, find_variant

MARKS = (1, 10, 100, 1000)
"""Critic steps after which the gradient is measured: four decades, in a minute."""
SAMPLES = 4096
"""Generated samples behind a gradient. More would cost time and lower the noise."""
LATENT = 64
"""Numbers of the generator's noise: as many as a digit has pixels."""
LOSSES = {"gan-minimax": ("gan-minimax", "gan"), "wgan": ("wgan",), "wgan-gp": ("wgan-gp",)}
"""Whose critic is trained, and which generator losses are then differentiated."""
WIDTH = 128
"""Units of a hidden layer, in both networks. More take longer."""
DEPTH = 3
"""Hidden layers, as for the toy data of Gulrajani et al. (2017), section 4.1."""
LEARNING_RATE = 1e-3
"""A constant rate, so that the curve shows steps alone. Higher rates converge sooner."""
VANISHED = 1e-3
"""A gradient vanishes where it falls below a thousandth in every seed. Chosen here; it fell by ten
orders of magnitude (docs/figures/claims.md).
"""
SETTLED = 0.25
"""A gradient settles where tenfold steps change it by less than a quarter. Chosen here: under the
vanishing losses they change it by a factor of two and more.
"""


def measure(name: str, digits: Tensor, seed: int, marks: tuple[int, ...]) -> list[Row]:
    """Train a critic; return the gradient norms at some steps, and what the critic then reads.

    Args:
        name: name of the critic's variant, one of `LOSSES`.
        digits: `[n, pixels]` real samples.
        seed: random seed.
        marks: critic steps, rising.
    """
    variant = find_variant(name)
    generator = mlp_generator(LATENT, digits.shape[1], WIDTH, DEPTH, seed)
    critic = mlp_critic(digits.shape[1], WIDTH, DEPTH, seed, variant.layers)

    def real(n: int, g: torch.Generator) -> Tensor:
        return digits[torch.randint(len(digits), (n,), generator=g)]

    def fake(n: int, g: torch.Generator) -> Tensor:
        with torch.no_grad():
            x: Tensor = generator(torch.randn(n, LATENT, generator=g))
        return x

    rows: list[Row] = []
    steps = marks[-1]
    for step in train_on_fresh(
        critic, variant, real, fake, steps, seed, LEARNING_RATE, decay=False
    ):
        if step not in marks:
            continue
        g = torch_generator(CPU, seed, "vanishing-gradient")
        x_real = real(SAMPLES, g)
        z = torch.randn(SAMPLES, LATENT, generator=g)
        with torch.no_grad():
            estimate = float(variant.score.estimate(critic(x_real), critic(generator(z))).mean())
        for loss in LOSSES[name]:
            norm = _gradient_norm(find_variant(loss), generator, critic, z)
            rows.append(
                {
                    "loss": loss,
                    "critic steps": step,
                    "seed": seed,
                    "gradient norm": norm,
                    "estimate": estimate,
                }
            )
    return rows


def _gradient_norm(variant: Variant, generator: nn.Module, critic: nn.Module, z: Tensor) -> float:
    """Return the norm of the variant's generator loss by the generator's weights."""
    loss = variant.score.generator(critic(generator(z)), None).mean()
    gradients = torch.autograd.grad(loss, list(generator.parameters()))
    return float(nn.utils.get_total_norm(gradients))


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return norms of four losses after 1, 10, 100 and 1000 critic steps.

    Args:
        seeds: trainings of each critic.
        effort: multiplies the steps.
        progress: listener.
    """
    marks = tuple(sorted({scaled(mark, effort) for mark in MARKS}))
    work = [(name, seed) for name in LOSSES for seed in range(seeds)]
    dataset = load("digits")
    digits = dataset.encode(dataset.rows[:]).flatten(1)
    rows: list[Row] = []
    for i, (name, seed) in enumerate(work):
        progress(f"{name}, seed {seed}", i, len(work))
        rows += measure(name, digits, seed, marks)
    table = means(rows, ("loss", "critic steps"), ("gradient norm", "estimate"))
    claims = _claims(rows, table, marks)
    return Result(rows, table, claims, lambda figure: _draw(figure, table, marks))


def _claims(rows: Sequence[Row], table: Sequence[Row], marks: tuple[int, ...]) -> list[Claim]:
    norms: dict[str, list[float]] = {}
    figures: dict[str, str] = {}
    for loss in ("gan-minimax", "gan", "wgan", "wgan-gp"):
        norms[loss] = [_norm(table, loss, mark).value for mark in marks]
        figures[loss] = " -> ".join(f"{norm:.2g}" for norm in norms[loss])
    at_end = ("gan-minimax", marks[-1])
    worst = max(
        row["gradient norm"] for row in rows if (row["loss"], row["critic steps"]) == at_end
    )
    return [
        Claim(
            "under minimax it vanishes, in every seed",
            worst < VANISHED * norms["gan-minimax"][0],
            figures["gan-minimax"],
        ),
        Claim(
            "under the non-saturating loss it does not: it grows",
            norms["gan"][-1] > norms["gan"][0],
            figures["gan"],
        ),
        *(
            Claim(
                f"under {loss} it settles: the last two lie within a quarter",
                _settled(norms[loss]),
                figures[loss],
            )
            for loss in ("wgan", "wgan-gp")
        ),
    ]


def _settled(norms: list[float]) -> bool:
    return len(norms) > 1 and abs(norms[-1] / norms[-2] - 1) < SETTLED


def _norm(table: Sequence[Row], loss: str, mark: int) -> Mean:
    return find(table, "gradient norm", loss=loss, **{"critic steps": mark})


def _draw(figure: Any, table: Sequence[Row], marks: tuple[int, ...]) -> None:
    axes = figure.subplots()
    for loss in ("gan-minimax", "gan", "wgan", "wgan-gp"):
        points = [_norm(table, loss, mark) for mark in marks]
        plot_means(axes, marks, points, loss, fmt="o-")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="critic steps against a frozen generator",
        ylabel="|gradient of the generator's loss|",
    )
    axes.set_title("A better critic should help the generator")
    axes.legend()


DEMO = Demo(
    "vanishing-gradient",
    "the generator's gradient after 1 to 1000 critic steps, under four losses",
    run,
)
