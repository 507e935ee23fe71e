"""Headroom of a critic: its estimate, before and after more steps against a frozen generator.

The paper asks for a critic near its optimum before the generator moves (Arjovsky, Chintala and
Bottou 2017, section 3).
"""

from copy import deepcopy
from itertools import product

import torch
from torch import Tensor

from wgan.base.intervals import mean_of
from wgan.config import Config
from wgan.data import Batches, Dataset
from wgan.networks import noise_numbers
from wgan.objectives import Variant
from wgan.runs import Headroom
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.state import State
from wgan.training.step import critic_update, set_learning_rate

PART = 20
"""The critic is trained further by a twentieth of its steps so far: more would be another run."""
LEAST_STEPS, MOST_STEPS = 10, 100
"""Fewer steps show nothing above their noise; more than 100 cost seconds. So a slower
rise is not seen, and the diagnosis says how many steps were tried.
"""
BATCHES = 4
"""Batches on which the estimate is read before and after: their noise is the interval."""


def critic_headroom(
    state: State, config: Config, dataset: Dataset, variant: Variant, microbatches: int = 1
) -> Headroom | None:
    """Train the critic further against the frozen generator, compare its estimates on the same
    samples, and put it back.

    It takes a twentieth of the run's steps, at most 100, with the run's learning rate falling to
    zero. The samples are 4 batches of training samples with as many generated ones.

    Args:
        state: of the run; it is the same afterwards.
        config: of the run.
        dataset: of the run.
        variant: of the run.
        microbatches: parts in which a batch is computed, over all processes that trained.

    Returns:
        The estimates; None after a run of fewer than 200 critic steps.
    """
    total = state.step * config.optimizer.critic_steps + config.training.warmup_critic_steps
    steps = min(MOST_STEPS, total // PART)
    if steps < LEAST_STEPS:
        return None
    device = next(state.generator.parameters()).device
    split = config.split(dataset)
    noise = noise_numbers(config.network, dataset.codec, state.generator)
    draws = Draws(Batches(split, config.training.seed, device), config, device, noise, microbatches)
    losses = build_losses(state, variant, config)
    buffers = dict(state.generator.named_buffers())
    kept = deepcopy((state.critic.state_dict(), state.critic_optimizer.state_dict(), buffers))

    before = _estimates(state, variant, draws, total + steps)
    for step in range(steps):
        set_learning_rate(config.optimizer.lr * (1 - step / steps), state.critic_optimizer)
        critic_update(state, losses, variant, draws, total + step, config, stream="headroom")
    after = _estimates(state, variant, draws, total + steps)

    state.critic.load_state_dict(kept[0])
    state.critic_optimizer.load_state_dict(kept[1])
    for name, buffer in state.generator.named_buffers():
        buffer.copy_(kept[2][name])
    rise = mean_of((after - before).double().cpu().numpy())
    return Headroom(float(before.mean()), float(after.mean()), rise.half_width, steps)


@torch.no_grad()
def _estimates(state: State, variant: Variant, draws: Draws, first: int) -> Tensor:
    """Return the estimate of each pair of a real and a generated sample, by a critic that drops and
    follows nothing.
    """
    state.critic.eval()
    found = []
    parts = product(range(first, first + BATCHES), range(draws.microbatches))
    for draw, i in parts:
        x_real, z, _, y, changes = draws.critic(draw, i, state.probability)
        labels = () if y is None else (y,)
        x_fake = state.changed(state.generator(z, *labels), changes)
        f_real, f_fake = (state.critic(x, *labels).float().flatten() for x in (x_real, x_fake))
        found.append(variant.score.estimate(f_real, f_fake))
    state.critic.train()
    return torch.cat(found)
