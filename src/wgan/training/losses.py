"""Which loss modules drive a run? The plain ones, or the same compiled and checked against them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from wgan.errors import WganError
from wgan.objectives import CriticLoss, CriticTerms, GeneratorLoss, Variant
from wgan.training.config import Config
from wgan.training.state import State

TOLERANCE, TOLERANCE_BFLOAT16 = 0.01, 0.05


@dataclass(frozen=True)
class Losses:
    """The two loss modules: plain, compiled, or wrapped for data-parallel training."""

    critic: Callable[..., CriticTerms]
    generator: Callable[..., Tensor]


def build_losses(state: State, row: Variant, config: Config) -> Losses:
    """Return the plain loss modules around a state's networks."""
    bfloat16 = config.training.precision == "bfloat16"
    return Losses(CriticLoss(state.critic, row, bfloat16), GeneratorLoss(state.generator, state.critic, row, bfloat16))


def compiled(losses: Losses, state: State, x_real: Tensor, x_fake: Tensor, u: Tensor, tolerance: float) -> Losses:
    """Compile both loss modules, and check on one batch that the critic's gradient, penalty included, is the plain one.

    Some releases of torch dropped the penalty's gradient silently when compiling, so this is checked at every start.

    Raises:
        WganError: no compiler here, or gradients whose relative difference exceeds `tolerance`.
    """
    critic = torch.compile(losses.critic, fullgraph=True, dynamic=False)
    generator = torch.compile(losses.generator, fullgraph=True, dynamic=False)
    try:
        plain, fast = (_gradient(loss, state, x_real, x_fake, u) for loss in (losses.critic, critic))
    except torch._dynamo.exc.TorchDynamoException as error:
        raise WganError(f"training.compile: torch could not compile the loss ({str(error).splitlines()[0]}): run without --compile") from None
    difference = float((fast - plain).norm() / plain.norm().clamp_min(1e-30))
    if not difference <= tolerance:
        raise WganError(f"training.compile: the compiled gradient differs from the plain one by {difference:.1%}: run without --compile")
    return Losses(critic, generator)


def _gradient(loss: Callable[..., CriticTerms], state: State, x_real: Tensor, x_fake: Tensor, u: Tensor) -> Tensor:
    state.critic.zero_grad(set_to_none=True)
    CriticTerms(*loss(x_real, x_fake, u)).loss.mean().backward()
    grads = [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in state.critic.parameters()]
    state.critic.zero_grad(set_to_none=True)
    return torch.cat(grads)
