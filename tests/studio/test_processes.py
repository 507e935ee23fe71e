"""Processes of runs: one a run, so many at once, found again by another server."""

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from fake_runs import fake_run
from studio_client import studio

from wgan.base.errors import WganError
from wgan.studio.commands import go_on_arguments, shown
from wgan.studio.context import Studio
from wgan.studio.processes import Processes, command_of
from wgan.studio.safety import Roots

SLEEPER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("stopped", flush=True), sys.exit(143)))
print("begun", flush=True)
time.sleep(30)
"""
"""A program that ends when it is asked to, as `wgan train` does."""
FAILING = "import sys; print('a note'); print('wgan: error: x.csv: no such file'); sys.exit(2)"


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """A function that begins a program as a run of a folder; all end with the test."""
    made = []

    def start(name, program=SLEEPER, most=2, at=None):
        (tmp_path / ".fake/wgan").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".fake/wgan/__init__.py").touch()
        (tmp_path / ".fake/wgan/__main__.py").write_text(program)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / ".fake"))
        found = at or Processes(Roots(tmp_path), most)
        found.begin(name, ["train", "digits", "--out", str(tmp_path / name)])
        made.append(found.pid(name))
        return found

    yield start
    for pid in made:
        if pid:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def until(condition):
    """Wait until something holds; 10 seconds are the most."""
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never held")


def test_a_process_is_in_a_session_of_its_own_and_ends_when_asked(begin):
    found = begin("a/b")
    pid = found.pid("a/b")
    assert os.getsid(pid) == pid != os.getsid(0)
    until(lambda: found.log("a/b") == "begun")
    found.stop("a/b")
    until(lambda: found.pid("a/b") is None)
    assert found.log("a/b") == "begun\nstopped"
    with pytest.raises(WganError, match="no process that the studio began"):
        found.stop("a/b")


def test_another_server_finds_it_and_can_stop_it(begin, tmp_path):
    first = begin("r")
    until(lambda: first.log("r") == "begun")
    second = Processes(Roots(tmp_path), 2)
    assert second.pid("r") == first.pid("r")
    assert second.running() == {"r"}
    with pytest.raises(WganError, match="trains already"):
        second.begin("r", ["train"])
    second.stop("r")
    until(lambda: first.pid("r") is None and second.pid("r") is None)


def test_a_number_that_another_program_has_now_is_not_its_process(begin, tmp_path):
    found = begin("r")
    record = tmp_path / ".studio/r.json"
    text = record.read_text()
    found.stop("r")
    until(lambda: found.pid("r") is None)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"])
    try:
        record.write_text(text.replace(text.split(",")[0], f'{{"pid":{other.pid}'))
        fresh = Processes(Roots(tmp_path), 2)
        assert fresh.pid("r") is None
        with pytest.raises(WganError):
            fresh.stop("r")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize(
    "record", ["", "{", "[]", '{"pid": 1, "command": []}', '{"pid": "x", "command": ["a"]}']
)
def test_a_damaged_record_is_no_process(tmp_path, record):
    found = Processes(Roots(tmp_path), 2)
    (found.folder / "r.json").write_text(record)
    assert found.names() == ["r"]
    assert found.pid("r") is None


def test_no_more_run_than_may(begin):
    found = begin("a", most=1)
    with pytest.raises(WganError, match=r"1 run.* as many as may at once"):
        begin("b", at=found)
    found.stop("a")
    until(lambda: found.pid("a") is None)
    begin("b", at=found)


def test_what_was_wrong_is_told(begin, tmp_path):
    found = begin("r", FAILING)
    until(lambda: found.pid("r") is None)
    assert found.fault("r") == "x.csv: no such file"
    follower = Studio.of(Roots(tmp_path), 1).follower
    (summary,) = follower.summaries()
    assert summary["state"] == "failed"
    assert summary["fault"] == "x.csv: no such file"


def test_a_fault_is_of_no_account_once_a_terminal_went_on(begin, tmp_path):
    run = fake_run(tmp_path / "r")
    (run / "finish.json").unlink()
    found = begin("r", FAILING)
    until(lambda: found.pid("r") is None)
    follower = Studio.of(Roots(tmp_path), 1).follower
    assert follower.find("r").summary["state"] == "failed"
    later = time.time() + 5
    os.utime(run / "run.json", (later, later))
    until(lambda: follower.find("r").summary["state"] == "stopped" or follower.look())
    assert follower.find("r").summary["fault"] is None


def test_what_killed_a_process_is_told_until_it_begins_again(begin, tmp_path):
    found = begin("r")
    os.kill(found.pid("r"), signal.SIGKILL)
    until(lambda: found.pid("r") is None)
    assert (
        found.fault("r")
        == "signal 9, Killed, ended its process (was memory full?): continue the run"
    )
    assert found.fault("r", since=time.time_ns()) is None
    begin("r", at=found)
    assert found.fault("r") is None


def test_a_process_that_cannot_be_written_down_does_not_run(begin, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    begun = []
    popen = subprocess.Popen
    monkeypatch.setattr("wgan.studio.processes.write_text", full)
    monkeypatch.setattr(
        "subprocess.Popen", lambda *a, **k: begun.append(popen(*a, **k)) or begun[-1]
    )
    with pytest.raises(OSError, match="No space left"):
        begin("r")
    (process,) = begun
    assert process.wait(10) == -signal.SIGKILL
    monkeypatch.undo()
    assert Processes(Roots(tmp_path), 2).running() == set()


def test_a_run_that_has_no_folder_yet_can_be_stopped(begin, tmp_path):
    found = begin("r")
    until(lambda: found.log("r") == "begun")
    client = studio(tmp_path)
    (summary,) = client.get("/api/runs").json()["runs"]
    assert (summary["state"], summary["own"]) == ("starting", True)
    assert client.post("/api/run/stop", json={"name": "r"}).status_code == 200
    until(lambda: found.pid("r") is None)
    assert found.log("r") == "begun\nstopped"


def test_many_threads_may_see_that_a_process_ended(begin):
    found = begin("r", FAILING)
    found._own["r"].wait()
    both = Barrier(2)

    class Ended:
        """A process that has ended, seen so by two threads at once unless only one looks."""

        def poll(self):
            with suppress(BrokenBarrierError):
                both.wait(0.3)
            return 2

    found._own["r"] = Ended()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(found.pid, ["r", "r"])) == [None, None]


def test_the_studios_own_folder_is_no_link(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/.studio").symlink_to(tmp_path)
    with pytest.raises(WganError, match="is a link"):
        _ = Processes(Roots(tmp_path / "runs"), 2).folder


def test_a_log_behind_a_link_is_not_shown(tmp_path):
    (tmp_path / "secret").write_text("secret")
    found = Processes(Roots(tmp_path / "runs"), 2)
    (tmp_path / "runs").mkdir()
    (found.folder / "r.log").symlink_to(tmp_path / "secret")
    assert found.log("r") == ""


def test_a_run_goes_on_by_the_command_that_is_shown(tmp_path, monkeypatch):
    run = fake_run(tmp_path / "runs/r")
    words = go_on_arguments(Roots(tmp_path / "runs"), run)
    assert words == ["train", "digits", "--config", "runs/r/config.toml", "--out", "runs/r"]
    assert shown([*words, "--set", "a b"]) == f"wgan {' '.join(words)} --set 'a b'"
    assert command_of(words)[1:4] == ["-P", "-m", "wgan"]


def test_a_name_that_cannot_be_kept_begins_nothing(begin, tmp_path):
    with pytest.raises(WganError, match="the name is too long"):
        begin("\u6f22" * 26)
    assert not list((tmp_path / ".studio").glob("*"))


def test_a_process_that_ends_just_before_it_is_stopped_is_no_fault(begin, monkeypatch):
    found = begin("r")

    def gone(*_):
        raise ProcessLookupError

    with monkeypatch.context() as patch:
        patch.setattr("os.kill", gone)
        with pytest.raises(WganError, match="r: has ended already"):
            found.stop("r")
