"""Figures of tables: closed forms, scipy and scikit-learn beside them, known damage seen, real rows
as the floor.
"""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, pearsonr
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from wgan.base.errors import WganError
from wgan.data.tables.frames import from_frame
from wgan.data.tables.schema import Column
from wgan.evaluation import evaluate_table
from wgan.evaluation.metrics.nearest import nearer_to
from wgan.evaluation.metrics.tables import (
    categorical,
    copied_share,
    shape_errors,
    shuffled,
    train_and_test,
    trend_errors,
)
from wgan.evaluation.metrics.two_sample import detection_auc

NUMBER = Column("x", "numeric", "float64", spikes=(0.0, 1.0))
NAMES = Column("k", "category", "str", levels=("a", "b", "c"))


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
    assert shape_errors(columns, together, apart).tolist() == [
        0,
        0,
    ], "which columns alone do not show"


def test_trend_of_a_number_and_a_category_bins_the_number_over_its_real_range():
    y = np.column_stack([np.linspace(0, 10, 1001)[:-1], np.zeros(1000)])
    x = y.copy()
    x[:100, 0] = 9.5  # the first tenth goes into the last bin
    assert trend_errors([NUMBER, NAMES], x, y)[0] == pytest.approx(0.1, abs=0.002)
    outside = y.copy()
    outside[:, 0] += 0.001 * np.arange(1000) % 0.01
    assert trend_errors([NUMBER, NAMES], outside, y)[0] < 0.02


def rows(n, seed, flip=0.0):
    """A number, a category, and a target that depends on both."""
    random = np.random.default_rng(seed)
    a, k = random.normal(size=n), random.integers(0, 3, n)
    t = (a + (k == 2) + 0.3 * random.normal(size=n) > 0.8).astype(float)
    return np.column_stack([a, k, np.where(random.random(n) < flip, 1 - t, t)])


COLUMNS = [NUMBER, NAMES, Column("t", "category", "str", levels=("no", "yes"))]


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


def test_detection_is_even_for_real_rows_and_certain_for_others():
    kinds = categorical(COLUMNS)
    x, y = rows(1500, 0), rows(1500, 1)
    assert detection_auc(x, y, categorical=kinds) == pytest.approx(0.5, abs=0.05)
    assert detection_auc(x + np.array([5, 0, 0]), y, categorical=kinds) > 0.99
    mixed_up = shuffled(x, np.random.default_rng(0))
    assert detection_auc(mixed_up, y, categorical=kinds) > 0.6, (
        "columns alone are right, rows are not"
    )


def test_copies_are_near_training_rows_and_fresh_rows_are_not():
    random = np.random.default_rng(0)
    train, holdout, fresh = (random.normal(size=(800, 3)) for _ in range(3))
    assert nearer_to(train, train, holdout).share == 1
    assert nearer_to(holdout, train, holdout).share == 0
    assert nearer_to(fresh, train, holdout).share == pytest.approx(0.5, abs=0.06)
    assert nearer_to(fresh, train, train).share == 0.5, "ties count half"
    assert copied_share(train[:100], train) == 1
    assert copied_share(fresh, train) == 0
    gaps = np.array([[np.nan, 0.0], [1.0, -0.0]])
    assert copied_share(gaps, gaps + 0.0) == 1, "missing values are equal, and so are the two zeros"


def test_shuffled_columns_keep_their_own_distribution():
    x = rows(500, 0)
    mixed_up = shuffled(x, np.random.default_rng(0))
    assert np.array_equal(np.sort(x, axis=0), np.sort(mixed_up, axis=0))
    assert not np.array_equal(x, mixed_up)


def test_a_verdict_knows_real_rows_copies_and_noise(mixed):
    """Real rows read as the real column does; copies are caught; shuffled columns read as
    `shuffled` does.
    """
    data, other = from_frame(mixed(4000)), None
    split = data.split(0.5)
    train = split.train_sample(0, split.n_train)
    fresh = from_frame(mixed(8000))
    levels = set(data.codec.learned[data.codec.place("city")].levels)
    known = fresh.codec.frame(fresh.rows)
    known = known[known["city"].isin(levels)]
    other = data.codec.matrix(known[~known["city"].isna()])[4000:]
    verdict = evaluate_table(lambda n, draw: np.roll(other, 700 * draw, axis=0)[:n], split, "size")
    for metric in ("shape-error", "trend-error", "c2st-auc", "w1-exact"):
        line = verdict.line(metric)
        assert line.generated.value == pytest.approx(line.real, rel=0.25, abs=0.02), metric
        assert line.broken > line.real or metric == "shape-error", metric
    assert verdict.line("tstr-auc").generated.value == pytest.approx(
        verdict.line("tstr-auc").real, abs=0.05
    )
    assert verdict.line("dcr-share").generated.value == pytest.approx(0.5, abs=0.05)
    copies = evaluate_table(lambda n, draw: train[:n], split, "size")
    assert copies.line("dcr-share").generated.value > 0.99
    assert copies.line("copied-share").generated.value == 1
    assert copies.line("copied-share").real < 0.05
    assert json.loads(json.dumps(copies.to_json()))["protocol"] == "wgan-table-2"
    assert set(copies.details["columns"]) == {column.name for column in data.codec.learned}
    assert len(copies.details["pairs"]) == 45


def test_verdicts_refuse_few_rows_and_unknown_targets(mixed):
    few = from_frame(mixed(60)).split()
    with pytest.raises(WganError, match="at least 50 of each"):
        evaluate_table(lambda n, draw: few.train_sample(0, n), few)
    split = from_frame(mixed(400)).split()
    with pytest.raises(WganError, match="no column is called 'sise'"):
        evaluate_table(lambda n, draw: split.train_sample(0, n), split, "sise")


def test_a_class_of_one_row_is_left_out_of_training():
    train, test = rows(12_000, 0), rows(500, 1)
    train[0, 1] = 3
    columns = [NUMBER, Column("k", "category", "str", levels=("a", "b", "c", "d")), COLUMNS[2]]
    assert train_and_test(columns, train, test, 1).auc > 0.5


def test_a_column_of_many_levels_is_judged_too():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"k": [f"k{i}" for i in random.integers(0, 600, 4000)], "y": random.integers(0, 2, 4000)}
    )
    split = from_frame(frame).split(0.3)
    verdict = evaluate_table(lambda n, draw: split.train_sample(0, n), split)
    assert 0 <= verdict.line("shape-error").real < 0.3
