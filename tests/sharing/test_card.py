"""Model cards and what is uploaded: all of a run that may be told, and nothing else."""

import json
import os
import re
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from fake_runs import BEGUN, evaluation
from PIL import Image
from private_tables import SCHEMA, people
from short_runs import flags, wgan
from small_models import model_of, small_model

from wgan.base.errors import WganError
from wgan.base.intervals import Mean
from wgan.base.provenance import provenance
from wgan.data import load
from wgan.data.kinds import KINDS
from wgan.evaluation import HeldOutDistance
from wgan.evaluation.results import Line
from wgan.models import load_model
from wgan.models.latents import truncated
from wgan.runs import DataFacts, Evaluated, Finish, RunFolder
from wgan.sharing import History, Said, card, check_said, read_history, write_shared
from wgan.sharing.markup import quoted

SMALL = flags(["network.width=8", "optimizer.batch=16", "training.steps=4"])
SAID = Said("jo/model", "mit")
SETTINGS = {
    "data": {"source": "digits"},
    "training": {"seed": 7, "steps": 30},
    "optimizer": {"batch": 64, "lr": 0.002},
}


def history(name="digits", settings=SETTINGS, finish=True, evaluated=True):
    """Return how a model was trained, as a run tells it."""
    facts = DataFacts(name, "vectors", (2,), 300, 240, 60, "f")
    distance = HeldOutDistance(1.5, 0.01, 1.4, 60, 5, 4, "units of the columns")
    ended = Finish(distance, None, ("said of <data>",), 30, 7, 2.0)
    measured = Evaluated(evaluation(), ("said",), {}, "/home/jo/r", "wgan-gp", name, 30, 7, 0, 1.0)
    return History(
        settings, facts, (BEGUN,), 30, ended if finish else None, measured if evaluated else None
    )


def front_matter(text):
    """Return the front matter as YAML reads it, and the page below."""
    before, front, page = text.split("---\n", 2)
    assert before == ""
    return yaml.safe_load(front), page


def section(text, title):
    return text.split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_front_matter_is_what_the_user_and_the_model_say():
    model = small_model("vectors")
    front, _ = front_matter(card(model, replace(SAID, dataset="jo/data"), None))
    assert front["library_name"] == "wgan"
    assert front["license"] == "mit"
    assert front["datasets"] == ["jo/data"]
    assert front["tags"] == ["wgan", "gan", "wasserstein", "generative", "vectors", "wgan-gp"]
    front, page = front_matter(card(model, replace(SAID, dataset="My data: *all*"), None))
    assert "datasets" not in front
    assert "| dataset | My data: \\*all\\* |" in page
    # The Hub would take a name without a user for a data set of its own.
    front, page = front_matter(card(model, replace(SAID, dataset="customers"), None))
    assert "datasets" not in front
    assert "| dataset | customers |" in page


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_card_tells_kind_shape_and_columns_and_how_a_model_is_used(kind):
    model = small_model(kind)
    text = card(model, SAID, None)
    data = section(text, "Data")
    assert f"| kind | {kind} |" in data
    for name in model.codec.names:
        assert name in data
    use = section(text, "Use")
    assert "wgan sample hf://jo/model -n 100 -o samples." in use
    assert 'WGAN.from_pretrained("jo/model").sample(100)' in use
    assert "`generator.json` and `generator.safetensors`" in use
    assert "is not known" in section(text, "Privacy")
    assert "does not tell how it was trained" in section(text, "Training")
    assert "without figures" in section(text, "Figures")


def test_levels_and_other_values_of_the_data_are_not_in_a_card():
    table = pd.DataFrame(
        {
            "disease": pd.Series(["Zyxoma", "Quvitis"] * 100, dtype="str"),
            "income": np.tile([76543.25, 1234.75], 100),
        }
    )
    model = model_of(load(table).split().dataset.codec)
    own = SETTINGS | {"data": {"source": "private-file.csv"}}
    text = card(model, SAID, history("private-file", own))
    assert "disease" in text
    for value in ("Zyxoma", "Quvitis", "76543", "1234.75", "private-file"):
        assert value not in text


def test_data_of_ones_own_are_not_taken_for_those_that_have_their_name():
    own = SETTINGS | {"data": {"source": "./digits"}}
    assert "dataset" not in section(
        card(small_model("vectors"), SAID, history("digits", own)), "Data"
    )


