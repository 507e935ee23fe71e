"""A Dask cluster of two worker processes: runs are those of this machine to the bit, also where
workers are killed; the same command continues; and every fault is one line.
"""

import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from random_tables import few_rows, random_model
from short_runs import wgan

from wgan.base.errors import WganError
from wgan.base.progress import silent
from wgan.cli import main
from wgan.data import load
from wgan.evaluation import EvaluationOptions
from wgan.experiments import cluster, cluster_calls, cluster_runs, cluster_shards, jobs, remote
from wgan.experiments import compare as comparison
from wgan.experiments.cluster_calls import map_on_cluster
from wgan.experiments.cluster_runs import run_on_cluster
from wgan.experiments.compare import Plan
from wgan.experiments.jobs import Job, run_all
from wgan.models import save_model
from wgan.runs import RunFolder
from wgan.runs.evaluating import evaluate_run
from wgan.training import Run

distributed = pytest.importorskip("distributed")

SETTINGS = {
    "data": {"source": "points.npy"},
    "network": {"width": 8, "depth": 1},
    "optimizer": {"batch": 8, "decay": "none"},
    "training": {"steps": 12, "log_every": 4, "measure_every": 4},
}
LONG = {"steps": 1000, "log_every": 50, "measure_every": 500, "checkpoint_every": 50}
ENDS = ("json", "safetensors")
TIMES = {"seconds", "begun", "digest", "run", "commit"}
"""What differs between two runs of the same settings."""


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """The cluster; its workers' scratch folders are in a folder of the tests."""
    import dask

    scratch = tmp_path_factory.mktemp("scratch")
    with (
        dask.config.set({"temporary-directory": str(scratch)}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as local,
    ):
        yield local


@pytest.fixture
def address(two_workers):
    """The scheduler's address, once both workers are there: a test may have killed one."""
    end = time.monotonic() + 60
    while len(two_workers.scheduler.workers) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    return two_workers.scheduler_address


@pytest.fixture(autouse=True)
def _points(tmp_path, monkeypatch):
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(120, 2)))
    monkeypatch.setattr(cluster_runs, "ASK", 0.2)
    monkeypatch.setattr(cluster_runs, "SAVING", 120)  # this machine may be busy


def unknown_to_workers(number):
    """A function of this file, which no worker can import."""


def job(folder, evaluation=None, **training):
    settings = SETTINGS | {"training": SETTINGS["training"] | training}
    return Job(Path(folder), [("test", settings)], evaluation)


def do(everything, address, paths=("points.npy",), progress=silent, threads=1):
    run_on_cluster(everything, address, list(paths), None, threads, progress)


def do_here(job):
    """Do a job as a process of this machine does, in this one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run = Run.open(layers=job.layers, out=job.folder)
    assert not any(record.stopped for record in run.records())
    run.finish()
    if job.evaluation is not None:
        evaluate_run(job.folder, EvaluationOptions(**job.evaluation))
    torch.set_num_threads(threads)


def plain(path):
    """Return a file without what differs between two runs: times, and the names of runs."""
    if path.suffix == ".safetensors":
        return read_weights(path)
    if path.suffix not in (".json", ".jsonl"):
        return path.read_bytes()
    whole = path.suffix == ".json"
    values = [json.loads(text) for text in ([path.read_text()] if whole else path.open())]
    return [{k: v for k, v in each.items() if k not in TIMES} for each in values]


def read_weights(path):
    from safetensors.numpy import load_file

    return {name: value.tolist() for name, value in load_file(path).items() if name != "seconds"}


def check_same(one, other):
    """Two folders hold the same files; those of the weights to the bit."""
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    for name in set(names) - {"run.json", "samples"}:
        assert plain(one / name) == plain(other / name), name
    for name in ("generator.safetensors", "critic.safetensors"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    abouts = [RunFolder(path).about() for path in (one, other)]
    assert replace(abouts[0], periods=abouts[1].periods) == abouts[1]
    assert abouts[0].folder == os.getcwd()
    for picture in (one / "samples").iterdir():
        assert picture.read_bytes() == (other / "samples" / picture.name).read_bytes()


def test_a_run_is_that_of_this_machine_and_goes_on_by_the_same_command(address, tmp_path):
    evaluation = {"number": 20}
    do_here(job("here/r", evaluation))
    seen = []
    do([job("there/r", evaluation)], address, progress=lambda *told: seen.append(told))
    check_same(tmp_path / "here/r", tmp_path / "there/r")
    assert seen[0] == ("r", 0, 1)
    evaluated = (tmp_path / "there/r/evaluation.json").read_bytes()
    assert json.loads(evaluated)["run"] == "there/r"
    do([job("there/r", steps=16)], address)  # more steps, and no evaluation
    folder = RunFolder(tmp_path / "there/r")
    assert folder.finish().step == 16
    assert [line["step"] for line in folder.metrics()] == [4, 8, 12, 16]
    assert len(folder.about().periods) == 2
    assert (tmp_path / "there/r/evaluation.json").read_bytes() == evaluated
    assert not list(tmp_path.rglob("*.partial"))


def scratch(two_workers):
    """Return the folders of runs that are under way, and the process of each one's worker."""
    return [
        (place, nanny.pid)
        for nanny in two_workers.workers.values()
        for place in Path(nanny.worker_dir).glob("wgan-*/*/run")
    ]


