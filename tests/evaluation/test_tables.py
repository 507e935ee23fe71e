"""Tables: real rows read as real, copies are caught, shuffled columns are the ceiling, and rows of
a file stand for the held-out ones.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tables import rows
from table_sets import measured

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.cache import file_digest
from wgan.data.tables.frames import from_frame
from wgan.evaluation import EvaluationOptions, evaluate
from wgan.evaluation.metric import Comparison
from wgan.evaluation.metrics.equalities import EQUALITIES
from wgan.evaluation.metrics.rows import shuffled
from wgan.evaluation.metrics.usefulness import AUC, F1, R2
from wgan.evaluation.tables import TABLES
from wgan.evaluation.words import sentences

SIZE = EvaluationOptions(target="size")


def test_shuffled_columns_keep_their_own_distribution():
    x = rows(500, 0)
    mixed_up = shuffled(x, np.random.default_rng(0))
    assert np.array_equal(np.sort(x, axis=0), np.sort(mixed_up, axis=0))
    assert not np.array_equal(x, mixed_up)


def test_real_rows_copies_and_noise_are_recognised(mixed):
    """Real rows read as the real column does; copies are caught; shuffled columns read as
    `shuffled` does.
    """
    data = from_frame(mixed(4000))
    split = data.split(0.5)
    train = split.train_sample(0, split.n_train)
    fresh = from_frame(mixed(8000))
    levels = set(data.codec.learned[data.codec.place("city")].levels)
    known = fresh.codec.frame(fresh.rows)
    known = known[known["city"].isin(levels)]
    other = data.codec.matrix(known[~known["city"].isna()])[4000:]
    found = evaluate(lambda n, draw: np.roll(other, 700 * draw, axis=0)[:n], split, SIZE)
    for metric in ("shape-error", "trend-error", "c2st-auc", "w1-exact"):
        line = found.line(metric)
        assert line.generated.value == pytest.approx(line.real, rel=0.25, abs=0.02), metric
        assert line.broken > line.real or metric == "shape-error", metric
    assert found.line("tstr-auc").generated.value == pytest.approx(
        found.line("tstr-auc").real, abs=0.05
    )
    assert found.line("dcr-share").generated.value == pytest.approx(0.5, abs=0.05)
    copies = evaluate(lambda n, draw: train[:n], split, SIZE)
    assert copies.line("dcr-share").generated.value > 0.99
    assert copies.line("copied-share").generated.value == 1
    assert copies.line("copied-share").real < 0.05
    line = found.line("membership-auc")
    assert line.generated.value == pytest.approx(0.5, abs=0.04)
    assert line.generated.half_width > 0.015
    assert line.real == pytest.approx(0.5, abs=0.04)
    assert line.broken > 0.95
    assert line.n == found.details["membership"]["members"] == 1000
    assert copies.line("membership-auc").generated.value == line.broken
    assert any("attack tells training rows" in said for said in sentences(copies))
    assert json.loads(json.dumps(copies.to_json()))["protocol"] == "wgan-table-4"
    assert set(copies.details["columns"]) == {column.name for column in data.codec.learned}
    assert len(copies.details["pairs"]) == 45


def test_copies_of_any_training_row_are_found_though_few_rows_are_held_out():
    """Every generated row is a training row with jitter, of a place beyond the held-out number."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1500, 4)).round(9), columns=list("abcd"))
    split = from_frame(frame).split(0.1)
    train = split.train_sample(0, split.n_train)

    def copies(n, draw):
        rows = train[np.random.default_rng(draw).permutation(len(train))[:n]]
        return rows + 1e-6 * np.random.default_rng(draw).normal(size=rows.shape)

    found = evaluate(copies, split, EvaluationOptions(target="d"))
    line = found.line("dcr-share")
    assert line.generated.value > 0.99
    assert line.real == pytest.approx(0.5, abs=0.35)
    assert any(said.startswith("training samples are copied") for said in sentences(found))
    exact = evaluate(lambda n, draw: train[-n:], split, EvaluationOptions(target="d"))
    assert exact.line("copied-share").generated.value == 1


