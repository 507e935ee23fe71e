"""`--json`: every command that has results offers it, and prints one strict document of them."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cyclopts import App
from json_documents import ALWAYS, documented, listed, strictly
from short_runs import flags, wgan

from wgan.cli.commands import COMMANDS, app
from wgan.cli.json_output import WITHOUT_JSON, plain
from wgan.evaluation import HeldOutDistance
from wgan.objectives import VARIANTS

SMALL = flags(["network.width=8", "optimizer.batch=16", "training.steps=4"])


def document(capsys, command, *more):
    """Return the document of a command that succeeds; nothing else is on standard output."""
    capsys.readouterr()
    assert wgan(f"{command} --json", *more) == 0
    return strictly(capsys.readouterr().out)


def leaves():
    """Return the words of every command that does something."""
    for name in COMMANDS:
        node = app[name]
        below = [each for each in node if not each.startswith("-")]
        yield from (f"{name} {each}" for each in below)
        if not below or node.default_command is not None:
            yield name


def test_every_command_offers_json_or_is_listed_as_one_without_results(capsys):
    assert isinstance(app, App)
    found = {}
    for command in leaves():
        assert wgan(f"{command} --help") == 0
        found[command] = "--json " in capsys.readouterr().out
    assert {"cache", "cache clear", "features train"} <= found.keys()
    assert {command for command, offers in found.items() if not offers} == set(WITHOUT_JSON)
    for command in WITHOUT_JSON:
        assert wgan(f"{command} --json") == 2


def test_numbers_that_json_lacks_become_their_names():
    values = {"a": math.inf, "b": [-math.inf, math.nan], "c": np.float32(0.5), "d": np.arange(2)}
    assert plain(values) == {"a": "inf", "b": ["-inf", "nan"], "c": 0.5, "d": [0, 1]}
    assert plain({"n": np.int64(3), "x": np.array([math.nan])}) == {"n": 3, "x": ["nan"]}
    assert json.dumps(plain({"caf\udce9": True})) == '{"caf\\\\udce9": true}'


@pytest.mark.parametrize("command", ["variants", "data", "demo"])
def test_lists_have_their_documented_keys(command, capsys):
    found = document(capsys, command)
    assert found["command"] == command
    assert found.keys() - ALWAYS == listed(command)


def test_variants_have_their_settings_and_papers(capsys):
    found = {each["name"]: each for each in document(capsys, "variants")["variants"]}
    assert found.keys() == VARIANTS.keys()
    assert found["wgan-gp"]["optimizer"]["critic_steps"] == 5
    assert found["wgan-gp"]["reads_w1"] is True
    assert found["gan"]["penalty"] is None


def test_a_source_is_described(capsys, mixed):
    found = document(capsys, "data 8-gaussians")
    assert found.keys() - ALWAYS == listed("data SOURCE")
    assert (found["samples"], found["train"], found["held_out"]) == (100_000, 80_000, 20_000)
    assert found["known_exactly"]
    mixed(100).to_csv("t.csv", index=False)
    found = document(capsys, "data t.csv -o s.toml")
    assert found["schema"] == "s.toml"
    assert len(found["inferred"]) == len(found["columns"])


@pytest.fixture
def run(capsys):
    """The document of a small run in the folder r."""
    return document(capsys, "train 8-gaussians --out r --quiet", *SMALL)


def test_a_training_prints_what_the_lines_say(run, capsys):
    assert run.keys() - ALWAYS <= documented("`wgan train`")
    assert (run["status"], run["step"], run["folder"]) == ("finished", 4, "r")
    assert wgan("train 8-gaussians --out s --quiet", *SMALL) == 0
    lines = capsys.readouterr().out
    assert str(HeldOutDistance.from_json(run)) in lines
    assert all(sentence in lines for sentence in run["diagnosis"])
    assert run["coverage"]["kl"] == "nan" or run["coverage"]["kl"] >= 0


def test_a_planned_training_prints_its_settings(capsys):
    found = document(capsys, "train 8-gaussians --dry-run", *SMALL)
    assert found.keys() - ALWAYS <= documented("`wgan train`")
    assert found["status"] == "planned"
    assert found["settings"]["training"]["steps"] == 4
    assert found["parameters"]["generator"] > 0


def test_notes_of_a_training_go_to_standard_error(capsys):
    assert wgan("train 8-gaussians --out r --json", *SMALL) == 0
    out, err = capsys.readouterr()
    strictly(out)
    assert "training on cpu in float32" in err


def test_an_evaluation_has_units_and_intervals(run, capsys):
    found = document(capsys, "evaluate r --quiet -n 50")
    assert found.keys() - ALWAYS == documented("`wgan evaluate`")
    evaluation = found["evaluation"]
    assert evaluation["confidence"] == 0.95
    for line in evaluation["lines"]:
        assert {"name", "title", "unit", "read", "generated", "real", "broken"} <= line.keys()
        assert {"value", "half_width"} == line["generated"].keys()
    units = {line["metric"]: line["unit"] for line in evaluation["lines"]}
    assert "%" not in units.values()
    kept = json.loads(Path("r/evaluation.json").read_text())["evaluation"]["lines"]
    assert [line["generated"] for line in kept] == [
        line["generated"] for line in evaluation["lines"]
    ]


def test_samples_are_counted(run, capsys):
    found = document(capsys, "sample r -n 5 -o x.npy")
    assert (found["what"], found["samples"], found["out"]) == ("samples", 5, "x.npy")
    found = [found, document(capsys, "sample r --interpolate 3 -o g.npy")]
    found += [document(capsys, "sample r --walk 2 -n 6 -o l.npy")]
    found += [document(capsys, "sample r --invert x.npy -o n.npy")]
    found += [document(capsys, "sample r -n 10 --shards 2 -o shards")]
    assert [each["samples"] for each in found] == [5, 9, 6, 5, 10]
    assert found[3]["nearest"][0]["distance"] >= 0
    assert found[3]["held_out"]["distance"]["half_width"] > 0
    assert found[4]["complete"] is True
    for each in found:
        assert each.keys() - ALWAYS <= documented("`wgan sample`")


def test_an_export_is_described(run, capsys):
    found = document(capsys, "export r -o r.pt2")
    assert found.keys() - ALWAYS == listed("export")
    assert found["bytes"] == Path("r.pt2").stat().st_size
    assert found["about"]["kind"] == "vectors"


def test_completed_rows_are_counted(capsys):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.integers(0, 9, 200), "b": random.normal(size=200)})
    frame.to_csv("t.csv", index=False)
    assert wgan("train t.csv --out r --quiet", *SMALL) == 0
    frame.head(3).assign(b=[1.5, None, None]).to_csv("gaps.csv", index=False)
    found = document(capsys, "sample r --complete gaps.csv -o whole.csv")
    assert (found["what"], found["rows"], found["filled"]) == ("completed", 3, 2)
    assert found.keys() - ALWAYS <= documented("`wgan sample`")
    found = document(capsys, "sample r -n 20 --where a>=3 -o some.csv")
    assert found["where"] == ["a>=3"]
    assert found["tried"] >= found["satisfied"] >= 20


def test_a_report_has_all_numbers_of_the_comparison(run, capsys):
    assert wgan("train 8-gaussians --out s --seed 1 --quiet", *SMALL) == 0
    found = document(capsys, "report r s -o page.html")
    assert found.keys() - ALWAYS <= documented("`wgan compare`")
    assert found["runs"][0]["w1"] == run["w1"]
    (group,) = found["groups"]
    assert group["w1"]["value"] == pytest.approx(np.mean([each["w1"] for each in found["runs"]]))
    assert found["units"] == "data coordinates"


@pytest.mark.parametrize(
    "arguments",
    [
        "x.npy y.npy --permutations 19 --subsamples 20",
        "x.npy y.npy --metric dual --steps 8",
        "x.npy y.npy --bracket samples --steps 8",
        "1,0,0 0,0,1",
    ],
)
def test_distances_have_their_documented_keys(arguments, capsys):
    for name in "xy":
        np.save(f"{name}.npy", np.random.default_rng(ord(name)).normal(size=(60, 2)))
    found = document(capsys, f"distance {arguments} --quiet")
    assert found.keys() - ALWAYS <= documented("`wgan distance`")


def test_a_document_of_an_infinity_is_strict(capsys):
    assert document(capsys, "distance 1,0,0 0,0,1")["kl_nats"] == "inf"


@pytest.mark.parametrize(
    "command",
    ["data nowhere.npy", "train nowhere.npy", "evaluate nowhere", "distance 1,2 3,x", "report r"],
)
def test_an_error_is_one_line_on_standard_error_and_no_document(command, capsys):
    assert wgan(f"{command} --json") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wgan: error: ")
    assert err.count("\n") == 1


def test_a_pipe_gets_the_document_alone():
    command = [sys.executable, "-m", "wgan", "distance", "3,2,1", "1,2,3", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    tool = [sys.executable, "-m", "json.tool"]
    again = subprocess.run(tool, input=done.stdout, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0
    assert json.loads(again.stdout)["value"] == 4
