"""Metrics of series against closed forms and known processes."""

import numpy as np
import pytest

from wgan.data import load
from wgan.data.windows import Reading
from wgan.evaluation import evaluate
from wgan.evaluation.metrics.temporal import (
    autocorrelations,
    cross_correlations,
    next_step_error,
    spectrum,
)
from wgan.evaluation.series import shuffled_steps


def ar2(n, steps, seed=0):
    """x_t = 1.2 x_(t-1) - 0.6 x_(t-2) + e_t, after 100 steps, as `[n, steps, 1]`."""
    noise = np.random.default_rng(seed).normal(size=(n, steps + 100))
    x = np.zeros_like(noise)
    for t in range(2, noise.shape[1]):
        x[:, t] = 1.2 * x[:, t - 1] - 0.6 * x[:, t - 2] + noise[:, t]
    return x[:, 100:, None]


def test_autocorrelations_are_those_of_the_process():
    # Yule and Walker: r1 = phi1 / (1 - phi2), r(k) = phi1 r(k-1) + phi2 r(k-2).
    expected = [1.2 / 1.6]
    expected.append(1.2 * expected[0] - 0.6)
    expected.append(1.2 * expected[1] - 0.6 * expected[0])
    found = autocorrelations(ar2(4000, 30), 3)[:, 0]
    # 120,000 values, of which one in about five is independent: a standard error of 0.006.
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_a_series_that_keeps_its_own_level_goes_with_itself():
    levels = np.random.default_rng(0).normal(size=(500, 1, 1))
    np.testing.assert_allclose(autocorrelations(np.repeat(levels, 10, axis=1), 5), 1.0)


def test_a_spectrum_has_the_variance_of_its_frequency_and_sums_to_1():
    t = np.arange(16)
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (50, 1))
    x = np.cos(2 * np.pi * 3 * t / 16 + phases)[:, :, None]
    x = np.concatenate([x, -x])  # the mean of all values is 0
    shares = spectrum(x)[:, 0]
    assert shares[3] == pytest.approx(1)
    assert spectrum(ar2(50, 15)).sum() == pytest.approx(1)


def test_white_noise_has_a_flat_spectrum():
    shares = spectrum(np.random.default_rng(0).normal(size=(20_000, 8, 1)))[:, 0]
    np.testing.assert_allclose(shares, [1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8], atol=0.01)


def test_correlations_of_channels():
    a, b = np.random.default_rng(0).normal(size=(2, 400, 10))
    x = np.stack([a, -2 * a, b], axis=-1)
    found = cross_correlations(x)
    assert found[0] == pytest.approx(-1)
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] == pytest.approx(found[1])


def test_the_next_step_of_an_autoregression_is_missed_by_its_noise():
    # E|e| of a standard normal is sqrt(2 / pi).
    error = next_step_error(ar2(500, 30), ar2(500, 30, seed=1))
    assert error == pytest.approx(np.sqrt(2 / np.pi), rel=0.02)


def test_shuffled_steps_keep_the_values_of_each_step():
    x = np.arange(60.0).reshape(10, 3, 2)
    data = load(x, kind="series")
    shuffled = shuffled_steps(data.split(0.2), 5)
    real = data.split(0.2).train_sample(0, 5)
    assert not np.array_equal(shuffled, real)
    for mine, theirs in zip(shuffled, real, strict=True):
        assert sorted(map(tuple, mine.tolist())) == sorted(map(tuple, theirs.tolist()))


def test_an_evaluation_tells_shuffled_series_from_real_ones():
    data = load(ar2(300, 16), kind="series")
    fresh = lambda n, draw: ar2(n, 16, seed=100 + draw)  # noqa: E731
    found = evaluate(fresh, data.split(0.3))
    for name in ("autocorrelation", "spectrum", "next-step-mae"):
        line = found.line(name)
        assert line.broken > 1.5 * line.real
        assert line.generated.value < (line.real + line.broken) / 2
    assert found.get("cross-correlation") is None, "one channel goes with no other"


def test_copying_is_not_measured_of_windows_which_are_held_out_by_blocks():
    data = load(ar2(1, 1200)[0], kind="series", reading=Reading(window=12))
    fresh = lambda n, draw: ar2(n, 12, seed=100 + draw)  # noqa: E731
    found = evaluate(fresh, data.split(0.3))
    assert found.get("dcr-share") is None
    assert any("copying is not measured" in note for note in found.notes)


def test_values_and_extremes_of_moved_series_are_off_by_the_move():
    data = load(np.concatenate([ar2(300, 16), 3 * ar2(300, 16, seed=1)], axis=2), kind="series")
    split = data.split(0.3)
    scale = np.array(split.dataset.codec.scale)
    moved = lambda n, draw: split.held_out_sample(0, n) + 2 * scale * [1, -3]  # noqa: E731
    found = evaluate(moved, split)
    for name in ("marginal-w1", "extremes"):  # in standard deviations: the mean of 2 and 6
        assert found.line(name).generated.value == pytest.approx(4)
    for name in ("autocorrelation", "spectrum", "cross-correlation"):
        assert found.line(name).generated.value == pytest.approx(0, abs=1e-9)


def test_extremes_are_those_of_one_value_in_a_hundred_at_each_end():
    data = load(np.random.default_rng(0).normal(size=(2000, 10, 1)), kind="series")
    split = data.split(0.5)
    twice = lambda n, draw: 2 * split.held_out_sample(0, n)  # noqa: E731
    # The 1 % and 99 % quantiles of a standard normal are -2.326 and 2.326.
    assert evaluate(twice, split).line("extremes").generated.value == pytest.approx(2.326, rel=0.03)
