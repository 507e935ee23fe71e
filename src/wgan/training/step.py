"""One training step: Algorithm 1 of Gulrajani et al. (2017).

Several critic updates are followed by one of the generator. Losses come one value a sample; this
file alone reduces them, by the mean.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from wgan.config import Config
from wgan.objectives import CriticTerms, Variant
from wgan.objectives.constraints import Constraint
from wgan.training.compiled import Losses
from wgan.training.draws import CriticDraw, Draws
from wgan.training.microbatches import each_as_first, joined
from wgan.training.parallel import ALONE, Ranks
from wgan.training.state import State, generator_rate


def warm_up(
    state: State,
    losses: Losses,
    variant: Variant,
    draws: Draws,
    config: Config,
    ranks: Ranks = ALONE,
) -> Iterator[CriticTerms]:
    """Move the critic alone, before the first step, yielding its terms after each update."""
    for draw in range(config.training.warmup_critic_steps):
        yield critic_update(state, losses, variant, draws, draw, config, ranks)


def train_step(
    state: State,
    losses: Losses,
    variant: Variant,
    draws: Draws,
    config: Config,
    ranks: Ranks = ALONE,
) -> tuple[CriticTerms, Tensor]:
    """Move critic and generator once, by Algorithm 1.

    It returns this rank's terms of the last critic batch, and |grad| of the generator.
    """
    left = 1 - state.step / config.training.steps if config.optimizer.decay == "linear" else 1.0
    set_learning_rate(config.optimizer.lr * left, state.critic_optimizer)
    set_learning_rate(generator_rate(config.optimizer) * left, state.generator_optimizer)
    first = config.training.warmup_critic_steps + state.step * config.optimizer.critic_steps
    for draw in range(first, first + config.optimizer.critic_steps):
        terms = critic_update(state, losses, variant, draws, draw, config, ranks)
    norm = generator_update(state, losses, variant, draws, ranks)
    update_average(state.average, state.generator, config.training.ema, state.step)
    state.step += 1
    return terms, norm


def critic_update(
    state: State,
    losses: Losses,
    variant: Variant,
    draws: Draws,
    draw: int,
    config: Config,
    ranks: Ranks = ALONE,
    stream: str = "critic",
) -> CriticTerms:
    """Lines 4 to 9: sample, score, penalise, move the critic.

    Then the critic's weights are projected if the variant asks for it. Dropout is drawn from
    `stream`.
    """
    found: list[CriticTerms] = []

    def parts() -> Iterator[Tensor]:
        for i in each_as_first(draws.microbatches, state.generator, state.critic):
            with draws.dropout(stream, draw, variant, i):
                terms = critic_terms(
                    state, losses, draws.critic(draw, i, state.probability), config
                )
            found.append(CriticTerms._make(None if t is None else t.detach() for t in terms))
            yield terms.loss.mean() / draws.microbatches

    move_critic(state.critic, state.critic_optimizer, parts(), variant.constraint, ranks)
    return joined(found)


def critic_terms(state: State, losses: Losses, draw: CriticDraw, config: Config) -> CriticTerms:
    """Lines 4 to 7: generate as many samples as there are real ones, score and penalise."""
    x_real, z, u, y, changes = draw
    labels = () if y is None else (y,)
    bfloat16 = config.training.precision == "bfloat16"
    with torch.no_grad(), torch.autocast(z.device.type, torch.bfloat16, enabled=bfloat16):
        x_fake = state.changed(state.generator(z, *labels).float(), changes)
    return CriticTerms(*losses.critic(x_real, x_fake, u, y))


def move_critic(
    critic: nn.Module,
    optimizer: Optimizer,
    losses: Iterable[Tensor],
    constraint: Constraint | None = None,
    ranks: Ranks = ALONE,
) -> None:
    """Lines 8 and 9: one step down the gradient of the sum of losses.

    Each loss is differentiated before the next is computed. Then comes the hard constraint, if
    there is one.
    """
    optimizer.zero_grad(set_to_none=True)
    for loss in losses:
        loss.backward()
    ranks.average(gradients(critic))
    optimizer.step()
    if constraint:
        constraint.apply(critic)


def generator_update(
    state: State, losses: Losses, variant: Variant, draws: Draws, ranks: Ranks = ALONE
) -> Tensor:
    """Lines 10 to 12: move the generator against the critic; return the norm of its gradient."""
    state.critic.requires_grad_(False)
    state.generator_optimizer.zero_grad(set_to_none=True)
    for i in each_as_first(draws.microbatches, state.generator, state.critic):
        with draws.dropout("generator", state.step, variant, i):
            needs_real = variant.score.generator_needs_real
            draw = draws.generator(state.step, needs_real, i, state.probability)
            loss = losses.generator(*draw).mean() / draws.microbatches
        loss.backward()
    ranks.average(gradients(state.generator))
    state.generator_optimizer.step()
    state.critic.requires_grad_(True)
    return nn.utils.get_total_norm(gradients(state.generator))


def gradients(net: nn.Module) -> list[Tensor]:
    """Return the gradients that a network's parameters have."""
    return [p.grad for p in net.parameters() if p.grad is not None]


@torch.no_grad()
def update_average(average: nn.Module, net: nn.Module, decay: float, step: int) -> None:
    """Set average <- d average + (1 - d) net with d = min(decay, (1 + step) / (10 + step)).

    So it soon forgets the first weights.
    """
    d = min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(net.parameters()), 1 - d)
    for mine, theirs in zip(average.buffers(), net.buffers(), strict=True):
        mine.copy_(theirs)


def set_learning_rate(lr: float, *optimizers: Optimizer) -> None:
    """Give optimizers a learning rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = lr
