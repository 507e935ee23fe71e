"""What a new kind, variant, metric and command cost, shown by made-up ones.

A kind is registered by a line in the table of each stage, and nothing else is touched: it is then
trained, sampled, evaluated and reported by the command line, and by the estimator.
"""

import json

import numpy as np
import pytest
from circle.data import CircleCodec, read_circle
from circle.evaluation import CIRCLE
from studio_client import studio

from wgan import WGAN, WganError
from wgan.cli import main
from wgan.cli.commands import app
from wgan.data import load
from wgan.data.formats import FORMATS, Formats, draw_points
from wgan.data.kinds import KINDS, Kind
from wgan.evaluation import OwnMetric
from wgan.evaluation.kinds import PROTOCOLS
from wgan.models import pictures
from wgan.models.pictures import PICTURES, Pictures, beside_held_out
from wgan.networks.pairs import PAIRS
from wgan.objectives import VARIANTS, Variant
from wgan.objectives.penalties import Penalty, at_real, one_sided
from wgan.objectives.scores import HINGE

SMALL = [
    "--quiet",
    *("--kind", "circle"),
    *("--set", "network.width=16"),
    *("--set", "optimizer.batch=32"),
]


@pytest.fixture
def circle(monkeypatch):
    """The made-up kind in every table: six lines."""
    beside = beside_held_out(pictures.draw_points)
    words = ".png (a scatter), .npy or .npz"
    formats = Formats("samples.npy", (".png", ".npy", ".npz"), words, draw_points)
    monkeypatch.setitem(KINDS, "circle", Kind(CircleCodec, read_circle))
    monkeypatch.setitem(PAIRS, "circle", PAIRS["vectors"])
    monkeypatch.setitem(PROTOCOLS, "circle", CIRCLE)
    monkeypatch.setitem(PICTURES, "circle", Pictures(beside, beside))
    monkeypatch.setitem(FORMATS, "circle", formats)


@pytest.fixture
def angles(tmp_path):
    """A file of angles about 0 degrees: across the jump from 360 to 0, which the codec mends."""
    values = np.random.default_rng(0).normal(0.0, 20.0, size=400) % 360
    np.save(tmp_path / "angles.npy", values)
    return str(tmp_path / "angles.npy")


def test_a_made_up_kind_is_trained_sampled_evaluated_and_reported(circle, angles, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", angles, "--steps", "60", "--out", str(run), *SMALL]) == 0
    assert "radii" in capsys.readouterr().out, "the unit of the codec"
    assert (run / "samples" / "step-0000060.png").exists()
    assert json.loads((run / "run.json").read_text())["data"]["kind"] == "circle"

    assert main(["sample", str(run), "-n", "50", "-o", str(tmp_path / "new.npy")]) == 0
    samples = np.load(tmp_path / "new.npy")
    assert samples.shape == (50, 1)
    assert np.abs(samples).max() <= 180

    assert main(["evaluate", str(run), "--quiet"]) == 0
    assert "opposite" in capsys.readouterr().out
    figures = json.loads((run / "evaluation.json").read_text())["evaluation"]["lines"]
    w1 = next(line for line in figures if line["metric"] == "w1-exact")
    assert w1["real"] < w1["broken"], "real samples are nearer than opposite ones"
    assert w1["broken"] == pytest.approx(1.9, abs=0.1), "the other side of the circle"

    page = studio(tmp_path)
    assert "circle" in page.get("/api/new").json()["kinds"]
    read = page.post("/api/data", json={"source": "angles.npy", "reading": {"kind": "circle"}})
    assert read.json()["kind"] == "circle"
    asked = {"name": "run", "n": 3, "nearest": True}
    found = page.post("/api/play/samples", json=asked).json()["samples"]
    assert len(found) == 3
    assert all(each["picture"] and each["nearest"]["distance"] >= 0 for each in found)
    assert (run / "evaluation.png").exists()

    assert main(["report", str(run)]) == 0
    page = (run / "report.html").read_text()
    assert "samples of shape 2" in page
    assert "Generated samples (blue)" in page

    assert main(["distance", angles, angles, "-n", "100"]) == 0


def test_the_estimator_and_a_saved_model_know_a_made_up_kind(circle, angles, tmp_path):
    data = load(angles, kind="circle")
    settings = {"network.width": 16, "data.kind": "circle"}
    model = WGAN(steps=20, settings=settings).fit(np.load(angles)[:, None])
    assert model.sample(5).shape == (5, 1)
    assert model.held_out_distance().units == "radii"
    model.save(tmp_path / "model")
    again = WGAN.load(tmp_path / "model")
    assert np.array_equal(again.sample(5), model.sample(5))
    assert np.isfinite(again.score_samples(data.rows[:3])).all()


def test_without_its_lines_the_kind_is_unknown(angles):
    with pytest.raises(WganError, match="no kind of data is called 'circle'"):
        load(angles, kind="circle")


def test_a_made_up_variant_is_a_row(monkeypatch, tmp_path, capsys):
    penalty = Penalty(at_real, one_sided, 3.0, "E max(0, |grad f(x)| - 1)^2, x real")
    variant = Variant("made-up", HINGE, penalty, paper="none", when="never")
    monkeypatch.setitem(VARIANTS, "made-up", variant)
    folder = str(tmp_path / "run")
    arguments = "train 8-gaussians --variant made-up --steps 3 --set network.width=8 --quiet"
    assert main([*arguments.split(), "--out", folder]) == 0
    assert main(["variants"]) == 0
    assert "3 E max(0, |grad f(x)| - 1)^2, x real" in capsys.readouterr().out


def test_a_made_up_metric_is_a_function(tmp_path):
    def mean_gap(generated, held_out):
        return abs(float(generated.mean() - held_out.mean()))

    x = np.random.default_rng(0).normal(size=(300, 2))
    model = WGAN(steps=2, settings={"network.width": 8}).fit(x)
    evaluation = model.evaluate(metrics=[OwnMetric("mean-gap", "low is good", mean_gap)])
    line = evaluation.line("mean-gap")
    assert line.real < line.broken
    assert line.cells[0] == "mean-gap"


def test_a_made_up_command_is_a_line(tmp_path, monkeypatch):
    (tmp_path / "made_up_command.py").write_text(
        'def hello() -> int:\n    """Say so."""\n    return 7\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    app.command("made_up_command:hello", name="made-up", help="Say so.")
    try:
        assert main(["made-up"]) == 7
    finally:
        del app["made-up"]
