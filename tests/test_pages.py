"""Pages of the documentation: programs run, commands parse, tutorials work, sentences are short.

A block after a line `<!-- not run: why -->` is left out: it needs files that only a reader has.
"""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import wgan
from wgan import cli

ROOT = Path(wgan.__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = {"reference/command-line.md", "reference/config.md"}
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if str(page.relative_to(DOCS)) not in GENERATED and "reference/api" not in str(page)
]
TUTORIALS = [page for page in PAGES if page.parent.name == "start"]
OWN_PROCESS = ("extend.md",)
"""Pages whose programs change the package's tables."""
BLOCK = re.compile(r"(<!-- not run: .+ -->\n)?```(python|sh)\n(.*?)```", re.S)
FEWER = ((r"--steps \d+", "--steps 20"), (r"steps=\d+", "steps=20"), ("--permutations 999", ""))
"""What a tutorial's test leaves out of its commands and programs, for time."""
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="installed without its checkout")


def name(page):
    return str(page.relative_to(ROOT))


def blocks(page, *languages):
    """The blocks of a page that run, in order: each its language and text."""
    for skipped, language, text in BLOCK.findall(page.read_text()):
        if language in languages and not skipped and not text.startswith(">>>"):
            yield language, text


def commands(text):
    """The `wgan` commands of a block, without prompts and comments."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        for part in line.split(" #")[0].split(";"):
            words = shlex.split(part)
            if words[:1] == ["wgan"]:
                yield words[1:]


def program_of(page):
    return "\n".join(text for _, text in blocks(page, "python"))


def with_programs():
    return [page for page in PAGES if page not in TUTORIALS and program_of(page)]


@pytest.mark.parametrize("page", with_programs(), ids=name)
def test_the_programs_of_a_page_run(page):
    program = program_of(page)
    if page.name in OWN_PROCESS:
        subprocess.run([sys.executable, "-c", program], check=True)
    else:
        exec(compile(program, page.name, "exec"), {"__name__": "page"})


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in p.read_text()], ids=name)
def test_the_examples_of_a_page_print_what_they_say(page):
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_commands_of_a_page_are_real(page):
    for _, language, text in BLOCK.findall(page.read_text()):
        for words in commands(text) if language == "sh" else []:
            command, _, _ = cli.app.parse_args(words, exit_on_error=False, print_error=False)
            assert command.__module__.startswith("wgan.cli."), words


@pytest.mark.parametrize("page", TUTORIALS, ids=name)
def test_a_tutorial_runs_from_top_to_bottom(page):
    names = {"__name__": "tutorial"}
    for language, text in blocks(page, "python", "sh"):
        for long, short in FEWER:
            text = re.sub(long, short, text)
        if language == "python":
            exec(compile(text, page.name, "exec"), names)
            continue
        for words in commands(text):
            assert cli.main(words) in (0, None), words


def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("sphinx")
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(DOCS), str(tmp_path)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "explain" / "mathematics.html").read_text()
    assert "<math" in page
    assert "latex2mathml" not in page
    for built in tmp_path.rglob("*.html"):  # nothing is loaded from elsewhere
        loaded = re.findall(
            r'<(?:script|img|link)[^>]+(?:src|href)="(http[^"]+)"', built.read_text()
        )
        assert not loaded, built


@pytest.fixture
def prose(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import prose

    yield prose
    sys.modules.pop("prose")


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=name)
def test_lines_of_a_page_are_at_most_100_columns(page, prose):
    assert prose.long_lines(page) == []


def test_nine_sentences_of_ten_have_at_most_25_words(prose):
    counts = [n for page in [ROOT / "README.md", *PAGES] for n, _ in prose.lengths(page)]
    assert len(counts) > 2000
    middle, high = prose.spread(counts)
    assert middle <= 15
    assert high <= 25


def test_sentences_are_counted_as_a_reader_counts_them(prose):
    page = "# No sentence here\n\nOne `a b c` two. Three, e.g. $x + y$ four?\n- five [six](a.md)\n"
    found = [prose.words(s) for p in prose.paragraphs(page) for s in prose.sentences(p)]
    assert found == [3, 4, 2]


def test_links_between_pages_lead_somewhere():
    """Those within the site, with their anchors, are checked where it is built."""
    for page in [*ROOT.glob("*.md"), *PAGES]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            generated = target.endswith(tuple(GENERATED)) or "reference/api/" in target
            known = target.startswith("http") or generated or (page.parent / target).exists()
            assert known, f"{name(page)}: {target}"


def test_no_page_holds_a_placeholder():
    for page in [*ROOT.glob("*.md"), *PAGES]:
        assert "@@" not in page.read_text(), page
