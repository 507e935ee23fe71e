"""Usefulness in training: scikit-learn beside it, classes that are missing, constant targets."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from small_tables import COLUMNS, NUMBER, rows

from wgan.base.errors import WganError
from wgan.data.tables.schema import Column
from wgan.evaluation.metrics.rows import shuffled
from wgan.evaluation.metrics.usefulness import train_and_test


def test_training_on_real_rows_scores_as_scikit_learn_says():
    train, test = rows(2000, 0), rows(1000, 1)
    model = HistGradientBoostingClassifier(categorical_features=[False, True], random_state=0).fit(
        train[:, :2], train[:, 2]
    )
    expected = roc_auc_score(test[:, 2], model.predict_proba(test[:, :2])[:, 1])
    use = train_and_test(COLUMNS, train, test, 2)
    assert use.auc == pytest.approx(expected, abs=1e-12)
    assert use.r2 is None
    assert train_and_test(COLUMNS, shuffled(train, np.random.default_rng(0)), test, 2).auc < 0.65
    assert train_and_test(COLUMNS, rows(2000, 0, flip=1.0), test, 2).auc < 0.1


def test_numbers_and_several_classes_as_targets():
    train, test = rows(2000, 0), rows(1000, 1)
    assert train_and_test(COLUMNS, train, test, 0).r2 > 0.3
    use = train_and_test(COLUMNS, train, test, 1)
    assert 0.5 < use.auc < 0.9
    assert 0 < use.f1 < 1


def test_generated_rows_without_a_class_are_scored_and_do_not_fail():
    test = rows(500, 1)
    one = rows(500, 0)
    one[:, 2] = 0
    use = train_and_test(COLUMNS, one, test, 2)
    assert use.auc == 0.5
    assert use.f1 == 0
    two = rows(900, 0)
    assert train_and_test(COLUMNS, two[two[:, 1] != 2], test, 1).auc > 0.4
    constant = test.copy()
    constant[:, 0] = 3.0
    assert train_and_test(COLUMNS, constant, test, 0).r2 < 0
    with pytest.raises(WganError, match="does not vary"):
        train_and_test(COLUMNS, test, one, 2)


def test_a_class_of_one_row_is_left_out_of_training():
    train, test = rows(12_000, 0), rows(500, 1)
    train[0, 1] = 3
    columns = [NUMBER, Column("k", "category", "str", levels=("a", "b", "c", "d")), COLUMNS[2]]
    assert train_and_test(columns, train, test, 1).auc > 0.5


def test_a_number_of_two_values_is_a_class_and_one_of_three_is_not():
    train, test = rows(2000, 0), rows(1000, 1)
    as_number = [*COLUMNS[:2], Column("y", "numeric", "int64", spikes=(0.0, 1.0))]
    use = train_and_test(as_number, train, test, 2)
    assert use == train_and_test(COLUMNS, train, test, 2)
    assert use.auc > 0.7
    prices = [*COLUMNS[:2], Column("y", "numeric", "float64", spikes=(9.99, 19.99))]
    priced = train.copy(), test.copy()
    for part in priced:
        part[:, 2] = np.where(part[:, 2] == 1, 19.99, 9.99)
    assert train_and_test(prices, *priced, 2) == use
    # The column decides: of another number, rows of two values are numbers still.
    use = train_and_test([*COLUMNS[:2], NUMBER], train, test, 2)
    assert (use.auc, use.r2 is None) == (None, False)
