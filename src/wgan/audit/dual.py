"""Dual readings: what a critic of the table of variants reads between two fixed samples.

A reading is an estimate, never a certificate. It is the dual of W1 (Villani 2009, equation 5.11),
with each variant's own way to keep the critic Lipschitz; no generator moves.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from wgan.audit.auditor import CHUNK, draw
from wgan.audit.certificate import certify, frozen
from wgan.audit.reading import LEAST, Dual, slope_corrected
from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.base.seeding import derive, numpy_generator, torch_generator
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

HELD_OUT = 4
"""One in so many samples of each side is kept from training. The held-out reading of n samples is
then known to within 2 / sqrt(n) standard deviations of the scores of either side.
"""


NO_UNIT = "no unit, an unknown multiple of W1"
NO_DISTANCE = "no distance: nothing bounds this critic where the samples do not overlap"


@dataclass(frozen=True)
class Problem:
    """Two samples as the critic sees them, (s - middle) / scale: training samples and fresh ones.

    f(x) = scale g(x / scale) has the slope of g: g with lambda / scale is the same problem.
    """

    x: np.ndarray
    y: np.ndarray
    fresh_x: np.ndarray
    fresh_y: np.ndarray
    scale: float
    variant: Variant

    def tensors(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.x).to(dtype), torch.from_numpy(self.y).to(dtype)

    def fresh(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.fresh_x).to(dtype), torch.from_numpy(self.fresh_y).to(dtype)


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

    It is mean f(x) - mean f(y) for the trained f, over the samples that trained it, and over one in
    four of each side that was kept back. A variant of the Jensen-Shannon or another divergence has
    its own estimate.

    Args:
        x: samples `[n, d]` ("real"), in any unit.
        y: samples `[m, d]` ("fake"), in the same unit.
        name: a variant of the table, see `wgan variants`.
        steps: updates of the critic by Adam, with linear decay and batches of 512; 8 or more.
        penalty_weight: lambda, in the unit of the samples; None: the variant's.
        width: units of a hidden layer of the fully connected critic.
        depth: its hidden layers.
        seed: random seed of weights, batches, interpolates and the samples kept back; the same
            seed gives the same reading.
        units: the unit of the coordinates, for the reader.
        progress: listener to each step.

    Returns:
        The reading with its gradient norms, the slope-corrected value for a two-sided penalty, and
        how far it still moved.

    Raises:
        WganError: wrong samples, an unknown variant, steps below 8, a weight that is not above 0 or
            of a variant without penalty, or a critic whose scores stopped being finite.

    See also:
        bracket: a certified interval instead of a reading.
        certify: the Lipschitz constant behind a certified reading.

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
    keep = min(len(a), len(b)) >= LEAST
    problem = _scaled(variant, _parts(a, keep, seed, "x"), _parts(b, keep, seed, "y"))
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
    fresh = problem.fresh(torch.float64 if lipschitz else torch.float32)
    counts = len(fresh[0]), len(fresh[1])
    held_out_value = _reading(variant, critic, *fresh) * unit if keep else None
    weight = variant.penalty.weight if variant.penalty else None
    return Dual(
        variant=variant.name,
        measures=variant.score.measures,
        value=value,
        held_out_value=held_out_value,
        corrected=slope_corrected(value, weight) if variant.reads_w1 and weight else None,
        mean_norm=mean_norm,
        max_norm=max_norm,
        lipschitz=lipschitz,
        penalty_weight=weight,
        drift=drift,
        steps=steps,
        n=len(a),
        m=len(b),
        held_out=counts,
        d=a.shape[1],
        units=units if variant.reads_w1 else _other_unit(variant),
    )


def _parts(s: np.ndarray, keep: bool, seed: int, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the training samples, and those kept back."""
    kept = len(s) // HELD_OUT if keep else 0
    order = numpy_generator(seed, "dual", "held out", side).permutation(len(s))
    return s[order[kept:]], s[order[:kept]]


def _scaled(
    variant: Variant, a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]
) -> Problem:
    """Return the problem in units of the common standard deviation of the training samples."""
    middle = (a[0].mean(0) + b[0].mean(0)) / 2
    x, fresh_x, y, fresh_y = (s - middle for s in (*a, *b))
    # In the samples' own unit: clipped weights, and penalties that do not follow their unit.
    clips = variant.constraint and variant.constraint.bound
    if clips or (variant.penalty and not variant.score.is_w1 and variant.penalty.shape != squared):
        return Problem(x, y, fresh_x, fresh_y, 1.0, variant)
    scale = float(np.sqrt(np.mean(np.concatenate([x, y]) ** 2))) or 1.0
    if variant.penalty:
        # Without unit, f(x) = g(x / scale).
        power = 1 if variant.score.is_w1 else 2
        variant = variant.adjusted(variant.penalty.weight / scale**power)
    return Problem(x / scale, y / scale, fresh_x / scale, fresh_y / scale, scale, variant)


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
