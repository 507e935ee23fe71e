"""Recorded runs of tables become the right Markdown, and a page keeps what stands around it."""

import json
import sys
from pathlib import Path

import pytest

import wgan

BENCHMARKS = Path(wgan.__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="installed without its checkout")


@pytest.fixture
def docs(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import tables_docs

    yield tables_docs
    sys.modules.pop("tables_docs")


def figure(metric, generated, real, broken):
    generated = {"value": generated, "half_width": 0.01}
    name = f"{metric}-n4000"
    sides = {"generated": generated, "real": real, "broken": broken}
    return {"name": name, "metric": metric, **sides, "n": 4000, "of": ""}


def run(table="orders", seed=0, auc=0.52, shape=0.02, **others):
    lines = [
        figure("c2st-auc", auc, 0.5, 0.99),
        figure("c2st-score", 0.9, 1, 0.1),
        figure("shape-error", shape, 0.0187, 0.0187),
        figure("levels-lost", 0, 0, 0),
        figure("tail-error", 0.3, 0.2, 0.2),
    ]
    evaluation = {"protocol": "wgan-table-4", "lines": lines, "sets": 3, "generated": 16_000}
    evaluation |= {"held_out": 4000, "broken": "columns shuffled", "details": {}, "notes": []}
    machine = {"threads": 1, "processor": "AB 5", "cores": 2, "gpu": None}
    return {
        "table": table,
        "seed": seed,
        "settings": [],
        "steps": 2560,
        "training_rows": 16_000,
        "own_test_rows": False,
        "processor_seconds": {
            "training": 360 + 60 * seed,
            "evaluation": 120,
            "a million rows": 60.4,
        },
        "provenance": {
            "packages": {"torch": "2.13.0"},
            "wgan": "0.1.0",
            "commit": "0123456789+",
            "machine": machine,
        },
        "evaluation": evaluation,
        "against_train": {
            "shape-error": 0.01 + 0.001 * seed,
            "trend-error": 0.3,
            "trend-error-own-bins": 0.05,
        },
    } | others


CONDITIONS = {
    "table": "orders",
    "seed": 3,
    "rows": 2000,
    "least_training_rows": 500,
    "worse": 1.3,
    "groups": {
        "single levels": {
            "number": 48,
            "shape": {"median": 1.2, "worst": 1.731, "of": "k=a", "above": 16},
            "shape of other filtered rows": {"median": 1, "worst": 1.5, "of": "k=a", "above": 3},
            "trend": {"median": 1.1, "worst": 1.4, "of": "k=b", "above": 2},
            "trend of other filtered rows": {"median": 1, "worst": 1.2, "of": "k=a", "above": 0},
            "acceptance": {"median": 1.0, "worst": 0.25, "of": "k=c", "above": 0},
            "seconds": {"median": 0.1234, "worst": 2.5, "of": "k=d", "above": 1},
        }
    },
    "levels": {"number": 88, "least_training_rows": 20, "rows": 200_000, "lost": []},
}


def test_one_seed_has_no_interval_and_three_digits(docs):
    text = docs.markdown([run()], [])
    assert text.splitlines() == [
        "- orders: 2,560 steps on 16,000 rows, compared with 4,000 held-out rows.",
        "- Run with torch 2.13.0, wgan 0.1.0 (0123456+), 1 thread of AB 5 with 2 cores.",
        "",
        "| table | figure | generated | real | shuffled |",
        "|---|---|---|---|---|",
        "| orders, 1 seed | detection AUC | 0.52 | 0.5 | 0.99 |",
        "|  | shape error, % | 2 | 1.87 | 1.87 |",
        "|  | levels lost | 0 | 0 | 0 |",
        r"|  | tails, \|log ratio\| | 0.3 | 0.2 | 0.2 |",
        "|  | shape error against training rows, % | 1 |  |  |",
        "|  | trend error, own bins, against training rows, % | 5 |  |  |",
        "",
        "| processor time | training, minutes | evaluation, minutes | a million rows, seconds |",
        "|---|---|---|---|",
        "| orders | 6 | 2 | 60.4 |",
    ]


def test_several_seeds_have_intervals_and_as_many_decimals(docs):
    text = docs.markdown([run(), run(seed=1, auc=0.53, shape=0.03)], [])
    # Student's t of two values, 12.706: half of their difference times it
    assert "| orders, 2 seeds | detection AUC | 0.525 +- 0.064 | 0.500 | 0.990 |" in text
    assert "|  | shape error, % | 2.5 +- 6.4 | 1.9 | 1.9 |" in text
    assert "|  | levels lost | 0 +- 0 | 0 | 0 |" in text
    assert "|  | shape error against training rows, % | 1.05 +- 0.64 |  |  |" in text
    assert "| orders | 6.5 (6 to 7) | 2 | 60.4 |" in text


def test_a_figure_that_a_seed_lacks_says_so_and_order_does_not_matter(docs):
    second = run(seed=1, auc=0.53)
    second["evaluation"]["lines"] = second["evaluation"]["lines"][2::-1]
    text = docs.markdown([run(), second], [])
    assert "detection AUC | 0.525 +- 0.064 | 0.500 | 0.990 |" in text
    assert "|  | levels lost (1 seed) | 0 | 0 | 0 |" in text


def test_tables_stand_in_the_order_of_the_page_and_others_last(docs):
    text = docs.markdown([run("mine"), run("orders"), run("adult", own_test_rows=True)], [])
    assert text.index("| Adult, 1") < text.index("| orders, 1") < text.index("| mine, 1")
    assert "Adult: 2,560 steps on 16,000 rows, compared with its own 4,000 test rows." in text


def test_rows_under_conditions_are_described_from_their_record(docs):
    about, table, levels = docs.markdown([run()], [CONDITIONS]).split("\n\n")[-3:]
    assert about == (
        "Rows under conditions (orders, seed 3; 2,000 for each) are compared with unconditional"
        " rows of the same generator that happen to satisfy them. Errors are divided by theirs. In"
        " brackets are the errors of other unconditional rows, which differ by chance alone."
        " Acceptance is the share of the draws that satisfy the conditions."
    )
    assert table.splitlines() == [
        "| conditions | figure | median | worst | above 1.3 |",
        "|---|---|---|---|---|",
        "| 48 single levels of at least 500 training rows | shape error | 1.20 (1.00)"
        " | 1.73 (1.50; k=a) | 16 (3) |",
        "|  | trend error | 1.10 (1.00) | 1.40 (1.20; k=b) | 2 (0) |",
        "|  | processor time, s | 0.123 | 2.5 (k=d) |  |",
        "|  | acceptance, % | 100 | 25 |  |",
    ]
    assert levels == "None of the 88 levels of 20 or more training rows is missing in 200,000 rows."
    lost = CONDITIONS | {"levels": CONDITIONS["levels"] | {"lost": ["k=a: 21", "k=b: 30"]}}
    assert "2 (k=a: 21; k=b: 30) of the 88 levels" in docs.markdown([run()], [lost])


@pytest.mark.parametrize(
    ("second", "message"),
    [({"seed": 0}, "a seed was run twice"), ({"seed": 1, "steps": 10}, "the runs differ in steps")],
)
def test_runs_that_have_no_common_mean_are_refused(docs, second, message):
    with pytest.raises(SystemExit, match=message):
        docs.markdown([run(), run(**second)], [])


def test_a_page_keeps_what_stands_around_the_markers(docs, tmp_path):
    page = f"above\n{docs.BEGIN}\nold\n{docs.END}\nbelow\n"
    new = docs.written(page, "new")
    assert new == f"above\n{docs.BEGIN}\nnew\n{docs.END}\nbelow\n"
    assert docs.written(new, "new") == new
    for wrong in ("above", page + page, f"{docs.END}\n{docs.BEGIN}"):
        with pytest.raises(SystemExit, match="the page needs the lines"):
            docs.written(wrong, "new")
    record = tmp_path / "tables.jsonl"
    record.write_text(json.dumps(run()) + "\n")
    assert docs.read_lines(record) == [run()]


def test_the_page_of_tables_has_the_markers(docs):
    page = (BENCHMARKS.parent / "docs" / "figures" / "tables.md").read_text(encoding="utf-8")
    assert "| new |" in docs.written(page, "| new |")