def test_a_run_whose_worker_is_killed_goes_on_elsewhere_to_the_same_bits(
    address, two_workers, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster_runs, "KEEP", 0.2)
    killed = []

    def kill(names, done, total):
        """Kill the worker once a checkpoint is here."""
        if not killed and (tmp_path / "there/r/checkpoint.safetensors").exists():
            ((_, pid),) = scratch(two_workers)
            killed.append(RunFolder(tmp_path / "there/r").metrics()[-1]["step"])
            os.kill(pid, signal.SIGKILL)

    do([job("there/r", **LONG)], address, progress=kill)
    assert 50 <= killed[0] < 1000
    do_here(job("here/r", **LONG))
    check_same(tmp_path / "here/r", tmp_path / "there/r")
    periods = RunFolder(tmp_path / "there/r").about().periods
    assert len(periods) == 2, "it went on from a checkpoint: a run that begins anew has one"


@pytest.mark.slow
def test_an_interrupt_stops_the_runs_and_brings_back_what_they_saved(
    address, two_workers, tmp_path
):
    def interrupt(names, done, total):
        if any(
            place.exists() and (place / "metrics.jsonl").exists()
            for place, _ in scratch(two_workers)
        ):
            raise KeyboardInterrupt

    endless = LONG | {"steps": 10**6, "checkpoint_every": 10**6}
    with pytest.raises(KeyboardInterrupt):
        do([job("a", **endless)], address, progress=interrupt)
    folder = RunFolder(tmp_path / "a")
    assert 50 <= folder.step() < 10**6
    assert folder.finish() is None
    assert scratch(two_workers) == []


@pytest.mark.parametrize(
    "others", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["alone", "others"]
)
def test_the_first_failure_is_told_with_its_worker_and_stops_the_others(
    address, two_workers, others
):
    wrong = Job(Path("b"), [("--set", SETTINGS | {"optimizer": {"lrr": 1}})], None)
    endless = [job("a", **LONG | {"steps": 10**6})] if others else []
    with pytest.raises(WganError, match=r"^b: --set: unknown key optimizer.lrr.*worker tcp://"):
        do([*endless, wrong], address)
    assert scratch(two_workers) == []


@pytest.fixture
def apart(monkeypatch):
    """Workers find nothing, as on machines without this one's disk."""
    here = os.getpid()
    monkeypatch.setattr(remote, "mark", lambda path: "a file" if os.getpid() == here else "nothing")


@pytest.mark.slow
@pytest.mark.usefixtures("apart")
def test_small_data_are_sent_to_workers_that_cannot_read_them(address, tmp_path):
    def remove(names, done, total):
        (tmp_path / "points.npy").unlink(missing_ok=True)

    run_all([job("here/r")], 1, silent, threads=1)
    do([job("there/r")], address, progress=remove)
    check_same(tmp_path / "here/r", tmp_path / "there/r")


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("case", ["absolute", "large", "folder", "upwards"])
def test_other_data_must_lie_where_workers_read_them(address, tmp_path, monkeypatch, case):
    path = "points.npy"
    if case == "absolute":
        path = str(tmp_path / path)
    elif case == "large":
        monkeypatch.setattr(cluster, "MOST_SENT", 100)
    elif case == "folder":
        path = "pictures"
        (tmp_path / path).mkdir()
    else:
        (tmp_path / "below").mkdir()
        monkeypatch.chdir(tmp_path / "below")
        path = "../points.npy"
    with pytest.raises(WganError, match=r"worker tcp://\S+ cannot read .*: put it where") as caught:
        do([job("r")], address, [path])
    assert path in str(caught.value)
    assert not Path("r").exists()


