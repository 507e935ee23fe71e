"""How is a critic trained when samples never end? Fresh ones at every step, from two fixed
distributions.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from wgan.base.seeding import derive, torch_generator
from wgan.objectives import CriticLoss, Variant
from wgan.training.draws import seeded

Draw = Callable[[int, torch.Generator], Tensor]
CPU = torch.device("cpu")


def train_critic(
    critic: nn.Module,
    variant: Variant,
    real: Draw,
    fake: Draw,
    steps: int,
    seed: int,
    lr: float,
    batch: int = 256,
    decay: bool = True,
) -> Iterator[int]:
    """Train a critic in place by the variant's loss, yielding the number of steps done, from 0.

    Adam, betas 0 and 0.9; with `decay` the learning rate falls to zero at the last step.
    """
    loss = CriticLoss(critic, variant)
    optimizer = torch.optim.Adam(critic.parameters(), lr=lr, betas=(0.0, 0.9), fused=True)
    generator = torch_generator(CPU, seed, "demo", variant.name)
    if variant.constraint:
        variant.constraint.apply(critic)
    for step in range(steps):
        yield step
        for group in optimizer.param_groups:
            group["lr"] = lr * (1 - step / steps if decay else 1)
        optimizer.zero_grad()
        samples = (
            real(batch, generator),
            fake(batch, generator),
            torch.rand(batch, generator=generator),
        )
        with (
            seeded(CPU, derive(seed, "demo", "dropout", step))
            if variant.consistency
            else nullcontext()
        ):
            loss(*samples).loss.mean().backward()
        optimizer.step()
        if variant.constraint:
            variant.constraint.apply(critic)
    yield steps
