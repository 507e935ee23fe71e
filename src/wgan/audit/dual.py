"""What distance does a critic of the table of variants read between two fixed samples? An estimate,
never a certificate.

The dual of W1 (Villani 2009, equation 5.11) with each variant's own way to keep the critic Lipschitz;
no generator moves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from torch import Tensor, nn

from wgan.audit.auditor import CHUNK, draw
from wgan.audit.certificate import certify, frozen
from wgan.base.errors import WganError
from wgan.base.seeding import derive, torch_generator
from wgan.distances.results import Printed, figures
from wgan.distances.samples import sample_pair
from wgan.networks import NetworkConfig, build_critic
from wgan.objectives import CriticLoss, Variant, find_variant
from wgan.objectives.penalties import between, gradient_norms

BATCH, LEARNING_RATE, BETAS = 512, 1e-3, (0.0, 0.9)
NORM_POINTS, PAIRS = 4096, 2**18
SETTLED = 0.05
NO_UNIT = "no unit, an unknown multiple of W1"


@dataclass(frozen=True)
class Dual(Printed):
    """What a critic read: the mean score difference over both samples, in their unit where the variant
    measures W1.

    `corrected` takes the penalty's slope off (`slope_corrected`), where the variant has that penalty.
    `mean_norm` and `max_norm` are of the critic's gradient at interpolates: a critic for W1 should
    have 1. `drift` is the relative change of the value over the second half of the training, in
    which the learning rate falls to 0; `settled` says that it was below 5 %.
    """

    variant: str
    measures: str
    value: float
    corrected: float | None
    mean_norm: float
    max_norm: float
    lipschitz: float | None
    penalty_weight: float | None
    drift: float
    steps: int
    n: int
    m: int
    d: int
    units: str

    @property
    def certified(self) -> float | None:
        """value / L, which is at most the exact W1 of these samples, where the variant's critic has a
        certified L.
        """
        return self.value / self.lipschitz if self.lipschitz else None

    @property
    def settled(self) -> bool:
        return self.value > 0 and abs(self.drift) < SETTLED

    def __str__(self) -> str:
        certified = (
            ""
            if self.certified is None
            else f", {figures(self.certified)} divided by its certified L={self.lipschitz:.6f}"
        )
        standing = "" if certified else " and not certified"
        corrected = "" if self.corrected is None else f", slope-corrected {figures(self.corrected)}"
        doubt = "" if self.settled else f"; still moving: {self.drift:+.0%} in the second half"
        return (
            f"{self.variant} critic reads {figures(self.value)}{corrected}{certified},"
            f" in-sample{standing} (gradient norm {self.mean_norm:.3f} mean, {self.max_norm:.3f}"
            f" largest; {self.steps} steps{doubt}; n={self.n}, m={self.m}, d={self.d},"
            f" {self.units})"
        )

    def facts(self) -> dict[str, str]:
        return {
            "critic reads": (
                f"{figures(self.value)}, the mean score difference of these two samples"
            ),
            "slope-corrected": (
                "not for this variant"
                if self.corrected is None
                else f"{figures(self.corrected)}, not certified"
            ),
            "certified": (
                "not for this variant"
                if self.certified is None
                else (
                    f"{figures(self.certified)}, divided by L={self.lipschitz:.9f}: at most the"
                    " exact W1 of these samples"
                )
            ),
            "variant": f"{self.variant}, which estimates: {self.measures}",
            "gradient norm": (
                f"{self.mean_norm:.4f} mean, {self.max_norm:.4f} largest found, at interpolates"
            ),
            "penalty weight": "none" if self.penalty_weight is None else f"{self.penalty_weight:g}",
            "settled": (
                f"{'yes' if self.settled else 'no'}: {self.drift:+.1%} over the second half of"
                f" {self.steps} steps"
            ),
            "samples": f"{self.n} and {self.m}, {self.d} dimension{'s' if self.d > 1 else ''}",
            "unit": self.units,
        }

    def to_json(self) -> dict[str, object]:
        return super().to_json() | {"certified": self.certified, "settled": self.settled}


def slope_corrected(value: float, penalty_weight: float) -> float:
    """Return the W that solves value = W + W^2 / (2 lambda): W = lambda (sqrt(1 + 2 value / lambda)
    - 1).

    With the penalty lambda (|grad f| - 1)^2 a critic gains by more slope than 1: along transport of
    length W, slope s pays s W - lambda (s - 1)^2, best at s = 1 + W / (2 lambda), which reads s W.
    For any pair, if a Kantorovich potential has slope 1 at the interpolates, the optimum reads at
    least W + W^2 / (2 lambda), with equality where the optimal critic's slope is the same at all
    interpolates: so the corrected value errs upwards from slopes that vary, and downwards from
    critics that cannot or did not reach the optimum. It is a correction, not a bound.

    >>> round(slope_corrected(20 + 20**2 / 20, penalty_weight=10), 6)
    20.0
    """
    if value <= 0:
        return value
    return penalty_weight * (sqrt(1 + 2 * value / penalty_weight) - 1)


def dual(
    x: np.ndarray,
    y: np.ndarray,
    name: str = "wgan-gp",
    steps: int = 3000,
    penalty_weight: float | None = None,
    width: int = 256,
    depth: int = 3,
    seed: int = 0,
    units: str = "data coordinates",
    progress: Callable[[int, int], None] = lambda step, steps: None,
) -> Dual:
    """Train a critic of any variant of the table of variants between two fixed samples, and return what
    it reads.

    mean f(x) - mean f(y) for the trained f (Jensen-Shannon rows: their own estimate), over all of
    both samples.

    Args:
        x: samples `[n, d]` ("real"), in any unit.
        y: samples `[m, d]` ("fake"), in the same unit.
        name: a variant of the table, see `wgan variants`.
        steps: updates of the critic, with linear decay of the learning rate; Adam, batches of 512.
        penalty_weight: lambda, in the unit of the samples; none: the variant's.
        width: units of a hidden layer of the fully connected critic.
        depth: its hidden layers.
        seed: names weights, batches and interpolates.
        units: what the coordinates are in, for the reader.
        progress: called with (step, steps).

    Returns:
        The reading with the gradient norms, the slope-corrected value for a two-sided penalty, and
        how far it still moved.

    Raises:
        WganError: wrong samples, an unknown variant, steps below 8, or a critic whose scores stopped
            being finite.

    Source: Arjovsky et al. (2017), equation 2; Gulrajani et al. (2017), equation 3; the correction
    is derived in `slope_corrected`.

    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> dual(x, x + [2.0, 0.0], steps=8, width=8).n
    100
    """
    if steps < 8:
        raise WganError(f"steps = {steps}: give 8 or more")
    if penalty_weight is not None and not penalty_weight > 0:
        raise WganError(f"penalty_weight = {penalty_weight}: give a number above 0")
    variant = find_variant(name).adjusted(penalty_weight)
    a, b = sample_pair(x, y)
    middle = (a.mean(0) + b.mean(0)) / 2
    # f(x) = scale g(x / scale) has g's slope, so training g with lambda / scale is the same problem
    # with better numbers
    scale = (
        1.0
        if variant.constraint and variant.constraint.bound
        else float(np.sqrt(np.mean(np.concatenate([a - middle, b - middle]) ** 2))) or 1.0
    )
    scaled = variant.adjusted(variant.penalty.weight / scale) if variant.penalty else variant
    x_scaled, y_scaled = (torch.from_numpy((s - middle) / scale).float() for s in (a, b))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "dual", "dropout"))
        critic, drift = _trained(
            scaled, x_scaled, y_scaled, steps, NetworkConfig("mlp", width, depth), seed, progress
        )
    is_distance = variant.score.is_w1
    value = _reading(scaled, critic, x_scaled, y_scaled) * (scale if is_distance else 1.0)
    mean_norm, max_norm = (
        norm / (1.0 if is_distance else scale) for norm in _norms(critic, x_scaled, y_scaled, seed)
    )
    lipschitz = None
    if (
        variant.reads_w1 and not variant.penalty
    ):  # the certified value is that of the frozen critic, in float64 like its certificate
        lipschitz = certify(frozen(critic), tuple(x_scaled.shape[1:])).lipschitz
        value = (
            _reading(scaled, critic, *(torch.from_numpy((s - middle) / scale) for s in (a, b)))
            * scale
        )
    weight = variant.penalty.weight if variant.penalty else None
    return Dual(
        variant=variant.name,
        measures=variant.score.measures,
        value=value,
        corrected=slope_corrected(value, weight) if variant.reads_w1 and weight else None,
        mean_norm=mean_norm,
        max_norm=max_norm,
        lipschitz=lipschitz,
        penalty_weight=weight,
        drift=drift,
        steps=steps,
        n=len(a),
        m=len(b),
        d=a.shape[1],
        units=units if variant.reads_w1 else NO_UNIT if is_distance else variant.score.measures,
    )


def _trained(
    variant: Variant,
    x: Tensor,
    y: Tensor,
    steps: int,
    network: NetworkConfig,
    seed: int,
    progress: Callable[[int, int], None],
) -> tuple[nn.Module, float]:
    """Return the trained critic, and how much its reading changed over the second half, relative to
    the last.
    """
    critic = build_critic(network, tuple(x.shape[1:]), seed, variant.layers)
    loss = CriticLoss(critic, variant)
    optimizer = torch.optim.Adam(critic.parameters(), lr=LEARNING_RATE, betas=BETAS, fused=True)
    generator = torch_generator(torch.device("cpu"), seed, "dual", "batches")
    before = 0.0
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / steps)
        optimizer.zero_grad()
        loss(
            draw(x, BATCH, generator),
            draw(y, BATCH, generator),
            torch.rand(BATCH, generator=generator),
        ).loss.mean().backward()
        optimizer.step()
        if variant.constraint:
            variant.constraint.apply(critic)
        if step + 1 == steps // 2:
            before = _reading(variant, critic, x, y)
        progress(step + 1, steps)
    after = _reading(variant, critic, x, y)
    if not np.isfinite(after):
        raise WganError(
            f"the critic's scores stopped being finite within {steps} steps (seed {seed}): bring"
            " the samples to a common scale"
        )
    return critic, (after - before) / abs(after) if after else 0.0


@torch.no_grad()
def _reading(variant: Variant, critic: nn.Module, x: Tensor, y: Tensor) -> float:
    """The variant's estimate over all of both samples. Most add a term of each, so each may be averaged
    by itself; others need pairs.
    """
    critic.eval()
    f_x, f_y = (torch.cat([critic(part).double() for part in s.split(CHUNK)]) for s in (x, y))
    critic.train()
    if variant.score.generator_needs_real:
        pairs = torch.Generator().manual_seed(0)
        return float(
            variant.score.estimate(draw(f_x, PAIRS, pairs), draw(f_y, PAIRS, pairs)).mean()
        )
    zero_x, zero_y = torch.zeros_like(f_x), torch.zeros_like(f_y)
    estimate = variant.score.estimate
    return float(
        estimate(f_x, zero_x).mean()
        + estimate(zero_y, f_y).mean()
        - estimate(zero_x, zero_x).mean()
    )


def _norms(critic: nn.Module, x: Tensor, y: Tensor, seed: int) -> tuple[float, float]:
    generator = torch_generator(torch.device("cpu"), seed, "dual", "norms")
    a, b = (draw(s, NORM_POINTS, generator) for s in (x, y))
    (points,) = between(a, b, torch.rand(NORM_POINTS, generator=generator))
    norms = gradient_norms(critic.eval(), points).detach()
    return float(norms.mean()), float(norms.max())
