"""`wgan cache`: where the cache is, what it holds, and what clearing it freed."""

import os

import pytest
from json_documents import ALWAYS, listed, strictly
from short_runs import wgan

from wgan.data.cache import cache_folder, cached

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks are those of POSIX")


def fill():
    """Put a file of ours, used long ago, and one of somebody else into the cache."""
    cached("a" * 64, lambda target: target.write_bytes(b"0" * 2000), ".npy")
    for each in cache_folder().iterdir():
        os.utime(each, (0, 0))
    (cache_folder() / "notes.txt").write_text("mine")


def test_an_empty_cache_is_shown(capsys):
    assert wgan("cache") == 0
    assert capsys.readouterr().out == f"{cache_folder()}: 0 B in 0 files\n"
    assert wgan("cache clear") == 0
    assert capsys.readouterr().out == f"freed 0 B in 0 files of {cache_folder()}\n"


def test_contents_are_shown_and_cleared(capsys):
    fill()
    assert wgan("cache") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"{cache_folder()}: 2.1 kB in 1 file"
    assert shown[1].split() == ["2.1", "kB", "1", "decoded", "pictures", "and", "coded", "tables"]
    assert shown[2] == "and 1 thing that wgan did not write"
    assert wgan("cache clear") == 0
    said = capsys.readouterr().out
    assert said.startswith(f"freed 2.1 kB in 1 file of {cache_folder()}\n")
    assert "left 1 thing that wgan did not write" in said
    assert [path.name for path in cache_folder().iterdir()] == ["notes.txt"]


def test_documents_count_files_and_bytes(capsys):
    fill()
    assert wgan("cache --json") == 0
    found = strictly(capsys.readouterr().out)
    assert found.keys() - ALWAYS == listed("cache")
    assert (found["files"], found["bytes"], found["others"]) == (1, 2064, 1)
    assert found["kinds"]["arrays"] == {"files": 1, "bytes": 2064}
    assert wgan("cache clear --json") == 0
    found = strictly(capsys.readouterr().out)
    assert found.keys() - ALWAYS == listed("cache clear")
    assert found["freed"]["bytes"] == 2064
    assert found["used"]["files"] == 0


def test_a_file_in_use_is_left_and_counted(capsys):
    cached("a" * 64, lambda target: target.write_bytes(b"0"))
    assert wgan("cache clear") == 0
    said = capsys.readouterr().out
    assert "left 65 B in 1 file that processes use, or used a moment ago" in said
