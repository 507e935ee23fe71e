"""Folders of runs from a stranger: none stops the studio, or lets it act on what lies elsewhere."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_runs import fake_run
from studio_client import studio

from wgan.base.errors import WganError
from wgan.studio.commands import go_on_arguments
from wgan.studio.processes import Processes, command_of
from wgan.studio.safety import Roots

SLEEP = "import time; time.sleep(30)"


@pytest.fixture
def folder(tmp_path):
    """A folder with one run in order, beside which a stranger's things are put."""
    fake_run(tmp_path / "runs/good")
    return tmp_path / "runs"


def states(folder):
    answer = studio(folder).get("/api/runs")
    assert answer.status_code == 200, answer.text
    return {run["name"]: run["state"] for run in answer.json()["runs"]}


def record(folder, pid, command):
    """Write down a process as if the studio had begun it for the run."""
    (folder / ".studio").mkdir(exist_ok=True)
    (folder / ".studio/good.json").write_text(json.dumps({"pid": pid, "command": command}))


@pytest.fixture
def sleeper(tmp_path):
    """A function that begins a process which sleeps as `python -P -m wgan ...`, or as a script."""
    (tmp_path / "fake/wgan").mkdir(parents=True)
    (tmp_path / "fake/wgan/__init__.py").touch()
    (tmp_path / "fake/wgan/__main__.py").write_text(SLEEP)
    begun = []

    def begin(command):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "fake")}
        begun.append(subprocess.Popen(command, env=environment, cwd=tmp_path))
        shown = Path(f"/proc/{begun[-1].pid}/cmdline")
        while not shown.read_bytes():  # Linux shows a command a moment after it begins
            time.sleep(0.001)
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", SLEEP],
        ["sleep", "30"],
        command_of(["sample", "--out", "runs/good"]),
        command_of(["train", "digits", "--out", "runs/other"]),
        command_of(["train", "digits", "--out", "elsewhere/runs/good"]),
        command_of(["train", "digits"]),
    ],
    ids=["python", "sleep", "sample", "another run", "another folder", "no run"],
)
def test_a_record_that_names_another_process_stops_nothing(folder, sleeper, command):
    process = sleeper(command)
    record(folder, process.pid, command)
    found = Processes(Roots(folder), 2)
    assert found.pid("good") is None
    with pytest.raises(WganError, match="no process that the studio began"):
        found.stop("good")
    answer = studio(folder).post("/api/run/stop", json={"name": "good"})
    assert answer.status_code == 409
    assert process.poll() is None


def test_a_process_that_trains_the_run_is_found_and_stopped(folder, sleeper):
    command = command_of(["train", "digits", "--out", "runs/good"])
    process = sleeper(command)
    record(folder, process.pid, command)
    found = Processes(Roots(folder), 2)
    assert found.running() == {"good"}
    found.stop("good")
    assert process.wait(60) != 0


@pytest.mark.parametrize("name", ["run.lock", "metrics.jsonl", "config.toml", "finish.json"])
def test_a_pipe_in_the_place_of_a_file_of_a_run_holds_nothing_up(folder, name):
    bad = fake_run(folder / "bad")
    (bad / name).unlink(missing_ok=True)
    os.mkfifo(bad / name)
    found = states(folder)
    assert found["good"] == "finished"
    assert found.get("bad") in ("damaged", None)


@pytest.mark.parametrize("name", ["good.json", "good.log", "begun.json", "begun.log"])
def test_a_pipe_among_the_records_of_processes_holds_nothing_up(folder, name):
    (folder / ".studio").mkdir()
    (folder / ".studio/begun.json").write_text("{}")
    (folder / ".studio" / name).unlink(missing_ok=True)
    os.mkfifo(folder / ".studio" / name)
    assert states(folder)["good"] == "finished"
    client = studio(folder)
    assert client.get("/api/run", params={"name": "good"}).status_code == 200


def test_names_that_are_not_utf_8_hide_no_other_run(folder):
    (folder / ".studio").mkdir()
    (folder / ".studio/r\udcff.json").write_text("{}")
    (folder / ".studio/%00.json").write_text("{}")
    (folder / ".studio/%FF.json").write_text("{}")
    fake_run(folder / "r\udcff")
    assert states(folder) == {"good": "finished"}


def test_data_that_look_like_a_flag_are_data(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / f"--out={tmp_path.name}").mkdir()
    run = fake_run(folder / "bad", name=f"--out={tmp_path.name}")
    assert go_on_arguments(Roots(folder), run)[1] == f"./--out={tmp_path.name}"


def test_data_with_links_to_elsewhere_are_not_read(folder, tmp_path):
    (tmp_path / "private").mkdir()
    (folder / "pictures/more").mkdir(parents=True)
    roots = Roots(folder)
    (folder / "pictures/more/own").symlink_to(folder / "good/samples")
    roots.check_source(str(folder / "pictures"))
    (folder / "pictures/more/link").symlink_to(tmp_path / "private")
    with pytest.raises(WganError, match=r"more/link: leads out of the studio's folder"):
        roots.check_source(str(folder / "pictures"))
    Roots(folder, (tmp_path / "private",)).check_source(str(folder / "pictures"))
