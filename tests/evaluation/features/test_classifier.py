"""A feature map of one's own: it learns, is a function of its seed, comes back from its files as it
was, and refuses what it does not fit.
"""

import json

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.data import load
from wgan.evaluation.features.classifier import (
    DESCRIPTION,
    WEIGHTS,
    Classifier,
    build,
    load_classifier,
    save_classifier,
    train_classifier,
)
from wgan.evaluation.features.maps import Features, load_map


@pytest.fixture(scope="module")
def digits():
    return load("digits", labels="own")


@pytest.fixture(scope="module")
def learned(digits):
    return train_classifier(digits, epochs=6)


def test_it_learns_the_digits_and_says_how_well(learned, digits):
    split = digits.split()
    rows = split.held_out_rows(np.arange(split.n_held_out))
    told = learned.classify(digits.codec.measure(digits.rows[rows]).reshape(-1, 1, 8, 8))
    assert learned.accuracy == (told == digits.labels[rows]).mean() > 0.9
    assert learned.n_test == 359
    assert learned.classes == tuple("0123456789")
    assert learned.name == f"classifier-{learned.digest[:8]}-64@8x8"


def test_its_weights_are_a_function_of_the_seed(digits):
    first, again, other = (train_classifier(digits, 1, seed) for seed in (0, 0, 1))
    assert first.digest == again.digest != other.digest


def test_it_comes_back_from_its_files_as_it_was(learned, tmp_path):
    save_classifier(learned, tmp_path)
    back = load_classifier(tmp_path)
    x = np.random.default_rng(0).random((7, 1, 8, 8))
    assert np.array_equal(back(x), learned(x))
    assert (back.name, back.accuracy, back.classes, back.shape) == (
        learned.name,
        learned.accuracy,
        learned.classes,
        learned.shape,
    )


def test_features_do_not_depend_on_the_batch(learned):
    x = np.random.default_rng(0).random((1203, 1, 8, 8))
    features = Features(load("digits").codec, learned)
    raw = np.rint(x[:, 0] * 255).astype(np.uint8)
    whole = features(raw)
    assert whole.shape == (1203, 64)
    assert whole == pytest.approx(np.concatenate([features(raw[:2]), features(raw[2:])]), abs=1e-5)


def test_a_map_of_one_channel_takes_each_channel_and_spells_the_classes(learned):
    x = np.random.default_rng(0).random((5, 3, 8, 8))
    assert np.array_equal(
        learned(x), np.concatenate([learned(x[:, i : i + 1]) for i in range(3)], axis=1)
    )
    r, g, b = (learned.classify(x[:, i : i + 1]) for i in range(3))
    assert np.array_equal(learned.classify(x), 100 * r + 10 * g + b)
    names = learned.names((3, 8, 8))
    assert (len(names), names[0], names[407]) == (1000, "000", "407")


@pytest.mark.parametrize("shape", [(1, 9, 8), (3, 16, 16)])
def test_pictures_that_do_not_fit_are_refused(learned, shape):
    with pytest.raises(WganError, match="does not fit pictures"):
        learned(np.zeros((2, *shape)))


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 40), (1, 33, 33)])
def test_networks_of_any_size_are_built(shape):
    import torch

    assert build(shape, 4)(torch.zeros(2, *shape)).shape == (2, 4)


def damaged(folder, what):
    path = folder / (WEIGHTS if what == "weights" else DESCRIPTION)
    if what == "weights":
        path.write_bytes(path.read_bytes()[:-100])
    elif what == "text":
        path.write_text("{")
    elif what == "missing":
        (folder / WEIGHTS).unlink()
    elif what == "format":
        path.write_text(path.read_text().replace("wgan-features-1", "wgan-features-9"))
    else:
        about = json.loads(path.read_text())
        about["digest"] = "0" * 64
        path.write_text(json.dumps(about))


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("weights", "damaged feature map"),
        ("text", "damaged feature map"),
        ("digest", "is not what"),
        ("missing", "damaged feature map .*no such file"),
        ("format", "this version reads 'wgan-features-1'"),
    ],
)
def test_damage_is_one_line(learned, tmp_path, what, words):
    save_classifier(learned, tmp_path)
    damaged(tmp_path, what)
    with pytest.raises(WganError, match=words) as caught:
        load_classifier(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_command_trains_one_and_never_overwrites_it(tmp_path, capsys):
    assert main(["features", "train", "digits", "--epochs", "1", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "held-out pictures in the right one of 10 classes; in features/digits" in said
    assert isinstance(load_map(tmp_path / "features" / "digits", load("digits").shape), Classifier)
    before = (tmp_path / "features" / "digits" / WEIGHTS).read_bytes()
    assert main(["features", "train", "digits", "--epochs", "1", "--quiet"]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert (tmp_path / "features" / "digits" / WEIGHTS).read_bytes() == before


@pytest.mark.parametrize("name", [WEIGHTS, DESCRIPTION])
def test_files_of_ones_own_are_kept_by_the_command_and_in_python(name, learned, tmp_path, capsys):
    folder = tmp_path / "map"
    folder.mkdir()
    (folder / name).write_text("mine")
    assert main(["features", "train", "digits", "--out", str(folder), "--quiet"]) == 2
    assert "nothing is overwritten: choose another --out" in capsys.readouterr().err
    with pytest.raises(WganError, match="nothing is overwritten"):
        save_classifier(learned, folder)
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_text() == "mine"


def test_a_disk_without_room_leaves_no_half_of_a_map(learned, tmp_path, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("wgan.evaluation.features.classifier.write_text", full)
    with pytest.raises(OSError, match="No space left"):
        save_classifier(learned, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["25-gaussians"], "has no classes of its own"),
        (["digits", "--epochs", "0"], "give 1 or more"),
        (["table.csv"], "only numbers can be read"),
    ],
)
def test_bad_input_is_one_line(arguments, words, tmp_path, capsys, mixed):
    mixed(50).to_csv("table.csv", index=False)
    assert main(["features", "train", *arguments, "--quiet"]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "features").exists()


def test_what_is_no_map_is_refused(tmp_path):
    with pytest.raises(WganError, match="no feature map"):
        load_map(tmp_path, (1, 8, 8))


def test_progress_is_reported_after_each_batch(digits):
    seen = []
    train_classifier(digits, 1, progress=lambda *step: seen.append(step))
    assert seen == [("batches", done, 12) for done in range(1, 13)]
