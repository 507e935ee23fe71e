"""The entry point: commands one after another in one process."""

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
