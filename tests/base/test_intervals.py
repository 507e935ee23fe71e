from math import isnan, sqrt

import numpy as np
import pytest

from wgan.base.intervals import Mean, decimals, least_of_rank_test, mean_of, rank_test, short


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_two_values_have_the_closed_form_of_one_degree_of_freedom(confidence):
    """Student's t with one degree of freedom is Cauchy's law: t = tan(pi c / 2)."""
    interval = mean_of([1.0, 4.0], confidence)
    assert interval.value == 2.5
    assert interval.half_width == pytest.approx(np.tan(np.pi * confidence / 2) * 1.5)


def test_three_values_have_the_closed_form_of_two_degrees_of_freedom():
    """There t = c sqrt(2 / (1 - c^2)); 1, 2, 3 have s = 1."""
    assert mean_of([1.0, 2.0, 3.0], 0.9).half_width == pytest.approx(
        0.9 * sqrt(2 / (1 - 0.81)) / sqrt(3)
    )


def test_the_interval_moves_with_the_values_and_scales_with_them():
    values = np.random.default_rng(0).normal(size=7)
    plain, moved = mean_of(values), mean_of(10 * values + 5)
    assert moved.value == pytest.approx(10 * plain.value + 5)
    assert moved.half_width == pytest.approx(10 * plain.half_width)


def test_the_interval_holds_the_expectation_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(size=(2000, 4))
    intervals = [mean_of(draw, 0.8) for draw in draws]
    inside = np.mean([abs(interval.value) <= interval.half_width for interval in intervals])
    assert inside == pytest.approx(0.8, abs=4 * sqrt(0.8 * 0.2 / 2000))


def test_a_single_value_has_no_interval_and_equal_values_one_of_zero():
    assert isnan(mean_of([0.1]).half_width)
    assert str(mean_of([0.1])) == "0.1"
    assert mean_of([0.1] * 10).half_width == 0.0
    assert str(mean_of([0.1] * 10)) == "0.1 +- 0"


@pytest.mark.parametrize("sizes", [(2, 2), (3, 4), (5, 5), (4, 8)])
def test_the_rank_test_is_that_of_scipy_and_never_below_its_least(sizes):
    from scipy import stats

    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = (rng.normal(size=n) for n in sizes)
        theirs = min(1, stats.mannwhitneyu(x, y, method="exact").pvalue)
        assert rank_test(x, y) == pytest.approx(theirs)
        assert rank_test(x, y) >= least_of_rank_test(*sizes) - 1e-12
    low, high = np.arange(sizes[0]), 10.0 + np.arange(sizes[1])
    assert rank_test(low, high) == pytest.approx(least_of_rank_test(*sizes))


def test_the_rank_test_shares_the_ranks_of_equal_values():
    assert rank_test([1.0] * 5, [1.0] * 5) == 1
    assert rank_test([1, 1, 1, 2], [2, 2, 2, 2]) == pytest.approx(
        2 * 5 / 70
    )  # the ones, and any two


@pytest.mark.parametrize(
    ("value", "half_width", "text"),
    [
        (1.23456, 0.012, "1.235 +- 0.012"),
        (1234.56, 15.0, "1235 +- 15"),
        (0.5, 0.00012, "0.50000 +- 0.00012"),
        (-1.0, 2.0, "-1.0 +- 2.0"),
    ],
)
def test_a_mean_is_printed_to_two_digits_of_its_half_width(value, half_width, text):
    assert str(Mean(value, half_width)) == text


def test_decimals_leave_two_significant_digits_at_every_size():
    for half_width in np.random.default_rng(0).lognormal(-4, 3, size=300):
        places = decimals(half_width)
        kept = float(f"{half_width:.{places}f}")
        if half_width < 10:
            assert abs(kept - half_width) <= 0.051 * half_width
        else:
            assert places == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [(999.4, "999"), (999.5, "1000"), (-12345.6, "-12346"), (0.00012345, "0.000123"), (0.0, "0")],
)
def test_short_numbers_have_three_digits_and_no_exponent_where_they_are_large(value, text):
    assert short(value) == text


def test_an_interval_has_two_ends():
    mean = Mean(2.0, 0.5)
    assert (mean.low, mean.high) == (1.5, 2.5)
