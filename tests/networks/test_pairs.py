"""Pairs: chosen by the kind of data, built from the seed alone, or a user's own."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from nets import codec_for
from torch import nn

from wgan.base.errors import WganError
from wgan.data import VectorCodec, load
from wgan.networks import PAIRS, NetworkConfig, Pair, build_critic, build_generator, noise_numbers


def own_pair():
    """A pair of one's own: linear, with twice as much noise as columns."""
    return Pair(
        ("linear", "mlp"),
        lambda config, codec, classes: nn.Linear(2 * codec.shape[0], codec.shape[0]),
        lambda config, codec, layers, classes: nn.Sequential(nn.Linear(codec.shape[0], 1)),
        lambda config, codec: 2 * codec.shape[0],
    )


def test_weights_are_a_function_of_the_seed_and_leave_the_global_state_alone():
    config, codec = NetworkConfig(width=8), codec_for((1, 8, 8))
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second, other = (build_generator(config, codec, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(first[0].weight, other[0].weight)


@pytest.mark.parametrize("build", [build_generator, build_critic])
@pytest.mark.parametrize(
    ("kind", "shape", "words"),
    [
        ("mlp", (1, 8, 8), "does not serve images: choose conv, residual or bottleneck"),
        ("conv", (2,), "does not serve vectors: choose mlp"),
        ("residual", (2,), "does not serve vectors: choose mlp"),
    ],
)
def test_architectures_that_do_not_fit_the_data_are_refused(build, kind, shape, words):
    with pytest.raises(WganError, match=f"network.kind = '{kind}' {words}"):
        build(NetworkConfig(kind), codec_for(shape))


def test_packs_are_refused_where_the_critic_takes_none():
    with pytest.raises(WganError, match=r"network.pack = 2: this pair's critic takes no packs"):
        build_critic(NetworkConfig(pack=2), codec_for((2,)), pair=own_pair())


def test_auto_takes_the_first_architecture_of_the_kind():
    assert [pair.architectures[0] for pair in PAIRS.values()] == ["mlp", "conv", "conv", "mlp"]
    chosen, named = (
        build_critic(NetworkConfig(kind, width=4), codec_for((1, 8, 8)))
        for kind in ("auto", "conv")
    )
    assert str(chosen) == str(named)


def test_noise_is_the_latent_and_for_tables_a_number_for_each_digit_and_score():
    config = NetworkConfig(latent=7)
    assert noise_numbers(config, codec_for((3,))) == 7
    assert noise_numbers(config, codec_for((3, 8, 8))) == 7
    frame = pd.DataFrame({"k": ["a", "b", "c"] * 20, "m": [True, False] * 30})
    assert noise_numbers(config, load(frame).codec) == 2
    frame["x"] = np.arange(60) % 30 / 7  # a digit, and a place in a cell
    assert noise_numbers(config, load(frame).codec) == 4


def test_a_pair_of_ones_own_is_built_from_the_seed_too():
    codec, pair = codec_for((3,)), own_pair()
    first, again = (build_generator(NetworkConfig(), codec, 5, pair=pair) for _ in range(2))
    assert first.weight.shape == (3, 6)
    assert torch.equal(first.weight, again.weight)
    assert build_critic(NetworkConfig(), codec, 5, pair=pair)(torch.zeros(2, 3)).shape == (2, 1)
    assert build_generator(NetworkConfig("mlp"), codec, 5, pair=pair).weight.shape == (3, 6)
    with pytest.raises(WganError, match="choose linear or mlp"):
        build_generator(NetworkConfig("conv"), codec, pair=pair)


def test_a_kind_without_networks_is_told_where_to_add_them():
    @dataclass(frozen=True)
    class SeriesCodec(VectorCodec):
        kind: ClassVar[str] = "sounds"

    with pytest.raises(WganError, match=r"no networks serve sounds: add a line to networks.pairs"):
        build_generator(NetworkConfig(), SeriesCodec((0.0,), (1.0,), "<f4"))
