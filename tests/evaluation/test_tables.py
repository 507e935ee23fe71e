"""Tables: real rows read as real, copies are caught, shuffled columns are the ceiling, and rows of
a file stand for the held-out ones.
"""

import json
from functools import partial
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


def test_rows_of_a_folder_of_parquet_files_are_compared_with(tmp_path):
    rows = few(200)
    rows.to_csv("all.csv", index=False)
    for year in (2023, 2024):
        (tmp_path / "parts" / f"year={year}").mkdir(parents=True)
    rows[:70].to_parquet("parts/year=2023/a.parquet")
    rows[70:130].set_axis(range(60)).to_parquet("parts/year=2024/a.parquet")
    Path("parts/note.txt").write_text("")
    split = load("all.csv").split()
    sample = partial(first_rows, split)
    with pytest.warns(UserWarning, match="parts: ") as notes:
        e = evaluate(sample, split, EvaluationOptions(test=Path("parts")))
    # neither the index of pandas nor files that were passed over are said twice
    assert sorted(str(each.message) for each in notes) == [
        "parts: columns that the run did not learn are left out: year",
        "parts: passed over 1 file (.txt 1)",
    ]
    assert e.held_out == 130
    again = evaluate(sample, split, EvaluationOptions(test=Path("parts")))
    assert again.lines == e.lines
    rows[:70].to_parquet("parts/year=2024/a.parquet")
    other = evaluate(sample, split, EvaluationOptions(test=Path("parts")))
    assert other.line("shape-error").of != e.line("shape-error").of  # named by the contents


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (None, "no table lies in this folder: give one of .parquet files"),
        ("a.csv", "parts: holds 1 texts of tables"),
        ("a.png", "no table lies in this folder"),
    ],
)
def test_folders_that_hold_no_table_are_refused(tmp_path, name, message):
    split = from_frame(few(200)).split()
    (tmp_path / "parts").mkdir()
    if name:
        (tmp_path / "parts" / name).write_text("a\n1\n")
    with pytest.raises(WganError, match=message):
        evaluate(partial(first_rows, split), split, EvaluationOptions(test=Path("parts")))


def test_what_a_test_file_cannot_hold_names_the_file(tmp_path):
    split = from_frame(few(200)).split()
    few(60).assign(k="z").to_csv("test.csv", index=False)
    with pytest.raises(WganError, match=r"^test.csv: column 'k', row 1: 'z' is a level"):
        evaluate(partial(first_rows, split), split, EvaluationOptions(test=Path("test.csv")))


def test_the_order_of_a_test_file_says_nothing():
    """W1 takes 1,000 rows, of a sorted file too: its real row is that of rows in any order."""
    split = from_frame(few(4000)).split()
    new = few(4000, seed=1)
    new.to_csv("any.csv", index=False)
    new.sort_values("x").to_csv("sorted.csv", index=False)
    floors = [
        evaluate(partial(first_rows, split), split, EvaluationOptions(test=Path(path)))
        .line("w1-exact")
        .real
        for path in ("any.csv", "sorted.csv")
    ]
    # the first quarter of the sorted rows alone lies 15 times as far from the training rows
    assert floors[1] == pytest.approx(floors[0], rel=0.2)


def few(n, seed=0):
    """Return a table of one number and one category."""
    random = np.random.default_rng(seed)
    x = random.normal(size=n).round(3)
    return pd.DataFrame({"x": x, "k": np.where(x + random.normal(size=n) > 0, "a", "b")})


def first_rows(split, n, draw):
    """Return training rows in the place of generated ones."""
    return split.train_sample(0, n)


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
