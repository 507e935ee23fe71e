"""Metrics of series with missing values and ends: pairwise complete, against direct formulas."""

import numpy as np
import pandas as pd
import pytest
from series_sets import ar2, described, ended, measured, reference_of, with_holes
from sklearn.linear_model import Ridge

from wgan.data import load
from wgan.evaluation import evaluate
from wgan.evaluation.metrics.next_step import next_step_error
from wgan.evaluation.metrics.presence import LENGTHS, MISSING
from wgan.evaluation.metrics.static_columns import (
    STATIC_MEANS,
    STATIC_SHAPE,
    level_means_difference,
)
from wgan.evaluation.metrics.temporal import (
    AUTOCORRELATION,
    EXTREMES,
    MARGINAL,
    SPECTRUM,
    autocovariances,
    cross_correlations,
    spectrum,
    usual_length,
)


def test_autocovariances_are_means_over_the_pairs_that_are_there():
    x = ended(with_holes(np.random.default_rng(0).normal(3, 2, (20, 7, 2)), 0.3), [4, 7] * 10)
    found = autocovariances(x)
    for i in range(2):
        centred = x[..., i] - np.nanmean(x[..., i])
        for k in range(7):
            products = centred[:, : 7 - k] * centred[:, k:]
            assert found[k, i] == pytest.approx(np.nanmean(products))


def test_lags_without_a_pair_have_no_covariance():
    x = np.array([[[1.0], [np.nan], [2.0]]])
    assert np.isnan(autocovariances(x)).ravel().tolist() == [False, True, False]
    assert np.isnan(autocovariances(np.full((2, 3, 1), np.nan))).all()


def test_a_spectrum_of_whole_series_is_their_mean_periodogram():
    x = ar2(30, 9) + 5
    power = (np.abs(np.fft.rfft(x - x.mean(), axis=1)) ** 2).mean(axis=0)[:, 0]
    power[1:] *= 2
    np.testing.assert_allclose(spectrum(x)[:, 0], power / power.sum())


def test_holes_and_ends_leave_the_spectrum_where_it_is():
    x = ar2(3000, 16)
    lengths = np.random.default_rng(1).integers(16, 33, 3000)
    ragged = ended(with_holes(ar2(3000, 32, seed=2), 0.2), lengths)
    np.testing.assert_allclose(spectrum(ragged, 16), spectrum(x), atol=0.01)


def test_correlations_of_channels_are_those_of_pandas():
    random = np.random.default_rng(0)
    x = with_holes(random.normal(size=(50, 6, 3)) + random.normal(size=(50, 6, 1)), 0.3)
    frame = pd.DataFrame(x.reshape(-1, 3)).corr().to_numpy()  # pairwise complete, too
    np.testing.assert_allclose(cross_correlations(x), frame[[0, 0, 1], [1, 2, 2]])


def test_a_channel_that_is_constant_goes_with_none():
    x = np.random.default_rng(0).normal(size=(9, 5, 2))
    x[..., 0] = 0.1 + 0.2
    assert cross_correlations(x)[0] == 0
    assert np.isnan(cross_correlations(np.where([True, False], np.nan, x))[0])


def test_a_missing_value_is_no_reason_for_a_wrong_prediction():
    train, test = ar2(600, 20), ar2(600, 20, seed=1)
    whole = next_step_error(train, test)
    holes = next_step_error(with_holes(train, 0.05), with_holes(test, 0.05, seed=1))
    assert whole < holes < 1.25 * whole


def test_predictions_are_of_values_that_are_there_up_to_the_end():
    train = ar2(600, 20)
    test = ended(ar2(600, 20, seed=1), [15] * 600)
    windows = np.lib.stride_tricks.sliding_window_view(train[..., 0], 9, axis=1).reshape(-1, 9)
    model = Ridge(alpha=1.0).fit(windows[:, :8], windows[:, 8])
    asked = np.lib.stride_tricks.sliding_window_view(test[:, :15, 0], 9, axis=1).reshape(-1, 9)
    expected = np.abs(model.predict(asked[:, :8]) - asked[:, 8]).mean()
    assert next_step_error(train, test) == pytest.approx(expected, rel=1e-6)
    assert next_step_error(train, ended(test, [8] * 600)) is None, "eight steps come before"


def test_a_channel_that_is_never_generated_is_predicted_by_its_mean():
    test = np.random.default_rng(0).normal(size=(200, 12, 2))
    train = test.copy()
    train[..., 1] = np.nan
    error = next_step_error(train, test)
    expected = [next_step_error(test[..., :1], test[..., :1]), np.abs(test[:, 8:, 1]).mean()]
    assert error == pytest.approx(np.mean(expected), rel=0.02)


