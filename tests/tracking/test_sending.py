"""Runs sent to services: each step once, in order, from the folder alone."""

import json
import sys
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest
from fake_runs import fake_run

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.runs.beginning import claim
from wgan.tracking import SERVICES, send, sending, services


class Recorder:
    """A service that remembers what it was sent."""

    made: ClassVar = []

    def __init__(self, into, name, settings):
        self.into, self.name, self.settings = into, name, settings
        self.events, self.results = [], None
        Recorder.made.append(self)

    def log(self, step, metrics):
        self.events.append((step, metrics))

    def picture(self, step, path):
        self.events.append((step, path.name))

    def end(self, results):
        assert self.results is None
        self.results = results


@pytest.fixture
def recorder(monkeypatch):
    """The service `here`, whose package is there."""
    monkeypatch.setattr(Recorder, "made", [])
    monkeypatch.setitem(SERVICES, "here", services.Service("there", Recorder))
    monkeypatch.setattr(services, "find_spec", lambda name: name)
    return Recorder.made


@pytest.fixture
def run(tmp_path):
    return fake_run(tmp_path / "runs/one")


def lines(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_all_of_a_finished_run_is_sent_in_the_order_of_steps(recorder, run):
    sent = send(run, "here")
    (service,) = recorder
    assert (service.into, service.name) == ("there", "one")
    assert service.settings["objective.variant"] == "wgan-gp"
    assert service.settings["data.name"]
    steps = [step for step, _ in service.events]
    assert steps == sorted(steps)
    logged = [{"step": step, **what} for step, what in service.events if isinstance(what, dict)]
    assert logged == lines(run)
    pictures = [what for _, what in service.events if isinstance(what, str)]
    assert pictures == sorted(path.name for path in (run / "samples").glob("step-*.png"))
    assert service.results["held_out_w1"] == 1.5
    assert service.results["held_out_w1_half_width"] == 0.01
    assert (sent.steps, sent.pictures, sent.finished) == (len(logged), len(pictures), True)


def test_a_run_that_trains_is_followed_and_each_step_is_sent_once(recorder, run, monkeypatch):
    """It goes on from an earlier step meanwhile, and so writes some lines again."""
    finish = (run / "finish.json").read_text()
    (run / "finish.json").unlink()
    all_lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(all_lines[:5]))
    looks = []

    def wait(seconds):
        looks.append(seconds)
        if len(looks) == 1:  # it goes on from its third line
            (run / "metrics.jsonl").unlink()
            (run / "metrics.jsonl").write_text("".join(all_lines[:3]))
        if len(looks) == 2:
            (run / "metrics.jsonl").write_text("".join(all_lines))
        if len(looks) == 3:
            (run / "finish.json").write_text(finish)
            lock.close()

    monkeypatch.setattr(sending.time, "sleep", wait)
    lock = claim(run)
    sent = send(run, "here", follow=True)
    steps = [step for step, what in recorder[0].events if isinstance(what, dict)]
    assert steps == [line["step"] for line in lines(run)]
    assert sent.finished
    assert len(looks) == 3


def test_a_run_that_has_not_ended_is_sent_as_far_as_it_is(recorder, run):
    (run / "finish.json").unlink()
    sent = send(run, "here")
    assert not sent.finished
    assert recorder[0].results == {}


@pytest.mark.parametrize("error", [RuntimeError, ConnectionError])
def test_an_error_of_a_service_is_one_line_and_the_run_is_untouched(
    recorder, run, monkeypatch, error
):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}

    def broken(*_):
        raise error("no\nconnection")

    monkeypatch.setattr(Recorder, "log", broken)
    with pytest.raises(WganError, match=f"--to here: {error.__name__}: no connection: see that"):
        send(run, "here")
    assert recorder[0].results == {}, "it was closed"
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_what_cannot_be_sent_is_refused(run, tmp_path, capsys, monkeypatch):
    assert main(["track", str(run), "--to", "tensorbord"]) == 2
    assert "Did you mean 'tensorboard'" in capsys.readouterr().err
    assert main(["track", str(tmp_path), "--to", "tensorboard"]) == 2
    assert "holds no run" in capsys.readouterr().err
    monkeypatch.setattr(services, "find_spec", lambda name: None)
    assert main(["track", str(run), "--to", "wandb"]) == 2
    assert "pip install 'wgan[wandb]'" in capsys.readouterr().err


def test_tensorboard_shows_what_the_run_logged(run, tmp_path, capsys):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    words = ["track", str(run), "--to", "tensorboard", "--into", str(tmp_path / "board")]
    assert main(words) == 0
    assert "with its results, sent to tensorboard" in capsys.readouterr().out
    found = EventAccumulator(str(tmp_path / "board/one"))
    found.Reload()
    logged = {event.step: event.value for event in found.Scalars("estimate")}
    assert logged == pytest.approx({line["step"]: line["estimate"] for line in lines(run)})
    assert found.Scalars("result/held_out_w1")[0].value == 1.5
    assert [event.step for event in found.Images("samples")]
    assert main(words) == 2
    assert "holds files already" in capsys.readouterr().err


def test_mlflow_has_the_settings_metrics_and_results(run, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    place = f"sqlite:///{tmp_path}/mlflow.db"
    try:
        send(run, "mlflow", place)
    except WganError as error:  # the small package has no database
        pytest.skip(str(error))
    client = mlflow.MlflowClient(place)
    (experiment,) = [e for e in client.search_experiments() if e.name == "wgan"]
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.data.params["objective.variant"] == "wgan-gp"
    assert found.data.metrics["result_held_out_w1"] == 1.5
    history = client.get_metric_history(found.info.run_id, "estimate")
    assert [metric.step for metric in history] == [line["step"] for line in lines(run)]


def test_weights_and_biases_gets_the_same_in_the_order_of_steps(run, monkeypatch):
    """A package that stands in for theirs, which would ask for a service elsewhere."""
    name = "wandb"
    calls = []
    opened = SimpleNamespace(
        log=lambda values, step=None: calls.append((step, sorted(values))),
        finish=lambda: calls.append("finish"),
    )
    package = ModuleType(name)
    package.__spec__ = SimpleNamespace(name=name)
    package.init = lambda **given: calls.append(given) or opened
    package.Image = str
    monkeypatch.setitem(sys.modules, name, package)
    send(run, name, "a-project")
    first, *events, results, last = calls
    assert (first["project"], first["name"]) == ("a-project", "one")
    assert [step for step, _ in events] == sorted(step for step, _ in events)
    assert "result/held_out_w1" in results[1]
    assert last == "finish"
