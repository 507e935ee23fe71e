"""What the README shows, works."""

import re
import shlex
from pathlib import Path

import pytest

import wgan
from wgan import cli
from wgan.config import PRESETS
from wgan.config.layers import SECTIONS

ROOT = Path(wgan.__file__).parents[2]
README = ROOT / "README.md"
SOURCE = "\n".join(p.read_text() for p in Path(wgan.__file__).parent.rglob("*.py"))
pytestmark = pytest.mark.skipif(not README.exists(), reason="installed without its checkout")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.S)


def test_the_ten_lines_of_python_run(capsys):
    (program,) = blocks("python")
    assert len(program.strip().splitlines()) <= 10
    names = {}
    exec(compile(program, "README.md", "exec"), names)
    out = capsys.readouterr().out
    assert re.search(r"^100 -?[\d.]+\nW1\(generated, held-out\)", out, re.M)
    assert names["points"].shape == (1000, 2)
    assert 0 < float(out.split()[-1]) < 1


def test_the_readme_is_short_and_has_its_two_commands():
    text = README.read_text()
    assert len(text.splitlines()) <= 100
    for mark, end in (("main job", "wgan train digits"), ("tests", "pytest -n 2")):
        (command,) = re.findall(rf"<!-- {mark} -->\n```sh\n(.*?)\n```", text, re.S)
        assert command.startswith("python3 -m venv .venv && ")
        assert command.endswith(f".venv/bin/{end}")


def test_the_ten_lines_of_shell_name_real_commands_and_options():
    program = blocks("sh")[-1]
    lines = [line.split(" #")[0] for line in program.strip().splitlines()]
    assert len(lines) <= 10
    for line in lines:
        for part in line.split(";"):
            words = shlex.split(part)
            if words[0] == "wgan":
                command, _, _ = cli.app.parse_args(
                    words[1:], exit_on_error=False, print_error=False
                )
                assert command.__module__.startswith("wgan.cli.")


def test_the_mathematics_page_computes_what_it_says(capsys):
    page = (ROOT / "docs" / "explain" / "mathematics.md").read_text()
    names = {}
    for program in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(compile(program, "mathematics.md", "exec"), names)
    out = capsys.readouterr().out
    assert out.splitlines()[:3] == ["1 0.6931 inf 1.0", "5 0.6931 inf 5.0", "9 0.6931 inf 9.0"]
    assert out.count("True") == 3
    assert "5.0 [ 2.  2. -1.  0.]" in out
    for formula in re.findall(r"`([a-z_]+)`", page):  # a function that is named is there
        assert re.search(rf"\b{formula}\b", SOURCE), formula


def test_every_setting_says_what_it_does():
    for section in SECTIONS.values():
        source = Path(__import__(section.__module__, fromlist=["_"]).__file__).read_text()
        for name in section.__dataclass_fields__:
            assert re.search(rf"^    {name}: .*\n    \"\"\"[^\"]+\"\"\"", source, re.M), (
                f"{section.__name__}.{name}"
            )


def test_presets_are_explained():
    assert all(preset.summary for preset in PRESETS.values())