def ragged_reference():
    lengths = np.tile([4, 8], 50)
    x = ended(with_holes(ar2(100, 8).repeat(2, axis=2), 0.2), lengths)
    x[..., 1] = ended(ar2(100, 8), lengths)[..., 0]
    return reference_of(load(x, kind="series"))


def test_held_out_series_are_at_no_distance_from_themselves():
    reference = ragged_reference()
    metrics = (LENGTHS, MISSING, MARGINAL, AUTOCORRELATION, SPECTRUM, EXTREMES)
    for metric in metrics:
        assert measured(metric, reference, reference.held_out) == pytest.approx(0), metric.name


def test_lengths_and_missing_values_that_are_off_by_so_much():
    reference = ragged_reference()
    held_out = reference.held_out
    lengths = reference.split.dataset.codec.lengths(held_out)
    shorter = ended(held_out, lengths - 2)
    assert measured(LENGTHS, reference, shorter) == pytest.approx(2)
    filled = held_out.copy()
    filled[..., 0] = np.where(np.isnan(held_out[..., 1]), np.nan, 0.0)
    there = ~np.isnan(held_out)
    expected = 1 - there[..., 0].sum() / there[..., 1].sum()
    assert measured(MISSING, reference, filled) == pytest.approx(expected)
    assert usual_length(reference) == np.median(lengths)


def test_series_without_ends_and_holes_have_no_such_figures():
    reference = reference_of(load(ar2(100, 8), kind="series"))
    for metric in (LENGTHS, MISSING, STATIC_SHAPE, STATIC_MEANS):
        assert measured(metric, reference, reference.held_out) is None


def test_means_are_compared_level_by_level():
    x = np.zeros((4, 2, 1))
    y = np.array([1.0, 1.0, 1.0, 5.0])[:, None, None] * np.ones((1, 2, 1))
    levels = np.array([0, 0, 0, 1])
    # 3/4 of the series have a mean that is off by 1, and 1/4 one that is off by 5.
    assert level_means_difference(x, y, levels, levels) == pytest.approx(2.0)
    # A level that is not there is left to the error of shape.
    assert level_means_difference(x, y, np.zeros(4, dtype=int), levels) == pytest.approx(1.0)
    assert level_means_difference(x, y, levels + 7, levels) is None


def test_static_columns_are_told_from_columns_that_do_not_go_with_the_series():
    random = np.random.default_rng(0)
    place = random.choice(["north", "south"], 200)
    size = random.random(200)
    x = (
        random.normal(size=(200, 6, 1)) * 0.1
        + (place == "north")[:, None, None]
        + size[:, None, None]
    )
    reference = reference_of(described(x, place=place, size=size))
    held_out = reference.held_out
    assert measured(STATIC_SHAPE, reference, held_out) == 0
    assert measured(STATIC_MEANS, reference, held_out) == pytest.approx(0)
    turned = held_out.copy()
    turned[..., 1:] = held_out[::-1, :, 1:]
    assert measured(STATIC_SHAPE, reference, turned) == pytest.approx(0)
    assert measured(STATIC_MEANS, reference, turned) > 0.3
    north = held_out.copy()
    north[..., 1] = 0.0
    share = (held_out[:, 0, 1] == 1).mean()
    # The levels of one column of two are all of one sort.
    assert measured(STATIC_SHAPE, reference, north) == pytest.approx(share / 2)


def test_series_with_ends_holes_and_static_columns_have_every_figure():
    """All that is printed is finite, and Markov series lose what goes with a static column."""

    def law(n, seed):
        random = np.random.default_rng(seed)
        place = random.choice(["north", "south"], n)
        x = ar2(n, 12, seed) + 4.0 * (place == "north")[:, None, None]
        lengths = random.integers(4, 13, n)
        x = ended(with_holes(x.repeat(2, axis=2), 0.1, seed), lengths)
        x[np.arange(n), lengths - 1] = 0.0  # the last step has a value
        return x, place

    x, place = law(160, 0)
    split = described(x, place=place).split(0.4)
    held_out = split.held_out_sample(0, split.n_held_out)

    def fresh(n, draw):
        x, place = law(n, 10 + draw)
        level = np.where(place == "north", *codes)[:, None, None].repeat(12, axis=1)
        return np.concatenate([x, level], axis=2)

    # Level numbers as the codec has them: those of a series of the north, and of another.
    is_north = np.nanmean(held_out[..., 0], axis=1) > 2
    codes = [np.median(held_out[side, 0, 2]) for side in (is_north, ~is_north)]
    found = evaluate(fresh, split)
    for name in ("length-w1", "missing-share", "static-shape-error", "static-means"):
        assert found.get(name) is not None, name
    for line in found.lines:
        figures = [line.generated.value, line.real, line.broken, *line.more_broken]
        assert np.isfinite([value for value in figures if value is not None]).all(), line.metric
    line = found.line("static-means")
    assert line.generated.value < line.more_broken[0]
