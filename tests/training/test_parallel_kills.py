"""Runs under torchrun whose ranks are killed: they end in the bits of an undisturbed one."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from kills import left
from short_runs import flags

from wgan.base.errors import WganError
from wgan.runs import RunFolder

SETTINGS = ["network.width=8", "optimizer.batch=12", "optimizer.critic_steps=1"]
SETTINGS += ["training.device=cpu", "training.checkpoint_every=10", "training.snapshot_every=100"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="finds ranks under /proc"),
]


def command(folder, steps):
    data = folder.parent / "points.npy"
    np.save(data, np.random.default_rng(0).normal(size=(60, 2)))
    words = ["train", str(data), "--out", str(folder), "--steps", str(steps)]
    return [*words, "--quiet", *flags(SETTINGS)]


def torchrun(restarts, words):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "--max-restarts", str(restarts), "-m", "wgan", *words]
    source = str(Path(__file__).parents[2] / "src")
    environment = os.environ | {"PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    environment |= {"WGAN_TIMEOUT": "120"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def children(process):
    """Return the processes that a process started, in the order of their start."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == process.pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return sorted(found)


def reached(folder):
    """Return the step of the checkpoint; 0 without one."""
    try:
        return RunFolder(folder).step()
    except (WganError, FileNotFoundError):
        return 0


def killed(crew, tmp_path, kills, steps, seed, between):
    """Train with kills of either rank, some after progress and some at any moment."""
    rng = random.Random(seed)
    whole = tmp_path / "whole"
    assert [each.code for each in crew.run(command(whole, steps), 2)] == [0, 0]
    folder = tmp_path / "killed"
    process = torchrun(kills, command(folder, steps))
    done = 0
    for _ in range(kills):
        before = reached(folder)
        if rng.random() < between:  # else at any moment, such as while it starts
            while reached(folder) <= before and process.poll() is None:
                time.sleep(0.05)
        time.sleep(rng.random())
        ranks = children(process)
        if process.poll() is not None or len(ranks) < 2:
            break
        os.kill(rng.choice(ranks), signal.SIGKILL)
        done += 1
        while set(ranks) & set(children(process)):
            time.sleep(0.05)
        while process.poll() is None and len(children(process)) < 2:
            time.sleep(0.05)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert left(folder) == left(whole)
    return done


def test_two_kills(crew, tmp_path):
    assert killed(crew, tmp_path, kills=2, steps=300, seed=0, between=1.0) == 2


def test_twenty_kills(crew, tmp_path):
    assert killed(crew, tmp_path, kills=20, steps=3000, seed=1, between=0.7) >= 15
