"""Irregular clocks: moves of known size, targets of every series, and beginnings."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from described_series import SMALL
from torch import nn

from wgan.data.series.arrays import read_series
from wgan.networks import build_generator, noise_numbers
from wgan.networks.irregular import Moves

USUAL = 1.0
T = 9


def walks(n=200, seed=0):
    """Brownian motion and white noise at exponential times; some series end, some values miss."""
    random = np.random.default_rng(seed)
    gap = random.exponential(size=(n, T))
    gap[:, 0] = USUAL
    x = np.cumsum(np.sqrt(gap) * random.normal(size=gap.shape), axis=1)
    whole = np.stack([x, random.normal(size=gap.shape), gap], axis=2)
    whole[random.random(gap.shape) < 0.1, 0] = np.nan
    for row, length in enumerate(random.integers(4, T + 1, n)):
        whole[row, length:] = np.nan
    return whole


@pytest.fixture
def codec():
    found = read_series(walks(), "x", usual=USUAL, context=3).codec
    return replace(found, nuggets=(0.0, 0.36), ranges=(1.0, 0.5))


def free(moves, u):
    none = u[..., :0]
    return moves(u, none, none > 0)


def coded(codec, gap):
    return (torch.as_tensor(gap).log() - codec.mean[-1]) / codec.scale[-1]


def test_a_move_has_the_share_of_the_variogram(codec):
    gap = torch.tensor([1.0, 0.01, 0.5, 20.0])
    u = torch.stack([torch.tensor([0.0, 1.0, 1.0, 1.0])] * 2 + [coded(codec, gap)])[None]
    x = free(Moves(codec), u)[0]
    s = (
        1
        - (1 - torch.tensor(codec.nuggets))[:, None]
        * torch.exp(-gap / torch.tensor(codec.ranges)[:, None])
    ).sqrt()
    moved = x[:2].diff(dim=1) / (1 - x[:2, :-1])
    torch.testing.assert_close(moved[:, :2], s[:, 1:3], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(x[:2, 3], torch.ones(2), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(x[2], u[0, 2])


def test_every_series_has_its_targets(codec):
    moves = Moves(codec)
    x = torch.randn(5, 3, T)
    s = moves._shares(x[:, -1:])
    u = x.clone()
    u[:, :2, 1:] = x[:, :2, :-1] + x[:, :2].diff(dim=2) / s[..., 1:]
    torch.testing.assert_close(free(moves, u), x, rtol=1e-4, atol=1e-4)


def test_gradients_are_finite_at_times_of_any_size(codec):
    u = torch.randn(6, 3, T)
    u[:, -1] = torch.tensor([-1e4, -30.0, -5.0, 5.0, 30.0, 1e4])[:, None]
    u.requires_grad_()
    free(Moves(codec), u).square().sum().backward()
    assert torch.isfinite(u.grad).all()


def test_known_steps_stay_and_the_next_goes_on_from_them(codec):
    moves = Moves(codec)
    u, given = torch.randn(4, 3, T), torch.randn(4, 3, 3)
    known = torch.ones(4, 3, 3, dtype=torch.bool)
    known[0, 0, 1] = False  # a missing value: the generated one stands behind it
    x = moves(u, given, known)
    torch.testing.assert_close(x[..., :3][known], given[known])
    u[:, -1, 3] = -30.0  # no time at all
    torch.testing.assert_close(moves(u, given, known)[:, 0, 3], given[:, 0, 2], atol=2e-2, rtol=0)
    assert not torch.equal(x[0, 0, 1], given[0, 0, 1])


def test_no_generated_series_is_shorter_than_any_of_the_data(codec):
    generator = build_generator(SMALL, codec, seed=1)
    z = torch.randn(2000, noise_numbers(SMALL, codec))
    x = codec.in_channels(codec.decode(generator(z)))
    lengths = (~np.isnan(x[..., -1])).sum(axis=1)
    assert codec.shortest == 4
    assert lengths.min() == 4
    assert lengths.max() == T


def test_the_values_of_a_generator_are_those_of_its_targets(codec):
    generator = build_generator(SMALL, codec, seed=1)
    targets = []
    generator.chain.register_forward_hook(lambda *call: targets.append(call[-1][:, :3, 0]))
    x = generator(torch.randn(100, noise_numbers(SMALL, codec)))[:, :3, 0]
    there = x != 0
    assert 0.3 < there[:, 0].float().mean() < 0.9, "some miss, some series have ended"
    torch.testing.assert_close(x[there], free(Moves(codec), targets[0])[there])


def test_a_codec_without_them_has_the_generator_that_it_had(codec):
    plain = build_generator(SMALL, replace(codec, nuggets=(), ranges=()), seed=1)
    moved = build_generator(SMALL, codec, seed=1)
    assert plain.moves is None
    assert plain.state_dict().keys() == moved.state_dict().keys()


class Zeros(nn.Module):
    """A chain whose planes are zero."""

    def __init__(self, planes):
        super().__init__()
        self.planes = planes

    def forward(self, z):
        return z.new_zeros(len(z), self.planes, 1, T)


def test_a_continued_series_moves_on_from_its_beginning(codec):
    generator = build_generator(SMALL, codec, seed=1)
    planes = codec.shape[0]
    generator.chain = Zeros(planes)
    beginning = torch.zeros(2, planes + 1, 3)
    beginning[0, [0, 2, 3, 4, 5]] = torch.tensor([50.0, 0.0, 1.0, 1.0, 1.0])[:, None]
    x = generator(torch.randn(2, noise_numbers(SMALL, codec)), beginning)[:, 0, 0]
    s = Moves(codec)._shares(torch.zeros(1, 1, 1))[0, 0, 0]
    assert x[0, :3].tolist() == [50.0] * 3
    assert x[0, 3].item() in (0.0, pytest.approx(50 * (1 - s.item())))
    assert x[1].abs().max() == 0
