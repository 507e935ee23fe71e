"""Logistic detection: scores by hand, imputed and one-hot columns, what it does not see."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from small_tables import COLUMNS, NAMES, NUMBER, rows
from table_sets import damaged, frame_of, measured, reference_of

from wgan.data.tables.schema import Column
from wgan.evaluation.metrics.logistic import (
    LOGISTIC,
    affordable_rows,
    logistic_score,
)

FLAG = Column("f", "boolean", "bool", levels=("False", "True"))


def test_the_score_is_that_of_the_definition():
    """One number, by hand: folds, robust scaling, 1 - mean (2 max(AUC, 1/2) - 1)."""
    random = np.random.default_rng(0)
    x, y = random.normal(0.7, 1, (300, 1)), random.normal(size=(400, 1))
    both, real = np.concatenate([x, y]), np.repeat([0, 1], [300, 400])
    scores = []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=5).split(both, real):
        low, median, high = np.percentile(both[train], [25, 50, 75])
        scaled = (both - median) / (high - low)
        model = LogisticRegression().fit(scaled[train], real[train])
        auc = roc_auc_score(real[test], model.predict_proba(scaled[test])[:, 1])
        scores.append(2 * max(auc, 0.5) - 1)
    assert logistic_score([NUMBER], x, y, seed=5) == pytest.approx(1 - np.mean(scores))


def test_levels_are_one_hot_and_a_missing_one_is_a_level():
    """The middle one of three levels is not a number between the others."""
    random = np.random.default_rng(0)
    y = random.integers(0, 3, (900, 1)).astype(float)
    middle = np.ones((900, 1))
    auc = 0.5 + 0.5 * 2 / 3  # two thirds of the real rows are surely real
    assert logistic_score([NAMES], middle, y) == pytest.approx(2 - 2 * auc, abs=0.02)
    missing = np.where(y == 1, np.nan, y)
    assert logistic_score([NAMES], np.full((900, 1), np.nan), missing) == pytest.approx(
        2 - 2 * auc, abs=0.02
    )


def test_missing_numbers_are_the_mean_of_real_ones_so_that_gaps_are_not_seen():
    random = np.random.default_rng(0)
    y = random.choice([-1.0, 1.0], (2000, 1))
    x = np.where(np.arange(2000)[:, None] % 2, np.nan, y)
    assert logistic_score([NUMBER], x, y) > 0.9
    flags = random.integers(0, 2, (2000, 1)).astype(float)
    flags[:1500] = 1
    assert logistic_score([FLAG], np.where(flags == 1, np.nan, flags), flags) > 0.9


def test_new_levels_of_generated_rows_are_all_zeros():
    y = np.zeros((300, 1))
    y[::2] = 1
    assert logistic_score([NAMES], np.full((300, 1), 2.0), y) == pytest.approx(0, abs=1e-9)


def test_real_rows_read_1_and_so_do_shuffled_columns():
    assert logistic_score(COLUMNS, rows(2000, 0), rows(2000, 1)) > 0.85
    random = np.random.default_rng(0)
    a = random.normal(size=2000)
    reference = reference_of(frame_of(a=a, b=-a))
    value, real, shuffled = measured(LOGISTIC, damaged(reference, "a", lambda x: x + 3))
    assert value < 0.2
    assert min(real, shuffled) > 0.85


def test_many_levels_leave_fewer_rows():
    assert affordable_rows([NUMBER, FLAG]) == 2**28 // 32
    many = Column("m", "category", "str", levels=tuple(map(str, range(10_000))))
    assert affordable_rows([many]) == 2**28 // (16 * 10_001)
    assert affordable_rows([many] * 50) == 200
