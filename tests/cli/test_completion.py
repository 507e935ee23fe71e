"""`wgan completion`: scripts that parse, and that complete commands and flags."""

import shlex
import shutil
import subprocess

import pytest
from short_runs import wgan
from zsh_terminal import Zsh

from wgan.cli.commands import COMMANDS

bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
fish = pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
COMPLETED = [
    ("wgan trai", "wgan train"),
    ("wgan train --vari", "wgan train --variant"),
    ("wgan features t", "wgan features train"),
    ("wgan cache cl", "wgan cache clear"),
    ("wgan completion z", "wgan completion zsh"),
    ("wgan distance --bracket po", "wgan distance --bracket population"),
    ("wgan train hou", "wgan train hours.csv"),
    ("wgan distance hours.csv hou", "wgan distance hours.csv hours.csv"),
    ("wgan evaluate ru", "wgan evaluate runs/"),
    ("wgan train --bogus-", "wgan train --bogus-"),
]
"""Beginnings of lines, and what a tab makes of them in any shell; the last has no completion."""
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


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a file and a run, where a shell begins."""
    folder = tmp_path / "here"
    (folder / "runs").mkdir(parents=True)
    (folder / "hours.csv").write_text("a,b")
    monkeypatch.chdir(folder)
    return tmp_path


@zsh
@pytest.mark.parametrize("name", ["_wgan", "_cyclopts_wgan"])
def test_zsh_completes_as_one_types(name, here, capsys):
    """The file may have its name of the help, or that under which other programs install it."""
    assert wgan("completion zsh") == 0
    folder = here / "functions"
    folder.mkdir()
    (folder / name).write_text(capsys.readouterr().out)
    shell = Zsh(folder)
    try:
        for line, whole in COMPLETED:
            assert shell.complete(line)[0].rstrip() == whole
        assert {"train", "track"} <= set(shell.complete("wgan tra")[1].split())
    finally:
        shell.close()


@zsh
def test_a_script_that_zsh_sources_completes_too(here, capsys):
    assert wgan("completion zsh") == 0
    (here / "script").mkdir()
    (here / "script" / "wgan.zsh").write_text(capsys.readouterr().out)
    shell = Zsh(here / "script", f"source {here}/script/wgan.zsh")
    try:
        assert shell.complete("wgan trai")[0] == "wgan train "
    finally:
        shell.close()


@fish
def test_fish_completes_as_one_types(here, capsys):
    assert wgan("completion fish") == 0
    (here / "wgan.fish").write_text(capsys.readouterr().out)

    def offered(line):
        ask = f"source {here}/wgan.fish; complete -C {shlex.quote(line)}"
        done = subprocess.run(["fish", "--private", "-c", ask], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return {each.partition("\t")[0] for each in done.stdout.splitlines()}

    for line, whole in COMPLETED:
        before, _, word = line.rpartition(" ")
        expected = {whole.removeprefix(before + " ")} if whole != line else set()
        assert {each for each in offered(line) if each.startswith(word)} == expected
    assert {"train", "track"} <= offered("wgan tra")
    assert offered("wgan ") >= set(COMMANDS)


def test_another_shell_is_refused_with_those_that_there_are(capsys):
    assert wgan("completion tcsh") == 2
    said = capsys.readouterr().err
    assert "bash" in said
    assert "fish" in said
