"""Tests of each loss against its formula in float64 NumPy, and of estimates against divergences."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from wgan.objectives import VARIANTS
from wgan.objectives.scores import (
    hinge_estimate,
    js_estimate,
    least_squares_estimate,
    relativistic_estimate,
)

F_REAL = np.array([-30.0, -1.5, 0.0, 2.0, 40.0])
F_FAKE = np.array([3.0, -0.5, 0.0, -2.0, -35.0])


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


DUAL = (lambda r, f: f - r, lambda f: -f, lambda r, f: r - f)
JS_CRITIC = lambda r, f: -log_sigmoid(r) - log_sigmoid(-f)  # noqa: E731
JS_ESTIMATE = lambda r, f: np.log(2) + (log_sigmoid(r) + log_sigmoid(-f)) / 2  # noqa: E731
LEAST_SQUARES = (
    lambda r, f: ((r - 1) ** 2 + f**2) / 2,
    lambda f: (f - 1) ** 2 / 2,
    lambda r, f: 1 - 2 * ((r - 1) ** 2 + f**2),
)
HINGE = (
    lambda r, f: np.maximum(0, 1 - r) + np.maximum(0, 1 + f),
    lambda f: -f,
    lambda r, f: 1 - (np.maximum(0, 1 - r) + np.maximum(0, 1 + f)) / 2,
)
RELATIVISTIC = (
    lambda r, f: -log_sigmoid(r - f),
    lambda f: -log_sigmoid(f - F_REAL),
    lambda r, f: np.log(2) + log_sigmoid(r - f),
)
FORMULAS = {
    "lsgan": LEAST_SQUARES,
    "hinge-sn": HINGE,
    "r3gan": RELATIVISTIC,
    **dict.fromkeys(("wgan-lp", "wgan-div", "wgan-r1", "wgan-sn", "wgan-ortho", "wgan-ct"), DUAL),
    "wgan": DUAL,
    "wgan-gp": DUAL,
    **dict.fromkeys(("gan", "gan-r1"), (JS_CRITIC, lambda f: -log_sigmoid(f), JS_ESTIMATE)),
    "gan-minimax": (JS_CRITIC, lambda f: log_sigmoid(-f), JS_ESTIMATE),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_losses_equal_their_formulas_and_stay_per_sample(name):
    score, (critic, generator, estimate) = VARIANTS[name].score, FORMULAS[name]
    real, fake = torch.from_numpy(F_REAL), torch.from_numpy(F_FAKE)
    assert np.allclose(score.critic(real, fake), critic(F_REAL, F_FAKE))
    assert np.allclose(
        score.generator(fake, real if score.generator_needs_real else None), generator(F_FAKE)
    )
    assert np.allclose(score.estimate(real, fake), estimate(F_REAL, F_FAKE))


@pytest.mark.parametrize("name", VARIANTS)
def test_the_critic_pushes_real_up_and_fake_down_and_the_generator_pushes_fake_up(name):
    score = VARIANTS[name].score
    real, fake = (
        torch.full((3,), 0.1, requires_grad=True),
        torch.full((3,), 0.1, requires_grad=True),
    )
    score.critic(real, fake).sum().backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    fake.grad = None
    score.generator(fake, real.detach() if score.generator_needs_real else None).sum().backward()
    assert (fake.grad < 0).all()


def test_scores_that_measure_w1_say_so():
    for variant in VARIANTS.values():
        assert variant.score.is_w1 == (variant.score.measures == "Wasserstein-1 distance")
        assert variant.score.is_w1 == (FORMULAS[variant.name] is DUAL)


def test_js_estimate_of_the_best_discriminator_is_the_divergence():
    p, q = np.array([0.1, 0.4, 0.5]), np.array([0.6, 0.3, 0.1])
    f = torch.from_numpy(np.log(p / q))  # logit of the best D
    under_p = js_estimate(f, torch.full((3,), -1e9, dtype=torch.float64))
    under_q = js_estimate(torch.full((3,), 1e9, dtype=torch.float64), f)
    halves = (torch.from_numpy(p) * (under_p - np.log(2))).sum() + (
        torch.from_numpy(q) * (under_q - np.log(2))
    ).sum()
    assert float(np.log(2) + halves) == pytest.approx(jensenshannon(p, q) ** 2)


P, Q = np.array([0.1, 0.4, 0.5]), np.array([0.6, 0.3, 0.1])


@pytest.mark.parametrize(
    ("estimate", "best", "divergence"),
    [
        (least_squares_estimate, P / (P + Q), ((P - Q) ** 2 / (P + Q)).sum() / 2),
        (hinge_estimate, np.sign(P - Q), np.abs(P - Q).sum() / 2),
    ],
)
def test_an_estimate_with_the_best_critic_is_the_divergence_it_names_and_less_with_any_other(
    estimate, best, divergence
):
    def mean(f):
        real, fake = (
            torch.from_numpy(f)[torch.from_numpy(i)] for i in np.indices((3, 3)).reshape(2, -1)
        )
        return float(torch.from_numpy(np.outer(P, Q).ravel()) @ estimate(real, fake))

    assert mean(best) == pytest.approx(divergence)
    rng = np.random.default_rng(0)
    assert all(mean(best + 0.3 * rng.normal(size=3)) < divergence for _ in range(20))


def test_the_relativistic_estimate_lies_between_nothing_and_log_two():
    zero, far = torch.zeros(5, dtype=torch.float64), torch.full((5,), 50.0, dtype=torch.float64)
    assert relativistic_estimate(zero, zero).mean().item() == pytest.approx(0)
    assert relativistic_estimate(far, zero).mean().item() == pytest.approx(np.log(2))