def test_few_rows_and_unknown_targets_are_refused(mixed):
    few = from_frame(mixed(60)).split()
    with pytest.raises(WganError, match="at least 50 of each"):
        evaluate(lambda n, draw: few.train_sample(0, n), few)
    split = from_frame(mixed(400)).split()
    with pytest.raises(WganError, match="no column is called 'sise'"):
        evaluate(lambda n, draw: split.train_sample(0, n), split, EvaluationOptions(target="sise"))


def test_a_column_of_many_levels_is_evaluated_too():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"k": [f"k{i}" for i in random.integers(0, 600, 4000)], "y": random.integers(0, 2, 4000)}
    )
    split = from_frame(frame).split(0.3)
    found = evaluate(lambda n, draw: split.train_sample(0, n), split)
    assert 0 <= found.line("shape-error").real < 0.3


def test_rows_of_a_file_stand_for_the_held_out_ones_and_are_named(mixed, tmp_path):
    path, test = tmp_path / "all.csv", tmp_path / "test.csv"
    mixed(400).to_csv(path, index=False)
    pd.read_csv(path, dtype="str", keep_default_na=False)[:80].to_csv(test, index=False)
    split = load(path).split()
    options = EvaluationOptions(target="size", test=test)
    e = evaluate(lambda n, draw: split.train_sample(0, n), split, options)
    against = file_digest(test)[:8]
    assert e.held_out == 80
    assert e.line("shape-error").of == f"all-columns-against-{against}"
    assert e.line("w1-exact").of == f"coded-columns-against-{against}"
    assert e.line("tstr-auc").of == f"size-against-{against}"
    frame = pd.read_csv(test, dtype="str", keep_default_na=False)
    frame[frame.columns[::-1]].assign(more="m").to_csv(test, index=False)
    with pytest.warns(UserWarning, match="did not learn are left out: more"):
        reordered = evaluate(lambda n, draw: split.train_sample(0, n), split, options)
    assert [line.generated for line in reordered.lines] == [line.generated for line in e.lines]
    plain = evaluate(lambda n, draw: split.train_sample(0, n), split, SIZE)
    assert (plain.line("w1-exact").of, plain.line("shape-error").of) == ("coded-columns", "")


