"""Critics of the demonstrations, trained on fresh samples of two distributions at every step."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from wgan.base.seeding import derive, torch_generator
from wgan.objectives import CriticLoss, Variant
from wgan.training import train_critic
from wgan.training.critics import adam
from wgan.training.draws import seeded

Draw = Callable[[int, torch.Generator], Tensor]
"""(n, generator of random numbers) -> `n` fresh samples."""
CPU = torch.device("cpu")
PENALTY_WEIGHT = 10.0
"""The weight of Gulrajani et al. (2017). A critic then reads W + W^2 / 20 for W1 = W."""
BATCH = 256
"""Samples of each side, as for the toy data of Gulrajani et al. (2017), section 4.1."""


def train_on_fresh(
    critic: nn.Module,
    variant: Variant,
    real: Draw,
    fake: Draw,
    steps: int,
    seed: int,
    lr: float,
    batch: int = BATCH,
    decay: bool = True,
) -> Iterator[int]:
    """Train a critic in place by the variant's loss, yielding the number of steps done, from 0.

    Args:
        critic: the network.
        variant: its objective.
        real: draws real samples.
        fake: draws fake samples.
        steps: updates.
        seed: random seed of samples and dropout.
        lr: learning rate of Adam (betas 0 and 0.9).
        batch: samples of each side.
        decay: whether the learning rate falls to zero at the last step.
    """
    objective = CriticLoss(critic, variant)
    generator = torch_generator(CPU, seed, "demo", variant.name)
    if variant.constraint:
        variant.constraint.apply(critic)

    def loss(step: int) -> Tensor:
        x_real = real(batch, generator)
        x_fake = fake(batch, generator)
        u = torch.rand(batch, generator=generator)
        dropout = seeded(CPU, derive(seed, "demo", "dropout", step))
        with dropout if variant.consistency else nullcontext():
            value: Tensor = objective(x_real, x_fake, u).loss.mean()
        return value

    yield from train_critic(critic, loss, steps, adam(critic, lr), lr, variant.constraint, decay)
