"""Many runs side by side: order within a run, how many at once, what fails, what is done
already.
"""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from wgan.base.errors import WganError
from wgan.experiments import jobs

POPEN = subprocess.Popen
WRITER = """
import pathlib, sys, time
arguments = sys.argv[sys.argv.index('--') + 1:]
folder, word = pathlib.Path(arguments[0]), arguments[1]
folder.mkdir(exist_ok=True)
with (folder / 'log').open('a') as file:
    file.write(f'{word} {time.time()}\\n')
time.sleep(float(arguments[2]))
if word == 'bad':
    sys.exit('wgan: error: it went wrong')
"""


@pytest.fixture(autouse=True)
def _short_programs(monkeypatch):
    """In the place of wgan a program that notes when it was called."""
    monkeypatch.setattr(jobs, "POLL", 0.01)
    real = jobs.subprocess.Popen

    def start(command, **settings):
        assert command[:3] == [sys.executable, "-m", "wgan"]
        return real([sys.executable, "-c", WRITER, "--", *command[3:]], **settings)

    monkeypatch.setattr(jobs.subprocess, "Popen", start)


def words(folder):
    return [line.split()[0] for line in (folder / "log").read_text().splitlines()]


def test_commands_of_a_run_follow_each_other_and_runs_work_side_by_side(tmp_path):
    runs = {
        tmp_path / name: [[str(tmp_path / name), word, "0.3"] for word in ("one", "two")]
        for name in "abc"
    }
    told = []
    jobs.run_all(runs, 2, lambda done, total, now: told.append((done, total, tuple(now))))
    assert all(words(folder) == ["one", "two"] for folder in runs)
    assert max(len(now) for _, _, now in told) == 2
    assert {total for _, total, _ in told} == {3}
    begun = {folder.name: float((folder / "log").read_text().split()[1]) for folder in runs}
    assert begun["c"] > begun["a"] + 0.3, "the third waits"


def test_a_run_without_commands_is_done(tmp_path):
    told = []
    jobs.run_all(
        {tmp_path / "a": [], tmp_path / "b": [[str(tmp_path / "b"), "one", "0"]]},
        1,
        lambda done, total, now: told.append((done, total)),
    )
    assert told[0] == (1, 2)
    assert not (tmp_path / "a").exists()


def test_the_first_failure_stops_all_and_says_what_it_said(tmp_path):
    runs = {
        tmp_path / "a": [[str(tmp_path / "a"), "bad", "0"]],
        tmp_path / "b": [[str(tmp_path / "b"), "long", "30"], [str(tmp_path / "b"), "then", "0"]],
    }
    started = time.monotonic()
    with pytest.raises(WganError, match="a: it went wrong"):
        jobs.run_all(runs, 2, lambda done, total, now: None)
    assert time.monotonic() - started < 20
    assert not Path(tmp_path / "b" / "log").exists() or words(tmp_path / "b") == ["long"]


def test_what_is_killed_stops_what_it_started(tmp_path):
    """SIGTERM, as a queue or a service manager sends it, ends the children too."""
    program = f"""
import pathlib, sys
from wgan.experiments import jobs
real = jobs.subprocess.Popen
jobs.subprocess.Popen = lambda command, **settings: real([sys.executable, "-c", {WRITER!r}, "--", *command[3:]], **settings)
jobs.run_all({{pathlib.Path("a"): [["a", "long", "60"]]}}, 1, lambda done, total, now: None)
"""
    parent = POPEN([sys.executable, "-c", program], cwd=tmp_path, stderr=subprocess.DEVNULL)
    while not (tmp_path / "a" / "log").exists():
        time.sleep(0.1)
    parent.terminate()
    assert parent.wait(30) != 0
    time.sleep(0.5)
    alive = [
        p
        for p in Path("/proc").iterdir()
        if p.name.isdigit() and b"long" in _command(p) and str(tmp_path) in _folder(p)
    ]
    assert not alive


def _command(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def _folder(process):
    try:
        return str((process / "cwd").readlink())
    except OSError:
        return ""


def test_much_said_does_not_stop_a_child(tmp_path, monkeypatch):
    monkeypatch.setattr(
        sys.modules[__name__], "WRITER", "import sys; sys.stderr.write('warning\\n' * 100_000)"
    )
    jobs.run_all({tmp_path / "a": [["a"]]}, 1, lambda done, total, now: None)
