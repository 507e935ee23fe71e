"""The gradient penalty as it has been written wrongly elsewhere: one fixture tells every fault
apart, one test a fault.

Critic f(x) = |x|^2 / 2, whose gradient is x; real = 0; fake = c with |c| = r. At u real + (1 - u)
fake the norm is (1 - u) r, so with u uniform the penalty is E(u r - 1)^2 = r^2/3 - r + 1.
"""

import pytest
import torch

from wgan.objectives.penalties import Penalty, between, gradient_norms, two_sided

R, N, SHAPE = 2.0, 4096, (3, 4, 4)
RIGHT = R**2 / 3 - R + 1
PENALTY = Penalty(between, two_sided, 10.0, "")


def critic(x):
    return x.flatten(1).square().sum(1) / 2


@pytest.fixture
def samples():
    fake = torch.full(SHAPE, R / 48**0.5).expand(N, *SHAPE)
    return torch.zeros(N, *SHAPE), fake


def uniform(seed=0, n=N):
    return torch.rand(n, generator=torch.Generator().manual_seed(seed))


def test_the_closed_form(samples):
    value, norms = PENALTY(critic, *samples, uniform())
    assert float(value.mean()) == pytest.approx(RIGHT, abs=0.02)
    assert float(norms.mean()) == pytest.approx(R / 2, abs=0.03)


def test_at_given_coefficients_it_is_exact(samples):
    u = uniform()
    value, _ = PENALTY(critic, *samples, u)
    assert torch.allclose(value, ((1 - u) * R - 1) ** 2, atol=1e-5)


def test_the_norm_is_over_all_axes_not_axis_one_alone(samples):
    value, _ = PENALTY(critic, *samples, uniform())
    assert abs(float(value.mean()) - 0.6240) > 0.2


def test_there_is_one_norm_a_sample_not_one_for_the_batch(samples):
    value, norms = PENALTY(critic, *samples, uniform())
    assert norms.shape == value.shape == (N,)
    assert float(value.mean()) < 1


def test_the_penalty_of_a_sample_does_not_depend_on_the_others(samples):
    real, fake = samples
    u = uniform()
    whole, _ = PENALTY(critic, real, fake, u)
    half, _ = PENALTY(critic, real[: N // 2], fake[: N // 2], u[: N // 2])
    assert torch.equal(whole[: N // 2], half)


def test_there_is_one_coefficient_a_sample_not_one_a_pixel(samples):
    (points,) = between(*samples, uniform())
    assert torch.equal(points.flatten(1).amin(1), points.flatten(1).amax(1))
    value, _ = PENALTY(critic, *samples, uniform())
    assert abs(float(value.mean()) - 0.0387) > 0.2


def test_there_is_not_one_coefficient_for_the_batch(samples):
    (points,) = between(*samples, uniform())
    assert float(points.flatten(1)[:, 0].std()) > 0.08
    values = torch.stack([PENALTY(critic, *samples, uniform(seed))[0].mean() for seed in range(20)])
    assert float(values.std()) < 0.01  # one coefficient a batch spreads by 0.298


def test_the_run_draws_coefficients_uniformly_not_normally():
    from wgan.config import configure, from_settings
    from wgan.data import Batches
    from wgan.training.draws import Draws

    config, data = configure([from_settings(["optimizer.batch=4096", "data.source=25-gaussians"])])
    draws = Draws(Batches(data.split(), 0), config, torch.device("cpu"))
    u = draws.critic(0).u
    assert 0 <= float(u.min()) < float(u.max()) <= 1
    assert float(u.mean()) == pytest.approx(0.5, abs=0.02)
    assert float(u.var()) == pytest.approx(1 / 12, abs=0.005)


def test_the_root_of_zero_has_a_finite_gradient():
    weight = torch.ones(5, requires_grad=True)
    norms = gradient_norms(lambda x: (x * 0 * weight).sum(1), torch.ones(3, 5))
    two_sided(norms).sum().backward()
    assert torch.isfinite(weight.grad).all()


def test_the_inner_gradient_reaches_the_critics_weights():
    weight = torch.full((5,), 2.0, requires_grad=True)
    value = two_sided(gradient_norms(lambda x: (x * weight).sum(1), torch.ones(3, 5))).mean()
    value.backward()
    norm = weight.detach().norm()
    assert torch.allclose(weight.grad, 2 * (norm - 1) * weight.detach() / norm)
