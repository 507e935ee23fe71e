"""Variograms: processes of known nugget and range, and what is left of them in the codec."""

import numpy as np
import pytest

from wgan.data.series.arrays import read_series
from wgan.data.series.variogram import fit_variograms

USUAL = np.log(2.0)
"""Median of exponential times of mean 1."""


def process(rate, noise, n=2000, steps=20, seed=0):
    """An Ornstein-Uhlenbeck process of variance 1, with white noise on top, and its times."""
    random = np.random.default_rng(seed)
    gap = random.exponential(size=(n, steps))
    x = random.normal(size=(n, steps))
    for t in range(1, steps):
        a = np.exp(-rate * gap[:, t])
        x[:, t] = a * x[:, t - 1] + np.sqrt(1 - a**2) * x[:, t]
    return np.stack([x + noise * random.normal(size=x.shape), gap], axis=2)


@pytest.mark.parametrize(("rate", "noise"), [(0.5, 0.0), (0.5, 0.5), (3.0, 0.2)])
def test_a_process_and_its_noise_are_found(rate, noise):
    nuggets, ranges = fit_variograms(process(rate, noise), [1.0, 1.0], USUAL)
    share = 1 - np.exp(-USUAL * rate)
    assert nuggets[0] == pytest.approx(noise**2 / (noise**2 + share), abs=0.04)
    assert ranges[0] == pytest.approx(share / rate, rel=0.15)


def test_the_unit_of_a_channel_and_missing_values_do_not_matter():
    x = process(0.5, 0.3)
    found = fit_variograms(x, [1.0, 1.0], USUAL)
    larger = x * np.array([40.0, 1.0])
    np.testing.assert_allclose(fit_variograms(larger, [40.0, 1.0], USUAL), found)
    holes = x.copy()
    holes[::2, 5, 0] = np.nan
    holes[1::2, 12:] = np.nan
    np.testing.assert_allclose(fit_variograms(holes, [1.0, 1.0], USUAL), found, atol=0.05)


def test_white_noise_and_a_constant_channel_have_no_range_of_their_own():
    random = np.random.default_rng(1)
    gap = random.exponential(size=(2000, 20))
    x = np.stack([random.normal(size=gap.shape), np.ones_like(gap), gap], axis=2)
    nuggets, ranges = fit_variograms(x, [1.0, 0.0, 1.0], USUAL)
    assert nuggets[0] > 0.9
    assert (nuggets[1], ranges[1]) == (1.0, USUAL)


def test_the_codec_of_an_irregular_clock_has_them_and_the_shortest_length():
    x = process(0.5, 0.0, n=300)
    x[:, 0, 1] = USUAL
    x[::3, 7:] = np.nan
    codec = read_series(x, "x", usual=USUAL).codec
    assert len(codec.nuggets) == len(codec.ranges) == 1
    assert codec.shortest == 7
    again = type(codec).from_json(codec.to_json())
    assert (again.nuggets, again.ranges, again.shortest) == (codec.nuggets, codec.ranges, 7)
    regular = read_series(x, "x").codec
    assert regular.nuggets == regular.ranges == ()
