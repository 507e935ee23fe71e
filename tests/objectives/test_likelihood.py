"""The likelihood term of the generator's loss: its value, gradient and units."""

import pytest
import torch
from nets import critic_for, generator_for
from torch import nn

from wgan.base.errors import WganError
from wgan.networks import NetworkConfig
from wgan.objectives import VARIANTS, GeneratorLoss, find_variant


class Shift(nn.Module):
    """G(z) = z + m, with the likelihood of a normal distribution around m (+ 10 y)."""

    def __init__(self):
        super().__init__()
        self.m = nn.Parameter(torch.tensor([0.5, -1.0]))

    def forward(self, z, y=None):
        return z + self.m

    def negative_log_likelihood(self, x, y=None, dropout=None):
        centre = self.m if y is None else self.m + 10 * y
        return 0.5 * (x - centre).square().sum(1)


class Linear(nn.Module):
    """f(x, y) = sum of x, of `pack` samples together."""

    def __init__(self, pack=1):
        super().__init__()
        self.pack = pack
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x, y=None):
        return self.weight * x.reshape(-1, self.pack * 2).sum(1)


Z = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5], [-2.0, 1.0]])
REAL = torch.tensor([[0.5, 0.0], [1.5, -1.0], [0.0, 0.0], [2.5, -2.0]])


@pytest.mark.parametrize("weight", [0.0, 0.25, 2.0])
def test_the_loss_is_that_of_the_score_plus_the_weighted_negative_log_likelihood(weight):
    """With f = sum, -f(G(z)) has the gradient -1 in m; the likelihood has m - mean(x)."""
    generator = Shift()
    loss = GeneratorLoss(generator, Linear(), find_variant("wgan-lp"), likelihood_weight=weight)
    value = loss(Z, REAL)
    nll = [0.5, 0.5, 0.625, 2.5]
    score = [-(3 - 0.5), -(-1 - 0.5), -(3.5 - 0.5), -(-1 - 0.5)]
    right = [s + weight * sum(nll) / 4 for s in score]
    assert value.tolist() == pytest.approx(right)
    value.mean().backward()
    right = [-1 + weight * (0.5 - 1.125), -1 + weight * (-1 + 0.75)]
    assert generator.m.grad.tolist() == pytest.approx(right)


def test_a_likelihood_may_be_of_more_samples_than_are_scored():
    """The first real samples have the conditions of z."""
    loss = GeneratorLoss(Shift(), Linear(2), find_variant("wgan-lp"), likelihood_weight=2.0)
    score = [-(3 - 1 - 1), -(3.5 - 1 - 1)]
    more = torch.cat([REAL, REAL[:1]])
    right = [s + 2 * (4.125 + 0.5) / 5 for s in score]
    assert loss(Z, more).tolist() == pytest.approx(right)


def test_conditions_are_those_of_the_real_samples():
    y = torch.tensor([[1, 0], [0, 0], [0, 0], [0, 1]])
    loss = GeneratorLoss(Shift(), Linear(), find_variant("wgan-lp"), likelihood_weight=1.0)
    plain = GeneratorLoss(Shift(), Linear(), find_variant("wgan-lp"))
    term = loss(Z, REAL, None, y) - plain(Z, REAL, None, y)
    right = (0.5 * (10**2 + 1) + 0.5 + 0.625 + 0.5 * (2**2 + 11**2)) / 4
    assert term.tolist() == pytest.approx([right] * 4)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_takes_a_likelihood(name):
    variant = find_variant(name)
    losses = [
        GeneratorLoss(Shift(), Linear(), variant, likelihood_weight=weight) for weight in (0.0, 3.0)
    ]
    without, with_likelihood = (loss(Z, REAL) for loss in losses)
    assert (with_likelihood - without).tolist() == pytest.approx([3 * 4.125 / 4] * 4, abs=1e-5)


def test_in_bfloat16_the_term_is_of_single_precision():
    loss = GeneratorLoss(Shift(), Linear(), find_variant("wgan-lp"), True, 1.0)
    assert loss(Z, REAL).dtype == torch.float32


def test_a_generator_without_likelihood_is_refused_with_a_remedy():
    config = NetworkConfig(width=4, depth=1)
    pair = generator_for(config, (2,)), critic_for(config, (2,))
    GeneratorLoss(*pair, find_variant("wgan-lp"))
    with pytest.raises(WganError, match=r"objective\.likelihood_weight = 0\.5: this generator.*0"):
        GeneratorLoss(*pair, find_variant("wgan-lp"), likelihood_weight=0.5)
