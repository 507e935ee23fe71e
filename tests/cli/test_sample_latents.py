"""`wgan sample` with latents of choice: what is written, what is said, and what is refused."""

import numpy as np
import pytest
from PIL import Image
from random_tables import few_rows, random_model
from short_runs import wgan

from wgan.data import load
from wgan.models import load_model, loop, save_model, truncated

SMALL = [
    "--quiet",
    *("--set", "network.width=4"),
    *("--set", "network.latent=4"),
    *("--set", "optimizer.batch=8"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two steps on digits, with their classes."""
    folder = tmp_path_factory.mktemp("runs") / "r"
    assert wgan(f"train digits --labels own --steps 2 --out {folder}", *SMALL) == 0
    return folder


def said(capsys):
    return " ".join(capsys.readouterr().out.split())


def test_grids_loops_and_truncated_samples_are_written(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert wgan(f"sample {run} --interpolate 3 --scale 2 --label 4") == 0
    assert "3 x 3 samples between four of class 4 in samples.png" in said(capsys)
    assert Image.open("samples.png").size == (3 * 18 - 2, 3 * 18 - 2)
    assert wgan(f"sample {run} --walk 4 --truncation 0.5 --seed 3") == 0
    assert "64 samples along a loop through 4 with truncation 0.5 in samples.gif" in said(capsys)
    with Image.open("samples.gif") as file:
        assert file.n_frames > 1
    model = load_model(run)
    assert wgan(f"sample {run} --walk 4 -n 8 -o w.npy --seed 3") == 0
    assert np.array_equal(np.load("w.npy"), loop(model, 4, 8, 3))
    assert wgan(f"sample {run} --truncation 0.5 -n 5 -o t.npy --seed 3") == 0
    assert "samples with truncation 0.5 in t.npy" in said(capsys)
    assert np.array_equal(np.load("t.npy"), truncated(model, 0.5).sample(5, 3))


def test_the_nearest_samples_stand_beside_given_and_training_ones(
    run, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    digits = load("digits").rows
    for i in (5, 7):
        Image.fromarray(digits[i]).save(f"{i}.png")
    given = ["--invert", "5.png", "--invert", "7.png", "--scale", "3"]
    assert wgan(f"sample {run} -o near.png", *given) == 0
    text = said(capsys)
    assert "5.png: nearest generated sample " in text
    assert ", nearest training sample " in text
    assert "16 held-out samples of all classes: nearest generated " in text
    assert "columns: given, nearest generated, nearest training" in text
    sheet = np.asarray(Image.open("near.png"))
    assert sheet.shape == (2 * 26 - 2, 3 * 26 - 2)
    assert np.array_equal(sheet[26:50:3, :24:3], digits[7])
    assert wgan(f"sample {run} -o near.npy --label 3", *given[:4]) == 0
    assert "of class 3" in said(capsys)
    assert np.load("near.npy").shape == (2, 8, 8)


def test_a_model_without_a_run_is_compared_with_nothing(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_model(load_model(run), tmp_path / "m")
    np.save("given.npy", load("digits").rows[:2])
    assert wgan("sample m --invert given.npy") == 0
    text = said(capsys)
    assert "given.npy, sample 1: nearest generated sample" in text
    assert "training" not in text
    assert "columns: given, nearest generated;" in text


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--interpolate 4 --walk 3", "--interpolate and --walk choose latents each"),
        ("--walk 3 --where a=1", "--walk does not go with --where"),
        ("--walk 3 --shards 2", "--walk does not go with --shards"),
        ("--truncation 0.5 --shards 2", "--truncation does not go with --shards"),
        ("--scale 2 --shards 2", "--scale does not go with --shards"),
        ("--walk 3 --workers 2", "--workers is for --shards"),
        ("--walk 3 --cluster tcp://a:1", "--cluster is for --shards"),
        ("--interpolate 4 --complete a.csv", "--interpolate does not go with --complete"),
        ("--truncation 0.5 --given a.npy", "--truncation does not go with --given"),
        ("--interpolate 4 -n 16", "leave out -n"),
        ("--invert a.png -n 16", "leave out -n"),
        ("--invert a.png --truncation 0.5", "leave out --truncation"),
        ("--interpolate 1", "give 2 or more samples in a row"),
        ("--walk 9 -n 4", "give at least one sample for each latent"),
        ("--truncation 2", "give a number from 0 to 1"),
        ("--truncation nan", "give a number from 0 to 1"),
        ("--scale 0", "give a whole number from 1 to 64"),
        ("--scale 2 -o a.npy", "leave out --scale"),
        ("--walk 3 --label 11", "no class is called '11'"),
        ("--invert none.png", "no such file"),
        ("--walk 3 -o a.avi", "are written as"),
    ],
)
def test_what_does_not_go_together_is_one_clear_error(
    run, flags, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert wgan(f"sample {run} {flags}") == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", ["--truncation 0.5", "--interpolate 3", "--walk 3"])
def test_tables_have_no_such_latents(flag, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_model(random_model(few_rows()), tmp_path / "t")
    assert wgan(f"sample t {flag}") == 2
    assert "the noise of these tables decides levels" in " ".join(capsys.readouterr().err.split())