def test_a_card_has_the_counts_settings_and_versions_of_the_run():
    text = card(small_model("vectors"), SAID, history())
    assert "| dataset | digits |" in section(text, "Data")  # a name that everybody knows
    assert "300: 240 to train on, 60 held out" in section(text, "Data")
    training = section(text, "Training")
    for row in ("generator steps | 30", "random seed | 7", "batch | 64", "learning rate | 0.002"):
        assert f"| {row} |" in training
    assert "wgan 0.1.0, torch 2.13.0, begun 2026-01-01" in training


def test_figures_have_floors_intervals_and_the_names_of_protocols():
    text = section(card(small_model("vectors"), SAID, history()), "Figures")
    assert "`w1-exact-held-out`: 5 sets of 60 generated samples" in text
    assert "1.500 +- 0.010 (floor 1.400, ratio 1.07; exact, n=60, units of the columns)" in text
    assert "protocol `wgan-samples-1`: 5 sets of 200 generated samples against 200" in text
    assert "|  | generated | real | blurred |  | name |" in text
    assert (
        "| nearer to training, % | 51.0 +- 2.0 | 50 | 60 | 50: no copying | dcr-share-n200 |"
        in (text)
    )
    assert "Copying of training samples: nearer to training, %" in text


def test_limits_say_what_was_not_measured():
    measured = section(card(small_model("vectors"), SAID, history()), "Limits")
    assert "was not run" not in measured
    assert "was not measured" not in measured
    bare = section(card(small_model("vectors"), SAID, history(evaluated=False)), "Limits")
    assert "`wgan evaluate` was not run" in bare
    assert "copies training samples was not measured" in bare


def test_privacy_is_told_and_figures_without_noise_are_left_out_of_a_private_run():
    private = SETTINGS | {"privacy": {"epsilon": 2.5, "delta": 1e-5}}
    text = card(small_model("vectors"), SAID, history(settings=private))
    assert "epsilon = 2.5, delta = 1e-05" in section(text, "Privacy")
    assert "without noise" in section(text, "Figures")
    assert "0.51" not in text
    assert "51.0" not in text
    assert "was not measured" in section(text, "Limits")
    public = card(small_model("vectors"), SAID, history())
    assert "trained without differential privacy" in section(public, "Privacy")


def test_names_of_data_and_users_act_neither_as_markdown_nor_as_yaml_nor_as_html():
    names = ["a|b", "<script>x</script>", "![x](http://e.org)", "---", "`c`", "x\ny: z", "\x1b[2J"]
    codec = load(pd.DataFrame(np.tile(np.eye(7), (9, 1)), columns=names)).split().dataset.codec
    line = Line("mine", Mean(1.0, 0.1), 1.0, 2.0, 9, title="t|<b>", unit="u`", read="#r")
    before = history()
    own = replace(before.evaluated.evaluation, lines=(line,), broken="<i>|")
    evaluated = replace(before.evaluated, evaluation=own)
    said = replace(SAID, dataset="d|\n---\nlicense: gpl <img>")
    text = card(model_of(codec), said, replace(before, evaluated=evaluated))
    front, page = front_matter(text)
    assert front["license"] == "mit"
    for bad in ("<script>", "<b>", "<i>", "<img>", "\x1b", "\ny: z", "![x]"):
        assert bad not in page
    assert page.count("\n---\n") == 0
    rows = [row for row in page.splitlines() if row.startswith("| columns")]
    assert len(rows) == 1
    assert len(rows[0].replace("\\|", "").split("|")) == 4


@pytest.mark.parametrize(
    "name",
    [
        "https://evil.example/x",
        "HTTP://e.org",
        "www.x.y",
        "Www.x.y",
        "@name",
        "jo@e.org",
        "ftp://e.org",
    ],
)
def test_names_become_no_links(name):
    """By the rules of GitHub's Markdown for links without marks, on the pieces that it sees."""
    page = card(small_model("vectors"), replace(SAID, dataset=name), None)
    row = next(line for line in page.splitlines() if line.startswith("| dataset"))
    assert row.replace("<!-- -->", "") == f"| dataset | {name} |"
    link = re.compile(r"(https?|ftp)://\S|www\.\S|\w@\w|(?<!\w)@\w", re.IGNORECASE)
    assert link.search(name)
    for piece in row.split("<!-- -->"):
        assert not link.search(piece)


