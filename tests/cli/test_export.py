"""`wgan export`: what it writes and says, and one clear line for each kind of bad input."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from random_tables import few_rows, random_model
from short_runs import wgan
from small_models import small_model

import wgan as package
from wgan.exported import latents, load_exported, read_description
from wgan.models import save_model

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
PAGE = Path(package.__file__).parents[2] / "docs" / "how-to" / "export.md"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of two steps on points of two classes."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal([5, -300], [1, 20], size=(80, 2)).astype("f4")
    np.save("points.npy", x)
    np.save("classes.npy", np.arange(80) % 2)
    small = ["--quiet", "--set", "network.width=8", "--set", "optimizer.batch=8"]
    assert wgan("train points.npy --labels classes.npy --steps 2 --out r", *small) == 0
    return Path("r")


def test_a_run_is_exported_and_gives_the_samples_of_wgan_sample(run, capsys):
    capsys.readouterr()
    assert wgan("export r -o new/model.onnx") == 0
    assert re.fullmatch(
        r"vectors \[n x 2\] of \d+ latents and labels, 0\.0\d+ MB, in new/model\.onnx\n",
        capsys.readouterr().out,
    )
    exported = load_exported("new/model.onnx")
    for flags, label in (((), None), (("--label", "1"), "1")):
        name = f"{label}.npy"
        assert wgan(f"sample r -n 300 --seed 4 -o {name}", *flags) == 0
        made = exported.sample(300, seed=4, label=label)
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, np.load(name), atol=1e-5 * 200)
    assert wgan("export r -o new/model.pt2") == 0
    graph = torch.export.load("new/model.pt2").module()
    z = torch.from_numpy(latents(300, exported.description["latents"]["size"], 4))
    alone = graph(z, labels=torch.ones(300, dtype=torch.int64)).numpy()
    np.testing.assert_allclose(alone, made, atol=1e-5 * 200)


def run_programs(word):
    """Run the programs of the page that hold a word; return their names."""
    names = {}
    for program in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S):
        if word in program:
            exec(compile(program, PAGE.name, "exec"), names)
    return names


@pytest.mark.skipif(not PAGE.exists(), reason="installed without its checkout")
def test_the_programs_of_the_page_run(run):
    assert wgan("export r -o model.onnx") == 0
    names = run_programs("model.onnx")
    assert names["samples"].shape == (100, 2)
    assert names["about"]["classes"]["names"] == ["0", "1"]


@pytest.mark.skipif(not PAGE.exists(), reason="installed without its checkout")
def test_columns_may_be_given(tmp_path, capsys):
    random = np.random.default_rng(0)
    education = random.choice(["Bachelors", "Masters", "Doctorate"], 300)
    frame = pd.DataFrame({"paid": random.random(300) < 0.5, "education": education})
    save_model(random_model(frame), tmp_path / "r")
    assert wgan("export r -o customers.onnx --conditions") == 0
    assert "tables [n x 2] of 2 latents and conditions, " in capsys.readouterr().out
    masters = run_programs("customers.onnx")["masters"]
    assert set(masters["education"]) == {"Masters"}
    assert set(masters["paid"]) == {False, True}


def test_rules_that_samples_may_break_are_named(tmp_path, capsys):
    rules = [{"order": ["x", "z"]}, {"sum": ["x", "z", "s"]}]
    frame = few_rows()
    frame["z"] = frame["x"] + np.arange(len(frame)) % 3
    frame["s"] = frame["x"] + frame["z"]
    save_model(random_model(frame[["x", "z", "s"]], rules=rules), tmp_path / "r")
    assert wgan("export r -o model.pt2") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "rows that break a rule are not drawn again, as `wgan sample` does: x <= z"
    ]
    assert read_description("model.pt2")["rules"] == ["x <= z"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("r -o mine.onnx", "mine.onnx: is there already, and nothing is overwritten"),
        ("r -o x.pt", "x.pt: generators are exported as .onnx or .pt2"),
        ("r", "parameter -o requires"),
        ("r -o x.pt2 --conditions", "exported vectors take no conditions"),
        ("nowhere -o x.pt2", "nowhere: holds no generator"),
        ("r -o mine.onnx/x.pt2", "a file stands in the place of its folder"),
        ("r -o /dev/null/x.onnx", "a file stands in the place of its folder"),
    ],
)
def test_bad_input_is_one_line_and_harms_nothing(words, message, tmp_path, capsys):
    save_model(small_model("vectors"), tmp_path / "r")
    Path("mine.onnx").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert wgan(f"export {words}") == 2
    said = capsys.readouterr().err
    assert said.startswith("wgan: error: ")
    assert said.count("\n") == 1
    assert message in said
    assert Path("mine.onnx").read_text() == "mine"
    assert sorted(tmp_path.rglob("*")) == before
