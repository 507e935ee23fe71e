"""The table of protocols: options refused by kind, and a kind of one's own in one line."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.data import VectorCodec, load
from wgan.evaluation import (
    PROTOCOLS,
    EvaluationOptions,
    Protocol,
    check_options,
    evaluate,
    points_protocol,
)
from wgan.evaluation.metric import Metric
from wgan.evaluation.points import POINT_METRICS


@dataclass(frozen=True)
class CircleCodec(VectorCodec):
    kind: ClassVar[str] = "circle"


def circle():
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 400)
    data = load(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    codec = data.codec
    made = CircleCodec(codec.mean, codec.scale, codec.dtype, measure_standardised=False)
    return replace(data, name="a circle", codec=made).split()


def centres(split, n):
    return np.zeros((n, 2))


def samples(split):
    return lambda n, draw: split.train_sample(draw * n, (draw + 1) * n)


def test_every_kind_has_a_protocol():
    assert {"vectors", "images", "series", "tables"} <= set(PROTOCOLS)
    assert all(isinstance(protocol, Protocol) for protocol in PROTOCOLS.values())


def test_a_kind_of_ones_own_is_one_line(monkeypatch):
    split = circle()
    monkeypatch.setitem(PROTOCOLS, "circle", points_protocol(centres, "all at the centre"))
    e = evaluate(samples(split), split, EvaluationOptions(number=50))
    assert (e.protocol, e.broken, e.sets) == ("wgan-samples-2", "all at the centre", 5)
    assert e.line("w1-exact").broken == pytest.approx(1), "the radius"
    assert e.line("w1-exact").real < 0.4
    assert e.line("frechet").name == "frechet-coordinates-2-n50"
    assert "modes" not in {line.metric for line in e.lines}


def test_a_kind_may_bring_its_own_metrics(monkeypatch):
    radius = Metric(
        "radius", "mean radius", "", "1: as real", lambda c: np.linalg.norm(c.raw, axis=1).mean()
    )
    metrics = (POINT_METRICS[0], radius)
    monkeypatch.setitem(PROTOCOLS, "circle", points_protocol(centres, metrics=metrics))
    split = circle()
    e = evaluate(samples(split), split, EvaluationOptions(number=50))
    assert [line.metric for line in e.lines] == ["w1-exact", "radius"]
    line = e.line("radius")
    assert (line.real, line.broken, line.cells[0]) == (pytest.approx(1), 0, "mean radius")


def test_a_kind_without_protocol_is_refused():
    with pytest.raises(WganError, match=r"kind 'circle' have no evaluation protocol: add one to"):
        evaluate(samples(circle()), circle())


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("digits", {"target": "x"}, "--target is for tables, and digits holds images: leave it"),
        ("25-gaussians", {"test": Path("t.csv")}, "--test is for tables, and 25-gaussians holds"),
        ("25-gaussians", {"features": Path("f")}, "--features is for images, and 25-gaussians"),
        ("table", {"features": Path("f")}, "--features is for images, and"),
        ("table", {"number": 30}, "-n is for vectors, images and series, and"),
    ],
)
def test_options_of_other_kinds_are_refused(source, options, words, mixed):
    data = load(mixed(100) if source == "table" else source)
    given = EvaluationOptions(**options)
    with pytest.raises(WganError, match=words):
        evaluate(lambda n, draw: pytest.fail("nothing is drawn"), data.split(), given)
    with pytest.raises(WganError, match="leave it out"):
        check_options(data.codec, given)


def test_options_are_checked_before_a_run_is_trained(tmp_path):
    codec = load("digits").codec
    check_options(codec, EvaluationOptions(number=5, seed=3))
    with pytest.raises(WganError, match="no feature map"):
        check_options(codec, EvaluationOptions(features=tmp_path))
