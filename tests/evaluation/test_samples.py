"""The verdict on pictures and points: real samples read as real, damage and collapse are ranked,
copies are caught, few samples are refused.
"""

import json
import re

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from wgan.base.errors import WganError
from wgan.base.intervals import Mean
from wgan.data import load
from wgan.data.toys import TOYS
from wgan.evaluation import evaluate_samples
from wgan.evaluation.features.classifier import train_classifier
from wgan.evaluation.features.maps import Features
from wgan.evaluation.protocol import METRICS, Line, evaluation_from_json
from wgan.report import sentences

TOY = TOYS["8-gaussians"]


@pytest.fixture(scope="module")
def digits():
    return load("digits", labels="own")


def of_rows(split, rows):
    """A generator that returns other ones of these training places for each draw."""
    return lambda n, draw: split.train_sample(0, split.n_train)[
        np.random.default_rng(draw).permutation(rows)[:n]
    ]


def damaged(split, sd):
    def sample(n, draw):
        rng = np.random.default_rng(draw)
        raw = split.train_sample(0, split.n_train)[rng.permutation(split.n_train)[:n]]
        return np.rint(np.clip(raw + 255 * sd * rng.standard_normal(raw.shape), 0, 255)).astype(
            np.uint8
        )

    return sample


@pytest.fixture(scope="module")
def verdicts(digits):
    split = digits.split()
    few_classes = np.flatnonzero(split.train_labels() < 5)
    features = Features(digits.codec, train_classifier(digits, 5))
    samplers = {
        "held-out": lambda n, draw: split.held_out_sample(0, n),
        "copies": of_rows(split, np.arange(split.n_train)),
        "noise .1": damaged(split, 0.1),
        "noise .3": damaged(split, 0.3),
        "half": of_rows(split, few_classes),
        "blur": (
            lambda n, draw: gaussian_filter(
                split.train_sample(draw * 200, draw * 200 + n).astype(float), (0, 1, 1)
            ).astype(np.uint8)
        ),
    }
    return {
        name: evaluate_samples(sampler, split, features, 200) for name, sampler in samplers.items()
    }


def test_every_line_carries_its_name_interval_floor_and_ceiling(verdicts):
    e = verdicts["copies"]
    assert (e.sets, e.generated, e.held_out, e.broken) == (5, 200, 200, "blurred")
    assert [line.metric for line in e.lines] == [
        name for name in METRICS if name in {line.metric for line in e.lines}
    ], "in one order"
    assert len(e.lines) == 12
    map_name = e.line("frechet").of
    assert e.line("frechet").name == f"frechet-{map_name}-n200"
    assert map_name.startswith("classifier-")
    assert e.line("w1-exact").name == "w1-exact-n200", "of pixels, whatever the map"
    assert all(line.generated.half_width >= 0 for line in e.lines)


def test_json_comes_back_as_it_was(verdicts):
    e = verdicts["half"]
    assert evaluation_from_json(json.loads(json.dumps(e.to_json()))) == e


@pytest.mark.parametrize("metric", ["w1-exact", "sliced-w2", "frechet", "kernel", "c2st-auc"])
def test_damage_raises_distances(verdicts, metric):
    values = [verdicts[name].line(metric).generated.value for name in ("noise .1", "noise .3")]
    floor = verdicts["copies"].line(metric).real
    assert floor < values[0] * 1.02 or metric == "w1-exact"
    assert values[0] < values[1]
    assert (
        verdicts["half"].line(metric).generated.value
        > verdicts["copies"].line(metric).generated.value
    )


def test_half_of_the_classes_cost_coverage_and_recall_and_modes_and_noise_costs_precision(verdicts):
    half, whole, noise = (verdicts[name] for name in ("half", "copies", "noise .3"))
    for metric in ("coverage", "recall"):
        assert half.line(metric).generated.value < 0.7 * whole.line(metric).generated.value
    assert half.line("precision").generated.value > 0.85
    assert noise.line("precision").generated.value < whole.line("precision").generated.value - 0.03
    assert (
        half.line("modes-kl").generated.value > 0.5 > 0.1 > whole.line("modes-kl").generated.value
    )


def test_real_samples_read_as_the_real_column_and_blur_as_the_ceiling(verdicts):
    for metric in ("w1-exact", "sliced-w2", "frechet", "precision", "coverage", "density"):
        line = verdicts["copies"].line(metric)
        assert line.generated.value == pytest.approx(line.real, rel=0.25), metric
        line = verdicts["blur"].line(metric)
        assert line.generated.value == pytest.approx(line.broken, rel=0.3, abs=0.1), metric


def test_copies_are_caught_and_held_out_samples_are_not(verdicts):
    assert verdicts["copies"].line("dcr-share").generated.value == 1
    assert verdicts["held-out"].line("dcr-share").generated.value == 0
    assert verdicts["copies"].line("dcr-share").real == pytest.approx(0.5, abs=0.15)
    assert any(
        said.startswith("training samples are copied") for said in sentences(verdicts["copies"])
    )
    assert any(said.startswith("no copying is seen") for said in sentences(verdicts["held-out"]))


def test_lost_classes_are_named(verdicts):
    said = " ".join(sentences(verdicts["half"]))
    lost = re.search(
        r"modes lost: ([45]) of 10 have less than a tenth of their share: ([0-9, ]+);", said
    )  # one more by the classifier's own errors
    assert lost
    assert set(lost[2].split(", ")) <= set("56789")
    assert "parts of the data are missed" in said
    assert "no mode of 10 is lost" in " ".join(sentences(verdicts["copies"]))


def test_points_are_judged_with_their_modes():
    split = load("8-gaussians").split()
    three = TOY.modes[:3]

    def collapsed(n, draw):
        rng = np.random.default_rng(draw)
        return (three[rng.integers(3, size=n)] + TOY.mode_sd * rng.standard_normal((n, 2))).astype(
            np.float32
        )

    e = evaluate_samples(collapsed, split, number=300)
    assert e.line("modes").generated.value == 3
    assert e.line("modes").real == 8
    assert e.line("modes").broken == 1
    assert e.line("modes").n == 2500
    assert e.line("modes-kl").generated.value == pytest.approx(np.log(8 / 3), abs=0.01)
    assert e.line("good-share").generated.value == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert e.line("frechet").name == "frechet-coordinates-2-n300"
    assert e.broken == "one point repeated"
    assert np.sum(e.details["modes"]["generated"]) == pytest.approx(1)


@pytest.mark.parametrize("number", [19, 400])
def test_too_few_samples_are_refused_and_more_than_there_are(digits, number):
    split = digits.split()
    with pytest.raises(WganError, match="at least 20"):
        evaluate_samples(lambda n, draw: split.train_sample(0, n), split, number=number)


def test_what_is_not_taken_whole_is_said():
    split = load("8-gaussians").split()
    e = evaluate_samples(
        lambda n, draw: split.train_sample(5000 + draw * n, 5000 + (draw + 1) * n),
        split,
        number=1100,
    )
    assert "exact W1 is of the first 1000 of 1100 samples" in e.notes[0]
    assert e.line("w1-exact").n == 1000


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
    ],
)
def test_cells_show_what_is_known(line, cells):
    assert line.cells == cells
