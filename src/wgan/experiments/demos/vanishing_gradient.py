"""What happens to the generator's gradient as its critic gets better? Arjovsky and Bottou (2017),
figure 2, on the digits.

An untrained generator stands still while its critic is trained; then the Euclidean norm of the
gradient of each generator loss over all of the generator's weights is taken. Both Jensen-Shannon
losses share one critic's training.
"""

from typing import Any

import torch

from wgan.base.progress import Progress
from wgan.base.seeding import torch_generator
from wgan.data import load
from wgan.experiments.demos.critics import CPU, train_on_fresh
from wgan.experiments.demos.results import Claim, Demo, Result, Row, find, means
from wgan.networks import mlp_critic, mlp_generator
from wgan.objectives import Variant, find_variant

MARKS = (1, 10, 100, 1000)
SAMPLES, LATENT = 4096, 64
LOSSES = {"gan-minimax": ("gan-minimax", "gan"), "wgan": ("wgan",), "wgan-gp": ("wgan-gp",)}
"""Whose critic is trained, and whose generator losses are then differentiated."""
WIDTH, DEPTH = 128, 3


def measure(name: str, digits: torch.Tensor, seed: int, marks: tuple[int, ...]) -> list[Row]:
    """Return the norms after each of `marks` critic steps, and what the critic then reads."""
    variant = find_variant(name)
    generator = mlp_generator(LATENT, digits.shape[1], WIDTH, DEPTH, seed)
    critic = mlp_critic(digits.shape[1], WIDTH, DEPTH, seed, variant.layers)

    def real(n: int, g: torch.Generator) -> torch.Tensor:
        return digits[torch.randint(len(digits), (n,), generator=g)]

    def fake(n: int, g: torch.Generator) -> torch.Tensor:
        with torch.no_grad():
            x: torch.Tensor = generator(torch.randn(n, LATENT, generator=g))
        return x

    rows: list[Row] = []
    for step in train_on_fresh(critic, variant, real, fake, marks[-1], seed, lr=1e-3, decay=False):
        if step in marks:
            g = torch_generator(CPU, seed, "vanishing-gradient")
            x_real, z = real(SAMPLES, g), torch.randn(SAMPLES, LATENT, generator=g)
            with torch.no_grad():
                estimate = float(
                    variant.score.estimate(critic(x_real), critic(generator(z))).mean()
                )
            rows += [
                {
                    "loss": loss,
                    "critic steps": step,
                    "seed": seed,
                    "gradient norm": _norm(find_variant(loss), generator, critic, z),
                    "estimate": estimate,
                }
                for loss in LOSSES[name]
            ]
    return rows


def _norm(
    variant: Variant, generator: torch.nn.Module, critic: torch.nn.Module, z: torch.Tensor
) -> float:
    gradients = torch.autograd.grad(
        variant.score.generator(critic(generator(z)), None).mean(), list(generator.parameters())
    )
    return float(torch.nn.utils.get_total_norm(gradients))


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return norms of four losses after 1, 10, 100 and 1000 critic steps."""
    marks = tuple(sorted({max(1, int(mark * effort)) for mark in MARKS}))
    work = [(name, seed) for name in LOSSES for seed in range(seeds)]
    dataset = load("digits")
    digits = dataset.encode(dataset.rows[:]).flatten(1)
    rows: list[Row] = []
    for i, (name, seed) in enumerate(work):
        progress(f"{name}, seed {seed}", i, len(work))
        rows += measure(name, digits, seed, marks)
    table = means(rows, ("loss", "critic steps"), ("gradient norm", "estimate"))

    norms = {loss: _norms(table, loss, marks) for losses in LOSSES.values() for loss in losses}
    figures = {
        loss: " -> ".join(f"{value:.2g}" for value in values) for loss, values in norms.items()
    }
    worst = {
        loss: max(
            r["gradient norm"] for r in rows if (r["loss"], r["critic steps"]) == (loss, marks[-1])
        )
        for loss in norms
    }
    claims = [
        Claim(
            "under minimax it vanishes, in every seed",
            worst["gan-minimax"] < 1e-3 * norms["gan-minimax"][0],
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
    return Result(rows, table, claims, lambda figure: _draw(figure, table, marks))


def _settled(norms: list[float]) -> bool:
    return len(norms) > 1 and abs(norms[-1] / norms[-2] - 1) < 0.25


def _norms(table: list[Row], loss: str, marks: tuple[int, ...]) -> list[float]:
    return [
        find(table, "gradient norm", loss=loss, **{"critic steps": mark}).value for mark in marks
    ]


def _draw(figure: Any, table: list[Row], marks: tuple[int, ...]) -> None:
    axes = figure.subplots()
    for loss in ("gan-minimax", "gan", "wgan", "wgan-gp"):
        found = [
            find(table, "gradient norm", loss=loss, **{"critic steps": mark}) for mark in marks
        ]
        axes.errorbar(
            marks,
            [m.value for m in found],
            [m.half_width for m in found],
            fmt="o-",
            capsize=3,
            label=loss,
        )
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
