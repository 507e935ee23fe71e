"""The loop that trains a critic alone: on frozen samples, or against a frozen generator."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from wgan.objectives.constraints import Constraint
from wgan.training.step import move_critic, set_learning_rate

Loss = Callable[[int], Tensor]
"""Step -> loss of a fresh batch, a scalar."""


def train_critic(
    critic: nn.Module,
    loss: Loss,
    steps: int,
    optimizer: Optimizer,
    lr: float,
    constraint: Constraint | None = None,
    decay: bool = True,
) -> Iterator[int]:
    """Train a critic in place, yielding the number of steps done, from 0 to `steps`.

    Args:
        critic: the network.
        loss: the loss of a batch, by the number of the step.
        steps: updates.
        optimizer: the optimizer of the critic's weights.
        lr: learning rate of the first step.
        constraint: a hard constraint, applied after each update.
        decay: whether the rate falls linearly to zero, lr (1 - step / steps).
    """
    for step in range(steps):
        yield step
        set_learning_rate(lr * (1 - step / steps) if decay else lr, optimizer)
        move_critic(critic, optimizer, [loss(step)], constraint)
    yield steps


def adam(critic: nn.Module, lr: float, betas: tuple[float, float] = (0.0, 0.9)) -> Optimizer:
    """Return Adam, by default with the betas of Gulrajani et al. (2017), algorithm 1."""
    return torch.optim.Adam(critic.parameters(), lr=lr, betas=betas, fused=True)
