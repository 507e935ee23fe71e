"""Each loss against its formula in float64 NumPy, and its estimate against the divergence it claims to measure."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from wgan.objectives import VARIANTS
from wgan.objectives.scores import js_estimate

F_REAL = np.array([-30.0, -1.5, 0.0, 2.0, 40.0])
F_FAKE = np.array([3.0, -0.5, 0.0, -2.0, -35.0])


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


DUAL = (lambda r, f: f - r, lambda f: -f, lambda r, f: r - f)
JS_CRITIC = lambda r, f: -log_sigmoid(r) - log_sigmoid(-f)  # noqa: E731
JS_ESTIMATE = lambda r, f: np.log(2) + (log_sigmoid(r) + log_sigmoid(-f)) / 2  # noqa: E731
FORMULAS = {
    "wgan": DUAL,
    "wgan-gp": DUAL,
    "gan": (JS_CRITIC, lambda f: -log_sigmoid(f), JS_ESTIMATE),
    "gan-minimax": (JS_CRITIC, lambda f: log_sigmoid(-f), JS_ESTIMATE),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_losses_equal_their_formulas_and_stay_per_sample(name):
    score, (critic, generator, estimate) = VARIANTS[name].score, FORMULAS[name]
    real, fake = torch.from_numpy(F_REAL), torch.from_numpy(F_FAKE)
    assert np.allclose(score.critic(real, fake), critic(F_REAL, F_FAKE))
    assert np.allclose(score.generator(fake, None), generator(F_FAKE))
    assert np.allclose(score.estimate(real, fake), estimate(F_REAL, F_FAKE))


@pytest.mark.parametrize("name", VARIANTS)
def test_the_critic_pushes_real_up_and_fake_down_and_the_generator_pushes_fake_up(name):
    score = VARIANTS[name].score
    real, fake = torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    score.critic(real, fake).sum().backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    fake.grad = None
    score.generator(fake, None).sum().backward()
    assert (fake.grad < 0).all()


def test_js_estimate_of_the_best_discriminator_is_the_divergence():
    p, q = np.array([0.1, 0.4, 0.5]), np.array([0.6, 0.3, 0.1])
    f = torch.from_numpy(np.log(p / q))  # logit of the best D
    under_p = js_estimate(f, torch.full((3,), -1e9, dtype=torch.float64))
    under_q = js_estimate(torch.full((3,), 1e9, dtype=torch.float64), f)
    halves = (torch.from_numpy(p) * (under_p - np.log(2))).sum() + (torch.from_numpy(q) * (under_q - np.log(2))).sum()
    assert float(np.log(2) + halves) == pytest.approx(jensenshannon(p, q) ** 2)
