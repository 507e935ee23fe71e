"""Images and points: real samples read as real, damage and collapse are ranked, copies are caught,
few samples are refused.
"""

import re

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.toys import TOYS
from wgan.evaluation import EvaluationOptions, evaluate
from wgan.evaluation.features.classifier import save_classifier, train_classifier
from wgan.evaluation.metrics import METRICS
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
def found(digits, tmp_path_factory):
    split = digits.split()
    few_classes = np.flatnonzero(split.train_labels() < 5)
    folder = tmp_path_factory.mktemp("features")
    save_classifier(train_classifier(digits, 5), folder)
    options = EvaluationOptions(features=folder, number=200)
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
    return {name: evaluate(sampler, split, options) for name, sampler in samplers.items()}


def test_every_line_carries_its_name_interval_floor_and_ceiling(found):
    e = found["copies"]
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


@pytest.mark.parametrize("metric", ["w1-exact", "sliced-w2", "frechet", "kernel", "c2st-auc"])
def test_damage_raises_distances(found, metric):
    values = [found[name].line(metric).generated.value for name in ("noise .1", "noise .3")]
    floor = found["copies"].line(metric).real
    assert floor < values[0] * 1.02 or metric == "w1-exact"
    assert values[0] < values[1]
    assert found["half"].line(metric).generated.value > found["copies"].line(metric).generated.value


def test_half_of_the_classes_cost_coverage_and_recall_and_modes_and_noise_costs_precision(found):
    half, whole, noise = (found[name] for name in ("half", "copies", "noise .3"))
    for metric in ("coverage", "recall"):
        assert half.line(metric).generated.value < 0.7 * whole.line(metric).generated.value
    assert half.line("precision").generated.value > 0.85
    assert noise.line("precision").generated.value < whole.line("precision").generated.value - 0.03
    assert (
        half.line("modes-kl").generated.value > 0.5 > 0.1 > whole.line("modes-kl").generated.value
    )


def test_real_samples_read_as_the_real_column_and_blur_as_the_ceiling(found):
    for metric in ("w1-exact", "sliced-w2", "frechet", "precision", "coverage", "density"):
        line = found["copies"].line(metric)
        assert line.generated.value == pytest.approx(line.real, rel=0.25), metric
        line = found["blur"].line(metric)
        assert line.generated.value == pytest.approx(line.broken, rel=0.3, abs=0.1), metric


def test_copies_are_caught_and_held_out_samples_are_not(found):
    assert found["copies"].line("dcr-share").generated.value == 1
    assert found["held-out"].line("dcr-share").generated.value == 0
    assert found["copies"].line("dcr-share").real == pytest.approx(0.5, abs=0.15)
    assert any(
        said.startswith("training samples are copied") for said in sentences(found["copies"])
    )
    assert any(said.startswith("no copying is seen") for said in sentences(found["held-out"]))


def test_lost_classes_are_named(found):
    said = " ".join(sentences(found["half"]))
    lost = re.search(
        r"modes lost: ([45]) of 10 have less than a tenth of their share: ([0-9, ]+);", said
    )  # one more by the classifier's own errors
    assert lost
    assert set(lost[2].split(", ")) <= set("56789")
    assert "parts of the data are missed" in said
    assert "no mode of 10 is lost" in " ".join(sentences(found["copies"]))


def test_points_are_judged_with_their_modes():
    split = load("8-gaussians").split()
    three = TOY.modes[:3]

    def collapsed(n, draw):
        rng = np.random.default_rng(draw)
        return (three[rng.integers(3, size=n)] + TOY.mode_sd * rng.standard_normal((n, 2))).astype(
            np.float32
        )

    e = evaluate(collapsed, split, EvaluationOptions(number=300))
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
        evaluate(lambda n, draw: split.train_sample(0, n), split, EvaluationOptions(number=number))


def test_what_is_not_taken_whole_is_said():
    split = load("8-gaussians").split()
    e = evaluate(
        lambda n, draw: split.train_sample(5000 + draw * n, 5000 + (draw + 1) * n),
        split,
        EvaluationOptions(number=1100),
    )
    assert "exact W1 is of the first 1000 of 1100 samples" in e.notes[0]
    assert e.line("w1-exact").n == 1000


def test_modes_are_counted_among_the_same_draw_as_the_set():
    """One draw serves a set: its first n samples, and more of it where modes need more."""
    split, drawn = load("8-gaussians").split(), []

    def sample(n, draw):
        drawn.append((n, draw))
        return split.train_sample(0, n)

    evaluate(sample, split, EvaluationOptions(number=40))
    assert drawn == [(2500, draw) for draw in range(5)]


def test_progress_names_each_set_and_comes_to_its_end():
    split, seen = load("swiss-roll").split(), []
    evaluate(
        lambda n, draw: split.train_sample(0, n),
        split,
        EvaluationOptions(number=30),
        progress=lambda what, done, total: seen.append((what, done, total)),
    )
    assert [done for _, done, _ in seen] == list(range(12))
    assert {total for _, _, total in seen} == {11}
    assert seen[0][0] == "real samples, set 1"
    assert seen[5][0] == "broken samples"
    assert seen[6][0] == "generated samples, set 1 of 5"
