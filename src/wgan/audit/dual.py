"""Dual readings: what a critic of the table of variants reads between two fixed samples.

A reading is an estimate, never a certificate. It is the dual of W1 (Villani 2009, equation 5.11),
with each variant's own way to keep the critic Lipschitz; no generator moves.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from wgan.audit.auditor import CHUNK, draw
from wgan.audit.certificate import certify, frozen
from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.base.seeding import derive, torch_generator
from wgan.distances.results import Printed, figures
from wgan.distances.samples import sample_pair
from wgan.networks import NetworkConfig, mlp_critic
from wgan.objectives import CriticLoss, Variant, find_variant
from wgan.objectives.penalties import between, gradient_norms, squared
from wgan.training.critics import adam, train_critic

BATCH = 512
"""Samples of each side in a training step, as for the auditor."""

LEARNING_RATE = 1e-3
"""Adam's first learning rate, which falls to 0: ten times the paper's, for short trainings."""

BETAS = (0.0, 0.9)
"""Adam's momenta: those of Gulrajani et al. (2017), algorithm 1."""

LEAST_STEPS = 8
"""Fewest steps: the reading is also taken after half of them, to tell whether it settled."""

NORM_POINTS = 4096
"""Interpolates for gradient norms: the mean norm is then known to 2 % of their spread."""

PAIRS = 2**18
"""Drawn pairs of scores for an estimate that needs pairs, instead of all n x m."""

SETTLED = 0.05
"""Largest relative change over the second half of a training that counts as settled. The learning
rate falls to 0 meanwhile, so that a critic far from its optimum changes by more.
"""

NO_UNIT = "no unit, an unknown multiple of W1"
NO_DISTANCE = "no distance: nothing bounds this critic where the samples do not overlap"


