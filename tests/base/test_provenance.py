import json
import subprocess
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

import wgan
from wgan.base import provenance as module
from wgan.base.provenance import provenance

CHECKOUT = Path(wgan.__file__).parents[2]


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"]
    return subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("1")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_it_is_plain_json_and_of_this_moment():
    about = provenance()
    assert json.loads(json.dumps(about)) == about
    age = datetime.now(UTC) - datetime.fromisoformat(about["begun"])
    assert timedelta(0) <= age < timedelta(minutes=1)


def test_versions_are_those_that_are_imported():
    about = provenance()
    assert about["wgan"] == wgan.__version__
    assert about["packages"]["torch"] == version("torch")
    assert about["machine"]["threads"] == torch.get_num_threads()


def test_the_processor_is_named_by_its_model_where_the_system_has_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CPUINFO", tmp_path / "cpuinfo")
    assert provenance()["machine"]["processor"]  # no such file
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: AB 5 of 2 cores\n")
    assert provenance()["machine"]["processor"] == "AB 5 of 2 cores"
    (tmp_path / "cpuinfo").write_text("BogoMIPS: 50\n")
    assert provenance()["machine"]["processor"] not in ("", "AB 5 of 2 cores")


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="installed without its checkout")
def test_a_checkout_knows_its_commit():
    """The folder is found from the place of a file, which a move of that file changes."""
    commit = provenance()["commit"]
    assert commit.rstrip("+") == git(CHECKOUT, "rev-parse", "HEAD")


def test_a_commit_has_a_plus_as_soon_as_a_tracked_file_is_changed(repository):
    head = git(repository, "rev-parse", "HEAD")
    assert module._commit(repository) == head
    (repository / "untracked").write_text("")
    assert module._commit(repository) == head
    (repository / "file").write_text("2")
    assert module._commit(repository) == head + "+"


def test_a_wheel_inside_another_projects_checkout_has_no_commit(repository):
    inner = repository / "site-packages"
    inner.mkdir()
    assert module._commit(inner) is None


def test_without_git_and_without_a_commit_there_is_none(repository, tmp_path_factory, monkeypatch):
    empty = tmp_path_factory.mktemp("empty")
    git(empty, "init", "-q")
    assert module._commit(empty) is None
    monkeypatch.setenv("PATH", "")
    assert module._commit(repository) is None
