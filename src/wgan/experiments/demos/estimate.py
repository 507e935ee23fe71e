"""Does a critic's value equal the distance? Every Wasserstein variant between Gaussians one apart,
where W1 = 1 exactly.

N(0, I) and N(e_1, I): W1 = 1 in any dimension, since the shift costs 1 and f(x) = -x_1 reaches it.
Critics are trained on fresh samples and read on fresh pairs x, x + e_1, so that nothing is learned
by heart and noise is least; divided by a certified Lipschitz constant, a reading is a lower bound
on W1.
"""

from typing import Any

import torch
from torch import Tensor

from wgan.audit import certify, slope_corrected
from wgan.audit.certificate import frozen
from wgan.base.progress import Progress
from wgan.base.seeding import torch_generator
from wgan.experiments.demos.critics import CPU, train_on_fresh
from wgan.experiments.demos.results import Claim, Demo, Result, Row, find, means
from wgan.networks import mlp_critic
from wgan.objectives import VARIANTS, Variant

DIMENSIONS = (2, 8, 32)
STEPS, SAMPLES, PENALTY_WEIGHT = 1500, 20_000, 10.0


def variants_compared() -> dict[str, Variant]:
    """Return every Wasserstein variant with weight 10; the clipped one at two bounds."""
    found: dict[str, Variant] = {}
    for name, variant in VARIANTS.items():
        if variant.score.is_w1 and variant.constraint and variant.constraint.bound:
            found |= {f"{name}, clip {c:g}": variant.adjusted(clip=c) for c in (0.01, 0.1)}
        elif variant.score.is_w1:
            found[name] = variant.adjusted(PENALTY_WEIGHT) if variant.penalty else variant
    return found


def gaussian(d: int, shift: float) -> Any:
    """Return how to draw from N(shift e_1, I)."""

    def draw(n: int, g: torch.Generator) -> Tensor:
        x = torch.randn(n, d, generator=g)
        x[:, 0] += shift
        return x

    return draw


def measure(label: str, variant: Variant, d: int, seed: int, steps: int) -> Row:
    """Train a critic and read it; where the variant's layers hold its slope, divide by the certified
    constant.
    """
    critic = mlp_critic(d, 64, 2, seed, variant.layers)
    real, fake = gaussian(d, 0.0), gaussian(d, 1.0)
    for _ in train_on_fresh(
        critic,
        variant,
        real,
        fake,
        steps,
        seed,
        lr=2e-3 if not variant.constraint or not variant.constraint.bound else 2e-4,
    ):
        pass
    x = real(SAMPLES, torch_generator(CPU, seed, "estimate", d)).double()
    y = x.clone()
    y[:, 0] += 1.0
    constrained = variant.layers not in ("plain", "dropout")
    net = frozen(critic)
    with torch.no_grad():
        value = float(net(x).mean() - net(y).mean())
    certified = value / certify(net, (d,)).lipschitz if constrained else float("nan")
    corrected = (
        slope_corrected(value, variant.penalty.weight)
        if variant.reads_w1 and variant.penalty
        else float("nan")
    )
    return {
        "critic": label,
        "d": d,
        "seed": seed,
        "reads": value,
        "slope-corrected": corrected,
        "certified": certified,
    }


def run(seeds: int, effort: float, progress: Progress) -> Result:
    """Return readings of all Wasserstein variants in 2, 8 and 32 dimensions."""
    kinds = variants_compared()
    work = [(label, d, seed) for label in kinds for d in DIMENSIONS for seed in range(seeds)]
    rows = []
    for i, (label, d, seed) in enumerate(work):
        progress(f"{label} in {d} dimensions", i, len(work))
        rows.append(measure(label, kinds[label], d, seed, max(1, int(STEPS * effort))))
    columns = ("reads", "slope-corrected", "certified")
    means_ = means(rows, ("critic", "d"), columns)
    table = [
        r | {name: "" if r[name].value != r[name].value else r[name] for name in columns[1:]}
        for r in means_
    ]
    certified = [r["certified"] for r in rows if r["certified"] == r["certified"]]
    ortho = [find(means_, "certified", critic="wgan-ortho", d=d).value for d in DIMENSIONS]
    small = [find(means_, "reads", critic="wgan, clip 0.01", d=d).value for d in DIMENSIONS]
    gp = {d: find(means_, "reads", critic="wgan-gp", d=d).value for d in DIMENSIONS}
    corrected = {
        d: find(means_, "slope-corrected", critic="wgan-gp", d=d).value for d in DIMENSIONS
    }
    claims = [
        Claim(
            "certified readings are at most W1 = 1",
            max(certified) <= 1,
            f"largest {max(certified):.4f}",
        ),
        Claim(
            "wgan-ortho's is within 1 % of W1",
            all(abs(v - 1) <= 0.01 for v in ortho),
            _by_dimension(dict(zip(DIMENSIONS, ortho, strict=True))),
        ),
        Claim(
            "a clipped critic reads no W1 at all",
            max(small) < 0.1,
            _by_dimension(dict(zip(DIMENSIONS, small, strict=True))),
        ),
        Claim(
            "wgan-gp reads W + W^2 / (2 lambda) = 1.05, within 2 %",
            all(abs(v - 1.05) <= 0.02 for v in gp.values()),
            _by_dimension(gp),
        ),
        Claim(
            "corrected for its slope it is within 2 % of W1",
            all(abs(v - 1) <= 0.02 for v in corrected.values()),
            _by_dimension(corrected),
        ),
    ]
    return Result(rows, table, claims, lambda figure: _draw(figure, means_, list(kinds)))


def _by_dimension(values: dict[int, float]) -> str:
    return ", ".join(f"{d}-D {value:.3g}" for d, value in values.items())


def _draw(figure: Any, table: list[Row], labels: list[str]) -> None:
    axes = figure.subplots()
    for offset, d in zip((-0.2, 0.0, 0.2), DIMENSIONS, strict=True):
        found = [find(table, "reads", critic=label, d=d) for label in labels]
        places = [i + offset for i in range(len(labels))]
        axes.errorbar(
            places,
            [max(m.value, 1e-6) for m in found],
            [m.half_width for m in found],
            fmt="o",
            capsize=3,
            label=f"{d} dimensions",
        )
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
