"""Trend error: SciPy's correlations, total variation of pairs, bins over the real range."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from small_tables import NAMES, NUMBER

from wgan.evaluation.metrics.shape import shape_errors
from wgan.evaluation.metrics.trend import trend_errors


def test_trend_of_numbers_is_half_the_difference_of_correlations():
    random = np.random.default_rng(0)
    x = random.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 3000)
    y = random.multivariate_normal([0, 0], [[1, -0.5], [-0.5, 1]], 3000)
    expected = abs(pearsonr(*x.T).statistic - pearsonr(*y.T).statistic) / 2
    assert trend_errors([NUMBER, NUMBER], x, y)[0] == pytest.approx(expected, abs=1e-12)
    assert trend_errors([NUMBER, NUMBER], x, x * [1, 0])[0] == pytest.approx(
        abs(pearsonr(*x.T).statistic) / 2
    ), "no variation: correlation 0"


def test_trend_of_categories_is_the_total_variation_of_pairs():
    together = np.array([[0.0, 0.0], [1.0, 1.0]] * 50)
    apart = np.array([[0.0, 1.0], [1.0, 0.0]] * 50)
    even = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 25)
    columns = [NAMES, NAMES]
    assert trend_errors(columns, together, apart)[0] == 1
    assert trend_errors(columns, together, even)[0] == pytest.approx(0.5)
    assert shape_errors(columns, together, apart).tolist() == [0, 0], "columns alone are equal"


def test_trend_of_a_number_and_a_category_bins_the_number_over_its_real_range():
    y = np.column_stack([np.linspace(0, 10, 1001)[:-1], np.zeros(1000)])
    x = y.copy()
    x[:100, 0] = 9.5  # the first tenth goes into the last bin
    assert trend_errors([NUMBER, NAMES], x, y)[0] == pytest.approx(0.1, abs=0.002)
    outside = y.copy()
    outside[:, 0] += 0.001 * np.arange(1000) % 0.01
    assert trend_errors([NUMBER, NAMES], outside, y)[0] < 0.02


def test_own_bins_are_those_of_each_table_with_the_largest_value_apart():
    """One missing extreme moves every bin: 0 to 9 and 100 on one side, 0 to 9 on the other."""
    y = np.column_stack([np.r_[np.repeat(np.arange(10.0), 10), 100], np.zeros(101)])
    x = y[:-1]
    assert trend_errors([NUMBER, NAMES], x, y)[0] == pytest.approx(1 / 101)
    # Own bins: x fills 1 to 9 and 11 evenly; y has 100 of 101 rows in bin 1, and one in 11.
    expected = 0.5 * ((100 / 101 - 0.1) + 8 * 0.1 + (0.1 - 1 / 101))
    assert trend_errors([NUMBER, NAMES], x, y, own_bins=True)[0] == pytest.approx(expected)
    numbers = [NUMBER, NUMBER]
    assert trend_errors(numbers, x, y, own_bins=True) == trend_errors(numbers, x, y)


def test_own_bins_count_missing_numbers_with_the_largest():
    y = np.array([[0.0, 0.0], [1.0, 0.0], [np.nan, 0.0], [0.0, np.nan]])
    x = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, np.nan]])
    assert trend_errors([NUMBER, NAMES], x, y, own_bins=True)[0] == 0
    assert trend_errors([NUMBER, NAMES], x, y)[0] == pytest.approx(0.25)
