"""Clipping demonstration: gradients of a deep critic by depth, and weights at the clipping bound.

The critic has 12 hidden layers. Real samples are a Swiss roll, fake ones the same with unit noise
added. The gradient norm is that of the mean score difference by each layer's output, over a batch.

Reference: Gulrajani et al. (2017), section 3 and figure 1.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wgan.base.progress import Progress
from wgan.base.seeding import torch_generator
from wgan.data import load
from wgan.experiments.demos.critics import CPU, PENALTY_WEIGHT, Draw, train_on_fresh
from wgan.experiments.demos.results import Claim, Demo, Result, Row, find, means, scaled
from wgan.networks import mlp_critic
from wgan.objectives import Variant, find_variant
from wgan.objectives.constraints import clipped_share

CLIPS = (0.001, 0.01, 0.1, 1.0)
"""Clipping bounds. The figure has the first three. 1 is added, since this critic's gradients do not
explode at 0.1 (docs/figures/claims.md).
"""
DEPTH = 12
"""Hidden layers, as in the figure."""
WIDTH = 64
"""Units of a hidden layer. More take longer, and change which bound suits the critic."""
STEPS = 300
"""Critic steps. They trade time, 40 s in all, for convergence."""
LEARNING_RATE = 2e-4
"""A fifth of the least bound. Larger steps jump between the bounds, smaller ones take longer."""
NOISE = 1.0
"""Standard deviation of the noise in fake samples, as in the figure."""
SAMPLES = 2048
"""Samples of each side that gradients are averaged over. More take time and lower the noise."""
PENALTY = f"penalty {PENALTY_WEIGHT:g}"
VANISHED = 1e-3
"""A ratio of first to last layer below it is called vanished. Chosen here, far below 1 / `KEPT`."""
EXPLODED = 1e3
"""A ratio above it is called exploded: the inverse of `VANISHED`."""
KEPT = 10
"""Gradients are kept where the layers differ by less than this factor. Chosen here."""
MOST = 0.5
"""Most weights: more than half of them."""
TINY = 1e-300
"""Stands for a last gradient of zero, of which no ratio could be taken."""


def variants_compared() -> dict[str, Variant]:
    """Return the variants by label: `wgan` under four bounds, and `wgan-gp`."""
    clipped = {f"clip {c:g}": find_variant("wgan").adjusted(clip=c) for c in CLIPS}
    return clipped | {PENALTY: find_variant("wgan-gp").adjusted(PENALTY_WEIGHT)}


def swiss_roll() -> tuple[Draw, Draw]:
    """Return how to draw real samples, and fake ones: the same with noise."""
    points = torch.from_numpy(np.asarray(load("swiss-roll").rows)).float()

    def real(n: int, g: torch.Generator) -> Tensor:
        return points[torch.randint(len(points), (n,), generator=g)]

    def fake(n: int, g: torch.Generator) -> Tensor:
        return real(n, g) + NOISE * torch.randn(n, 2, generator=g)

    return real, fake


def gradients_by_depth(critic: nn.Sequential, x_real: Tensor, x_fake: Tensor) -> list[float]:
    """Return |d (mean f(real) - mean f(fake)) / d h_l| for each linear layer l but the last.

    Args:
        critic: layers in order; h_l is the output of linear layer l.
        x_real: `[n, d]` real samples.
        x_fake: `[n, d]` fake samples.
    """
    outputs: list[Tensor] = []
    h = torch.cat([x_real, x_fake])
    for layer in critic:
        h = layer(h)
        if isinstance(layer, nn.Linear):
            outputs.append(h)
    f_real, f_fake = h.chunk(2)
    gradients = torch.autograd.grad(f_real.mean() - f_fake.mean(), outputs[:-1])
    return [float(gradient.norm()) for gradient in gradients]


def measure(label: str, variant: Variant, seed: int, steps: int) -> tuple[list[Row], nn.Module]:
    """Train a deep critic; return its gradients and the share of weights at the bound, and itself.

    Args:
        label: name of the critic in the rows.
        variant: its objective.
        seed: random seed.
        steps: critic steps.

    Returns:
        One row for each hidden layer, and the trained critic.
    """
    real, fake = swiss_roll()
    critic = mlp_critic(2, WIDTH, DEPTH, seed)
    for _ in train_on_fresh(critic, variant, real, fake, steps, seed, LEARNING_RATE):
        pass
    g = torch_generator(CPU, seed, "clipping")
    norms = gradients_by_depth(critic, real(SAMPLES, g), fake(SAMPLES, g))
    bound = variant.constraint.bound if variant.constraint else None
    share = clipped_share(critic, bound) if bound else float("nan")
    rows = [
        {
            "critic": label,
            "layer": layer,
            "seed": seed,
            "gradient norm": norm,
            "share at the bound": share,
        }
        for layer, norm in enumerate(norms, start=1)
    ]
    return rows, critic


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return gradient norms by depth for four bounds and the penalty.

    Args:
        seeds: trainings of each critic.
        effort: multiplies the steps.
        progress: listener.
    """
    variants = variants_compared()
    work = [(label, seed) for label in variants for seed in range(seeds)]
    rows: list[Row] = []
    critics: dict[str, nn.Module] = {}
    for i, (label, seed) in enumerate(work):
        progress(f"{label}, seed {seed}", i, len(work))
        measured, critics[label] = measure(label, variants[label], seed, scaled(STEPS, effort))
        rows += measured
    by_depth = means(rows, ("critic", "layer"), ("gradient norm",))
    first_rows = [row for row in rows if row["layer"] == 1]
    shares = means(first_rows, ("critic",), ("share at the bound",))
    table: list[Row] = []
    ratios: dict[str, float] = {}
    for label in variants:
        first = find(by_depth, "gradient norm", critic=label, layer=1)
        last = find(by_depth, "gradient norm", critic=label, layer=DEPTH)
        ratios[label] = first.value / max(last.value, TINY)
        share = "" if label == PENALTY else find(shares, "share at the bound", critic=label)
        table.append(
            {
                "critic": label,
                "at layer 1": first,
                f"at layer {DEPTH}": last,
                "first / last": f"{ratios[label]:.2g}",
                "share at the bound": share,
            }
        )
    claims = _claims(ratios, shares)
    return Result(rows, table, claims, lambda figure: _draw(figure, by_depth, critics))


