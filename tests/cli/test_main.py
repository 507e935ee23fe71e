"""The entry point: commands one after another in one process."""

import warnings

import pytest

import wgan.cli
from wgan.cli import main


def test_one_process_may_run_several_commands(capsys):
    """A command's file is imported late, and no name of the package may change by that."""
    for _ in range(2):
        assert main(["variants"]) == 0
        assert main(["data"]) == 0
    assert "wgan-gp" in capsys.readouterr().out
    assert callable(wgan.cli.app)


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_are_printed(flag, capsys):
    assert main([flag]) == 0
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("sample r", "wgan sample works in one process, and torchrun started 2: give --shards, or"),
        ("sample r --given x", "give --shards, or run it without torchrun"),
        (
            "evaluate r",
            "wgan evaluate works in one process, and torchrun started 2: run it without",
        ),
        ("compare digits", "wgan compare works in one process"),
        ("report r", "wgan report works in one process"),
        ("distance a b", "wgan distance works in one process"),
    ],
)
def test_what_each_process_of_torchrun_would_write_is_refused(command, words, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    assert main(command.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    monkeypatch.setenv("RANK", "1")
    assert main(command.split()) == 2
    assert capsys.readouterr().err == "", "the first process says it for all"


@pytest.mark.parametrize(("rank", "count"), [("0", "1"), (None, "2"), ("0", None)])
def test_one_process_of_torchrun_may_do_everything(rank, count, monkeypatch):
    for name, value in (("RANK", rank), ("WORLD_SIZE", count)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert main(["variants"]) == 0


def test_warnings_are_notes_but_not_those_on_the_source_of_packages(capsys):
    """Python 3.12 and later warn of a string such as "\\d" at the first import of a package."""
    main(["--version"])  # from then on
    capsys.readouterr()
    warnings.showwarning(UserWarning("rows are few"), UserWarning, "x.py", 1)
    warnings.showwarning(SyntaxWarning("invalid escape sequence"), SyntaxWarning, "x.py", 1)
    assert capsys.readouterr().err == "note: rows are few\n"
