"""Tests of each thing that can be wrong with a critic, in the words in which it is said."""

import warnings

import pytest
import torch
from nets import critic_for
from torch import nn

from wgan.base.errors import WganError
from wgan.networks import NetworkConfig
from wgan.objectives import VARIANTS, CriticLoss, check_critic, weight_advice

NORMED = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(3))


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_our_own_critics_pass_without_a_word(name, kind):
    critic = critic_for(
        NetworkConfig(kind, width=8, depth=2),
        (2,) if kind == "mlp" else (1, 8, 8),
        0,
        VARIANTS[name].layers,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_critic(critic, VARIANTS[name], compiling=VARIANTS[name].consistency is None)


def test_a_norm_over_the_batch_under_a_penalty_is_an_error_at_once():
    with pytest.raises(WganError, match=r"layer 1 is BatchNorm1d.*use LayerNorm"):
        CriticLoss(NORMED, VARIANTS["wgan-gp"])
    CriticLoss(NORMED, VARIANTS["wgan"])


def test_dropout_under_a_penalty_is_a_warning():
    critic = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5))
    with pytest.warns(UserWarning, match="layer 1 drops out"):
        check_critic(critic, VARIANTS["wgan-lp"])


@pytest.mark.parametrize(
    "critic",
    [
        nn.Sequential(nn.Linear(2, 1), nn.Sigmoid(), nn.Flatten(0)),
        nn.Sequential(nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())),
    ],
)
def test_a_bounded_head_under_a_wasserstein_score_is_an_error(critic):
    with pytest.raises(WganError, match="ends in Sigmoid, but wgan needs scores without a bound"):
        check_critic(critic, VARIANTS["wgan"])
    check_critic(critic, VARIANTS["gan"])
    check_critic(nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1)), VARIANTS["wgan"])


def test_an_activation_in_place_is_an_error_when_compiling():
    critic = nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(0.2, inplace=True), nn.Linear(4, 1))
    check_critic(critic, VARIANTS["wgan-gp"])
    with pytest.raises(WganError, match=r"layer 1 \(LeakyReLU\) works in place"):
        check_critic(critic, VARIANTS["wgan-gp"], compiling=True)


def test_parameters_that_are_no_weights_are_named_before_they_are_clipped():
    critic = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3), Scaled())
    with pytest.warns(UserWarning, match=r"layer 2 \(Scaled\) has parameters of its own") as caught:
        check_critic(critic, VARIANTS["wgan"])
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("scale", "word"), [(1e-3, "outweighs the score"), (1.0, ""), (1e5, "hardly constrained")]
)
def test_a_weight_far_from_the_datas_scale_is_reported_with_that_scale(scale, word):
    x = scale * torch.tensor([[0.0, 0.0], [3.0, 4.0]]).repeat(50, 1)
    words = weight_advice(VARIANTS["wgan-gp"], x)
    assert word in words
    assert (f"two samples lie {5 * scale:.3g} apart" in words) == bool(word)
    assert word in weight_advice(VARIANTS["wgan-ct"], x)
    assert weight_advice(VARIANTS["wgan"], x) == ""
    assert weight_advice(VARIANTS["gan-r1"], x) == ""


def test_an_estimate_that_nothing_bounds_is_reported():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    assert "its estimate then grows without limit" in weight_advice(VARIANTS["wgan-r1"], x)


def test_random_units_are_not_compiled():
    variant = VARIANTS["wgan-ct"]
    with pytest.raises(WganError, match="run without --compile"):
        check_critic(
            critic_for(NetworkConfig("mlp", width=4), (2,), 0, variant.layers),
            variant,
            compiling=True,
        )


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(2, 1)

    def forward(self, x):
        return self.last(x).flatten(0)


def test_a_consistency_term_needs_a_hidden_layer():
    with pytest.raises(WganError, match=r"the critic is a Flat: give an nn\.Sequential"):
        CriticLoss(Flat(), VARIANTS["wgan-ct"])
    CriticLoss(Flat(), VARIANTS["wgan-gp"])
