"""`wgan completion`: scripts that parse, and that complete commands and flags."""

import shutil
import subprocess

import pytest
from short_runs import wgan

from wgan.cli.commands import COMMANDS

bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
ASK = """
source wgan.bash
COMP_WORDS=({words})
COMP_CWORD=$(({count} - 1))
_wgan
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def script(capsys, tmp_path):
    """The script of bash in the file wgan.bash."""
    assert wgan("completion bash") == 0
    (tmp_path / "wgan.bash").write_text(capsys.readouterr().out)


def completions(*words):
    """Return what bash offers for the last of some words."""
    quoted = " ".join(f"'{word}'" for word in words)
    ask = ASK.format(words=quoted, count=len(words))
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return {word.strip() for word in done.stdout.splitlines()} - {""}


@bash
def test_the_script_of_bash_parses(script):
    done = subprocess.run(["bash", "-n", "wgan.bash"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@bash
def test_bash_completes_commands_flags_and_their_words(script):
    assert completions("wgan", "") >= set(COMMANDS)
    assert completions("wgan", "trai") == {"train"}
    assert completions("wgan", "tra") >= {"train", "track"}
    assert {"--variant", "--json", "--window"} <= completions("wgan", "train", "--")
    assert completions("wgan", "train", "--vari") == {"--variant"}
    assert completions("wgan", "features", "") >= {"train"}
    assert completions("wgan", "cache", "cl") == {"clear"}
    assert completions("wgan", "distance", "--bracket", "po") == {"population"}


@bash
def test_bash_completes_data_and_runs_with_files(script, tmp_path):
    (tmp_path / "hours.csv").write_text("a,b")
    (tmp_path / "runs").mkdir()
    for command in ("train", "data", "compare", "distance"):
        assert completions("wgan", command, "hou") == {"hours.csv"}
    for command in ("evaluate", "sample", "report"):
        assert completions("wgan", command, "ru") == {"runs"}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_of_other_shells_name_every_command(shell, capsys):
    assert wgan(f"completion {shell}") == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)
    found = shutil.which(shell)
    if found is not None:
        done = subprocess.run([found, "-n"], input=script, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_another_shell_is_refused_with_those_that_there_are(capsys):
    assert wgan("completion tcsh") == 2
    said = capsys.readouterr().err
    assert "bash" in said
    assert "fish" in said
