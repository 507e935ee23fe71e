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
        (lambda run: (run / "finish.json").unlink(), "has not come to its end"),
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
