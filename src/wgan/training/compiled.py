"""Loss modules of a run: plain, or compiled and checked against the plain ones."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.config import Config
from wgan.objectives import CriticLoss, CriticTerms, GeneratorLoss, Variant, check_critic
from wgan.training.draws import CriticDraw, Draws, GeneratorDraw
from wgan.training.state import State

TOLERANCE, MOST = 0.01, 0.3
"""Largest distance of a compiled gradient from float32's, relative to its norm: the first value
beyond twice the plain gradient's distance, and at most the second.
"""

CHANGED = 0.5
"""Probability of each change of the generated samples, under augmentation: half are changed."""


@dataclass(frozen=True)
class Losses:
    """The two loss modules: plain or compiled."""

    critic: Callable[..., CriticTerms]
    generator: Callable[..., Tensor]


def build_losses(state: State, variant: Variant, config: Config) -> Losses:
    """Return the plain loss modules around a state's networks."""
    return _in_precision(state, variant, config, config.training.precision == "bfloat16")


def _in_precision(state: State, variant: Variant, config: Config, bfloat16: bool) -> Losses:
    return Losses(
        CriticLoss(state.critic, variant, bfloat16, config.objective.penalty_every),
        GeneratorLoss(
            state.generator,
            state.critic,
            variant,
            bfloat16,
            config.objective.likelihood_weight,
            state.augment.apply if state.augment is not None else None,
        ),
    )


def compiled(
    losses: Losses, state: State, variant: Variant, config: Config, draws: Draws
) -> Losses:
    """Compile the loss modules, and check their gradients on one batch.

    Both gradients, the penalty's included, must be as near to float32's as the plain ones.

    Some releases of torch dropped the penalty's gradient silently when compiling, so this is
    checked at every start.

    Raises:
        WganError: no compiler here, or gradients that are further from float32's than that.
    """
    check_critic(state.critic, variant, compiling=True)
    fast = Losses(
        torch.compile(losses.critic, fullgraph=True, dynamic=False),
        torch.compile(losses.generator, fullgraph=True, dynamic=False),
    )
    exact = _in_precision(state, variant, config, bfloat16=False)
    draw = draws.generator(0, variant.score.generator_needs_real, p=CHANGED)
    if draw.dropout is not None:  # the same units in each of the three: all of them
        draw = draw._replace(dropout=torch.zeros_like(draw.dropout))
    try:
        gradients = [
            _gradients(each, state, draws.critic(0), draw) for each in (exact, losses, fast)
        ]
    except torch._dynamo.exc.TorchDynamoException as error:
        raise WganError(
            f"training.compile: torch could not compile the loss ({str(error).splitlines()[0]}):"
            " run without --compile"
        ) from None
    for right, plain, other in zip(*gradients, strict=True):
        difference, usual = (
            float((each - right).norm() / right.norm().clamp_min(1e-30)) for each in (other, plain)
        )
        if not difference <= min(TOLERANCE + 2 * usual, MOST):
            found = (
                f"a compiled gradient differs from float32's by {difference:.1%}, and the plain one"
                f" by {usual:.1%}"
            )
            raise WganError(f"training.compile: {found}: run without --compile")
    return fast


def _gradients(
    losses: Losses, state: State, draw: CriticDraw, generator_draw: GeneratorDraw
) -> list[Tensor]:
    """Return the critic's and the generator's gradient, flat, under the flags of training.

    Buffers are put back.
    """
    x_real, z, u, y, _ = draw
    buffers = [
        (buffer, buffer.clone())
        for net in (state.generator, state.critic)
        for buffer in net.buffers()
    ]
    with torch.no_grad():
        x_fake = state.generator(z) if y is None else state.generator(z, y)
    critic = _flat(CriticTerms(*losses.critic(x_real, x_fake, u, y)).loss, state.critic)
    state.critic.requires_grad_(False)
    generator = _flat(losses.generator(*generator_draw), state.generator)
    state.critic.requires_grad_(True)
    for buffer, before in buffers:
        buffer.copy_(before)
    return [critic, generator]


def _flat(loss: Tensor, net: nn.Module) -> Tensor:
    parameters = list(net.parameters())
    gradients = torch.autograd.grad(loss.mean(), parameters, allow_unused=True)
    return torch.cat(
        [
            (torch.zeros_like(p) if g is None else g).flatten()
            for p, g in zip(parameters, gradients, strict=True)
        ]
    )
