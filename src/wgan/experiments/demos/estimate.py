"""Estimate demonstration: what every Wasserstein critic reads where W1 = 1 exactly.

For N(0, I) and N(e_1, I), W1 = 1 in any dimension, since the shift costs 1 and f(x) = -x_1 reaches
it. Critics are trained on fresh samples, so that nothing is learned by heart. They are read on
fresh pairs x, x + e_1, whose noise is least. A reading divided by a certified Lipschitz constant is
a lower bound on W1.
"""

from collections.abc import Sequence
from math import isnan
from typing import Any

import torch
from torch import Tensor

from wgan.audit import certify, slope_corrected
from wgan.audit.certificate import frozen
from wgan.base.intervals import Mean
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
from wgan.objectives import VARIANTS, Variant

DIMENSIONS = (2, 8, 32)
"""W1 is 1 in each. More dimensions take more steps to converge."""
CLIPS = (0.01, 0.1)
"""Clipping bounds: that of the first paper, and ten times as much. The reading follows the
bound.
"""
STEPS = 1500
"""Critic steps. After 600, `wgan-gp` had not converged in 8 and 32 dimensions
(docs/figures/claims.md).
"""
WIDTH = 64
"""Units of a hidden layer. More would take longer, and the best f is linear."""
DEPTH = 2
"""Hidden layers. More would take longer, and the best f is linear."""
SAMPLES = 20_000
"""Pairs on which a critic is read. Their noise is far below the intervals over seeds."""
LEARNING_RATE = 2e-3
"""Chosen for convergence within `STEPS`; the rate falls to zero."""
CLIPPED_LEARNING_RATE = 2e-4
"""A fiftieth of the least bound. Larger steps jump between the bounds, smaller ones take longer."""
SMALL = 0.1
"""A reading below a tenth of W1 is called no reading of W1. Chosen here."""
EXACT_WITHIN = 0.01
"""Share of W1 within which the orthonormal critic must read it. Chosen here."""
PENALISED_WITHIN = 0.02
"""Distance from the derived reading that a penalised critic may have. Chosen here."""
LEAST_DRAWN = 1e-6
"""Readings are drawn on a logarithmic scale, which has no place for zero and below."""


def variants_compared() -> dict[str, Variant]:
    """Return every Wasserstein variant by label, with weight 10; the clipped one at two bounds."""
    variants: dict[str, Variant] = {}
    for name, variant in VARIANTS.items():
        if not variant.score.is_w1:
            continue
        if _is_clipped(variant):
            variants |= {f"{name}, clip {c:g}": variant.adjusted(clip=c) for c in CLIPS}
        elif variant.penalty:
            variants[name] = variant.adjusted(PENALTY_WEIGHT)
        else:
            variants[name] = variant
    return variants


def _is_clipped(variant: Variant) -> bool:
    return variant.constraint is not None and bool(variant.constraint.bound)


def gaussian(d: int, shift: float) -> Draw:
    """Return how to draw from N(shift e_1, I).

    Args:
        d: the dimension.
        shift: the first coordinate of the mean.
    """

    def draw(n: int, g: torch.Generator) -> Tensor:
        x = torch.randn(n, d, generator=g)
        x[:, 0] += shift
        return x

    return draw


