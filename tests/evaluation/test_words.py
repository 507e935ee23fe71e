"""Sentences on an evaluation: each fires where its figure says so, and not elsewhere."""

from dataclasses import replace

import pytest
from fake_runs import evaluation

from wgan.base.intervals import Mean
from wgan.report import sentences


def with_line(metric, value, half_width, real=None):
    e = evaluation()
    lines = tuple(
        (
            replace(line, generated=Mean(value, half_width), real=real or line.real)
            if line.metric == metric
            else line
        )
        for line in e.lines
    )
    return " | ".join(sentences(replace(e, lines=lines)))


def test_the_first_sentence_says_how_far():
    assert (
        sentences(evaluation())[0]
        == "generated samples lie 1.07 times as far from held-out ones as real samples do (W1 1.500"
        " +- 0.010, real 1.4, blurred 2)"
    )


@pytest.mark.parametrize(
    ("metric", "value", "half_width", "words"),
    [
        ("coverage", 0.5, 0.1, "parts of the data are missed: 50 +- 10 % of held-out samples"),
        ("c2st-auc", 0.9, 0.02, "are told from real ones with ease"),
        ("c2st-auc", 0.6, 0.02, "are told from real ones at times"),
        ("c2st-auc", 0.51, 0.02, "cannot be told from real ones by this classifier"),
        ("c2st-auc", 0.53, 0.28, "may or may not be told from real ones"),
        ("dcr-share", 0.9, 0.02, "training samples are copied: 90.0 +- 2.0 %"),
        ("dcr-share", 0.55, 0.02, "lean towards training ones"),
        ("dcr-share", 0.51, 0.02, "no copying is seen"),
        ("dcr-share", 0.9, 0.4, "whether training samples are copied is undecided"),
        ("dcr-share", 0.61, 0.12, "undecided: 61 +- 12 % nearer to training"),
        ("dcr-share", 0.5, 0.12, "undecided"),
    ],
)
def test_each_sentence_fires_where_its_figure_says_so(metric, value, half_width, words):
    assert words in with_line(metric, value, half_width)


def test_coverage_that_may_be_whole_is_not_called_missing():
    assert "missed" not in with_line("coverage", 0.5, 0.3)
    assert "missed" not in with_line("coverage", 0.95, 0.01)


def test_modes_are_lost_where_many_were_to_be_expected():
    lost = evaluation((0.5, 0.48, 0.0, 0.02))
    assert "modes lost: 2 of 4 have less than a tenth of their share: c, d" in " ".join(
        sentences(lost)
    )
    assert "no mode of 4 is lost" in " ".join(sentences(evaluation()))
    few = replace(lost, details={"modes": lost.details["modes"] | {"n": 30}})
    assert "no mode of 4 is lost" in " ".join(sentences(few)), (
        "7.5 samples of each were to be expected"
    )