@pytest.mark.parametrize("name", ["wgan", "torch"])
def test_a_worker_with_another_version_is_named(address, monkeypatch, name):
    versions = remote.versions() | {name: "0.0.1"}
    monkeypatch.setattr(remote, "versions", lambda: versions)
    with pytest.raises(
        WganError, match=f"worker tcp://.* has {name} .*, and this command has 0.0.1"
    ):
        do([job("r")], address)


def test_a_worker_with_other_files_is_named(address, tmp_path, monkeypatch):
    needs = cluster.needed(tmp_path, ["points.npy"])
    assert needs.marks["points.npy"].startswith("a file with SHA-256 ")
    np.save(tmp_path / "points.npy", np.zeros((60, 2)))
    with (
        cluster.connected(address) as client,
        pytest.raises(
            WganError, match=r"worker tcp://\S+ finds a file with SHA-256 .* put the same"
        ),
    ):
        cluster.check_workers(client, address, needs)


def test_a_worker_or_scheduler_without_wgan_is_named(address, two_workers, monkeypatch):
    ports = [name.rpartition(":")[2] for name in two_workers.scheduler.workers]

    def on_workers(name, dask_worker=None):
        return None if dask_worker.address.endswith(ports[0]) else True

    monkeypatch.setattr(cluster, "find_spec", on_workers)
    with pytest.raises(WganError, match=f"worker tcp://[0-9.]+:{ports[0]} has no wgan: install it"):
        do([job("r")], address)
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(WganError, match="the scheduler has no wgan"):
        do([job("r")], address)


@pytest.mark.parametrize(
    "address", ["localhost", "tcp://", "foo://h:1", "tcp://h:x", "tcp://a b:1"]
)
def test_what_is_no_address_is_refused_at_once(address):
    with pytest.raises(WganError, match="no address of a scheduler: write it as"):
        do([job("r")], address)


def test_no_scheduler_and_no_workers_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(cluster, "WORKERS_SECONDS", 0.1)
    with pytest.raises(WganError, match=r"127.0.0.1:1: no scheduler answers there in 1 s"):
        do([job("r")], "tcp://127.0.0.1:1")
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty,
        pytest.raises(
            WganError, match="the scheduler has no workers: start some with `dask worker"
        ),
    ):
        do([job("r")], empty.scheduler_address)
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
def test_a_scheduler_that_is_lost_is_told_and_its_runs_stop(tmp_path, monkeypatch):
    """Scheduler and worker are processes of their own, as on a cluster."""
    monkeypatch.setattr(cluster_runs, "SAVING", 1)
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    processes = [subprocess.Popen([*dask, "scheduler", *options, "--port", "0"])]
    try:
        while not file.exists():
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        scratch = ["--local-directory", str(tmp_path / "scratch"), "--death-timeout", "5"]
        processes.append(subprocess.Popen([*dask, "worker", *options, *scratch, "--no-nanny"]))

        def lose(names, done, total):
            if list(tmp_path.glob("scratch/**/metrics.jsonl")):
                processes[0].kill()

        monkeypatch.setattr(cluster, "WORKERS_SECONDS", 60)
        with pytest.raises(WganError, match=r"the scheduler is gone .* the same command continues"):
            do([job("a", **LONG | {"steps": 10**6})], address, progress=lose)
        assert processes[1].wait(60) is not None
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_no_log_of_dask_stands_beside_the_one_line():
    with cluster._quiet():
        for name in ("distributed.client", "distributed.worker", "tornado.application"):
            assert not logging.getLogger(name).isEnabledFor(logging.ERROR), name
    assert logging.getLogger("distributed.client").isEnabledFor(logging.ERROR)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WganError, match=r"not installed: pip install 'wgan\[cluster\]'"):
        do([job("r")], "tcp://127.0.0.1:8786")


def test_a_folder_in_which_another_process_trains_is_refused(address, tmp_path):
    from wgan.runs.beginning import claim

    lock = claim(tmp_path / "r")
    with pytest.raises(WganError, match="another process trains here"):
        do([job("r")], address)
    lock.close()


# The command


