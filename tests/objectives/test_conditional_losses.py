"""Tests of losses with labels: sample i, real or fake, and the point between are of one class."""

import pytest
import torch
from nets import critic_for, generator_for

from wgan.networks import NetworkConfig
from wgan.networks.conditional import ProjectionCritic
from wgan.objectives import VARIANTS, CriticLoss, GeneratorLoss

CONDITIONS = ["projection", "concatenation"]


def critic_and_batch(variant, condition="projection", shape=(4,), n=12):
    torch.manual_seed(0)
    critic = critic_for(
        NetworkConfig(width=8, depth=2, condition=condition), shape, 0, variant.layers, 3
    ).eval()
    if isinstance(critic, ProjectionCritic):
        torch.nn.init.normal_(critic.by_class.weight)
    return critic, (
        torch.randn(n, *shape),
        torch.randn(n, *shape) + 1,
        torch.rand(n),
        torch.arange(n) % 3,
    )


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("name", VARIANTS)
def test_each_class_is_scored_and_penalised_by_its_own_critic(name, condition):
    """The loss of a batch of three classes is that of three batches, each with the critic of its
    class alone.
    """
    variant = VARIANTS[name]
    critic, (x_real, x_fake, u, y) = critic_and_batch(variant, condition)
    terms = CriticLoss(critic, variant)(x_real, x_fake, u, y)
    for k in range(3):
        own = y == k

        def f(x, k=k):
            return critic(x, torch.full((len(x),), k))

        f_real, f_fake = f(x_real[own]), f(x_fake[own])
        expected = variant.score.critic(f_real, f_fake)
        if variant.penalty:
            value, norms = variant.penalty(f, x_real[own], x_fake[own], u[own])
            expected = expected + variant.penalty.weight * value
            assert torch.allclose(terms.gradient_norm[own], norms, atol=1e-5)
        assert torch.allclose(terms.loss[own], expected, atol=1e-4)
        assert torch.allclose(
            terms.estimate[own], variant.score.estimate(f_real, f_fake), atol=1e-5
        )


@pytest.mark.parametrize("name", ["wgan-gp", "r3gan"])
def test_labels_that_are_mixed_up_change_the_penalty(name):
    critic, (x_real, x_fake, u, y) = critic_and_batch(VARIANTS[name])
    loss = CriticLoss(critic, VARIANTS[name])
    right, wrong = loss(x_real, x_fake, u, y), loss(x_real, x_fake, u, y.roll(1))
    assert not torch.allclose(right.penalty, wrong.penalty, rtol=0.01)


def test_the_generators_loss_asks_critic_and_generator_for_the_same_class():
    variant = VARIANTS["r3gan"]
    critic, (x_real, _, _, y) = critic_and_batch(variant)
    generator = generator_for(NetworkConfig(width=8, latent=5), (4,), classes=3)
    z = torch.randn(12, 5)
    ours = GeneratorLoss(generator, critic, variant)(z, x_real, y)
    by_hand = variant.score.generator(critic(generator(z, y), y), critic(x_real, y))
    assert torch.allclose(ours, by_hand)


@pytest.mark.parametrize("shape", [(4,), (2, 8, 8)], ids=str)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_batches_with_labels_may_be_split(condition, shape):
    variant = VARIANTS["wgan-gp"]
    critic, batch = critic_and_batch(variant, condition, shape)
    loss = CriticLoss(critic, variant)

    def gradient(*parts):
        critic.zero_grad(set_to_none=True)
        loss(*parts).loss.mean().backward()
        return torch.cat([p.grad.flatten() for p in critic.parameters() if p.grad is not None])

    halves = [gradient(*(t[part] for t in batch)) for part in (slice(0, 6), slice(6, 12))]
    whole = gradient(*batch)
    assert float(((halves[0] + halves[1]) / 2 - whole).norm() / whole.norm()) < 1e-5
