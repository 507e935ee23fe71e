"""Sentences on tables: each fires where its figure says so, and names what it is about."""

from dataclasses import replace

import pytest
from fake_runs import evaluation

from wgan.base.intervals import Mean
from wgan.evaluation.results import Line, evaluation_from_json
from wgan.evaluation.table_words import table_sentences
from wgan.evaluation.words import sentences

NOTHING = {"number": 9, "lost": [], "inflated": [], "deflated": []}


def said(metric, value, half_width, real, **details):
    line = Line(metric, Mean(value, half_width), real, 1.0, 100)
    e = replace(evaluation(), lines=(line,), details=details)
    assert table_sentences(evaluation_from_json(e.to_json())) == table_sentences(e)
    return " | ".join(table_sentences(e))


def test_levels_are_named_and_the_rest_is_counted():
    lost = [f"k={i}: 74 training rows, 0 of 30933 generated" for i in range(7)]
    words = said("levels-lost", 7, 0, 0, levels=NOTHING | {"lost": lost, "deflated": ["k=9: few"]})
    assert words.startswith("levels lost, 7 of 9: k=0: 74 training rows, 0 of 30933 generated; k=1")
    assert "k=4: 74" in words
    assert "k=5" not in words
    assert "; and 2 more | levels deflated, 1 of 9: k=9: few" in words


def test_numbers_count_what_is_not_named():
    names = [f"k={i}" for i in range(50)]
    levels = NOTHING | {"number": 200, "lost": names, "numbers": {"lost": 100}}
    words = said("levels-lost", 100, 0, 0, levels=levels)
    assert words.startswith("levels lost, 100 of 200: k=0; ")
    assert words.endswith("; and 95 more")
    shares = {f"a{i} -> b": 0.5 for i in range(50)}
    for metric, name in (("impossible-share", "dependences"), ("violation-share", "inequalities")):
        words = said(metric, 0.5, 0.1, 0, **{name: shares}, numbers={name: 4950})
        assert words.endswith("; and 4945 more")
    lost = {f"a{i} = b": {"generated": 0.1, "training": 0.2} for i in range(50)}
    words = said("equalities-lost", 0.5, 0.1, 0, equalities=lost, numbers={"equalities": 70})
    assert words.endswith("; and 65 more")


@pytest.mark.parametrize(
    ("lost", "off", "words"),
    [(0, 0, ["no level of 9 is lost, or off by a factor of 2"]), (0.33, 0, []), (0, 0.33, [])],
)
def test_no_level_is_lost_where_both_figures_are_zero(lost, off, words):
    lines = [Line(f"levels-{n}", Mean(v, 0), 0, 1, 9) for n, v in (("lost", lost), ("off", off))]
    e = replace(evaluation(), lines=tuple(lines), details={"levels": NOTHING})
    assert table_sentences(e) == words


