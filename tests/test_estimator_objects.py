"""The estimator on objects of other libraries, and on arrays that change after a fit."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, TensorDataset

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.series.windows import Reading

SETTINGS = {"network.width": 8, "optimizer.batch": 8}
N = 40
X = torch.rand(N, 1, 8, 8, generator=torch.Generator().manual_seed(0))
NUMBERS = np.arange(N) % 2
NAMES = np.array(["low", "high"])[NUMBERS]


def quick(settings=(), **arguments):
    return WGAN(steps=2, settings=SETTINGS | dict(settings), **arguments)


def pictures(size=12):
    """Pictures of the library `datasets`, with named classes."""
    datasets = pytest.importorskip("datasets")
    random = np.random.default_rng(0)
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["low", "high"])}
    )
    values = []
    for _ in range(N):
        file = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (size, size, 3), dtype=np.uint8)).save(file, "png")
        values.append({"bytes": file.getvalue(), "path": None})
    return datasets.Dataset.from_dict({"image": values, "label": NUMBERS}, features=features)


class Named(Dataset):
    """Samples without classes in a data set that names some."""

    def __init__(self, *classes):
        self.classes = classes

    def __len__(self):
        return N

    def __getitem__(self, i):
        return X[i]


# Classes


def test_classes_of_the_data_and_y_exclude_each_other_before_training(monkeypatch):
    monkeypatch.setattr("wgan.training.steps.AdversarialSteps.step", lambda self: 1 / 0)
    for data in (TensorDataset(X, torch.from_numpy(NUMBERS)), pictures()):
        with pytest.raises(WganError, match="brings classes of its own: leave y out") as refused:
            quick(conditional=True).fit(data, NAMES)
        assert "\n" not in str(refused.value)
        with pytest.raises(ZeroDivisionError):  # y has no use then
            quick().fit(data, NAMES)


@pytest.mark.parametrize(
    ("data", "y", "numbers"),
    [
        (TensorDataset(X), NAMES, {"high": 0, "low": 1}),
        (TensorDataset(X), NUMBERS + 3, {"3": 3, "4": 4}),
        (Named("low", "high"), NUMBERS, {"0": 0, "1": 1}),
        (Named("1", "0"), NUMBERS, {"0": 0, "1": 1}),
    ],
    ids=["names", "numbers", "numbers of names", "numbers as names"],
)
def test_classes_that_come_as_y_come_back_as_numbers(data, y, numbers):
    model = quick(conditional=True).fit(data, y)
    assert set(model.classes_) == set(numbers)
    for name, number in numbers.items():
        assert model.sample(3, labels=name).tensors[1].tolist() == [number] * 3


def test_a_score_takes_the_classes_that_the_data_bring():
    flat = X.reshape(N, -1)
    data = TensorDataset(flat, torch.from_numpy(NUMBERS))
    model = quick(conditional=True).fit(data)
    assert model.score(data) == model.score(flat, NUMBERS) != model.score(flat)
    found = model.score_samples(data)
    np.testing.assert_array_equal(found, model.score_samples(flat, labels=NUMBERS))
    assert model.score(data, NUMBERS[::-1]) == model.score(flat, NUMBERS[::-1])
    assert quick().fit(data).score(data) < 0


# Scores of what was fitted


def test_pictures_are_scored_as_they_were_fitted():
    source = pictures()
    settings = {"data.resize": [8, 8], "data.mode": "L"}
    model = quick(settings).fit(source)
    read = load(source, resize=(8, 8), mode="L").rows[:]
    np.testing.assert_array_equal(model.score_samples(source), model.score_samples(read))
    assert model.score(source) < 0


@pytest.mark.parametrize("as_frame", [False, True])
def test_long_series_are_scored_as_they_were_fitted(as_frame):
    x = np.random.default_rng(0).normal(size=(300, 2)).cumsum(axis=0)
    settings = {"data.window": 12}
    data = pd.DataFrame(x, columns=["a", "b"]) if as_frame else x
    model = quick(settings).fit(data)
    windows = load(data, reading=Reading(window=12)).rows[:]
    expected = model.model_.scores(windows)
    np.testing.assert_array_equal(model.score_samples(data), expected)
    assert model.score(data) < 0
    assert model.score_samples(model.sample(3)).shape == (3,)


def test_notes_on_what_is_scored_are_passed_on():
    shuffled = DataLoader(TensorDataset(X.reshape(N, -1)), shuffle=True)
    model = quick().fit(X.reshape(N, -1))
    with pytest.warns(UserWarning, match="the loader shuffles"):
        model.score(shuffled)


# Arrays that change


@pytest.mark.parametrize(
    "data",
    [
        np.random.default_rng(0).normal(size=(60, 2)),
        torch.rand(60, 2),
        torch.rand(60, 1, 8, 8),
        np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8),
        pd.DataFrame({"a": np.random.default_rng(0).normal(size=60), "b": range(60)}),
    ],
    ids=["vectors", "tensor", "tensor of images", "images", "table"],
)
def test_figures_are_of_the_data_as_they_were_fitted(data):
    copied = pickle.loads(pickle.dumps(data))
    wanted = quick().fit(copied).held_out_distance()
    model = quick().fit(data)
    if isinstance(data, pd.DataFrame):
        data.iloc[:] = 0
    else:
        data[:] = 0
    assert model.held_out_distance() == wanted


def test_a_file_that_is_mapped_to_be_read_alone_is_not_copied(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(60, 2)))
    for mode, shared in (("r", True), ("r+", False), ("c", False)):
        mapped = np.load(tmp_path / "x.npy", mmap_mode=mode)
        assert np.shares_memory(load(mapped).rows, mapped) == shared
        dataset = quick().fit(mapped)._run.dataset
        assert np.shares_memory(dataset.rows, mapped) == shared


# What a fit leaves


def test_a_fit_that_fails_leaves_the_columns_of_the_earlier_one(monkeypatch):
    frame = pd.DataFrame({"a": np.random.default_rng(0).normal(size=60), "b": range(60)})
    vectors = np.random.default_rng(0).normal(size=(60, 3))
    model = quick().fit(frame)
    monkeypatch.setattr("wgan.training.steps.AdversarialSteps.step", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.fit(vectors)
    assert model.n_features_in_ == 2
    assert list(model.feature_names_in_) == ["a", "b"]
    assert list(model.sample(2).columns) == ["a", "b"]
    fresh = quick()
    with pytest.raises(ZeroDivisionError):
        fresh.fit(vectors)
    assert not hasattr(fresh, "n_features_in_")


def test_a_card_has_date_and_versions_of_the_fit(monkeypatch):
    import wgan.estimator.wgan as module

    vectors = np.random.default_rng(0).normal(size=(60, 3))
    at = {"begun": "2020-01-02T03:04:05", "wgan": "0.0.1"}
    monkeypatch.setattr(module, "provenance", lambda: at)
    model = quick(warm_start=True).fit(vectors)
    later = {"begun": "2020-02-03T03:04:05", "wgan": "0.0.2"}
    monkeypatch.setattr(module, "provenance", lambda: later)
    again = pickle.loads(pickle.dumps(model))
    assert again._history().periods == (at,)
    assert again.set_params(steps=3).fit(vectors)._history().periods == (at, later)
    assert again.set_params(warm_start=False).fit(vectors)._history().periods == (later,)


def test_classes_that_are_not_learned_are_named():
    data = TensorDataset(X, torch.from_numpy(NUMBERS))
    with pytest.warns(UserWarning, match="its classes are left out; conditional=True"):
        assert quick().fit(data).classes_ == ()


def test_texts_that_hardly_repeat_are_named():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"comment": [f"word {i}" for i in random.integers(1000, size=300)]})
    frame["paid"] = random.random(300) < 0.5
    with pytest.warns(UserWarning, match="hardly repeat: samples repeat them word for word"):
        quick().fit(frame)
