"""Augmentation of a run: the probability of changes, which follows the critic's overfitting.

The critic overfits where it scores training samples higher than others of the same distribution.
Karras et al. (2020), equation 1, measure that by

    r_v = (E f(train) - E f(validation)) / (E f(train) - E f(generated)),

which is 0 without overfitting and 1 where validation samples score as generated ones do. A ratio
of differences, it needs neither a zero nor a unit of the score, so that it serves every variant.
Their other measure, E sign f(train), needs a zero, which a Wasserstein critic does not have.
"""

import torch
from torch import Tensor

from wgan.config import Config
from wgan.training.draws import Draws
from wgan.training.parallel import ALONE, Ranks
from wgan.training.state import State

EVERY = 4
"""Steps between adjustments: Karras et al. (2020), section 3.1."""
SAMPLES_TO_ONE = 500_000
"""Real samples in which the probability could rise from 0 to 1, as in section 3.1 of the paper."""
MOST = 0.8
"""The highest adaptive probability. Above it, changes leak into generated pictures: Karras et al.
(2020), section 2.2 and figure 4.
"""
KEPT = 15 / 16
"""Weight that the mean scores keep at an adjustment. One batch of 64 tells r_v to about +-0.3,
sixteen to +-0.1; meanwhile the probability moves by 0.01.
"""


@torch.no_grad()
def adjust(state: State, draws: Draws, config: Config, ranks: Ranks = ALONE) -> None:
    """Move the probability by one step of an adaptive run, up where r_v is above its aim.

    The critic scores three sets, all of them changed. They are the batch that it will be trained on
    next, the generated samples of the same batch, and as many samples that it is never trained on.

    Args:
        state: of the run; its `augment` is moved.
        draws: of the run.
        config: of the run.
        ranks: this process, and those that train with it.
    """
    assert state.augment is not None
    steps = config.optimizer.critic_steps
    following = config.training.warmup_critic_steps + state.step * steps
    means = _mean_scores(state, draws, config, following)
    ranks.average([means])
    state.augment.follow(
        means.tolist(),
        KEPT,
        config.augment.aim,
        EVERY * steps * config.optimizer.batch / SAMPLES_TO_ONE,
        MOST,
    )


def _mean_scores(state: State, draws: Draws, config: Config, draw: int) -> Tensor:
    """Return the mean scores of training, watched and generated samples of this rank, `[3]`.

    Nothing is dropped, and no network follows its statistics.
    """
    state.generator.eval()
    state.critic.eval()
    bfloat16 = config.training.precision == "bfloat16"
    total = torch.zeros(3, dtype=torch.float64)
    for i in range(draws.microbatches):
        x_real, z, _, y, changes = draws.critic(draw, i, state.probability)
        x_watched, y_watched = draws.watched(draw, i, state.probability)
        labels = () if y is None else (y,)
        with torch.autocast(z.device.type, torch.bfloat16, enabled=bfloat16):
            x_fake = state.changed(state.generator(z, *labels).float(), changes)
            samples = zip((x_real, x_watched, x_fake), (y, y_watched, y), strict=True)
            scores = [state.critic(x) if y is None else state.critic(x, y) for x, y in samples]
        total += torch.stack([f.double().mean() for f in scores]).cpu() / draws.microbatches
    state.generator.train()
    state.critic.train()
    return total
