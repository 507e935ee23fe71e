"""Series on the command line: trained from a table of hours, sampled, evaluated, reported."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from wgan.cli import main
from wgan.objectives import VARIANTS
from wgan.training import Run

SMALL = ["--quiet", "--set", "network.width=8", "--set", "optimizer.batch=16"]
SMALL += ["--kind", "series"]


@pytest.fixture
def hours(tmp_path):
    """A file of 800 hours of two channels that go together, and of a constant one."""
    random = np.random.default_rng(0)
    a = np.sin(np.arange(800) / 4) + 0.1 * random.normal(size=800)
    when = pd.date_range("2020-01-01", periods=800, freq="h")
    frame = pd.DataFrame({"when": when, "a": a, "b": 5 - 2 * a, "c": 7.0})
    frame.to_csv(tmp_path / "hours.csv", index=False)
    return str(tmp_path / "hours.csv")


def test_series_are_trained_sampled_evaluated_and_reported(hours, tmp_path, capsys):
    run = tmp_path / "run"
    windows = ["--window", "12", "--time", "when"]
    assert main(["train", hours, *windows, "--steps", "4", "--out", str(run), *SMALL]) == 0
    said = capsys.readouterr()
    assert "standard deviations of the channels" in said.out
    assert "constant channel(s): c" in said.out + said.err

    assert main(["sample", str(run), "-n", "30", "-o", str(tmp_path / "new.npy")]) == 0
    samples = np.load(tmp_path / "new.npy")
    assert samples.shape == (30, 12, 3)
    assert (samples[:, :, 2] == 7.0).all()
    assert main(["sample", str(run), "-n", "30", "-o", str(tmp_path / "new.png")]) == 0
    picture = np.asarray(Image.open(tmp_path / "new.png"))
    assert picture.shape == (2 * 200, 2 * 420, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10

    assert main(["evaluate", str(run), "--quiet"]) == 0
    assert "one-step Markov" in capsys.readouterr().out
    lines = json.loads((run / "evaluation.json").read_text())["evaluation"]["lines"]
    by_name = {line["metric"]: line for line in lines}
    assert by_name["autocorrelation"]["real"] < by_name["autocorrelation"]["broken"]
    assert by_name["cross-correlation"]["real"] == pytest.approx(0, abs=0.01)

    assert main(["report", str(run)]) == 0
    page = (run / "report.html").read_text()
    assert "series of 12 steps of 3 channels: " in page
    assert "one-step Markov" in page
    assert all(f'id="{name}-title"' in page for name in ("autocorrelation", "spectrum"))


def test_what_was_found_in_a_table_of_series_is_printed_once(hours, capsys):
    assert main(["data", hours, "--window", "12", "--time", "when"]) == 0
    said = capsys.readouterr().out
    assert said.count("note: a regular clock, 1 hour(s)") == said.count("a regular clock") == 1
    assert "note: constant channel(s): c; samples have the same value" in said


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains_series(variant):
    x = np.random.default_rng(0).normal(size=(60, 9, 2)).astype(np.float32)
    np.save("x.npy", x)
    settings = {"network.width": 8, "optimizer.batch": 8, "data.kind": "series"}
    run = Run.open("x.npy", variant=variant, steps=2, settings=settings, watch=None)
    assert [record.step for record in run.records()][-1] == 2
    assert run.model.sample(3).shape == (3, 9, 2)


def test_a_picture_or_table_takes_no_window(hours, capsys):
    assert main(["train", hours, "--window", "12", "--kind", "tables", "--quiet"]) == 2
    assert "for data.kind = 'series' alone" in " ".join(capsys.readouterr().err.split())


def test_two_files_of_series_are_compared_step_by_step(capsys):
    x = np.random.default_rng(0).normal(size=(30, 8, 2))
    np.save("a.npy", x)
    np.save("b.npy", x + 3)
    assert main(["distance", "a.npy", "b.npy", "--quiet"]) == 2
    assert "--kind series" in " ".join(capsys.readouterr().err.split())
    assert main(["distance", "a.npy", "b.npy", "--kind", "series", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["d"] == 16
    assert found["value"] == pytest.approx(3 * 4)  # each of 16 numbers moves by 3


def test_a_window_of_what_is_cut_already_is_refused_with_the_remedy(capsys):
    np.save("a.npy", np.random.default_rng(0).normal(size=(30, 8, 2)))
    assert main(["train", "a.npy", "--window", "4", *SMALL]) == 2
    assert "leave it out for series of one length" in " ".join(capsys.readouterr().err.split())
    np.save("b.npy", np.zeros(100))
    assert main(["train", "b.npy", *SMALL]) == 2
    assert "is cut by data.window" in " ".join(capsys.readouterr().err.split())


def test_an_array_beside_a_run_on_a_table_is_read_as_series(hours, tmp_path, capsys):
    run = str(tmp_path / "run")
    options = ["--window", "12", "--time", "when", "--steps", "1", "--out", run]
    assert main(["train", hours, *SMALL, *options]) == 0
    assert main(["sample", run, "-n", "60", "-o", str(tmp_path / "x.npy")]) == 0
    assert main(["distance", run, str(tmp_path / "x.npy"), "-n", "50"]) == 0
    assert "series" in capsys.readouterr().out