@pytest.mark.parametrize("text", ["a: b # c", '"', "\\", "'x", "é\u2028", "\ufffe", "yes", "\x85"])
def test_any_text_is_one_scalar_of_the_front_matter(text):
    found = yaml.safe_load(f"x: {quoted(text)}\ny: 1\n")
    assert isinstance(found["x"], str)
    assert found["y"] == 1


@pytest.mark.parametrize("license", ["", "MIT License", "mit\nx: y", "https://e.org", "a" * 99])
def test_a_licence_is_an_identifier(license):
    with pytest.raises(WganError, match="identifier"):
        check_said(replace(SAID, license=license))
    with pytest.raises(WganError, match="no name of a model"):
        check_said(replace(SAID, repo="model"))
    with pytest.raises(WganError, match="no name of a model"):
        check_said(replace(SAID, repo="jo/model@v1"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An evaluated run on a table in a folder that nobody should hear of."""
    home = tmp_path_factory.mktemp("jo-secret-home")
    people(300).to_csv(home / "patients-of-clinic.csv", index=False)
    path = str(home / "run")
    assert (
        wgan("train", str(home / "patients-of-clinic.csv"), "--out", path, "--quiet", *SMALL) == 0
    )
    assert wgan("evaluate", path, "--quiet") == 0
    return home / "run"


def test_the_folder_that_is_uploaded_tells_nothing_of_the_machine(run, tmp_path):
    folder = RunFolder(run)
    files = write_shared(folder.model(), SAID, read_history(folder), tmp_path / "out")
    assert [path.name for path in files] == [
        "README.md",
        "generator.json",
        "generator.safetensors",
        "samples.png",
    ]
    content = b"".join(path.read_bytes() for path in files)
    machine = provenance()["machine"]
    secrets = ["secret-home", "patients", str(Path.home()) + "/", socket.gethostname(), str(run)]
    secrets += [os.sep + "tmp" + os.sep, machine["system"], machine["processor"]]
    for secret in secrets:
        assert secret.encode() not in content, secret
    text = files[0].read_text()
    assert "dcr-share" in text
    assert "Figures" in text
    Image.open(files[3]).verify()


def test_the_files_hold_the_same_model(run, tmp_path):
    folder = RunFolder(run)
    model = folder.model()
    write_shared(model, SAID, read_history(folder), tmp_path / "out")
    found = load_model(tmp_path / "out")
    np.testing.assert_array_equal(found.sample(50, 1), model.sample(50, 1))
    assert found.critic is None
    write_shared(model, replace(SAID, critic=True), None, tmp_path / "whole")
    assert load_model(tmp_path / "whole").critic is not None
    with pytest.raises(WganError, match="without its critic"):
        write_shared(found, replace(SAID, critic=True), None, tmp_path / "no")
    with pytest.raises(WganError, match="already exists"):
        write_shared(model, SAID, None, tmp_path / "out")


def test_a_model_that_cannot_be_saved_leaves_no_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        with pytest.raises(WganError):
            write_shared(truncated(small_model("vectors"), 0.5), SAID, None, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert not list((tmp_path / "empty").iterdir())


def test_an_evaluation_of_an_earlier_generator_is_left_out(run):
    folder = RunFolder(run)
    assert read_history(folder).evaluated is not None
    path = run / "evaluation.json"
    kept = path.read_text()
    try:
        values = json.loads(kept) | {"step": 2}
        del values["digest"]
        path.write_text(json.dumps(values))
        assert read_history(folder).evaluated is None
    finally:
        path.write_text(kept)


def test_a_private_run_is_told_as_one(tmp_path):
    people(400).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "s.toml").write_text(SCHEMA)
    out = str(tmp_path / "run")
    private = flags(["privacy.epsilon=5", "privacy.delta=1e-4"])
    done = wgan(
        f"train {tmp_path / 't.csv'} --schema {tmp_path / 's.toml'} --quiet --out",
        out,
        *SMALL,
        *private,
    )
    assert done == 0
    folder = RunFolder(Path(out))
    text = card(folder.model(), SAID, read_history(folder))
    assert "epsilon = 5, delta = 0.0001" in section(text, "Privacy")
    assert "| generator steps | 4 |" in section(text, "Training")