@dataclass(frozen=True)
class Dual(Printed):
    """The reading of a trained critic: its mean score difference over both samples.

    `value` is in the unit of the samples where the variant measures W1. `corrected` takes the slope
    of the penalty off (`slope_corrected`), where the variant has that penalty. `mean_norm` and
    `max_norm` are norms of the critic's gradient at interpolates; an optimal critic for W1 has 1.
    `lipschitz` is the certified constant, where the variant's layers allow one. `drift` is the
    relative change of the value over the second half of the training, in which the learning rate
    falls to 0.
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
        """value / L, at most the exact W1 of these samples; None without a certified L."""
        return self.value / self.lipschitz if self.lipschitz else None

    @property
    def settled(self) -> bool:
        """Whether the reading is positive and changed by less than 5 % in the second half."""
        return self.value > 0 and abs(self.drift) < SETTLED

    def __str__(self) -> str:
        corrected = "" if self.corrected is None else f", slope-corrected {figures(self.corrected)}"
        certified = ", in-sample and not certified"
        if self.certified is not None:
            certified = (
                f", {figures(self.certified)} divided by its certified L={self.lipschitz:.6f},"
                " in-sample"
            )
        doubt = "" if self.settled else f"; still moving: {self.drift:+.0%} in the second half"
        return (
            f"{self.variant} critic reads {figures(self.value)}{corrected}{certified}"
            f" (gradient norm {self.mean_norm:.3f} mean, {self.max_norm:.3f}"
            f" largest; {self.steps} steps{doubt}; n={self.n}, m={self.m}, d={self.d},"
            f" {self.units})"
        )

    def facts(self) -> dict[str, str]:
        """Return the rows of the table; see `Printed`."""
        corrected = certified = "not for this variant"
        if self.corrected is not None:
            corrected = f"{figures(self.corrected)}, not certified"
        if self.certified is not None:
            certified = (
                f"{figures(self.certified)}, divided by L={self.lipschitz:.9f}: at most the exact"
                " W1 of these samples"
            )
        return {
            "critic reads": (
                f"{figures(self.value)}, the mean score difference of these two samples"
            ),
            "slope-corrected": corrected,
            "certified": certified,
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
        """Return all fields, `certified` and `settled` as plain values for JSON."""
        return super().to_json() | {"certified": self.certified, "settled": self.settled}


def slope_corrected(value: float, penalty_weight: float) -> float:
    """Return the W that solves value = W + W^2 / (2 lambda), without the penalty's slope.

    W = lambda (sqrt(1 + 2 value / lambda) - 1).

    With the penalty lambda (|grad f| - 1)^2 a critic gains by a slope above 1. Along transport of
    length W, slope s pays s W - lambda (s - 1)^2, which is best at s = 1 + W / (2 lambda) and reads
    s W. For any pair, if a Kantorovich potential has slope 1 at the interpolates, the optimum reads
    at least W + W^2 / (2 lambda). It reads just that where the optimal critic's slope is the same
    at all interpolates. So the corrected value errs upwards where slopes vary, and downwards where
    the critic could not or did not reach the optimum. It is a correction, not a bound.

    Args:
        value: the reading, in the unit of the samples; returned as it is if not above 0.
        penalty_weight: lambda, in the same unit.

    >>> round(slope_corrected(20 + 20**2 / 20, penalty_weight=10), 6)
    20.0
    """
    if value <= 0:
        return value
    return penalty_weight * (sqrt(1 + 2 * value / penalty_weight) - 1)


@dataclass(frozen=True)
class Problem:
    """Two samples as the critic sees them: (s - middle) / scale.

    f(x) = scale g(x / scale) has the slope of g: g with lambda / scale is the same problem.
    """

    x: np.ndarray
    y: np.ndarray
    scale: float
    variant: Variant

    def tensors(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.x).to(dtype), torch.from_numpy(self.y).to(dtype)


def dual(
    x: ArrayLike,
    y: ArrayLike,
    name: str = "wgan-gp",
    steps: int = 3000,
    penalty_weight: float | None = None,
    width: int = 256,
    depth: int = 3,
    seed: int = 0,
    units: str = "data coordinates",
    progress: Progress = silent,
) -> Dual:
    """Train a critic of any variant between two fixed samples, and return its reading.

    mean f(x) - mean f(y) for the trained f, over all of both samples. A variant of the
    Jensen-Shannon or another divergence has its own estimate.

    Args:
        x: samples `[n, d]` ("real"), in any unit.
        y: samples `[m, d]` ("fake"), in the same unit.
        name: a variant of the table, see `wgan variants`.
        steps: updates of the critic by Adam, with linear decay and batches of 512; 8 or more.
        penalty_weight: lambda, in the unit of the samples; None: the variant's.
        width: units of a hidden layer of the fully connected critic.
        depth: its hidden layers.
        seed: random seed of weights, batches and interpolates; the same seed gives the same
            reading.
        units: the unit of the coordinates, for the reader.
        progress: told of each step.

    Returns:
        The reading with its gradient norms, the slope-corrected value for a two-sided penalty, and
        how far it still moved.

    Raises:
        WganError: wrong samples, an unknown variant, steps below 8, a weight that is not above 0 or
            of a variant without penalty, or a critic whose scores stopped being finite.

    Reference: Arjovsky et al. (2017), equation 2; Gulrajani et al. (2017), equation 3; the
    correction is derived in `slope_corrected`.

    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> dual(x, x + [2.0, 0.0], steps=8, width=8).n
    100
    """
    if steps < LEAST_STEPS:
        raise WganError(f"steps = {steps}: give {LEAST_STEPS} or more")
    if penalty_weight is not None and not penalty_weight > 0:
        raise WganError(f"penalty_weight = {penalty_weight}: give a number above 0")
    variant = find_variant(name).adjusted(penalty_weight)
    a, b = sample_pair(x, y)
    problem = _scaled(variant, a, b)
    network = NetworkConfig("mlp", width, depth)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "dual", "dropout"))  # dropout takes no generator
        critic, drift = _trained(problem, steps, network, seed, progress)
    # g's scores are in units of `scale` where they are a distance, and without unit otherwise.
    unit = problem.scale if variant.score.is_w1 else 1.0
    value = _reading(variant, critic, *problem.tensors(torch.float32)) * unit
    mean_norm, max_norm = (
        norm / (problem.scale / unit)
        for norm in _norms(critic, *problem.tensors(torch.float32), seed)
    )
    lipschitz = None
    if variant.reads_w1 and not variant.penalty:
        # The certified value is that of the frozen critic, in float64 like its certificate.
        lipschitz = certify(frozen(critic), (a.shape[1],)).lipschitz
        value = _reading(variant, critic, *problem.tensors(torch.float64)) * unit
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
        units=units if variant.reads_w1 else _other_unit(variant),
    )


def _scaled(variant: Variant, a: np.ndarray, b: np.ndarray) -> Problem:
    """Return the problem in units of the common standard deviation."""
    middle = (a.mean(0) + b.mean(0)) / 2
    x = a - middle
    y = b - middle
    # In the samples' own unit: clipped weights, and penalties that do not follow their unit.
    clips = variant.constraint and variant.constraint.bound
    if clips or (variant.penalty and not variant.score.is_w1 and variant.penalty.shape != squared):
        return Problem(x, y, 1.0, variant)
    scale = float(np.sqrt(np.mean(np.concatenate([x, y]) ** 2))) or 1.0
    if variant.penalty:
        # Without unit, f(x) = g(x / scale).
        power = 1 if variant.score.is_w1 else 2
        variant = variant.adjusted(variant.penalty.weight / scale**power)
    return Problem(x / scale, y / scale, scale, variant)


def _other_unit(variant: Variant) -> str:
    if not variant.bounded:
        return NO_DISTANCE
    return NO_UNIT if variant.score.is_w1 else variant.score.measures


def _trained(
    problem: Problem, steps: int, network: NetworkConfig, seed: int, progress: Progress
) -> tuple[nn.Module, float]:
    """Return the trained critic, and the relative change of its reading over the second half."""
    variant = problem.variant
    x, y = problem.tensors(torch.float32)
    critic = mlp_critic(x.shape[1], network.width, network.depth, seed, variant.layers)
    objective = CriticLoss(critic, variant)
    generator = torch_generator(torch.device("cpu"), seed, "dual", "batches")

    def loss(step: int) -> Tensor:
        x_batch = draw(x, BATCH, generator)
        y_batch = draw(y, BATCH, generator)
        u = torch.rand(BATCH, generator=generator)
        value: Tensor = objective(x_batch, y_batch, u).loss.mean()
        return value

    before = 0.0
    optimizer = adam(critic, LEARNING_RATE, BETAS)
    for step in train_critic(critic, loss, steps, optimizer, LEARNING_RATE, variant.constraint):
        if step == steps // 2:
            before = _reading(variant, critic, x, y)
        progress(f"training a {variant.name} critic", step, steps)
    after = _reading(variant, critic, x, y)
    if not np.isfinite(after):
        fault = f"the critic's scores stopped being finite within {steps} steps (seed {seed})"
        raise WganError(f"{fault}: bring the samples to a common scale")
    return critic, (after - before) / abs(after) if after else 0.0


@torch.no_grad()
def _reading(variant: Variant, critic: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the variant's estimate over all of both samples.

    Most are a term of x plus a term of y, each averaged over its own sample. Others need pairs.
    """
    critic.eval()
    f_x, f_y = (torch.cat([critic(part).double() for part in s.split(CHUNK)]) for s in (x, y))
    critic.train()
    estimate = variant.score.estimate
    if variant.score.generator_needs_real:
        pairs = torch.Generator().manual_seed(0)  # the same pairs at each reading of a training
        return float(estimate(draw(f_x, PAIRS, pairs), draw(f_y, PAIRS, pairs)).mean())
    zero_x = torch.zeros_like(f_x)
    zero_y = torch.zeros_like(f_y)
    return float(
        estimate(f_x, zero_x).mean()
        + estimate(zero_y, f_y).mean()
        - estimate(zero_x, zero_x).mean()
    )


def _norms(critic: nn.Module, x: Tensor, y: Tensor, seed: int) -> tuple[float, float]:
    """Return the mean and the largest norm of the critic's gradient at interpolates."""
    generator = torch_generator(torch.device("cpu"), seed, "dual", "norms")
    a = draw(x, NORM_POINTS, generator)
    b = draw(y, NORM_POINTS, generator)
    (points,) = between(a, b, torch.rand(NORM_POINTS, generator=generator))
    norms = gradient_norms(critic.eval(), points).detach()
    return float(norms.mean()), float(norms.max())
