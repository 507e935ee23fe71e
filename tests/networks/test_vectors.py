"""Networks of vectors: sizes, and the same weights with and without a codec."""

import pytest
import torch
from nets import codec_for
from torch import nn

from wgan.networks import NetworkConfig, build_critic, build_generator, mlp_critic, mlp_generator


def test_a_pair_fits_any_number_of_columns():
    config = NetworkConfig(width=16, depth=2, latent=5)
    x = build_generator(config, codec_for((11,)))(torch.randn(3, 5))
    assert x.shape == (3, 11)
    assert build_critic(config, codec_for((11,)))(x).shape == (3,)


@pytest.mark.parametrize("depth", [0, 3])
def test_depth_counts_hidden_layers(depth):
    layers = [m for m in mlp_critic(2, 8, depth).modules() if isinstance(m, nn.Linear)]
    assert len(layers) == depth + 1


@pytest.mark.parametrize("layers", ["plain", "orthonormal", "spectral"])
def test_points_need_no_codec(layers):
    """The same seed gives the weights that a data set's networks have."""
    config = NetworkConfig("mlp", width=16, depth=2, latent=5)
    x = torch.randn(6, 3)
    ours, theirs = (
        mlp_critic(3, 16, 2, seed=4, layers=layers).eval(),
        build_critic(config, codec_for((3,)), 4, layers).eval(),
    )
    assert torch.equal(ours(x), theirs(x))
    z = torch.randn(6, 5)
    generator = build_generator(config, codec_for((3,)), 4)
    assert torch.equal(mlp_generator(5, 3, 16, 2, seed=4)(z), generator(z))
