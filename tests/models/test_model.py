"""Models: samples as a function of the seed, scores, classes."""

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load
from wgan.models import Model
from wgan.models.model import generate
from wgan.networks import NetworkConfig, build_critic, build_generator


@pytest.fixture
def model():
    network = NetworkConfig(kind="residual", width=4, latent=6)
    codec = load("digits").codec
    generator, critic = (build(network, codec).eval() for build in (build_generator, build_critic))
    return Model(generator, critic, codec, network, "wgan-gp")


def test_the_same_seed_gives_the_same_samples_whatever_their_number(model):
    assert np.array_equal(model.sample(300, seed=1)[:7], model.sample(7, seed=1))
    assert not np.array_equal(model.sample(7, seed=1), model.sample(7, seed=2))
    assert model.sample(3).shape == (3, 8, 8)


def test_more_samples_than_memory_holds_are_refused_before_any_is_drawn(model, monkeypatch):
    """Pictures of 8 x 8 bytes: 64 bytes each."""
    monkeypatch.setattr("wgan.models.model.available_memory", lambda: 64 * 100)
    assert len(model.sample(100)) == 100
    with pytest.raises(WganError, match=r"101 samples take .* GiB"):
        model.sample(101)


def test_sampling_uses_running_statistics_not_the_batchs(model):
    model.generator.train()
    z = torch.randn(8, 6)
    x = generate(model.generator, z)
    assert model.generator.training
    assert torch.allclose(
        x[:1], generate(model.generator, z[:1]), atol=1e-5
    )  # kernels differ by the batch; its statistics would by far more


def test_scores_refuse_samples_of_another_kind(model):
    with pytest.raises(WganError, match=r"samples of shape \(6, 6\), the data had \(8, 8\)"):
        model.scores(np.zeros((3, 6, 6), np.uint8))
    with pytest.raises(WganError, match="give the same range"):
        model.scores(np.zeros((3, 8, 8)))


def test_samplers_have_streams_of_their_own_for_each_purpose_and_draw(model):
    sample = model.sampler(0, "watch")
    assert np.array_equal(sample(5, 1), model.sampler(0, "watch")(9, 1)[:5])
    others = (model.sampler(0, "verdict")(5, 1), model.sampler(1, "watch")(5, 1), sample(5, 2))
    assert not any(np.array_equal(sample(5, 1), other) for other in others)


def test_a_model_without_classes_samples_none(model):
    assert model.class_sampler(0, "verdict") is None
    with pytest.raises(WganError, match="trained without labels"):
        model.label("3")
    with pytest.raises(WganError, match="knows no classes"):
        model.sample(3, labels=np.zeros(3, dtype=np.int64))


def test_a_class_sampler_makes_one_sample_of_each_number(model):
    config, codec = model.network, model.codec
    classes, shares = ("a", "b"), (0.25, 0.75)
    generator = build_generator(config, codec, classes=2).eval()
    conditional = Model(generator, None, codec, config, "wgan-gp", classes, shares)
    made = conditional.class_sampler(0, "verdict")(np.array([0, 1, 1]))
    again = conditional.class_sampler(0, "verdict")(np.array([1, 1, 1]))
    assert made.shape == (3, 8, 8)
    assert np.array_equal(made[1:], again[1:])
    assert not np.array_equal(made[0], again[0])
    with pytest.raises(WganError, match="no class is called 'c'"):
        conditional.label("c")
    with pytest.raises(WganError, match="saved without its critic"):
        conditional.scores(made)
