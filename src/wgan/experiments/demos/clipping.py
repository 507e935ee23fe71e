"""What does clipping do to a critic? Gulrajani et al. (2017), figure 1: gradients by depth, and
weights piled up at the bound.

The critic has 12 hidden layers; real samples are a Swiss roll, fake ones the same with unit noise
added, as in the paper's figure. The gradient norm is that of the mean score difference by each
layer's output, over a batch.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wgan.base.progress import Progress
from wgan.base.seeding import torch_generator
from wgan.data import load
from wgan.experiments.demos.critics import CPU, train_on_fresh
from wgan.experiments.demos.results import Claim, Demo, Result, Row, find, means
from wgan.networks import mlp_critic
from wgan.objectives import Variant, find_variant
from wgan.objectives.constraints import clipped_share

CLIPS = (0.001, 0.01, 0.1, 1.0)
DEPTH, WIDTH, STEPS, BATCH, NOISE = 12, 64, 300, 256, 1.0
PENALTY_WEIGHT = 10.0
PENALTY = "penalty 10"


def variants_compared() -> dict[str, Variant]:
    """Return what is compared, by label."""
    return {f"clip {c:g}": find_variant("wgan").adjusted(clip=c) for c in CLIPS} | {
        PENALTY: find_variant("wgan-gp").adjusted(PENALTY_WEIGHT)
    }


def swiss_roll() -> Any:
    """Return how to draw real samples, and fake ones: the same with noise."""
    points = torch.from_numpy(np.asarray(load("swiss-roll").rows)).float()

    def real(n: int, g: torch.Generator) -> Tensor:
        return points[torch.randint(len(points), (n,), generator=g)]

    return real, lambda n, g: real(n, g) + NOISE * torch.randn(n, 2, generator=g)


def gradients_by_depth(critic: nn.Sequential, x_real: Tensor, x_fake: Tensor) -> list[float]:
    """Return |d (mean f(real) - mean f(fake)) / d h_l| for the output h_l of each linear layer l
    but the last.
    """
    outputs: list[Tensor] = []
    h = torch.cat([x_real, x_fake])
    for layer in critic:
        h = layer(h)
        if isinstance(layer, nn.Linear):
            outputs.append(h)
    f_real, f_fake = h.chunk(2)
    return [
        float(g.norm()) for g in torch.autograd.grad(f_real.mean() - f_fake.mean(), outputs[:-1])
    ]


def measure(label: str, variant: Variant, seed: int, steps: int) -> tuple[list[Row], nn.Module]:
    """Train a deep critic; return the gradient's norm at each depth and the share of weights at the
    bound, and the critic.
    """
    real, fake = swiss_roll()
    critic = mlp_critic(2, WIDTH, DEPTH, seed)
    for _ in train_on_fresh(critic, variant, real, fake, steps, seed, lr=2e-4, batch=BATCH):
        pass
    g = torch_generator(CPU, seed, "clipping")
    norms = gradients_by_depth(critic, real(2048, g), fake(2048, g))
    bound = variant.constraint.bound if variant.constraint else None
    share = clipped_share(critic, bound) if bound else float("nan")
    return [
        {
            "critic": label,
            "layer": i + 1,
            "seed": seed,
            "gradient norm": n,
            "share at the bound": share,
        }
        for i, n in enumerate(norms)
    ], critic


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return gradient norms by depth for four bounds and the penalty."""
    kinds = variants_compared()
    work = [(label, seed) for label in kinds for seed in range(seeds)]
    rows: list[Row] = []
    critics: dict[str, nn.Module] = {}
    for i, (label, seed) in enumerate(work):
        progress(f"{label}, seed {seed}", i, len(work))
        found, critics[label] = measure(label, kinds[label], seed, max(1, int(STEPS * effort)))
        rows += found
    by_depth = means(rows, ("critic", "layer"), ("gradient norm",))
    shares = means([r for r in rows if r["layer"] == 1], ("critic",), ("share at the bound",))
    ends = {
        label: [find(by_depth, "gradient norm", critic=label, layer=layer) for layer in (1, DEPTH)]
        for label in kinds
    }
    ratio = {label: first.value / max(last.value, 1e-300) for label, (first, last) in ends.items()}
    piled = {
        label: find(shares, "share at the bound", critic=label)
        for label in kinds
        if label != PENALTY
    }
    table: list[Row] = [
        {
            "critic": label,
            "at layer 1": first,
            "at layer 12": last,
            "first / last": f"{ratio[label]:.2g}",
            "share at the bound": piled.get(label, ""),
        }
        for label, (first, last) in ends.items()
    ]
    first_to_last = {label: f"layer 1 / layer 12: {value:.2g}" for label, value in ratio.items()}
    claims = [
        Claim(
            "at clip 0.01 the gradient vanishes with depth",
            ratio["clip 0.01"] < 1e-3,
            first_to_last["clip 0.01"],
        ),
        Claim("at clip 1 it explodes", ratio["clip 1"] > 1e3, first_to_last["clip 1"]),
        Claim(
            "the penalty keeps it within a factor of ten",
            0.1 < ratio[PENALTY] < 10,
            first_to_last[PENALTY],
        ),
        Claim(
            "at clip 0.01, the first paper's, most weights stand at the bound",
            piled["clip 0.01"].value > 0.5,
            str(piled["clip 0.01"]),
        ),
    ]
    return Result(rows, table, claims, lambda figure: _draw(figure, by_depth, critics))


def _draw(figure: Any, by_depth: list[Row], critics: dict[str, nn.Module]) -> None:
    depths, weights, clipped, penalised = figure.subplots(1, 4, width_ratios=[2, 1.4, 1, 1])
    for label in critics:
        found = [
            find(by_depth, "gradient norm", critic=label, layer=layer).value
            for layer in range(1, DEPTH + 1)
        ]
        depths.plot(range(1, DEPTH + 1), found, "o-", markersize=3, label=label)
    depths.set(
        yscale="log",
        xlabel="layer (12 is next to the score)",
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
    axis = np.linspace(-2.5, 2.5, 60, dtype=np.float32)
    plane = torch.from_numpy(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    for axes, label in ((clipped, "clip 0.1"), (penalised, PENALTY)):
        with torch.no_grad():
            axes.contourf(axis, axis, critics[label](plane).reshape(60, 60).numpy(), levels=20)
        axes.set(title=f"surface, {label}", aspect="equal")


DEMO = Demo(
    "clipping",
    "a deep critic's gradients by layer under four clipping bounds and the penalty; weights at the"
    " bound",
    run,
)
