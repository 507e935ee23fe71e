"""`wgan push`, and commands that read a model of the Hub, against a stand-in on this machine."""

import json
import os
import subprocess
import sys

import hub_server
import numpy as np
import pytest
from short_runs import flags, wgan
from small_models import small_model

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.models import save_model

SMALL = flags(["network.width=8", "optimizer.batch=16", "training.steps=4"])
WRITES = "hf_jo_writes"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The stand-in, with a token that may write."""
    with hub_server.running() as server:
        hub_server.use(monkeypatch, server, tmp_path / "home", WRITES)
        monkeypatch.chdir(tmp_path)
        yield server


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run in the plane."""
    path = str(tmp_path_factory.mktemp("runs") / "rings")
    assert wgan("train 8-gaussians --quiet --out", path, *SMALL) == 0
    return path


def refused(capsys, *words):
    """Return the one line with which a command is refused."""
    capsys.readouterr()
    assert wgan(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("wgan: error: ")
    return err


def test_a_run_is_pushed_and_sampled_from_its_address(hub, run, capsys, tmp_path):
    assert wgan(f"push {run} jo/rings --license mit") == 0
    out = capsys.readouterr().out
    commit = hub.repos["jo/rings"].refs["main"]
    assert out == f"4 files at {hub.url}/jo/rings, commit {commit}\n"
    assert wgan("sample hf://jo/rings -n 100 --seed 5 -o hub.npy") == 0
    assert wgan(f"sample {run} -n 100 --seed 5 -o local.npy") == 0
    assert (tmp_path / "hub.npy").read_bytes() == (tmp_path / "local.npy").read_bytes()
    assert wgan(f"sample hf://jo/rings@{commit} -n 100 --seed 5 -o pinned.npy") == 0
    assert (tmp_path / "pinned.npy").read_bytes() == (tmp_path / "local.npy").read_bytes()
    assert WRITES not in "".join(map(str, (tmp_path / "home").rglob("*")))
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not any(WRITES.encode() in path.read_bytes() for path in files)


def test_every_command_that_needs_a_model_alone_takes_an_address(hub, run, capsys, tmp_path):
    assert wgan(f"push {run} jo/rings --license mit --quiet") == 0
    capsys.readouterr()
    assert wgan("distance hf://jo/rings 8-gaussians -n 50 --quiet --json") == 0
    remote = json.loads(capsys.readouterr().out)
    assert wgan(f"distance {run} 8-gaussians -n 50 --quiet --json") == 0
    assert remote["x"] == "hf://jo/rings (50 generated)"
    assert wgan("export hf://jo/rings -o hub.pt2 --json") == 0
    capsys.readouterr()
    assert wgan("sample hf://jo/rings -n 40 --shards 2 -o shards --json") == 0
    capsys.readouterr()
    assert wgan(f"sample {run} -n 40 --shards 2 -o local --json") == 0
    ours, theirs = (
        [path.read_bytes() for path in sorted((tmp_path / name).glob("part-*"))]
        for name in ("shards", "local")
    )
    assert ours == theirs
    for command in ("evaluate hf://jo/rings", "push hf://jo/rings jo/again --license mit"):
        assert "error: hf://jo/rings: holds no run" in refused(capsys, command)


def test_the_document_has_its_keys(hub, run, capsys):
    assert wgan(f"push {run} jo/rings --license mit --private --json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["command"] == "push"
    assert found["private"] is True
    assert found["uploaded"] is True
    assert found["url"] == f"{hub.url}/jo/rings"
    assert found["commit"] == hub.repos["jo/rings"].refs["main"]
    assert hub.repos["jo/rings"].private
    assert set(found["files"]) == {
        "README.md",
        "generator.json",
        "generator.safetensors",
        "samples.png",
    }
    page = (os.path.dirname(__file__), "..", "..", "docs", "how-to", "share.md")
    with open(os.path.join(*page), encoding="utf-8") as file:
        text = file.read()
    assert all(f"`{key}`" in text for key in found)


def test_a_dry_run_writes_the_folder_and_asks_nothing(hub, run, capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    assert wgan(f"push {run} jo/rings --license mit --dry-run -o card") == 0
    assert "in card, nothing uploaded" in capsys.readouterr().out
    names = sorted(path.name for path in (tmp_path / "card").iterdir())
    assert names == ["README.md", "generator.json", "generator.safetensors", "samples.png"]
    assert hub.asked == []
    assert wgan(f"push {run} jo/rings --license mit --dry-run --quiet") == 0
    assert (tmp_path / "rings" / "README.md").exists()
    assert capsys.readouterr().out == ""
    # The same run gives the same bytes.
    for name in names:
        assert (tmp_path / "card" / name).read_bytes() == (tmp_path / "rings" / name).read_bytes()


def test_what_a_dry_run_wrote_is_what_is_uploaded(hub, run, tmp_path):
    assert wgan(f"push {run} jo/rings --license mit --dry-run -o card") == 0
    assert wgan(f"push {run} jo/rings --license mit") == 0
    files = hub.repos["jo/rings"].files("main")[1]
    for path in (tmp_path / "card").iterdir():
        assert files[path.name] == path.read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("jo/rings", "--license is missing"),
        ("jo/rings --license MIT", "give the identifier of one"),
        ("rings --license mit", "no name of a model"),
        ("jo/rings --license mit -o card", "is the folder of --dry-run"),
        ("ann/rings --license mit", "may not do that"),
        ("jo/rings --license gpl-9", "refuses this: invalid README.md"),
        ("jo/rings --license mit --dry-run -o home.txt", "already exists"),
    ],
)
def test_wrong_words_are_refused_in_one_line(words, said, hub, run, capsys, tmp_path):
    (tmp_path / "home.txt").write_text("mine")
    assert said in refused(capsys, "push", run, *words.split())
    assert (tmp_path / "home.txt").read_text() == "mine"


def test_without_a_token_nothing_is_written_or_asked(hub, run, capsys, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    assert "needs a token" in refused(capsys, f"push {run} jo/rings --license mit")
    assert hub.asked == []


def test_a_process_honours_the_variables_of_the_hub(hub, tmp_path):
    model = small_model("vectors")
    save_model(model, tmp_path / "local")
    hub.add("jo/model", tmp_path / "local")

    def sampled(out, **more):
        variables = os.environ | hub_server.environment(hub, tmp_path / "own", **more)
        variables.pop("HF_TOKEN", None)
        words = [sys.executable, "-m", "wgan", "sample", "hf://jo/model", "-n", "9", "-o", out]
        return subprocess.run(words, capture_output=True, text=True, env=variables)

    done = sampled("cold.npy", HF_HUB_OFFLINE="1")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "is not in the cache" in done.stderr
    assert hub.asked == []
    done = sampled("online.npy")
    assert (done.returncode, done.stderr) == (0, "")
    asked = len(hub.asked)
    done = sampled("warm.npy", HF_HUB_OFFLINE="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(hub.asked) == asked
    for name in ("online.npy", "warm.npy"):
        np.testing.assert_array_equal(np.load(tmp_path / name), model.sample(9))


def test_estimators_are_read_and_pushed(hub, tmp_path):
    X = np.random.default_rng(0).normal(size=(100, 2))
    fitted = WGAN(steps=2, settings={"network.width": 8}).fit(X)
    fitted.held_out_distance()
    assert fitted.push_to_hub("jo/mine", "mit") == f"{hub.url}/jo/mine"
    found = WGAN.from_pretrained("jo/mine")
    np.testing.assert_array_equal(found.sample(20, 3), fitted.sample(20, 3))
    commit = hub.repos["jo/mine"].refs["main"]
    assert WGAN.from_pretrained("hf://jo/mine", revision=commit).sample(2).shape == (2, 2)
    with pytest.raises(WganError, match="hf://jo/mine@v1, and revision = 'main': give one"):
        WGAN.from_pretrained("jo/mine@v1", revision="main")
    page = hub.repos["jo/mine"].files("main")[1]["README.md"].decode()
    assert "w1-exact-held-out" in page
    assert "trained without differential privacy" in page
    assert "100: 80 to train on, 20 held out" in page
    assert found.push_to_hub("jo/again", "mit", private=True)
    again = hub.repos["jo/again"].files("main")[1]["README.md"].decode()
    assert "is not known" in again
