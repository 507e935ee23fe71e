"""Tests of clipping, and of what a constraint does to a critic."""

import pytest
import torch
from nets import critic_for
from torch import nn

from wgan.networks import NetworkConfig
from wgan.objectives import VARIANTS, CriticLoss
from wgan.objectives.constraints import Constraint, clip_weights, clipped_share, is_normalisation


def test_clipping_bounds_weights_and_spares_normalisation():
    net = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Conv1d(1, 2, 3))
    clip_weights(net, 0.01)
    assert net[0].weight.abs().max() <= 0.01
    assert net[0].bias.abs().max() <= 0.01
    assert net[2].weight.abs().max() <= 0.01
    assert torch.equal(net[1].weight, torch.ones(4))


def test_the_share_at_the_bound_counts_clipped_weights_alone():
    net = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[0.5, -0.01], [0.01, 0.001]]))
        net[0].bias.copy_(torch.tensor([0.0, -3.0]))
    clip_weights(net, 0.01)
    assert clipped_share(net, 0.01) == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.BatchNorm1d(2), True),
        (nn.InstanceNorm2d(2), True),
        (nn.LayerNorm(2), True),
        (nn.GroupNorm(1, 2), True),
        (nn.RMSNorm(2), True),
        (nn.Linear(2, 2), False),
        (nn.Embedding(2, 2), False),
    ],
    ids=str,
)
def test_layers_that_normalise_are_known(layer, expected):
    assert is_normalisation(layer) == expected


@pytest.mark.parametrize("name", VARIANTS)
def test_a_constraint_clips_where_it_has_a_bound_and_leaves_weights_alone_elsewhere(name):
    constraint = VARIANTS[name].constraint or Constraint("none")
    critic = critic_for(NetworkConfig(width=4), (2,))
    before = [p.clone() for p in critic.parameters()]
    constraint.apply(critic)
    for p, old in zip(critic.parameters(), before, strict=True):
        bound = constraint.bound
        assert torch.equal(p, old if bound is None else old.clamp(-bound, bound))
        assert p.requires_grad
        assert p.grad_fn is None


def test_weights_clipped_between_forward_and_backward_are_noticed():
    critic = critic_for(NetworkConfig(width=4), (2,))
    x = torch.randn(2, 6, 2)
    loss = CriticLoss(critic, VARIANTS["wgan-gp"])(x[0], x[1], torch.rand(6)).loss.mean()
    clip_weights(critic, 0.01)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
