"""Runs of every kind of data, trained once for all tests of the studio."""

import json
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from studio_client import studio
from studio_runs import small_runs


@pytest.fixture(autouse=True)
def _no_process_is_left(tmp_path):
    """End what a test left in training: processes outlive the studio."""
    yield
    for record in tmp_path.rglob(".studio/*.json"):
        if not record.is_file():  # a test puts a pipe there, which nobody writes to
            continue
        with suppress(OSError, ValueError, KeyError, TypeError):
            pid = json.loads(record.read_text())["pid"]
            if b"-m\0wgan\0train" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder of finished runs, which tests copy, and their names by kind."""
    folder = tmp_path_factory.mktemp("studio") / "runs"
    return folder, small_runs(folder)


@pytest.fixture
def runs(trained, tmp_path):
    """A copy of the finished runs, which a test may change."""
    return shutil.copytree(trained[0], tmp_path / "runs")


@pytest.fixture
def client(runs, trained):
    """A client of the studio of that copy; data stay where the runs were trained on them."""
    return studio(runs, data=[trained[0]])