def test_the_benchmark_prints_what_it_measured(mixed, capsys):
    """Seeds whose evaluations differ in their lines are put together by the names of these."""
    path = Path(__file__).parents[2] / "benchmarks" / "tables.py"
    spec = importlib.util.spec_from_file_location("tables_benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    split = from_frame(mixed(300)).split()
    found = evaluate(lambda n, draw: split.train_sample(0, n), split, SIZE).to_json()
    times = ("wall_seconds", "processor_seconds", "sampling_seconds_per_million")
    line = {"table": "mixed", "steps": 10, "threads": 1, **dict.fromkeys(times, 1.0)}
    line |= {
        "evaluation": found,
        "against_train": {"shape-error": 0.1, "trend-error-own-bins": 0.2},
    }
    other = line | {"evaluation": found | {"lines": found["lines"][::-1]}}
    benchmark.table(json.loads(json.dumps([line, other])))
    printed = capsys.readouterr().out
    assert "mixed: 2 seeds, 10 steps, 1 thread(s), target size" in printed
    shape = next(each for each in found["lines"] if each["metric"] == "shape-error")
    assert f"shape-error          {shape['generated']['value']:.4f} +- 0.0000" in printed
    assert "trend-error-own-bins against training rows 0.2000 +- 0.0000" in printed


@pytest.mark.parametrize(
    ("target", "scores"),
    [
        *(("size", "auc f1"), ("member", "auc f1"), ("code", "auc f1"), ("note", "auc f1")),
        *(("age", "r2"), ("price", "r2"), ("gain", "r2"), ("bought", "r2"), ("visits", "r2")),
        ("flag", "auc f1"),
    ],
)
def test_a_target_of_each_kind_has_its_scores_beside_those_of_real_rows(mixed, target, scores):
    """Categories, booleans, text, missing values, numbers, times, and a number of two values."""
    frame = mixed(600)
    frame["flag"] = (frame["price"] > 25).astype(int)
    frame["price"] += 0.1 * frame["age"]
    reference = TABLES.reference(from_frame(frame).split(), EvaluationOptions(target=target))
    assert reference.target_name == target
    shown = {}
    for name, metric in (("auc", AUC), ("f1", F1), ("r2", R2)):
        value, real, shuffled = measured(metric, Comparison(reference, reference.train, "rows"))
        assert metric.of(reference) == target
        assert (value is None) == (name not in scores)
        if value is not None:
            shown[name] = (real, shuffled)
            assert value == real, "training rows as generated ones"
            assert np.isfinite([real, shuffled]).all()
    if target in ("flag", "price"):
        assert shown[scores.split()[0]][0] > shown[scores.split()[0]][1] + 0.1


def test_known_damage_is_seen_by_its_figure_and_its_name(mixed):
    """One generator of real rows that loses a level, repeats rows and ignores conditions."""
    split = from_frame(mixed(2400)).split(0.3)
    columns = split.dataset.codec.learned
    place = [column.name for column in columns].index("size")
    large = columns[place].levels.index("large")

    def sample(n, draw):
        rows = np.random.default_rng(draw).permutation(split.train_sample(0, n))
        rows[rows[:, place] == large, place] = columns[place].levels.index("small")
        rows[: n // 4] = rows[n // 4 : 2 * (n // 4)]
        return rows

    def conditional(where, n, draw):
        ((name, level),) = where.items()
        i = [column.name for column in columns].index(name)
        rows = sample(n, draw + 100)
        rows[:, i] = columns[i].levels.index(level)
        return rows

    found = evaluate(sample, split, SIZE, conditional=conditional)
    assert found.line("levels-lost").generated.value == 1
    assert found.line("levels-lost").real == 0
    assert found.details["levels"]["lost"][0].startswith("size=large: ")
    assert found.line("repeated-share").generated.value > 0.45
    assert found.line("repeated-share").real == 0
    assert found.line("conditional-shape").real == 1
    auc, score = found.line("c2st-auc"), found.line("c2st-score")
    assert score.generated.value == pytest.approx(min(1, 2 - 2 * auc.generated.value), abs=0.02)
    assert score.of == auc.of == ""
    assert score.n == auc.n
    w1, way = found.line("w1-exact"), found.line("w1-normalised")
    share = (w1.generated.value - w1.real) / (w1.broken - w1.real)
    assert way.generated.value == pytest.approx(share)
    assert (way.real, way.broken) == pytest.approx((0, 1))
    words = " | ".join(sentences(found))
    assert "levels lost, 1 of" in words
    assert "rows repeat each other" in words
    without = evaluate(sample, split, SIZE)
    assert without.get("conditional-shape") is None
    assert without.details["conditions"] == {}


def test_wide_tables_are_searched_in_part_and_a_note_says_so():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"n{i:03d}": random.normal(size=400) for i in range(104)})
    frame["n102"] = frame["n103"] = frame["n000"]
    split = from_frame(frame).split()
    reference = TABLES.reference(split, EvaluationOptions(target="n001"))
    real = Comparison(reference, reference.train, "rows")
    assert EQUALITIES.measure(real) is None, "n102 and n103 are not among the first 100"
    assert "among the first 100 numbers" in TABLES.notes(reference)[0]
    few = TABLES.reference(from_frame(frame.iloc[:, :3]).split(), EvaluationOptions())
    assert TABLES.notes(few) == []
