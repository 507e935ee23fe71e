"""The accountant of differential privacy, against closed forms, integrals and published values."""

from math import comb, inf, log

import mpmath
import numpy as np
import pytest

from wgan.base.accountant import (
    ORDERS,
    Noise,
    epsilon_of,
    gaussian_rdp,
    noise_for,
    sampled_rdp,
)
from wgan.base.errors import WganError


def binomial(order, noise, rate):
    """Formula (9) of Mironov, Talwar and Zhang (2019), for whole orders, with 60 digits."""
    with mpmath.workdps(60):
        s, q = mpmath.mpf(noise), mpmath.mpf(rate)
        terms = (
            comb(order, k) * (1 - q) ** (order - k) * q**k * mpmath.exp((k * k - k) / (2 * s * s))
            for k in range(order + 1)
        )
        return float(mpmath.log(mpmath.fsum(terms)) / (order - 1))


@pytest.mark.parametrize("noise", [0.4, 1.0, 3.7])
@pytest.mark.parametrize("rate", [1e-4, 0.01, 0.3])
def test_whole_orders_agree_with_the_binomial_sum(noise, rate):
    found = sampled_rdp(noise, rate)
    whole = [i for i, order in enumerate(ORDERS) if order == int(order) and order <= 64]
    assert len(whole) > 50
    right = [binomial(int(ORDERS[i]), noise, rate) for i in whole]
    assert found[whole] == pytest.approx(right, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize(("order", "noise", "rate"), [(1.5, 0.8, 0.02), (2.7, 1.3, 0.1)])
def test_fractional_orders_agree_with_adaptive_quadrature(order, noise, rate):
    def integrand(z):
        ratio = 1 - rate + rate * mpmath.exp((2 * z - 1) / (2 * noise**2))
        return mpmath.npdf(z, 0, noise) * ratio**order

    with mpmath.workdps(30):
        whole = mpmath.quad(integrand, [-12 * noise, 0, order, order + 12 * noise])
        right = float(mpmath.log(whole) / (order - 1))
    place = int(np.argmin(np.abs(ORDERS - order)))
    assert sampled_rdp(noise, rate)[place] == pytest.approx(right, rel=1e-9)


def test_a_sample_of_all_rows_is_no_sample():
    assert np.array_equal(sampled_rdp(2.0, 1.0), gaussian_rdp(2.0))
    assert sampled_rdp(2.0, 1 - 1e-12) == pytest.approx(gaussian_rdp(2.0), rel=1e-6)
    assert (sampled_rdp(2.0, 0.5) < gaussian_rdp(2.0)).all()


@pytest.mark.parametrize(
    ("noise", "rate", "steps", "delta", "epsilon"),
    [
        # Of the RDP accountant of Google's dp-accounting 0.6.0, with the same orders.
        (1.0, 0.01, 1000, 1e-5, 2.1013665),
        (1.1, 256 / 60000, 14100, 1e-5, 2.6003429),
        (4.0, 0.1, 10000, 1e-6, 15.6814168),
    ],
)
def test_epsilons_are_those_of_another_accountant(noise, rate, steps, delta, epsilon):
    found = epsilon_of(steps * sampled_rdp(noise, rate), delta)
    assert found == pytest.approx(epsilon, rel=1e-6)


def test_epsilon_covers_the_exact_one_of_the_gaussian_mechanism():
    """Theorem 8 of Balle and Wang (2018) gives delta exactly; the bound is not far above it."""
    from scipy.stats import norm

    for noise in (0.7, 2.0, 5.0):
        epsilon = epsilon_of(gaussian_rdp(noise), 1e-6)
        mean = 1 / (2 * noise)
        delta = norm.cdf(mean - epsilon * noise) - np.exp(epsilon) * norm.cdf(
            -mean - epsilon * noise
        )
        assert 1e-8 < delta <= 1e-6


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0, 10.0])
def test_the_noise_spends_what_was_asked_for_and_no_more(epsilon):
    noise = noise_for(epsilon, 1e-6, 0.02, 500)
    assert 0.99 * epsilon < noise.spent(500) <= epsilon
    assert noise.spent(100) < noise.spent(500)
    assert noise.spent(0) == pytest.approx(epsilon_of(gaussian_rdp(noise.counts), 1e-6))
    assert noise.spent(0) < epsilon / 2


def test_counts_are_part_of_what_is_spent():
    with_counts = Noise(2.0, 1.0, 0.01, 1e-6).spent(100)
    assert with_counts > Noise(inf, 1.0, 0.01, 1e-6).spent(100)


def test_less_noise_is_enough_for_more_epsilon_smaller_batches_and_fewer_steps():
    least = noise_for(1.0, 1e-6, 0.02, 500).gradients
    assert noise_for(2.0, 1e-6, 0.02, 500).gradients < least
    assert noise_for(1.0, 1e-6, 0.01, 500).gradients < least
    assert noise_for(1.0, 1e-6, 0.02, 250).gradients < least
    assert noise_for(1.0, 1e-4, 0.02, 500).gradients < least


def test_an_epsilon_out_of_reach_is_refused():
    with pytest.raises(WganError, match=r"privacy\.epsilon = 1e-12: no noise is enough"):
        noise_for(1e-12, 1e-6, 0.02, 500)


def test_orders_reach_small_and_large_epsilons():
    assert ORDERS.min() == pytest.approx(1.1)
    assert (np.diff(ORDERS) > 0).all()
    assert log(1e6) / (ORDERS.max() - 1) < 0.01
