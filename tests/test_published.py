"""Published figures of generated tables: right values on tables of which they are known."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wgan

BENCHMARKS = Path(wgan.__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="installed without its checkout")


@pytest.fixture
def figures(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import published_figures

    yield published_figures
    sys.modules.pop("published_figures")


@pytest.fixture
def published(figures):
    import published_tables

    yield published_tables
    for name in ("published_tables", "published_papers"):
        sys.modules.pop(name)


def table(n, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=n)
    return pd.DataFrame(
        {"x": x, "y": x + random.normal(size=n), "level": random.choice(["a", "b"], n)}
    )


@pytest.fixture
def schema(figures):
    return figures.Schema(["x", "y"], ["level"], "level")


def test_columns_stand_in_the_papers_order(figures):
    frame = pd.DataFrame({"c": ["a", "b"], "n": [1, 2], "t": ["u", "v"], "m": [0.5, 1]})
    assert figures.schema_of(frame, "t", []).columns == ["n", "m", "c", "t"]
    # a number that is predicted is the last number, and still stands before the categories
    regression = figures.schema_of(
        frame.assign(n=[1, 3]).iloc[[0, 1, 1]].assign(n=[1, 2, 3]), "n", []
    )
    assert regression.columns == ["m", "n", "c", "t"]


def test_codes_named_as_categories_and_missing_levels_become_text(figures):
    frame = pd.DataFrame({"code": [1.0, 2.0, np.nan], "x": [1, 2, 3], "t": ["a", "b", "a"]})
    schema = figures.schema_of(frame, "t", ["code"])
    read = figures.table_of(frame, schema, "file")
    assert read["code"].tolist() == ["1", "2", figures.MISSING]


def test_a_missing_number_and_a_target_of_three_classes_are_refused(figures, schema):
    gap = table(10)
    gap.loc[0, "x"] = np.nan
    with pytest.raises(SystemExit, match=r"file: column 'x' lacks 1 number"):
        figures.table_of(gap, schema, "file")
    three = table(3).assign(level=["a", "b", "c"])
    with pytest.raises(SystemExit, match="3 levels"):
        figures.schema_of(three, "level", [])
    with pytest.raises(SystemExit, match="--categories"):
        figures.schema_of(table(3).assign(bit=[0, 1, 1]), "bit", [])


def test_the_same_rows_have_full_precision_and_recall(figures, schema):
    rows = table(500)
    read = figures.precision_and_recall(rows, rows, schema)
    # P(a) is a up to one row in 500 and its rounding upwards
    assert read["alpha-precision"] == pytest.approx(1, abs=0.01)
    assert read["beta-recall"] == pytest.approx(1, abs=0.01)


def test_precision_tells_width_and_recall_collapse(figures, schema):
    """One point at the centre: all rows are within every radius, and almost nothing is covered."""
    rows = table(500).assign(level="a")
    far = rows.assign(x=rows["x"] + 100, y=rows["y"] + 100)
    read = figures.precision_and_recall(rows, far, schema)
    assert read == pytest.approx({"alpha-precision": 0, "beta-recall": 0}, abs=1e-9)
    one = rows.assign(x=rows["x"].mean(), y=rows["y"].mean())
    read = figures.precision_and_recall(rows, one, schema)
    # P(a) = 1 for all a: sum (1 - a) / sum a = 1
    assert read["alpha-precision"] == pytest.approx(0, abs=1e-9)
    # few rows are nearer to the centre than to their nearest other row: R(a) is nearly 0
    assert 0 <= read["beta-recall"] < 0.05


def test_two_samples_of_one_distribution_have_a_recall_of_half(figures, schema):
    read = figures.precision_and_recall(table(2000), table(2000, seed=1), schema)
    assert read["alpha-precision"] > 0.95
    # the nearest of n generated rows beats that of n - 1 real ones in one of two rows; the sum of
    # |a - a/2| is half of the sum of a
    assert read["beta-recall"] == pytest.approx(0.5, abs=0.03)


def test_nearness_tells_copies_from_new_rows_and_ties_count_for_neither(figures, schema):
    train, holdout, new = table(300), table(300, seed=1), table(2000, seed=2)
    assert figures.nearer_to_training(train, holdout, train, schema) == 1
    assert figures.nearer_to_training(train, holdout, holdout, schema) == 0
    assert figures.nearer_to_training(train, train, new, schema) == 0
    # a share of 2,000 rows, whose neighbours among 600 come in clusters: 5 points are 3 sd
    assert figures.nearer_to_training(train, holdout, new, schema) == pytest.approx(0.5, abs=0.05)


def test_nearness_weighs_a_level_twice_and_numbers_by_the_training_range(figures, schema):
    def row(x, level):
        return pd.DataFrame({"x": [x], "y": [0.0], "level": [level]})

    train = pd.concat([row(0.0, "a"), row(10.0, "a")])
    # 3 ranges away with the same level is farther than another level at the same place (2) ...
    assert figures.nearer_to_training(train, row(40.0, "b"), row(40.0, "a"), schema) == 0
    # ... and 1.5 ranges away is nearer
    assert figures.nearer_to_training(train, row(25.0, "b"), row(25.0, "a"), schema) == 1


def test_shape_and_trend_are_those_of_the_definition(published, schema):
    x, y = table(400), table(400, seed=1)
    assert published.own_figures(schema, x, x)["shape-error"] == 0
    read = published.own_figures(schema, x, y)
    levels = abs((x["level"] == "a").mean() - (y["level"] == "a").mean())
    ks = []
    for name in ("x", "y"):
        at = np.concatenate([x[name], y[name]])
        f, g = ((t[name].to_numpy()[:, None] <= at).mean(axis=0) for t in (x, y))
        ks.append(np.abs(f - g).max())
    assert read["shape-error"] == pytest.approx(np.mean([*ks, levels]))
    assert read["trend-error"] > 0


def test_published_figures_stand_beside_the_same_table_alone(published, figures):
    adult = figures.Schema([f"n{i}" for i in range(6)], [f"c{i}" for i in range(9)], "c0")
    found = {
        "halves": {"shape-error": 0.006},
        "seed-0": {"shape-error": 0.01},
        "seed-1": {"shape-error": 0.02},
    }
    table = published.published_for(32_561, 16_281, adult)
    printed = "\n".join(published.lines(found, table, 32_561, 16_281))
    assert "1.5 +- 6.4" in printed  # Student's t of two values: 12.71 * 0.5
    assert "two real halves 0.6" in printed
    assert "TabDiff 0.63" in printed
    codes = figures.Schema(adult.numbers[1:], [*adult.categories, "n0"], "c0")
    assert published.published_for(32_561, 16_281, codes) is None
    assert published.published_for(30_000, 16_281, adult) is None
    assert "No published figures" in "\n".join(published.lines(found, None, 10, 10))


def test_an_equal_split_keeps_every_level_in_its_first_half(published):
    frame = table(101).assign(level=["rare", *["common"] * 100])
    first, second = published.equal_split(frame, ["level"])
    assert (len(first), len(second)) == (50, 51)
    assert "rare" in set(first["level"])
    assert sorted([*first.index, *second.index]) == list(range(101))


def test_another_definition_than_that_of_sdmetrics_is_said(published):
    same = {"shape-error": 0.1, "shape-error, sdmetrics": 0.1 + 1e-12}
    trend = {"trend-error": 0.1, "trend-error, sdmetrics": 0.2}
    assert "another figure" in published.agreement({"seed-0": same | trend})
    trend["trend-error, sdmetrics"] = 0.1
    assert "reads the same" in published.agreement({"seed-0": same | trend})


def test_numbers_below_a_hundredth_are_one_where_the_first_number_is_large(figures, schema):
    rows = pd.DataFrame({"x": [5.0, 2000], "y": [-3.0, 4], "level": ["a", "b"]})
    x, x_test = figures.predictors(rows, rows.assign(y=[0.0, -9]), schema)
    assert x.tolist() == [[5, 0.01], [2000, 4]]
    assert x_test[:, 1].tolist() == [0.01, 0.01]
    small = rows.assign(x=[5.0, 999])
    assert figures.predictors(small, small, schema)[0][:, 1].tolist() == [-3, 4]
