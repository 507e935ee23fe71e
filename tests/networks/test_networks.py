import pytest
import torch
from torch import nn

from wgan.base.errors import WganError
from wgan.networks import NetworkConfig, build_critic, build_generator, count_parameters
from wgan.networks.images import sizes
from wgan.networks.layers import TransposedConv2d

SHAPES = [
    (1, 28, 28),
    (3, 32, 32),
    (1, 8, 8),
    (3, 6, 9),
    (4, 17, 5),
    (3, 30, 64),
    (1, 1, 40),
    (2, 3, 3),
    (1, 1, 1),
]


@pytest.mark.parametrize("kind", ["conv", "residual"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_picture_pairs_fit_any_height_width_and_channels(kind, shape):
    config = NetworkConfig(kind=kind, width=4, latent=7)
    x = build_generator(config, shape)(torch.randn(3, 7))
    assert x.shape == (3, *shape)
    assert x.abs().max() <= 1
    assert build_critic(config, shape)(x).shape == (3,)


def test_vector_pair():
    config = NetworkConfig(width=16, depth=2, latent=5)
    x = build_generator(config, (11,))(torch.randn(3, 5))
    assert x.shape == (3, 11)
    assert build_critic(config, (11,))(x).shape == (3,)


def test_sides_are_halved_each_by_itself():
    assert sizes(30, 64) == [(30, 64), (15, 32), (7, 16), (3, 8), (3, 4)]
    assert sizes(4, 4) == [(4, 4)]


@pytest.mark.parametrize(
    "config", [NetworkConfig(kind="conv", width=4), NetworkConfig(kind="residual", width=4)]
)
def test_no_critic_looks_at_other_samples(config):
    critic = build_critic(config, (3, 16, 16))
    assert not any(isinstance(m, nn.modules.batchnorm._NormBase) for m in critic.modules())
    x = torch.randn(6, 3, 16, 16)
    assert torch.allclose(critic(x)[:2], critic(x[:2]), atol=1e-6)


@pytest.mark.parametrize("kind", ["conv", "residual"])
def test_signals_neither_vanish_nor_explode_at_the_start(kind):
    config = NetworkConfig(kind=kind, width=32)
    x = build_generator(config, (3, 32, 32))(torch.randn(64, 128))
    assert 0.05 < float(x.detach().std()) < 0.95
    scores = build_critic(config, (3, 32, 32))(torch.rand(64, 3, 32, 32) * 2 - 1)
    assert 0.01 < float(scores.detach().std()) < 10


def test_weights_are_a_function_of_the_seed_and_leave_the_global_state_alone():
    config = NetworkConfig(width=8)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second, other = (build_generator(config, (1, 8, 8), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )
    assert not torch.equal(first[0].weight, other[0].weight)


def test_width_is_the_one_dial():
    narrow, wide = (
        count_parameters(build_critic(NetworkConfig(width=w), (1, 28, 28))) for w in (16, 64)
    )
    assert 10 < wide / narrow < 16


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ({"kind": "mlp"}, (1, 8, 8), "choose conv or residual"),
        ({"kind": "conv"}, (2,), "choose mlp"),
    ],
)
def test_networks_that_do_not_fit_the_data_are_refused(fields, shape, message):
    with pytest.raises(WganError, match=message):
        build_generator(NetworkConfig(**fields), shape)


def test_impossible_sizes_are_refused_at_construction():
    with pytest.raises(WganError, match=r"network\.width = 0"):
        NetworkConfig(width=0)


@pytest.mark.parametrize("odd", [(0, 0), (1, 0), (1, 1)])
def test_a_transposed_convolution_is_torchs(odd):
    ours = TransposedConv2d(3, 5, (4, 4), (2, 2), (1, 1), odd)
    theirs = nn.ConvTranspose2d(3, 5, (4, 4), (2, 2), (1, 1), odd)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 4, 6)
    assert torch.allclose(ours(x), theirs(x), atol=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        assert ours(x).dtype == torch.bfloat16


@pytest.mark.parametrize("kind", ["conv", "residual"])
def test_kernels_lie_with_channels_last(kind):
    for net in (
        build_generator(NetworkConfig(kind=kind, width=8), (3, 8, 8)),
        build_critic(NetworkConfig(kind=kind, width=8), (3, 8, 8)),
    ):
        assert all(
            p.is_contiguous(memory_format=torch.channels_last)
            for p in net.parameters()
            if p.ndim == 4
        )
