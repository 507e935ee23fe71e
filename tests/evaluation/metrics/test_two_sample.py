"""Detection: chance for equal distributions, certainty for far ones; wide features narrowed without
telling the sides apart.
"""

import numpy as np
import pytest
from small_tables import COLUMNS, rows

from wgan.base.errors import WganError
from wgan.evaluation.metrics.rows import shuffled
from wgan.evaluation.metrics.two_sample import MOST_AXES, detection_auc, narrowed
from wgan.evaluation.metrics.usefulness import categorical

RNG = np.random.default_rng(0)


def test_equal_distributions_are_told_apart_by_chance_alone():
    found = [
        detection_auc(RNG.normal(size=(300, 3)), RNG.normal(size=(300, 3)), seed)
        for seed in range(5)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)


def test_what_no_single_column_shows_is_seen():
    x = RNG.normal(size=(500, 2))
    x[:, 1] = x[:, 0] + 0.1 * RNG.normal(size=500)
    assert detection_auc(x, np.column_stack([x[:, 0], RNG.permutation(x[:, 1])])) > 0.8


def test_it_hardly_matters_which_side_comes_first():
    x, y = RNG.normal(size=(400, 2)), RNG.normal(0.5, 1, size=(400, 2))
    assert detection_auc(x, y) == pytest.approx(detection_auc(y, x), abs=0.03)


@pytest.mark.parametrize("n", [20, 25, 60])
def test_sides_that_do_not_meet_are_told_apart_however_few(n):
    x = RNG.normal(size=(n, 2))
    assert detection_auc(x, x + 10) > 0.95


def test_few_rows_are_refused():
    with pytest.raises(WganError, match="needs 5 or more"):
        detection_auc(np.zeros((4, 1)), np.zeros((9, 1)))


def test_narrow_rows_stay_as_they_are():
    x, y = RNG.normal(size=(100, 5)), RNG.normal(size=(90, 5))
    assert all(np.array_equal(a, b) for a, b in zip(narrowed(x, y), (x, y), strict=True))


def test_wide_rows_of_one_distribution_are_not_told_apart_by_how_well_axes_fit_them():
    """Axes fitted to one side alone would: its rest is shorter."""
    x, y = RNG.normal(size=(300, 100)), RNG.normal(size=(300, 100))
    a, b = narrowed(x, y)
    assert a.shape == b.shape == (300, MOST_AXES + 1)
    assert a[:, -1].mean() == pytest.approx(b[:, -1].mean(), rel=0.02)
    assert detection_auc(a, b) == pytest.approx(0.5, abs=0.08)


def test_what_the_axes_leave_out_is_still_seen():
    x = np.column_stack([10 * RNG.normal(size=(400, 40)), np.zeros((400, 60))])
    y = np.column_stack([10 * RNG.normal(size=(400, 40)), 3 * RNG.normal(size=(400, 60))])
    assert detection_auc(*narrowed(x, y)) > 0.8


def test_detection_is_even_for_real_rows_and_certain_for_others():
    kinds = categorical(COLUMNS)
    x, y = rows(1500, 0), rows(1500, 1)
    assert detection_auc(x, y, categorical=kinds) == pytest.approx(0.5, abs=0.05)
    assert detection_auc(x + np.array([5, 0, 0]), y, categorical=kinds) > 0.99
    mixed_up = shuffled(x, np.random.default_rng(0))
    assert detection_auc(mixed_up, y, categorical=kinds) > 0.6, (
        "columns alone are right, rows are not"
    )
