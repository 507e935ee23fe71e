"""Critics trained alone: step by step, with a rate that falls, and projected."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from wgan.objectives import find_variant
from wgan.training import train_critic
from wgan.training.critics import adam


def slope_of(critic):
    """Return a loss whose gradient by the weight of a linear critic is -1."""
    return lambda step: -critic.weight.sum()


def test_steps_are_counted_from_none_to_all_and_each_has_a_loss_of_its_own():
    critic = nn.Linear(1, 1, bias=False)
    numbers = []

    def loss(step):
        numbers.append(step)
        return critic.weight.square().sum()

    optimizer = torch.optim.SGD(critic.parameters(), lr=1.0)
    done = list(train_critic(critic, loss, 3, optimizer, lr=0.1))
    assert done == [0, 1, 2, 3]
    assert numbers == [0, 1, 2]
    assert list(train_critic(critic, loss, 0, optimizer, lr=0.1)) == [0]


@pytest.mark.parametrize(("decay", "rates"), [(True, (0.4, 0.3, 0.2, 0.1)), (False, (0.4,) * 4)])
def test_the_rate_falls_linearly_to_zero_or_stays(decay, rates):
    critic = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(critic.parameters(), lr=9.0)
    variant = find_variant("wgan-gp")
    weights = []
    for _ in train_critic(critic, slope_of(critic), 4, optimizer, 0.4, decay=decay):
        weights.append(float(critic.weight.detach()))
    moved = [after - before for before, after in pairwise(weights)]
    assert moved == pytest.approx(rates, abs=1e-6)


def test_a_hard_constraint_is_applied_after_each_update():
    critic = nn.Linear(1, 1, bias=False)
    variant = find_variant("wgan").adjusted(clip=0.05)
    optimizer = torch.optim.SGD(critic.parameters(), lr=1.0)
    for step in train_critic(critic, slope_of(critic), 3, optimizer, 1.0, variant.constraint):
        assert step == 0 or float(critic.weight.detach()) == pytest.approx(0.05)


def test_a_penalised_critic_reads_the_distance_of_two_points():
    """f(x) = w x, real 1, fake 0: the estimate is w, which |w - 1|^2 holds near 1 + 1 / (2 L)."""
    critic = nn.Linear(1, 1, bias=False)
    weight = 10.0

    def loss(step):
        w = critic.weight.sum()
        return -w + weight * (w - 1).square()

    optimizer = adam(critic, lr=0.05)
    for _ in train_critic(critic, loss, 400, optimizer, lr=0.05):
        pass
    assert float(critic.weight.detach()) == pytest.approx(1 + 1 / (2 * weight), abs=1e-3)
