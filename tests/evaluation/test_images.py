"""Images: blur by hand, features named by their map, and training of maps."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from wgan.base.errors import WganError
from wgan.data import load
from wgan.evaluation.images import blurred, load_features, train_features


@pytest.mark.parametrize("kind", ["u1", "f4", "?"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_broken_images_are_blurred_within_the_picture_and_keep_their_type(kind, channels_last):
    random = np.random.default_rng(0)
    shape = (40, 40, 30, 3) if channels_last else (40, 40, 30)
    raw = random.random(shape)
    raw = (raw * 255).astype(kind) if kind == "u1" else (raw > 0.5 if kind == "?" else raw)
    split = load(np.asarray(raw, dtype=kind)).split()
    train = split.train_sample(0, 5)
    found = blurred(split, 5)
    sds = (0, 2, 2, 0) if channels_last else (0, 2, 2)
    by_hand = gaussian_filter(train.astype(np.float32), sds)
    expected = {"u1": np.rint(by_hand), "f4": by_hand, "?": by_hand > 0.5}[kind]
    assert found.dtype == train.dtype
    assert np.array_equal(found, expected.astype(kind))
    assert np.array_equal(blurred(split, 3), found[:3]), "the first do not depend on the number"


def test_small_images_are_blurred_by_a_pixel():
    split = load("digits").split()
    expected = np.rint(gaussian_filter(split.train_sample(0, 4).astype(np.float32), (0, 1, 1)))
    assert np.array_equal(blurred(split, 4), expected.astype(np.uint8))


def test_without_a_map_images_are_compared_on_pixels():
    codec = load("digits").codec
    assert load_features(codec, None).name == "pixels-64"


def test_maps_are_trained_on_images_alone():
    points = load("25-gaussians")
    labelled = points.with_labels(np.arange(len(points)) % 2)
    with pytest.raises(WganError, match="holds vectors, and feature maps are for images"):
        train_features(labelled)
    with pytest.raises(WganError, match="has no labels to learn"):
        train_features(load(np.zeros((50, 4, 4), np.uint8)))
