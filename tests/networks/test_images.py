"""Networks of pictures: any shape, no look at other samples, signals of sound size."""

import pytest
import torch
from nets import codec_for, critic_for
from torch import nn

from wgan.networks import NetworkConfig, build_critic, build_generator, count_parameters
from wgan.networks.levels import sizes

KINDS = ["conv", "residual", "bottleneck"]
SHAPES = [(1, 28, 28), (3, 32, 32), (1, 8, 8), (3, 6, 9), (4, 17, 5)]
SHAPES += [(3, 30, 64), (1, 1, 40), (2, 3, 3), (1, 1, 1)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pairs_fit_any_height_width_and_channels(kind, shape):
    config = NetworkConfig(kind=kind, width=4, latent=7)
    codec = codec_for(shape)
    x = build_generator(config, codec)(torch.randn(3, 7))
    assert x.shape == (3, *shape)
    assert x.abs().max() <= 1
    assert build_critic(config, codec)(x).shape == (3,)


def test_sides_are_halved_each_by_itself():
    assert sizes(30, 64) == [(30, 64), (15, 32), (7, 16), (3, 8), (3, 4)]
    assert sizes(4, 4) == [(4, 4)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_critic_looks_at_other_samples(kind):
    critic = build_critic(NetworkConfig(kind=kind, width=4), codec_for((3, 16, 16)))
    assert not any(isinstance(m, nn.modules.batchnorm._NormBase) for m in critic.modules())
    x = torch.randn(6, 3, 16, 16)
    assert torch.allclose(critic(x)[:2], critic(x[:2]), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_signals_neither_vanish_nor_explode_at_the_start(kind):
    config = NetworkConfig(kind=kind, width=32)
    codec = codec_for((3, 32, 32))
    x = build_generator(config, codec)(torch.randn(64, 128))
    assert 0.05 < float(x.detach().std()) < 0.95
    scores = build_critic(config, codec)(torch.rand(64, 3, 32, 32) * 2 - 1)
    assert 0.01 < float(scores.detach().std()) < 10


def test_width_is_the_one_dial():
    codec = codec_for((1, 28, 28))
    narrow, wide = (count_parameters(build_critic(NetworkConfig(width=w), codec)) for w in (16, 64))
    assert 10 < wide / narrow < 16


@pytest.mark.parametrize("kind", KINDS)
def test_kernels_lie_with_channels_last(kind):
    config = NetworkConfig(kind=kind, width=8)
    codec = codec_for((3, 8, 8))
    for net in (build_generator(config, codec), build_critic(config, codec)):
        kernels = [p for p in net.parameters() if p.ndim == 4]
        assert kernels
        assert all(p.is_contiguous(memory_format=torch.channels_last) for p in kernels)


def test_a_critic_with_dropout_has_the_rates_of_its_paper():
    """Half after each activation; after residual blocks nothing, a fifth, then half."""

    def rates(kind):
        net = critic_for(NetworkConfig(kind, width=4), (3, 32, 32), 0, "dropout")
        return [layer.p for layer in net if isinstance(layer, nn.Dropout)]

    assert rates("conv") == [0.5, 0.5, 0.5, 0.5]
    assert rates("residual") == [0.2, 0.5, 0.5]
