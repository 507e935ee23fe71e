"""Shape error: SciPy beside it, total variation by hand, missing values."""

import numpy as np
import pytest
from scipy.stats import ks_2samp
from small_tables import NAMES, NUMBER

from wgan.evaluation.metrics.shape import shape_errors


def test_shape_of_numbers_is_the_kolmogorov_smirnov_distance():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(700, 1)), random.normal(0.3, 1.5, size=(500, 1))
    assert shape_errors([NUMBER], x, y)[0] == pytest.approx(
        ks_2samp(x[:, 0], y[:, 0]).statistic, abs=1e-12
    )
    assert shape_errors([NUMBER], x, x)[0] == 0
    assert shape_errors([NUMBER], x, x + 100)[0] == 1


def test_shape_of_categories_is_the_total_variation():
    x, y = np.array([[0.0]] * 5 + [[1.0]] * 5), np.array([[0.0]] * 2 + [[2.0]] * 2)
    assert shape_errors([NAMES], x, y)[0] == pytest.approx(
        0.5
    )  # (0.5 - 0.5), 0.5 and 0.5: half of 1


def test_a_missing_value_counts():
    half = np.array([[np.nan], [0.0], [np.nan], [1.0]])
    whole = np.array([[0.0], [1.0]])
    assert shape_errors([NUMBER], half, whole)[0] == pytest.approx(0.5)
    assert shape_errors([NAMES], half, whole)[0] == pytest.approx(0.5)