def _claims(ratios: Mapping[str, float], shares: list[Row]) -> list[Claim]:
    """Return the claims; `ratios` are those of the gradient at the first layer to the last."""
    figures = {label: f"layer 1 / layer {DEPTH}: {value:.2g}" for label, value in ratios.items()}
    at_bound = find(shares, "share at the bound", critic="clip 0.01")
    return [
        Claim(
            "at clip 0.01 the gradient vanishes with depth",
            ratios["clip 0.01"] < VANISHED,
            figures["clip 0.01"],
        ),
        Claim("at clip 1 it explodes", ratios["clip 1"] > EXPLODED, figures["clip 1"]),
        Claim(
            "the penalty keeps it within a factor of ten",
            1 / KEPT < ratios[PENALTY] < KEPT,
            figures[PENALTY],
        ),
        Claim(
            "at clip 0.01, the first paper's, most weights stand at the bound",
            at_bound.value > MOST,
            str(at_bound),
        ),
    ]


def _draw(figure: Any, by_depth: list[Row], critics: Mapping[str, nn.Module]) -> None:
    depths, weights, clipped, penalised = figure.subplots(1, 4, width_ratios=[2, 1.4, 1, 1])
    layers = range(1, DEPTH + 1)
    for label in critics:
        norms = [
            find(by_depth, "gradient norm", critic=label, layer=layer).value for layer in layers
        ]
        depths.plot(layers, norms, "o-", markersize=3, label=label)
    depths.set(
        yscale="log",
        xlabel=f"layer ({DEPTH} is next to the score)",
        ylabel="gradient norm",
        title="Gradients by depth",
    )
    depths.legend(fontsize=7)
    for label in ("clip 0.1", PENALTY):
        values = torch.cat([p.detach().flatten() for p in critics[label].parameters()])
        weights.hist(
            values.numpy(), bins=60, range=(-0.4, 0.4), density=True, alpha=0.6, label=label
        )
    weights.set(xlabel="weight", title="The critic's weights", yscale="log")
    weights.legend(fontsize=7)
    _draw_surface(clipped, critics["clip 0.1"], "clip 0.1")
    _draw_surface(penalised, critics[PENALTY], PENALTY)


def _draw_surface(axes: Any, critic: nn.Module, label: str) -> None:
    """Draw a critic's scores over the square that holds the Swiss roll."""
    side = np.linspace(-2.5, 2.5, 60, dtype=np.float32)
    plane = torch.from_numpy(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
    with torch.no_grad():
        scores = critic(plane).reshape(60, 60).numpy()
    axes.contourf(side, side, scores, levels=20)
    axes.set(title=f"surface, {label}", aspect="equal")


DEMO = Demo(
    "clipping",
    "a deep critic's gradients by layer under four clipping bounds and the penalty; weights at the"
    " bound",
    run,
)
