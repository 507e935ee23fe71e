"""The worker: it trains, finishes and evaluates one run, and goes on with one that broke off."""

import json
import subprocess
from dataclasses import replace

import pytest

from wgan.base.errors import WganError
from wgan.experiments import jobs
from wgan.experiments.jobs import STOPPED, Job
from wgan.experiments.worker import check_data
from wgan.runs import RunFolder
from wgan.training import Run

SHORT = {
    "data": {"source": "digits"},
    "network": {"width": 4, "latent": 4},
    "optimizer": {"batch": 8},
    "training": {"steps": 3, "log_every": 1},
}


def work(job):
    """Do a job as `run_all` does; return its exit code and what was said."""
    process = subprocess.Popen(
        jobs.WORKER, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdin.write(job.to_json() + "\n")
    process.stdin.flush()
    said = process.stderr.read()
    return process.wait(60), said


def test_a_run_is_trained_finished_and_evaluated_once(tmp_path):
    job = Job(tmp_path / "r", [("test", SHORT)], {"number": 40})
    assert work(job)[0] == 0
    folder = RunFolder(tmp_path / "r")
    assert folder.finish().step == 3
    evaluated = folder.evaluation()
    assert evaluated.requested["number"] == 40
    assert evaluated.evaluation.generated == 40
    written = (tmp_path / "r/evaluation.json").read_bytes()
    assert work(Job(tmp_path / "r", [("test", SHORT)], None)) == (0, "")
    assert (tmp_path / "r/evaluation.json").read_bytes() == written
    assert len(folder.about().periods) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"objective": {"variant": "wgan-pg"}}, "Did you mean 'wgan-gp'?"),
        ({"data": {"source": "nowhere.npy"}}, "nowhere.npy: no such file or folder"),
        ({"optimizer": {"lrr": 1}}, "compare: unknown key optimizer.lrr"),
    ],
)
def test_an_error_is_the_last_line_and_the_exit_code_two(tmp_path, settings, words):
    code, said = work(Job(tmp_path / "r", [("compare", SHORT | settings)], None))
    assert code == 2
    assert words in said.splitlines()[-1]
    assert "Traceback" not in said
    assert not (tmp_path / "r").exists()


def test_an_option_that_does_not_fit_the_data_is_an_error_too(tmp_path):
    code, said = work(Job(tmp_path / "r", [("test", SHORT)], {"target": "x"}))
    assert code == 2
    assert len(said.splitlines()) == 1


def test_other_data_than_those_of_the_comparison_are_refused(tmp_path):
    run = Run.open(layers=[("test", SHORT)], out=tmp_path / "r")
    job = Job(tmp_path / "r", [("test", SHORT)], None)
    check_data(job, run)  # any data
    check_data(replace(job, data=(run.dataset.fingerprint, None)), run)
    for other in (("f" * 64, None), (run.dataset.fingerprint, "f" * 64)):
        with pytest.raises(WganError, match="digits: other data than the comparison began with"):
            check_data(replace(job, data=other), run)
    run.close()


def test_a_run_that_was_stopped_goes_on(tmp_path):
    long = SHORT | {"training": {"steps": 10**6, "log_every": 1, "checkpoint_every": 10**6}}
    long["optimizer"] = {"batch": 8, "decay": "none"}
    process = subprocess.Popen(jobs.WORKER, stdin=subprocess.PIPE, text=True)
    process.stdin.write(Job(tmp_path / "r", [("test", long)], None).to_json() + "\n")
    process.stdin.flush()
    while not (tmp_path / "r/metrics.jsonl").exists():
        assert process.poll() is None
    process.terminate()
    assert process.wait(60) == STOPPED
    done = RunFolder(tmp_path / "r").step()
    assert done >= 1
    assert RunFolder(tmp_path / "r").finish() is None
    more = long | {"training": long["training"] | {"steps": 10**6 + 1}}
    text = json.dumps(json.loads(Job(tmp_path / "r", [("test", more)], None).to_json()))
    again = subprocess.Popen(jobs.WORKER, stdin=subprocess.PIPE, text=True)
    again.stdin.write(text + "\n")
    again.stdin.flush()
    while RunFolder(tmp_path / "r").metrics()[-1]["step"] <= done:
        assert again.poll() is None
    again.stdin.close()
    assert again.wait(60) == 1, "it does not outlive who began it"
    steps = [line["step"] for line in RunFolder(tmp_path / "r").metrics()]
    assert steps == list(range(1, len(steps) + 1))
