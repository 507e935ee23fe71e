"""Round numbers keep their share, in ranges too."""

import numpy as np
import pytest
from scipy.stats import norm

from wgan.data.tables.cells import fit_cells
from wgan.data.tables.rounding import NO_ROUNDING, Rounding, fit_rounding


def prices(n, exact, seed=0):
    """Sums around 160,000: hundreds, but a share of them exact."""
    random = np.random.default_rng(seed)
    x = np.round(np.exp(random.normal(12, 0.5, n)), -2)
    return x + (random.random(n) < exact) * random.integers(1, 100, n)


def drawn(cells, n=40_000, step=1.0):
    return cells.numbers(norm.ppf((np.arange(n) + 0.5) / n), step)


@pytest.mark.parametrize("exact", [0.05, 0.5, 0.9])
def test_multiples_of_each_step_keep_their_share(exact):
    x = prices(20_000, exact)
    cells = fit_cells(*np.unique(x, return_counts=True), 1.0)
    again = drawn(cells)
    for step in (10, 50, 100, 500, 1000):
        share = (x % step == 0).mean()
        assert (again % step == 0).mean() == pytest.approx(share, rel=0.1, abs=0.015), step


def test_numbers_come_back_as_they_were():
    x = prices(20_000, 0.3)
    cells = fit_cells(*np.unique(x, return_counts=True), 1.0)
    inside = x[(x > cells.lows[0]) & (x < cells.highs[-1])]
    assert np.array_equal(cells.numbers(cells.scores(inside, 1.0), 1.0), inside)


def test_uniform_numbers_have_no_round_steps():
    x = np.random.default_rng(0).integers(0, 10**6, 20_000).astype(float)
    cells = fit_cells(*np.unique(x, return_counts=True), 1.0)
    assert cells.rounding == NO_ROUNDING
    assert fit_rounding(np.arange(100.0), np.full(100, 9), 0.0) == NO_ROUNDING, "no step"


def test_round_numbers_stay_within_their_ranges():
    """A range without a multiple gives numbers in steps of the column."""
    rounding = Rounding((1.0, 100.0), (0.0, 1.0))
    inside, steps = rounding.read(np.array([0.2, 0.7]), 1.0)
    assert inside.tolist() == pytest.approx([0.2, 0.7])
    assert steps.tolist() == [100, 100]
    x = prices(3000, 0.0) // 100 * 100 + 1
    x[::2] -= 1
    cells = fit_cells(*np.unique(x, return_counts=True), 1.0)
    again = drawn(cells, 5000)
    cell = np.searchsorted(cells.heights, (np.arange(5000) + 0.5) / 5000)
    assert (np.asarray(cells.lows)[cell] <= again).all()
    assert (again <= np.asarray(cells.highs)[cell]).all()


def test_decimals_are_round_too():
    x = np.round(np.random.default_rng(0).uniform(1, 400, 20_000) / 0.05) * 0.05
    x = np.round(np.where(np.random.default_rng(1).random(20_000) < 0.2, x + 0.01, x), 2)
    cells = fit_cells(*np.unique(x, return_counts=True), 0.01)
    share = np.isclose(np.round(drawn(cells, step=0.01) / 0.05) * 0.05, drawn(cells, step=0.01))
    assert share.mean() == pytest.approx(0.8, abs=0.02)
