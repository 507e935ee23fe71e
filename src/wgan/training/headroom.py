"""Was the critic trained enough? Its estimate, before and after more steps against the generator as
it stands.

The paper asks for a critic near its optimum before the generator moves (Arjovsky, Chintala and
Bottou 2017, section 3).
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from wgan.base.intervals import mean_of
from wgan.config.sections import Config
from wgan.data import Batches, Dataset
from wgan.objectives import Variant
from wgan.training.compiled import build_losses
from wgan.training.draws import Draws
from wgan.training.state import State
from wgan.training.step import critic_update

LEAST_STEPS, MOST_STEPS, PART = 10, 100, 20
BATCHES = 4
TENTH = 0.1


@dataclass(frozen=True)
class Headroom:
    """The critic's estimate `before` and `after` so many more `steps`; the rise is known to +-
    `half_width` (95 %, over samples).
    """

    before: float
    after: float
    half_width: float
    steps: int

    @property
    def state(self) -> Literal["under-trained", "enough", "unclear"]:
        """Under-trained: it rose by more than a tenth, and than its noise. Enough: it surely moved
        by less than a tenth.
        """
        rise, tenth = self.after - self.before, TENTH * abs(self.before)
        if rise > self.half_width and rise > tenth:
            return "under-trained"
        return "enough" if abs(rise) + self.half_width <= tenth else "unclear"


def critic_headroom(
    state: State, config: Config, dataset: Dataset, variant: Variant
) -> Headroom | None:
    """Train the critic further against the frozen generator, compare its estimates on the same
    samples, and put it back.

    As many steps as a twentieth of the run's, at most 100, with the run's learning rate falling to
    zero; none after runs of fewer than 200 critic steps. The samples are 4 batches of training
    samples with as many generated ones.
    """
    total = state.step * config.optimizer.critic_steps + config.training.warmup_critic_steps
    steps = min(MOST_STEPS, total // PART)
    if steps < LEAST_STEPS:
        return None
    device = next(state.generator.parameters()).device
    draws = Draws(
        Batches(
            dataset.split(config.data.held_out, config.data.split_seed),
            config.training.seed,
            device,
        ),
        config,
        device,
    )
    losses = build_losses(state, variant, config)
    kept = deepcopy(
        (
            state.critic.state_dict(),
            state.critic_optimizer.state_dict(),
            dict(state.generator.named_buffers()),
        )
    )

    before = _estimates(state, variant, draws, total + steps)
    for i in range(steps):
        for group in state.critic_optimizer.param_groups:
            group["lr"] = config.optimizer.lr * (1 - i / steps)
        with draws.dropout("headroom", i, variant):
            critic_update(state, losses, variant, draws.critic(total + i), config)
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
    for draw in range(first, first + BATCHES):
        x_real, z, _, y = draws.critic(draw)
        labels = () if y is None else (y,)
        f_real, f_fake = (
            state.critic(x, *labels).float() for x in (x_real, state.generator(z, *labels))
        )
        found.append(variant.score.estimate(f_real, f_fake))
    state.critic.train()
    return torch.cat(found)
