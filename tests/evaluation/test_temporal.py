"""Metrics of series against closed forms and known processes."""

import json

import numpy as np
import pytest
from series_sets import ar2, measured, reference_of

from wgan.data import load
from wgan.data.series.windows import Reading
from wgan.evaluation import evaluate
from wgan.evaluation.metrics.nearest import NEARER
from wgan.evaluation.metrics.next_step import next_step_error
from wgan.evaluation.metrics.temporal import (
    AUTOCORRELATION,
    CROSS_CORRELATION,
    EXTREMES,
    MARGINAL,
    SPECTRUM,
    autocorrelations,
    cross_correlations,
    spectrum,
)
from wgan.evaluation.results import evaluation_from_json
from wgan.evaluation.series import SERIES


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


def test_an_evaluation_tells_shuffled_series_from_real_ones():
    data = load(ar2(150, 16), kind="series")
    fresh = lambda n, draw: ar2(n, 16, seed=100 + draw)  # noqa: E731
    found = evaluate(fresh, data.split(0.3))
    for name in ("autocorrelation", "spectrum", "next-step-mae", "discriminative"):
        line = found.line(name)
        assert line.broken > 1.5 * line.real
        assert line.generated.value < (line.real + line.broken) / 2
    assert found.get("cross-correlation") is None, "one channel goes with no other"
    # A process with one step of memory is nearer than one with none, and farther than real series.
    line = found.line("next-step-mae")
    assert line.real < line.more_broken[0] < line.broken
    assert found.columns == ("", "generated", "real", "steps shuffled", "one-step Markov", "")
    assert all(len(each.cells) == len(found.columns) for each in found.lines)
    back = evaluation_from_json(json.loads(json.dumps(found.to_json())))
    assert (back.lines, back.more_broken) == (found.lines, found.more_broken)
    series = found.details["series"]
    assert (series["channels"], series["length"]) == (["channel 1"], 16)
    for name, points in (("autocorrelation", 8), ("spectrum", 9)):
        assert np.shape(series[name]["generated"]) == np.shape(series[name]["held_out"])
        assert np.shape(series[name]["training"]) == (2, 1, points)
    assert series["spectrum"]["held_out"][0] == pytest.approx(spectrum(held_out(data))[:, 0])


def held_out(data):
    """Return the held-out series of the test above, standardised."""
    split = data.split(0.3)
    return split.dataset.codec.standardised(split.held_out_sample(0, split.n_held_out))


def test_copying_is_not_measured_of_windows_which_are_held_out_by_blocks():
    reading = Reading(window=12)
    reference = reference_of(load(ar2(1, 1200)[0], kind="series", reading=reading), 0.3)
    assert measured(NEARER, reference, ar2(reference.n, 12)) is None
    assert any("copying is not measured" in note for note in SERIES.notes(reference))


def test_values_and_extremes_of_moved_series_are_off_by_the_move():
    x = np.concatenate([ar2(300, 16), 3 * ar2(300, 16, seed=1)], axis=2)
    reference = reference_of(load(x, kind="series"))
    scale = np.array(reference.split.dataset.codec.scale)
    moved = reference.held_out + 2 * scale * [1, -3]
    for metric in (MARGINAL, EXTREMES):  # in standard deviations: the mean of 2 and 6
        assert measured(metric, reference, moved) == pytest.approx(4)
    for metric in (AUTOCORRELATION, SPECTRUM, CROSS_CORRELATION):
        assert measured(metric, reference, moved) == pytest.approx(0, abs=1e-9)


def test_extremes_are_those_of_one_value_in_a_hundred_at_each_end():
    normal = np.random.default_rng(0).normal(size=(2000, 10, 1))
    reference = reference_of(load(normal, kind="series"))
    # The 1 % and 99 % quantiles of a standard normal are -2.326 and 2.326.
    found = measured(EXTREMES, reference, 2 * reference.held_out)
    assert found == pytest.approx(2.326, rel=0.03)