@pytest.mark.parametrize(
    ("data", "settings", "paths"),
    [
        ("points.npy", (), ["points.npy"]),
        ("digits", (), []),
        ("digits", ("data.labels=labels.npy",), ["labels.npy"]),
    ],
)
def test_compare_gives_the_cluster_what_its_runs_need(tmp_path, monkeypatch, data, settings, paths):
    np.save(tmp_path / "labels.npy", np.arange(1797) % 3)
    given = []
    monkeypatch.setattr(comparison, "run_on_cluster", lambda *each: given.append(each))
    plan = Plan(data, ("gan",), 2, 3, settings=settings, cluster="tcp://h:1", at_once=7)
    folders = comparison.compare(plan)
    ((everything, address, places, at_once, threads, _),) = given
    assert (address, places, at_once, threads) == ("tcp://h:1", paths, 7, 1)
    assert [each.folder for each in everything] == folders
    dataset = load(data, labels="labels.npy" if settings else None)
    fingerprint, labels = everything[0].data
    assert fingerprint == dataset.fingerprint
    assert (labels is not None) == bool(settings)
    assert Job.from_json(everything[0].to_json()).data == everything[0].data


def test_the_command_line_tells_a_fault_in_one_line(capsys):
    arguments = ["compare", "points.npy", "--variants", "gan", "--seeds", "1", "--steps", "3"]
    assert main([*arguments, "--quiet", "--cluster", "head:8786"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("wgan: error: --cluster head:8786: no address of a scheduler")


# Calls of a function


def test_calls_come_back_in_order_with_their_progress(address, tmp_path):
    seen = []
    found = map_on_cluster(
        address,
        partial(pow, exp=3),
        range(5),
        what="cubes",
        paths=["points.npy"],
        folder=tmp_path,
        progress=lambda *told: seen.append(told),
    )
    assert found == [0, 1, 8, 27, 64]
    assert seen == [("cubes", done, 5) for done in range(6)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["points.npy"]
    assert map_on_cluster(address, partial(pow, exp=3), []) == []


@pytest.mark.usefixtures("apart")
def test_a_folder_that_a_worker_does_not_share_is_refused(address, tmp_path):
    needed = cluster.needed(Path("/nowhere"), [])
    marks = {str(tmp_path / "token"): "a file with SHA-256 0123456789abcdef"}
    with (
        cluster.connected(address) as client,
        pytest.raises(WganError, match=r"worker tcp://\S+ finds nothing at .*token"),
    ):
        cluster.check_workers(client, address, replace(needed, marks=marks))


def test_an_error_of_a_call_is_told_with_its_worker(address):
    with pytest.raises(WganError, match=r"^<array>: shape .* \(worker tcp://"):
        map_on_cluster(address, load, range(5, 7))


def test_a_function_that_workers_cannot_import_is_told(address, monkeypatch):
    monkeypatch.setattr(unknown_to_workers, "__module__", "elsewhere")
    monkeypatch.setitem(
        sys.modules, "elsewhere", SimpleNamespace(unknown_to_workers=unknown_to_workers)
    )
    with pytest.raises(WganError, match=r"worker tcp://\S+ cannot import .*'elsewhere'"):
        map_on_cluster(address, unknown_to_workers, range(2))


@pytest.mark.slow
def test_a_call_that_ends_its_worker_time_and_again_is_told(address, two_workers, monkeypatch):
    monkeypatch.setattr(two_workers.scheduler, "allowed_failures", 0)
    with pytest.raises(WganError, match="shards: its worker was lost repeatedly, last tcp://"):
        map_on_cluster(address, os._exit, [0], what="shards")


def test_calls_that_wait_in_vain_for_workers_come_to_an_end(monkeypatch):
    monkeypatch.setattr(cluster, "ALONE", -1.0)
    nobody = cluster.Crew(SimpleNamespace(nthreads=dict), "tcp://h:1")
    waiting = SimpleNamespace(key="k", done=lambda: False)
    with pytest.raises(WganError, match="tcp://h:1: has had no workers for"):
        cluster_calls._gathered(nobody, [waiting], "shards", silent)


# Samples in shards


def hashes(folder):
    """The SHA-256 of each file below a folder, by its name."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in Path(folder).rglob("*")}


def test_shards_of_a_cluster_are_those_of_this_machine(address, tmp_path, capsys):
    save_model(random_model(few_rows().assign(id=np.arange(1000) + 1)), tmp_path / "r")
    command = "sample r -n 62 --shards 4 --where k=a"
    assert wgan(f"{command} -o whole") == 0
    assert wgan(f"{command} -o out --cluster {address}") == 0
    assert hashes("out") == hashes("whole")
    assert "62 samples with k=a in 4 shards" in capsys.readouterr().out
    Path("out/part-00002-of-00004.parquet").unlink()
    assert wgan(f"{command} -o out --cluster {address}") == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "(15 drawn in" in words
    assert "47 were there" in words
    assert hashes("out") == hashes("whole")
    assert wgan(f"{command} -o out --cluster tcp://127.0.0.1:1") == 0, "no worker is needed"


def test_workers_must_find_the_model_and_share_the_folder(tmp_path, monkeypatch, capsys):
    given = []
    monkeypatch.setattr(cluster_shards, "map_on_cluster", lambda *a, **k: given.append((a, k)))
    save_model(random_model(few_rows()), tmp_path / "r")
    assert wgan("sample r -n 9 --shards 3 -o out --cluster tcp://h:1") == 2
    (((address, _, numbers), rest),) = given
    assert (address, numbers) == ("tcp://h:1", [0, 1, 2])
    assert rest["paths"] == [str(tmp_path / "r" / f"generator.{end}") for end in ENDS]
    assert rest["folder"].parent == tmp_path / "out"
    # Nothing came, as where a network file system is slow.
    assert "out: some written shards cannot be seen here" in capsys.readouterr().err


# What runs on the workers, without a cluster


def test_a_process_makes_one_call_at_a_time(monkeypatch):
    """A worker of several threads: torch's number of threads and the umask are of the process."""
    monkeypatch.setattr(distributed, "get_worker", lambda: SimpleNamespace(address="w"))
    monkeypatch.setattr(remote, "fault", lambda needs: None)
    needs = remote.Needs({}, "", {})
    under_way = []
    most = []

    def work(number):
        under_way.append(number)
        time.sleep(0.05)
        most.append(len(under_way))
        under_way.remove(number)

    monkeypatch.setattr(pickle, "loads", lambda pickled: work)  # it is of this test alone
    threads = [Thread(target=remote.call, args=(b"", i, needs, 1)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1]


SLEEP = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
print("ready", file=sys.stderr, flush=True)
time.sleep(60)
"""


def watched(place, monkeypatch, program=SLEEP):
    """Watch a short program in the place of a run; return its exit code."""
    place.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(jobs, "WORKER", [sys.executable, "-c", program])
    worker = jobs.start(job("r"), 1, place)
    while not worker.last_words().startswith("ready"):
        time.sleep(0.05)
    return remote._watched(worker, place)


@pytest.mark.parametrize("mark", ["session/key/stop", "session/stop"])
def test_a_run_stops_when_it_or_its_command_is_stopped(tmp_path, monkeypatch, mark):
    (tmp_path / "session/key").mkdir(parents=True)
    (tmp_path / mark).touch()
    assert watched(tmp_path / "session/key", monkeypatch) == jobs.STOPPED


def test_a_run_that_nobody_asks_about_stops(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "LEASE", 0.5)
    assert watched(tmp_path / "session/key", monkeypatch) == jobs.STOPPED


def test_a_run_that_does_not_stop_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "LEASE", 0.5)
    monkeypatch.setattr(remote, "PATIENCE", 0.5)
    deaf = SLEEP.replace("sys.exit(3)", "None")
    assert watched(tmp_path / "session/key", monkeypatch, deaf) == -signal.SIGKILL


def test_a_worker_answers_for_the_runs_of_a_command(tmp_path):
    for key in "ab":
        run = tmp_path / "session" / key / "run"
        run.mkdir(parents=True)
        (run.parent / "token").write_text(f"token of {key}")
        (run / "weights").write_text(f"weights of {key}")
        (run / "log").write_text(f"log of {key}")
    (tmp_path / "session/c").mkdir()  # it begins, and has no token yet
    tended = remote._tended(tmp_path / "session", {"a": {}, "c": None}, "weights")
    assert tended["a"][0] == "token of a"
    assert tended["a"][1].files == {"weights": b"weights of a", "log": b"log of a"}
    assert tended["b"] == ("token of b", None)
    assert set(tended) == {"a", "b"}
    assert (tmp_path / "session/a/asked").exists()
    assert (tmp_path / "session/b/stop").exists()
    assert not (tmp_path / "session/a/stop").exists()
    known = tended["a"][1].digests
    again = remote._tended(tmp_path / "session", {"a": known}, "weights")
    assert again["a"] == ("token of a", None), "its weights are as they were"
    remote._tended(tmp_path / "session", {}, "weights")
    assert (tmp_path / "session/stop").exists()
