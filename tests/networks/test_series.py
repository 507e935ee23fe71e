"""Networks of series: any length, the layers of every variant, and certified slopes."""

import numpy as np
import pytest
import torch

from wgan.audit.certificate import certify, frozen
from wgan.data import load
from wgan.networks import NetworkConfig, build_critic, build_generator
from wgan.networks.series import lengths
from wgan.objectives import CriticLoss, find_variant
from wgan.objectives.chains import chain_of


def codec_of(steps, channels=2):
    x = np.random.default_rng(0).normal(size=(20, steps, channels))
    return load(x, kind="series").codec


@pytest.mark.parametrize("steps", [2, 3, 4, 5, 7, 24, 31, 96, 128, 129, 301])
def test_series_of_any_length_have_networks(steps):
    codec = codec_of(steps)
    config = NetworkConfig(kind="conv", width=8, latent=5)
    x = build_generator(config, codec)(torch.randn(3, 5))
    assert x.shape == (3, *codec.shape)
    assert build_critic(config, codec)(x).shape == (3,)


def test_levels_are_halved_down_to_four_steps():
    assert lengths(96) == [96, 48, 24, 12, 6, 3]
    assert lengths(4) == [4]


@pytest.mark.parametrize("steps", [31, 128, 130, 300])
def test_a_critic_hears_every_step_and_channel(steps):
    codec = codec_of(steps)
    critic = build_critic(NetworkConfig(kind="conv", width=8, latent=5), codec)
    x = torch.randn(4, *codec.shape, requires_grad=True)
    critic(x).sum().backward()
    assert (x.grad.abs().sum(dim=0) > 0).all()


def test_a_generator_moves_every_step_and_channel():
    codec = codec_of(31)
    generator = build_generator(NetworkConfig(kind="conv", width=8, latent=5), codec)
    x = generator(torch.randn(64, 5))
    assert (x.std(dim=0) > 1e-3).all()


@pytest.mark.parametrize("steps", [24, 150])
def test_a_critic_of_orthonormal_layers_is_certified_with_slope_1(steps):
    codec = codec_of(steps)
    critic = build_critic(
        NetworkConfig(kind="conv", width=8, latent=5), codec, layers="orthonormal"
    )
    bound = certify(frozen(critic), codec.shape).lipschitz
    assert 0.99 < bound < 1.0001


@pytest.mark.parametrize("steps", [24, 150])
@pytest.mark.parametrize("variant", ["wgan-gp", "wgan-lp"])
def test_the_fast_gradient_of_a_critic_is_autograds(steps, variant):
    codec = codec_of(steps)
    critic = build_critic(NetworkConfig(kind="conv", width=8, latent=5), codec).double()
    assert chain_of(critic)
    found = []
    for swept in (True, False):
        torch.manual_seed(0)
        real, fake = torch.randn(2, 6, *codec.shape, dtype=torch.float64)
        loss = CriticLoss(critic, find_variant(variant))
        loss.swept = swept
        critic.zero_grad()
        loss(3 * real, 3 * fake, torch.rand(6, dtype=torch.float64)).loss.mean().backward()
        found.append(torch.cat([p.grad.flatten() for p in critic.parameters()]))
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-9)
