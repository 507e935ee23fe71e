"""The page: whole, self-contained, escaped, accessible; Markdown and figures; what is refused."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from fake_runs import evaluation, fake_run
from PIL import Image

from wgan.base.errors import WganError
from wgan.base.files import write_sealed
from wgan.cli import main
from wgan.report import write_report
from wgan.runs import read_finished

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Collects tags, and refuses ones that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def single(tmp_path):
    return fake_run(tmp_path / "r", evaluated=evaluation())


@pytest.fixture
def several(tmp_path):
    return [
        fake_run(
            tmp_path / f"{variant}-{seed}", variant, seed, w1 + 0.1 * seed, evaluated=evaluation()
        )
        for variant, w1 in (("gan", 2.0), ("wgan-gp", 1.5))
        for seed in range(2)
    ]


def page_of(runs, tmp_path):
    write_report([read_finished(run) for run in runs], tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    return text, Page(text)


def test_a_page_needs_nothing_but_itself(single, several, tmp_path):
    for runs in ([single], several):
        text, page = page_of(runs, tmp_path)
        for tag, attributes in page.tags:
            assert tag not in ("script", "iframe", "object", "embed")
            for name in ("src", "href", "xlink:href"):
                value = attributes.get(name) or "#"
                assert value.startswith(("#", "data:")), value
        assert "url(http" not in text
        assert "@import" not in text
        assert "default-src 'none'" in text


def test_what_a_screen_reader_needs_is_there(several, tmp_path):
    text, page = page_of(several, tmp_path)
    assert '<html lang="en">' in text
    assert len(page.ids) == len(set(page.ids)), "each id once"
    for tag, attributes in page.tags:
        if tag == "img":
            assert attributes["alt"]
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-labelledby"] in page.ids
        if tag == "a":
            assert attributes["href"][1:] in page.ids
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_one_run_is_shown_with_all_there_is(single, tmp_path):
    text, page = page_of([single], tmp_path)
    assert text.index("1.07 times as far") < text.index("<table>"), "what came out first"
    for words in (
        "no mode of 4 is lost",
        "converged within &lt;its&gt; noise",
        "coverage-pixels-64-n200",
        "step 30",
        "nearest training sample",
        "lr = 0.001",
        "2.13.0",
    ):
        assert words in text, words
    assert sum(tag == "svg" for tag, _ in page.tags) == 3, "distance, modes, critic"
    assert sum(tag == "img" for tag, _ in page.tags) == 5, "four snapshots and the nearest"


def test_several_runs_are_compared(several, tmp_path):
    text, page = page_of(several, tmp_path)
    assert "no difference can be seen between its 2 seeds" not in text, (
        "0.1 apart, and known to 0.01"
    )
    assert "gan is worse than wgan-gp: W1 +0.5" in text
    assert sum(tag == "svg" for tag, _ in page.tags) == 2 + 4 * 2
    assert "wgan-gp, seed 1" in text


def test_plots_follow_the_colour_of_the_text(single, tmp_path):
    text, _ = page_of([single], tmp_path)
    assert "#123456" not in text
    assert "currentColor" in text


def test_a_run_without_evaluation_is_summed_up_by_its_held_out_distance(tmp_path):
    text, _ = page_of([fake_run(tmp_path / "r")], tmp_path)
    assert "W1 1.5 +- 0.01 to held-out samples" in text
    assert "nearest training" not in text
    assert "This run was not evaluated" in text


def test_a_page_of_an_evaluated_run_asks_for_no_evaluation(single, tmp_path):
    assert "not evaluated" not in page_of([single], tmp_path)[0]


def test_an_evaluation_of_an_earlier_step_is_left_out(single, tmp_path):
    path = single / "evaluation.json"
    path.write_text(path.read_text().replace('"step": 30', '"step": 20'))
    assert "1.07 times as far" not in page_of([single], tmp_path)[0]


def test_markdown_and_figures_for_a_paper(several, tmp_path):
    runs = [read_finished(run) for run in several]
    write_report(runs, tmp_path / "out" / "report.md", "md")
    text = (tmp_path / "out" / "report.md").read_text()
    assert "- gan is worse than wgan-gp" in text
    assert "| W1 | 1.55 +- " in text
    assert "|  | wgan-gp | gan | real samples | name |" in text
    for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text):
        assert Image.open(tmp_path / "out" / path).width > 1000
    write_report(runs, tmp_path / "figures", "svg")
    for path in (tmp_path / "figures").glob("*.svg"):
        assert ET.parse(path).getroot().tag.endswith("svg")
    assert len(list((tmp_path / "figures").glob("*.svg"))) == 2 + 4 * 2


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda run: (run / "finish.json").unlink(), "the run has not ended"),
        (lambda run: (run / "config.toml").unlink(), "holds no run"),
        (lambda run: (run / "run.json").write_text("{"), "damaged"),
        (lambda run: (run / "finish.json").write_text("{}"), "damaged"),
        (lambda run: (run / "metrics.jsonl").write_text('{"step": 1'), "damaged"),
        (lambda run: (run / "evaluation.json").write_text('{"step": 30}'), "damaged"),
        (lambda run: (run / "report.html").mkdir(), "choose another --out"),
    ],
)
def test_half_written_and_damaged_runs_are_one_line(harm, words, single, capsys):
    harm(single)
    assert main(["report", str(single)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_the_command_writes_where_it_says(single, several, capsys, tmp_path):
    assert main(["report", str(single)]) == 0
    assert (single / "report.html").exists()
    assert main(["report", *map(str, several)]) == 0
    assert (tmp_path / "report.html").exists()
    assert main(["report"]) == 2
    assert "give the folder of one" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["html", "md"])
def test_a_report_replaces_reports_as_they_were_written_and_nothing_else(
    form, single, tmp_path, capsys
):
    place = tmp_path / f"page.{form}"
    command = ["report", str(single), "--format", form, "-o", str(place)]
    for _ in range(2):
        assert main(command) == 0
    place.write_text(place.read_text() + "my own remark\n")
    assert main(command) == 2
    assert "or was edited since: choose another --out, or remove it" in capsys.readouterr().err
    assert place.read_text().endswith("my own remark\n")


@pytest.mark.parametrize("form", ["html", "md"])
@pytest.mark.parametrize("name", ["generator.safetensors", "evaluation.json", "config.toml"])
def test_a_report_never_replaces_a_file_of_a_run(name, form, single, capsys):
    (single / "generator.safetensors").write_bytes(b"weights")
    before = (single / name).read_bytes()
    command = ["report", str(single), "--format", form, "-o", str(single / name)]
    assert main(command) == 2
    assert "is not a report of wgan" in capsys.readouterr().err
    assert (single / name).read_bytes() == before


@pytest.mark.parametrize("form", ["md", "png", "svg"])
def test_pictures_of_ones_own_are_kept_and_then_nothing_is_written(form, single, tmp_path, capsys):
    folder = tmp_path / ("page-figures" if form == "md" else "page")
    folder.mkdir()
    mine = folder / f"modes.{'png' if form == 'md' else form}"
    mine.write_text("mine")
    out = tmp_path / ("page.md" if form == "md" else "page")
    command = ["report", str(single), "--format", form, "-o", str(out)]
    assert main(command) == 2
    assert f"{folder}: already exists, and nothing is overwritten" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == [mine.name]
    mine.unlink()
    assert main(command) == 0
    for path in folder.iterdir():
        path.unlink() if path != mine else path.write_text("mine")
    write_sealed(folder / "earlier.svg", b"<svg></svg>")
    if form == "md":
        out.unlink()
    assert main(command) == 2
    assert f"{mine}: already exists, and is not a report of wgan" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["earlier.svg", mine.name]
    assert mine.read_text() == "mine"
    assert out.exists() == (form != "md")


def test_pictures_that_a_link_leads_to_outside_the_run_are_not_put_into_the_page(
    single, tmp_path, capsys
):
    (tmp_path / "secret.png").write_bytes(b"secret")
    for name in ("evaluation.png", "samples/step-0000030.png"):
        path = single / name
        kept = path.read_bytes()
        path.unlink()
        path.symlink_to(tmp_path / "secret.png")
        assert main(["report", str(single)]) == 2
        assert "is a link out of the run's folder" in capsys.readouterr().err
        path.unlink()
        path.write_bytes(kept)
    assert not (single / "report.html").exists()


def test_figures_of_one_run_are_the_same_files_wherever_it_lies(single, tmp_path):
    write_report([read_finished(single)], tmp_path / "a", "svg")
    write_report([read_finished(single.rename(tmp_path / "moved"))], tmp_path / "b", "svg")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


HOSTILE = ["<b>|`x`", "[a](http://b)", "\x1b[31m*c*", "# d\u202e"]


def test_hostile_names_are_text_on_a_page_in_markdown_and_in_an_svg(tmp_path):
    e = evaluation(modes=(0.0, 0.25, 0.25, 0.5))
    modes = e.details["modes"] | {"names": HOSTILE}
    run = fake_run(tmp_path / "r", evaluated=replace(e, details={"modes": modes}))
    text, page = page_of([run], tmp_path)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "b" not in [tag for tag, _ in page.tags]
    write_report([read_finished(run)], tmp_path / "report.md", "md")
    text = (tmp_path / "report.md").read_text()
    assert "&lt;b&gt;\\|\\`x\\`" in text
    assert "<b>" not in text
    assert "\x1b" not in text
    write_report([read_finished(run)], tmp_path / "figures", "svg")
    for path in (tmp_path / "figures").iterdir():
        assert "\x1b" not in path.read_text()
        ET.parse(path)


def test_runs_of_other_data_are_refused_before_anything_is_written(single, tmp_path):
    other = read_finished(fake_run(tmp_path / "o", data="g"))
    with pytest.raises(WganError, match="same data"):
        write_report([read_finished(single), other], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_two_settings_of_one_variant_and_seed_do_not_collide(tmp_path):
    runs = [fake_run(tmp_path / f"{lr}", lr=lr, evaluated=evaluation()) for lr in (1e-3, 1e-4)]
    text, page = page_of(runs, tmp_path)
    assert len(page.ids) == len(set(page.ids))
    assert "wgan-gp (optimizer.lr=0.0001), seed 0" in text
    write_report([read_finished(run) for run in runs], tmp_path / "figures", "png")
    assert len(list((tmp_path / "figures").glob("*.png"))) == 2 + 2 * 2


def test_odd_names_and_figures_that_are_not_numbers_are_shown(tmp_path):
    e = evaluation()
    modes = e.details["modes"] | {"names": [r"\d <b>", "US$ \\frac to A$", "c", "d"]}
    lines = tuple(
        replace(line, broken=float("nan")) if line.metric == "modes-kl" else line
        for line in e.lines
    )
    run = fake_run(tmp_path / "r", evaluated=replace(e, details={"modes": modes}, lines=lines))
    path = run / "evaluation.json"
    path.write_text(path.read_text().replace("NaN", "null"))
    text, _ = page_of([run], tmp_path)
    assert "\\d &lt;b&gt;" in text
    assert "nan" in text


def test_a_run_that_was_opened_again_shows_with_what_it_was_begun(single, tmp_path):
    about = json.loads((single / "run.json").read_text())
    about["periods"].append({"begun": "2027-07-07", "wgan": "9.9.9", "commit": "c0ffee"})
    (single / "run.json").write_text(json.dumps(about))
    text, _ = page_of([single], tmp_path)
    assert text.index("2026-01-01") < text.index("2027-07-07, wgan 9.9.9, commit c0ffee")


def test_markdown_may_have_a_name_without_ending_and_with_blanks(single, tmp_path):
    write_report([read_finished(single)], tmp_path / "my report", "md")
    text = (tmp_path / "my report").read_text()
    assert "](my%20report-figures/over-training.png)" in text