@pytest.mark.parametrize(
    ("metric", "value", "half_width", "details", "words"),
    [
        (
            "round-error",
            0.5,
            0.1,
            {"round": {"h": {"step": 10.0, "generated": 0.3, "held_out": 0.6}}},
            "round numbers are not as frequent as in real rows: h at multiples of 10 30.0% (real"
            " 60.0%)",
        ),
        ("round-error", 0.15, 0.1, {}, ""),
        (
            "equalities-lost",
            0.5,
            0.1,
            {"equalities": {"a = b": {"generated": 0.1, "training": 0.2}}},
            "equal numbers are lost: a = b in 10.0% of rows (training rows 20.0%)",
        ),
        ("equalities-lost", 0.15, 0.1, {}, ""),
        (
            "impossible-share",
            0.05,
            0.01,
            {"dependences": {"a -> b": 0.01, "c -> d": 0.04, "e -> f": 0.0}},
            "5.0 +- 1.0 % of rows combine values as no training row does (real 0.05 %): c -> d"
            " 4.0%; a -> b 1.0%",
        ),
        ("impossible-share", 0.001, 0.0005, {}, ""),
        (
            "violation-share",
            0.05,
            0.01,
            {"inequalities": {"a <= b": 0.05}},
            "5.0 +- 1.0 % of rows violate what holds in all training rows (real 0.05 %): a <= b"
            " 5.0%",
        ),
        (
            "tail-error",
            1.0,
            0.1,
            {
                "tails": {
                    "x > 9": {"ratio": 5.0, "off": True},
                    "x < 1": {"ratio": 0.1, "off": True},
                    "z > 2": {"ratio": 9.0, "off": False},
                }
            },
            "tails are off: x < 1 0.1 times as heavy as in real rows; x > 9 5 times as heavy as in"
            " real rows",
        ),
        ("tail-error", 1.0, 0.1, {"tails": {"x > 9": {"ratio": 9.0, "off": False}}}, ""),
        (
            "tail-error",
            0.0,
            0.1,
            {"redrawn": 0.0312},
            "3.1% of the rows broke a rule and were drawn again",
        ),
        (
            "ends-repeated",
            0.1,
            0.01,
            {"ends": {"x = 9": {"generated": 99.6, "training": 1.0, "repeated": True}}},
            "extremes of the training rows are repeated: x = 9 in 100 rows",
        ),
        (
            "ends-repeated",
            0.1,
            0.01,
            {"ends": {"x = 9": {"generated": 25, "training": 15, "repeated": False}}},
            "",
        ),
        (
            "repeated-share",
            0.3,
            0.01,
            {},
            "rows repeat each other: 30.0 +- 1.0 % equal another one of their set (real 0.05 %)",
        ),
        ("repeated-share", 0.009, 0.0, {}, ""),
        (
            "conditional-shape",
            1.1,
            0.12,
            {},
            "rows under conditions are as good as filtered ones: 1.10 +- 0.12 times the shape error"
            " of filtered ones",
        ),
        (
            "conditional-shape",
            1.2,
            0.1,
            {},
            "rows under conditions are a little worse than filtered ones: 1.20 +- 0.10 times the"
            " shape error of filtered ones",
        ),
        (
            "conditional-shape",
            1.2,
            0.3,
            {},
            "whether rows under conditions are as good as filtered ones is undecided: 1.20 +- 0.30"
            " times the shape error of filtered ones",
        ),
        (
            "conditional-shape",
            2.0,
            0.1,
            {
                "conditions": {
                    "k=a": {"shape conditional": 0.03, "shape filtered": 0.02},
                    "k=b": {"shape conditional": 0.06, "shape filtered": 0.02},
                    "k=c": {"rows": 3.0},
                }
            },
            "rows under conditions are worse than filtered ones: 2.00 +- 0.10 times the shape error"
            " of filtered ones; k=b 3.0; k=a 1.5",
        ),
    ],
)
def test_each_sentence_fires_where_its_figure_says_so(metric, value, half_width, details, words):
    assert said(metric, value, half_width, 0.0005, **details) == words


def test_figures_of_real_rows_excuse_generated_ones():
    details = {"dependences": {"a -> b": 0.05}}
    assert said("impossible-share", 0.05, 0.01, 0.05, **details) == ""
    assert said("repeated-share", 0.3, 0.01, 0.2) == ""


RATES = {"found": 0.02, "real": 0.01, "chance": 0.015, "members": 600.0, "reference": 600.0}


@pytest.mark.parametrize(
    ("value", "half_width", "real", "found", "words"),
    [
        (0.55, 0.02, 0.5, 0.1, "an attack tells training rows from others: membership AUC 0.550"),
        (0.55, 0.02, 0.55, 0.01, "this attack does not tell training rows from others"),
        (0.51, 0.02, 0.5, 0.01, "this attack does not tell training rows from others"),
        (0.51, 0.02, 0.5, 0.016, "an attack finds some training rows: membership AUC 0.510"),
        (0.51, 0.12, 0.5, 0.01, "whether an attack tells training rows from others is undecided"),
    ],
)
def test_membership_is_seen_not_seen_or_undecided(value, half_width, real, found, words):
    rates = RATES | {"found": found}
    sentence = said("membership-auc", value, half_width, real, membership=rates)
    assert sentence.startswith(words)
    assert f"(0.5: it learns nothing; real {real}), {found:.1%} of training rows" in sentence
    assert (
        f"{found:.1%} of training rows found at 1 % false alarms (by chance up to 1.5%; real"
        in sentence
    )


def test_membership_without_a_rate_is_said_by_its_area_alone():
    assert said("membership-auc", 0.51, 0.02, 0.5, membership={}) == (
        "this attack does not tell training rows from others: membership AUC 0.510 +- 0.020"
        " (0.5: it learns nothing; real 0.5)"
    )


def test_w1_is_said_on_the_way_to_shuffled_columns():
    e = evaluation()
    way = Line("w1-normalised", Mean(0.2, 0.05), 0.0, 1.0, 200)
    said = sentences(replace(e, lines=(*e.lines, way)))[0]
    assert said.endswith("), 0.200 +- 0.050 on a scale from 0, real rows, to 1, blurred")
    assert "scale" not in sentences(e)[0]


def test_an_evaluation_of_other_data_has_no_such_sentences():
    assert table_sentences(evaluation()) == []
