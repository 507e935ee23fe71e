"""Jobs side by side: how many at once, on which cores, what fails, what is stopped, what outlives
whom. Workers are short programs, where a run would be slow.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wgan.base.errors import WganError
from wgan.experiments import jobs
from wgan.experiments.jobs import Job

SECONDS = 60
"""No wait takes longer, also on a machine at work."""
READ = """
import json, os, pathlib, signal, sys, time
job = json.loads(sys.stdin.readline())
folder = pathlib.Path(job["folder"])
folder.mkdir(exist_ok=True)
word = job["layers"][0][0]
log = lambda *words: (folder / "log").open("a").write(" ".join(map(str, words)) + "\\n")
"""
WORK = """
log(time.time(), os.environ["OMP_NUM_THREADS"])
time.sleep(0.3)
log(time.time())
"""
FAIL = """
if word == "bad":
    print("a warning", file=sys.stderr)
    sys.exit("it went wrong")
time.sleep(60)
log("done")
"""
TALK = "sys.stderr.write('warning\\n' * 100_000); print('word ' * 100_000)"


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(jobs, "POLL", 0.01)


@pytest.fixture
def program(monkeypatch):
    """Put a short program in the worker's place."""
    return lambda text: monkeypatch.setattr(jobs, "WORKER", [sys.executable, "-c", READ + text])


def job(folder, word="one", evaluation=None):
    return Job(Path(folder), [(word, {"training": {"steps": 1}})], evaluation)


def silent(what, done, total):
    pass


def lines(folder):
    return [line.split() for line in (folder / "log").read_text().splitlines()]


@pytest.mark.parametrize("evaluation", [None, {"features": None, "number": 40}])
def test_a_job_is_a_line_of_text_and_comes_back(evaluation):
    one = job("a b", "one\ntwo", evaluation)
    assert "\n" not in one.to_json()
    assert Job.from_json(one.to_json()) == one


def test_jobs_work_side_by_side_and_the_others_wait(tmp_path, program):
    program(WORK)
    told = []
    everything = [job(tmp_path / name) for name in "abc"]
    jobs.run_all(everything, 2, lambda what, done, total: told.append((what, done, total)))
    assert {total for _, _, total in told} == {3}
    assert told[0] == ("a, b", 0, 3)
    assert max(len(what.split(", ")) for what, _, _ in told) == 2
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    begun = {name: float(lines(tmp_path / name)[0][0]) for name in "abc"}
    ended = {name: float(lines(tmp_path / name)[1][0]) for name in "abc"}
    assert begun["b"] < ended["a"], "side by side"
    assert begun["c"] > min(ended["a"], ended["b"]), "the third waits"


@pytest.mark.parametrize(
    ("cores", "at_once", "share"), [(8, 2, 4), (8, 3, 2), (2, 5, 1), (None, 1, 1)]
)
def test_each_has_its_share_of_the_cores(tmp_path, program, monkeypatch, cores, at_once, share):
    monkeypatch.setattr(jobs.os, "cpu_count", lambda: cores)
    program('log(os.environ["OMP_NUM_THREADS"])')
    jobs.run_all([job(tmp_path / "a")], at_once, silent)
    assert lines(tmp_path / "a") == [[str(share)]]


def test_no_jobs_are_done_at_once():
    jobs.run_all([], 2, silent)


def test_the_first_failure_names_its_folder_and_stops_the_others(tmp_path, program):
    program(FAIL)
    started = time.monotonic()
    with pytest.raises(WganError) as caught:
        jobs.run_all([job(tmp_path / "b"), job(tmp_path / "a", "bad")], 2, silent)
    assert str(caught.value) == f"{tmp_path / 'a'}: it went wrong", "its last line"
    assert time.monotonic() - started < 40
    time.sleep(0.1)
    assert not (tmp_path / "b" / "log").exists()


def test_a_worker_that_says_nothing_is_named_by_its_code(tmp_path, program):
    program("os._exit(7)")
    with pytest.raises(WganError, match="a: ended with code 7"):
        jobs.run_all([job(tmp_path / "a")], 1, silent)


def test_much_said_does_not_stop_a_worker(tmp_path, program):
    program(TALK)
    jobs.run_all([job(tmp_path / "a")], 1, silent)


def test_termination_acts_as_before_afterwards(program, tmp_path):
    program("")
    before = signal.getsignal(signal.SIGTERM)
    jobs.run_all([job(tmp_path / "a")], 1, silent)
    assert signal.getsignal(signal.SIGTERM) == before


LONG = {
    "data": {"source": "8-gaussians"},
    "network": {"width": 8},
    "optimizer": {"batch": 8},
    "training": {"steps": 10**6, "log_every": 1, "measure_every": 10**6},
}
LONG["training"] |= {"checkpoint_every": 10**6, "snapshot_every": 10**6}
PARENT = f"""
from pathlib import Path
from wgan.experiments import jobs
everything = [jobs.Job(Path(name), [("test", {LONG!r})], None) for name in "ab"]
jobs.run_all(everything, 2, lambda what, done, total: None)
"""


@pytest.fixture
def parent(tmp_path):
    """A process that does two long jobs, and the workers that it has begun."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path)
    try:
        logs = [tmp_path / name / "metrics.jsonl" for name in "ab"]
        wait_for(lambda: all(log.exists() and log.stat().st_size for log in logs), process)
        workers = children(process.pid)
        assert len(workers) == 2
        yield process, workers
    finally:
        process.kill()
        process.wait()


def wait_for(condition, process=None):
    """Wait until a condition holds; fail after a while, or when the process has ended."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        assert process is None or process.poll() is None
        time.sleep(0.05)


def children(pid):
    """Return the processes that a process has begun, and that still work."""
    table = [stat(place) for place in Path("/proc").iterdir() if place.name.isdigit()]
    return [number for number, state, of in table if of == pid and state != "Z"]


def stat(place):
    """Return number, state and parent of a process; Z for one that has ended."""
    try:
        state, of = (place / "stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return int(place.name), "Z", -1
    return int(place.name), state, int(of)


def works(pid):
    return stat(Path("/proc") / str(pid))[1] != "Z"


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are read there")


@linux
def test_what_is_terminated_stops_and_saves_what_it_began(parent, tmp_path):
    """SIGTERM, as a queue or a service manager sends it."""
    process, workers = parent
    process.terminate()
    assert process.wait(SECONDS) != 0
    assert not any(works(pid) for pid in workers)
    for name in "ab":
        assert (tmp_path / name / "checkpoint.safetensors").exists()
        assert (tmp_path / name / "generator.safetensors").exists()


@linux
def test_workers_of_a_parent_that_was_killed_end_within_seconds(parent):
    process, workers = parent
    process.kill()
    process.wait()
    end = time.monotonic() + 10
    while any(works(pid) for pid in workers):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_file_in_the_working_folder_is_not_executed(tmp_path):
    """One called as a module of Python's own, or of a package; a worker is a Python of its own."""
    for name in ("statistics", "numpy", "wgan"):
        (tmp_path / f"{name}.py").write_text(f"open('executed-{name}', 'w').close()")
    short = LONG | {"training": LONG["training"] | {"steps": 2}}
    jobs.run_all([Job(tmp_path / "a", [("test", short)], None)], 1, silent)
    assert json.loads((tmp_path / "a/finish.json").read_text())["step"] == 2
    assert not list(tmp_path.glob("executed-*"))
    assert os.getcwd() == str(tmp_path)
