"""Features of patches: k-means that finds known directions, means by hand, scores of variance 1,
and maps that do not depend on what is trained.
"""

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.cache import cache_folder
from wgan.evaluation.features import patches as module
from wgan.evaluation.features.maps import FeatureMap
from wgan.evaluation.features.patches import learn, learned, spherical_k_means


@pytest.fixture(scope="module")
def split():
    return load("digits").split()


@pytest.fixture(scope="module")
def tensors(split):
    return learn(split)


def test_k_means_finds_the_directions_that_rows_lie_along():
    random = np.random.default_rng(0)
    axes = np.eye(6)[:3]
    z = axes[random.integers(0, 3, 600)] * random.normal(0, 3, (600, 1))
    found = spherical_k_means(z + random.normal(0, 0.05, z.shape), 3, random)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    along = np.abs(found @ axes.T)
    assert sorted(along.argmax(axis=1)) == [0, 1, 2]
    assert along.max(axis=1).min() > 0.99


def test_features_are_principal_scores_of_mean_responses_by_hand(split, tensors):
    codec = split.dataset.codec
    x = codec.measure(split.train_sample(0, 3)).reshape(3, 8, 8)
    means = []
    for level in range(2):
        side = x.shape[1] - 2
        h = side // 2
        for sort, k in (("contrast", 100), ("plain", 25)):
            weight = tensors[f"{sort}.{level}.weight"].numpy().reshape(k, 9)
            bias = tensors[f"{sort}.{level}.bias"].numpy()
            f = np.empty((3, k, side, side))
            for i in range(side):
                for j in range(side):
                    patch = x[:, i : i + 3, j : j + 3].reshape(3, 9)
                    if sort == "contrast":
                        patch = patch - patch.mean(1, keepdims=True)
                        patch = patch / np.sqrt(patch.var(1, keepdims=True) + 0.01)
                    f[:, :, i, j] = np.maximum(0, patch @ weight.T + bias)
            quarters = [f[:, :, a : a + h, b : b + h].mean((2, 3)) for a in (0, h) for b in (0, h)]
            means.append(np.stack(quarters, -1).reshape(3, 4 * k))
        x = x.reshape(3, x.shape[1] // 2, 2, x.shape[1] // 2, 2).mean((2, 4))
    assert "plain.2.weight" not in tensors, "8 pixels have two levels"
    centred = np.concatenate(means, 1) - tensors["mean"].numpy()
    expected = centred @ tensors["projection"].numpy()
    found = learned(split)(codec.measure(split.train_sample(0, 3)).reshape(3, 1, 8, 8))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_scores_of_training_pictures_are_uncorrelated_with_variance_1(split):
    codec = split.dataset.codec
    x = codec.measure(split.train_sample(0, split.n_train)).reshape(-1, 1, 8, 8)
    features = learned(split)(x)
    assert features.shape == (split.n_train, 64)
    np.testing.assert_allclose(np.cov(features.T), np.eye(64), atol=1e-3)


def test_directions_respond_to_whitened_patches_with_variance_1(split, tensors):
    codec = split.dataset.codec
    x = codec.measure(split.train_sample(0, split.n_train)).reshape(-1, 1, 8, 8)
    weight, bias = tensors["plain.0.weight"], tensors["plain.0.bias"]
    z = torch.nn.functional.conv2d(torch.from_numpy(x).float(), weight, bias + 0.5)
    assert z.mean().abs() < 0.05
    # Less than 1 where a direction of small variance is damped.
    assert 0.7 < z.std() < 1.05


def test_the_map_depends_on_data_and_split_alone(split, tensors, monkeypatch, tmp_path):
    again = learn(load("digits").split())
    assert all(torch.equal(again[name], each) for name, each in tensors.items())
    other = load("digits").split(seed=1)
    assert not torch.equal(learn(other)["plain.0.weight"], tensors["plain.0.weight"])
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path))
    first = learned(split)
    assert isinstance(first, FeatureMap)
    assert first.name == f"patches-64@8x8-{first.digest[:8]}"
    (path,) = cache_folder().glob("*.safetensors")
    monkeypatch.setattr(module, "learn", None)  # the cache is read, and nothing learned
    assert learned(split).name == first.name
    assert path.exists()


def test_a_cache_that_cannot_be_written_to_costs_no_run(split, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "file"))
    assert learned(split).name.startswith("patches-64@8x8-")


@pytest.mark.parametrize(
    "shape", [(30, 1, 1), (40, 3, 200), (60, 130, 70, 3), (50, 28, 28), (30, 2, 5)]
)
def test_pictures_of_any_shape_have_features(shape, tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path))
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, shape, dtype=np.uint8)
    split = load(pictures, kind="images").split()
    codec = split.dataset.codec
    found = learned(split)
    features = found(codec.measure(pictures).reshape(-1, *codec.shape))
    assert np.isfinite(features).all()
    # One score for each 20 training pictures, so that none is of single ones.
    assert features.shape == (shape[0], max(1, split.n_train // 20))


def test_equal_pictures_have_no_scores_but_features(tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path))
    split = load(np.full((50, 8, 8), 7, dtype=np.uint8), kind="images").split()
    features = learned(split)(np.zeros((3, 1, 8, 8)))
    assert np.isfinite(features).all()


def test_pictures_of_another_shape_are_refused(split):
    with pytest.raises(WganError, match=r"of shape \(1, 8, 8\) does not fit pictures of shape"):
        learned(split)(np.zeros((1, 1, 9, 8)))