def measure(label: str, variant: Variant, d: int, seed: int, steps: int) -> Row:
    """Train a critic, and return what it reads.

    A reading is also divided by the certified constant where the variant's layers bound the
    critic's slope, and corrected for the slope where a penalty aims at 1. Otherwise both are NaN.

    Args:
        label: name of the critic in the row.
        variant: its objective.
        d: the dimension.
        seed: random seed.
        steps: critic steps.
    """
    critic = mlp_critic(d, WIDTH, DEPTH, seed, variant.layers)
    real = gaussian(d, 0.0)
    fake = gaussian(d, 1.0)
    lr = CLIPPED_LEARNING_RATE if _is_clipped(variant) else LEARNING_RATE
    for _ in train_on_fresh(critic, variant, real, fake, steps, seed, lr):
        pass
    x = real(SAMPLES, torch_generator(CPU, seed, "estimate", d)).double()
    y = x.clone()
    y[:, 0] += 1.0
    network = frozen(critic)
    with torch.no_grad():
        value = float(network(x).mean() - network(y).mean())
    certified = float("nan")
    if variant.layers not in ("plain", "dropout"):
        certified = value / certify(network, (d,)).lipschitz
    corrected = float("nan")
    if variant.reads_w1 and variant.penalty:
        corrected = slope_corrected(value, variant.penalty.weight)
    return {
        "critic": label,
        "d": d,
        "seed": seed,
        "reads": value,
        "slope-corrected": corrected,
        "certified": certified,
    }


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return readings of all Wasserstein variants in 2, 8 and 32 dimensions.

    Args:
        seeds: trainings of each critic.
        effort: multiplies the steps.
        progress: listener.
    """
    variants = variants_compared()
    work = [(label, d, seed) for label in variants for d in DIMENSIONS for seed in range(seeds)]
    rows = []
    for i, (label, d, seed) in enumerate(work):
        progress(f"{label} in {d} dimensions", i, len(work))
        rows.append(measure(label, variants[label], d, seed, scaled(STEPS, effort)))
    readings = means(rows, ("critic", "d"), ("reads", "slope-corrected", "certified"))
    table = [_without_nan(row) for row in readings]
    claims = _claims(rows, readings)
    return Result(rows, table, claims, lambda figure: _draw(figure, readings, list(variants)))


def _without_nan(row: Row) -> Row:
    """Return a row of means in which cells without a value are empty."""
    optional = ("slope-corrected", "certified")
    return row | {name: "" if isnan(row[name].value) else row[name] for name in optional}


def _claims(rows: Sequence[Row], readings: Sequence[Row]) -> list[Claim]:
    def by_dimension(column: str, critic: str) -> dict[int, float]:
        return {d: find(readings, column, critic=critic, d=d).value for d in DIMENSIONS}

    largest = max(row["certified"] for row in rows if not isnan(row["certified"]))
    ortho = by_dimension("certified", "wgan-ortho")
    clipped = by_dimension("reads", "wgan, clip 0.01")
    gp = by_dimension("reads", "wgan-gp")
    corrected = by_dimension("slope-corrected", "wgan-gp")
    gp_reads = 1 + 1 / (2 * PENALTY_WEIGHT)  # W + W^2 / (2 lambda) for W = 1
    return [
        Claim(
            "certified readings are at most W1 = 1",
            largest <= 1,
            f"largest {largest:.4f}",
        ),
        Claim(
            "wgan-ortho's is within 1 % of W1",
            _near(ortho, 1, EXACT_WITHIN),
            _in_words(ortho),
        ),
        Claim(
            "a clipped critic reads no W1 at all",
            max(clipped.values()) < SMALL,
            _in_words(clipped),
        ),
        Claim(
            "wgan-gp reads W + W^2 / (2 lambda) = 1.05, within 2 %",
            _near(gp, gp_reads, PENALISED_WITHIN),
            _in_words(gp),
        ),
        Claim(
            "corrected for its slope it is within 2 % of W1",
            _near(corrected, 1, PENALISED_WITHIN),
            _in_words(corrected),
        ),
    ]


def _near(values: dict[int, float], truth: float, within: float) -> bool:
    return all(abs(value - truth) <= within for value in values.values())


def _in_words(values: dict[int, float]) -> str:
    return ", ".join(f"{d}-D {value:.3g}" for d, value in values.items())


def _draw(figure: Any, readings: Sequence[Row], labels: Sequence[str]) -> None:
    axes = figure.subplots()
    for offset, d in zip((-0.2, 0.0, 0.2), DIMENSIONS, strict=True):
        points = [find(readings, "reads", critic=label, d=d) for label in labels]
        shown = [Mean(max(mean.value, LEAST_DRAWN), mean.half_width) for mean in points]
        places = [i + offset for i in range(len(labels))]
        plot_means(axes, places, shown, f"{d} dimensions")
    axes.axhline(1.0, color="black", linewidth=1, label="W1")
    axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right", fontsize=8)
    axes.set(
        yscale="log",
        ylabel="the critic's reading",
        title="N(0, I) and N(e_1, I): what each critic reads where W1 = 1",
    )
    axes.legend(fontsize=8)


DEMO = Demo(
    "estimate",
    "what every Wasserstein critic reads between Gaussians one apart, in 2, 8 and 32 dimensions",
    run,
)
