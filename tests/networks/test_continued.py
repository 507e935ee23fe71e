"""Networks of series that continue a beginning: what is given, what the critic sees, its slope."""

import numpy as np
import pytest
import torch
from described_series import SMALL, T, described
from short_runs import settled, trained
from torch import nn

from wgan.audit.certificate import certify, frozen
from wgan.base.errors import WganError
from wgan.data.kinds import conditions_of
from wgan.networks import build_critic, build_generator, noise_numbers
from wgan.objectives import VARIANTS, CriticLoss, find_variant

K = 2


def with_beginnings(n=40):
    data = described(n=400, context=K)
    codec = data.codec
    long = codec.lengths(data.rows[:]) >= K
    y = torch.from_numpy(conditions_of(codec).beginnings(data.rows[:][long][:n]))
    y[::2] = 0
    return codec, y


def test_given_steps_and_columns_come_out_as_they_are():
    codec, y = with_beginnings()
    generator = build_generator(SMALL, codec)
    with torch.no_grad():
        x = generator(torch.randn(len(y), noise_numbers(SMALL, codec)), y)
    given = y[:, -1, 0] == 1
    assert torch.equal(x[given][:, :, 0, :K], y[given][:, :-1])
    statics = x[given][:, -codec.static_width :, 0]
    assert torch.equal(statics, y[given][:, -1 - codec.static_width : -1, :1].expand(-1, -1, T))
    assert (x[given][:, codec.channels + 1, 0, :K] == 1).all(), "none ends within what is given"
    assert not torch.equal(x[~given][:, :, 0, :K], y[~given][:, :-1])


def test_without_beginnings_all_is_free():
    codec, y = with_beginnings()
    generator = build_generator(SMALL, codec)
    z = torch.randn(len(y), noise_numbers(SMALL, codec))
    assert torch.equal(generator(z), generator(z, torch.zeros_like(y)))


def test_what_follows_depends_on_what_is_given():
    data = described(ends=False, context=K)
    y = torch.from_numpy(conditions_of(data.codec).beginnings(data.rows[:30]))
    generator = build_generator(SMALL, data.codec)
    z = torch.randn(1, noise_numbers(SMALL, data.codec)).repeat(len(y), 1)
    x = generator(z, y)[:, 1, 0, K:]
    assert (x.std(dim=0) > 1e-3).all()


def test_a_class_and_a_beginning_together_are_refused():
    codec, _ = with_beginnings()
    with pytest.raises(WganError, match=r"data.context = 2, with labels: .* leave out"):
        build_generator(SMALL, codec, classes=2)


def test_the_critic_sees_whether_a_beginning_is_given():
    codec, y = with_beginnings()
    critic = build_critic(SMALL, codec)
    x = torch.randn(len(y), *codec.shape)
    assert torch.equal(critic(x)[::2], critic(x, y)[::2])
    assert (critic(x)[1::2] != critic(x, y)[1::2]).all()


def test_a_critic_of_orthonormal_layers_is_certified_with_slope_1():
    codec, _ = with_beginnings()
    critic = build_critic(SMALL, codec, layers="orthonormal").eval()
    planes, *rest = codec.shape
    for parameter in critic.parameters():
        parameter.requires_grad_(False)
    chain = nn.Sequential(*critic.features, *critic.head)
    assert 0.99 < certify(frozen(chain), (planes + 1, *rest)).lipschitz < 1.0001


def test_the_fast_gradient_is_that_of_two_derivatives():
    codec, y = with_beginnings()
    critic = build_critic(SMALL, codec).double()
    loss = CriticLoss(critic, find_variant("wgan-gp"))
    x, other = torch.randn(2, len(y), *codec.shape, dtype=torch.float64)
    u = torch.rand(len(y), dtype=torch.float64)
    found = []
    for swept in (True, False):
        loss.swept = swept
        terms = loss(x, other, u, y.double())
        gradient = torch.autograd.grad(terms.loss.mean(), list(critic.parameters()))
        found.append([terms.loss, terms.gradient_norm, *gradient])
    loss.swept = True
    assert loss._chain(x, other), "there is a fast gradient"
    for fast, slow in zip(*found, strict=True):
        torch.testing.assert_close(fast, slow)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains_with_beginnings(name):
    settings = [f"objective.variant={name}", "training.steps=2", "optimizer.batch=12"]
    settings += ["optimizer.critic_steps=1", "network.width=8", "network.latent=4"]
    settings += ["training.warmup_critic_steps=0", "network.depth=1"]
    model = trained(*settled(*settings, data=described(context=K))).model
    raw = model.sample(30)
    assert np.isfinite(raw[:, 0, 1]).all()
