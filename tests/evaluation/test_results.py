"""Lines and evaluations: what is printed, and JSON of this, of earlier and of later versions."""

import json
from dataclasses import replace

import pytest

from wgan.base.intervals import Mean
from wgan.evaluation import PROTOCOLS, Evaluation, evaluation_from_json
from wgan.evaluation.metrics import METRICS
from wgan.evaluation.results import Line
from wgan.evaluation.tables import TABLES
from wgan.report import sentences

FRECHET = Line("frechet", Mean(2.5, 0.25), 2.0, 9.0, 200, "pixels-64")
OWN = Line("edges", Mean(0.251, 0.02), 0.24, 0.5, 200, "", "edge density", "%", "as real")


def evaluation(*lines):
    return Evaluation("wgan-samples-1", lines, 5, 200, 200, "blurred", {"x": [1]}, ("a note",))


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (
            Line("precision", Mean(0.5391, 0.0212), 0.96, 0.933, 359),
            ("precision, %", "53.9 +- 2.1", "96", "93.3", "high is good"),
        ),
        (
            Line("modes", Mean(10.0, 0.0), 10.0, 1.0, 359),
            ("modes found", "10", "10", "1", "high is good"),
        ),
        (OWN, ("edge density, %", "25.1 +- 2.0", "24", "50", "as real")),
        (
            Line("of-a-later-version", Mean(2.0, 0.5), 1.0, 3.0, 10),
            ("of-a-later-version", "2.00 +- 0.50", "1", "3", ""),
        ),
    ],
)
def test_cells_show_what_is_known(line, cells):
    assert line.cells == cells


def test_an_evaluation_prints_as_a_table():
    assert str(evaluation(FRECHET, OWN)).splitlines() == [
        "5 sets of 200 generated samples against 200 held-out samples; on pixels-64",
        "                      generated  real  blurred",
        " Frechet distance  2.50 +- 0.25     2        9  low is good",
        " edge density, %    25.1 +- 2.0    24       50  as real",
        "a note",
    ]


def test_columns_stand_in_line_behind_names_of_wide_letters():
    wide = replace(OWN, title="輪郭の密度の平均")  # a terminal shows each letter as wide as two
    assert str(evaluation(FRECHET, wide)).splitlines()[1:4] == [
        "                         generated  real  blurred",
        " Frechet distance     2.50 +- 0.25     2        9  low is good",
        " 輪郭の密度の平均, %   25.1 +- 2.0    24       50  as real",
    ]


def test_json_comes_back_as_it_was():
    e = evaluation(FRECHET, OWN)
    assert evaluation_from_json(json.loads(json.dumps(e.to_json()))) == e
    nan = replace(FRECHET, real=float("nan"))
    back = evaluation_from_json(evaluation(replace(nan)).to_json() | {"notes": []})
    assert back.lines[0].real != back.lines[0].real


def test_a_built_in_line_has_the_same_fields_as_ever_and_another_brings_its_words():
    lines = evaluation(FRECHET, OWN).to_json()["lines"]
    assert list(lines[0]) == ["name", "metric", "generated", "real", "broken", "n", "of"]
    assert list(lines[1]) == [*lines[0], "title", "unit", "read"]
    assert lines[0]["name"] == "frechet-pixels-64-n200"


def test_an_evaluation_of_an_earlier_version_is_read():
    text = """{"protocol": "wgan-samples-1", "lines": [{"name": "w1-exact-n200",
    "metric": "w1-exact", "generated": {"value": 1.5, "half_width": 0.01}, "real": 1.4,
    "broken": "nan", "n": 200, "of": ""}], "sets": 5, "generated": 200, "held_out": 200,
    "broken": "blurred", "details": {}, "notes": []}"""
    line = evaluation_from_json(json.loads(text)).line("w1-exact")
    assert (line.title, line.cells[0], line.generated.value) == ("", "W1", 1.5)


def test_names_that_are_not_known_are_printed_and_do_not_disturb_sentences():
    e = evaluation(Line("of-a-later-version", Mean(2.0, 0.5), 1.0, 3.0, 10), OWN)
    assert sentences(evaluation_from_json(e.to_json())) == []


def test_the_table_of_metrics_holds_those_of_every_protocol_and_no_other():
    used = [metric.name for protocol in PROTOCOLS.values() for metric in protocol.metrics]
    assert set(METRICS) == set(used)
    assert all(METRICS[metric.name].title == metric.title for metric in TABLES.metrics)


def test_metrics_of_tables_are_printed_in_the_order_of_what_they_tell():
    assert [metric.name for metric in TABLES.metrics] == [
        *("c2st-auc", "c2st-score"),
        *("tstr-auc", "tstr-f1", "tstr-r2"),
        *("w1-normalised", "w1-exact"),
        *("shape-error", "trend-error", "trend-error-own-bins", "logistic-score"),
        *("levels-lost", "levels-off", "round-error"),
        *("equalities-lost", "impossible-share", "violation-share"),
        *("tail-error", "ends-repeated"),
        *("conditional-shape", "conditional-trend"),
        *("dcr-share", "copied-share", "repeated-share", "membership-auc"),
    ]
    points = [metric.name for metric in PROTOCOLS["vectors"].metrics]
    assert points[:2] == ["w1-exact", "sliced-w2"]


@pytest.mark.parametrize(
    "details",
    [
        {"levels": {"number": 3, "lost": [1], "inflated": [], "deflated": []}},
        {"levels": {"number": 3, "lost": []}},
        {"round": {"x": {"step": 10, "generated": "half", "held_out": 0.5}}},
        {"equalities": {"a = b": {"generated": 0.1}}},
        {"dependences": {"a -> b": "often"}},
        {"inequalities": ["a <= b"]},
        {"tails": {"x > 3": 0.5}},
        {"ends": {"x = 3": {"generated": None, "training": 1}}},
        {"conditions": {"k=a": {"shape filtered": "little"}}},
    ],
)
def test_details_of_tables_of_another_form_are_refused(details):
    e = replace(evaluation(), details=details)
    with pytest.raises((TypeError, ValueError, KeyError)):
        evaluation_from_json(json.loads(json.dumps(e.to_json())))
