"""Pictures: any layout becomes channels first in [-1, 1], and comes back."""

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.images import read_images


@pytest.mark.parametrize("axes", [(20, 5, 7), (20, 5, 7, 3), (20, 3, 5, 7), (20, 5, 7, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_pictures_of_any_layout_are_channels_first_in_minus_one_to_one(axes, dtype):
    raw = np.random.default_rng(0).integers(0, 256, size=axes).astype(np.uint8)
    raw = raw if dtype == np.uint8 else (raw / 255).astype(np.float32)
    data = load(raw)
    x = data.encode(raw)
    channels = {3: 1, 4: axes[3] if len(axes) == 4 and axes[3] in (3, 4) else axes[1]}[len(axes)]
    assert x.shape == (20, channels, 5, 7) == (20, *data.shape)
    assert x.min() >= -1
    assert x.max() <= 1
    assert np.allclose(data.decode(x), raw, atol=1e-6)
    assert data.decode(x).dtype == dtype
    assert data.codec.to_pixels(raw).shape == (20, 5, 7, channels)


def test_pictures_in_black_and_white_come_back_so():
    raw = np.random.default_rng(0).random((20, 4, 4)) < 0.2
    data = load(raw)
    assert np.array_equal(data.decode(data.encode(raw)), raw)
    assert not data.decode(torch.full((1, 1, 4, 4), -0.9)).any()


def test_distances_of_pictures_are_in_unit_pixels():
    raw = np.zeros((10, 2, 2), dtype=np.uint8)
    raw[0] = 255
    measured = load(raw).codec.measure(raw)
    assert measured.max() == 1
    assert measured.shape == (10, 4)


@pytest.mark.parametrize(
    ("low", "high", "spans"), [(0, 1, (0, 1)), (-1, 1, (-1, 1)), (0, 7, (0, 255)), (0, 0.3, (0, 1))]
)
def test_the_narrowest_customary_range_of_pixels_is_taken(low, high, spans):
    values = np.linspace(low, high, 10 * 16).reshape(10, 4, 4)
    codec = read_images(values, "x").codec
    assert (codec.low, codec.high) == spans


@pytest.mark.parametrize(("low", "high"), [(-2, 1), (0, 256)])
def test_other_ranges_are_refused(low, high):
    values = np.linspace(low, high, 10 * 16).reshape(10, 4, 4)
    with pytest.raises(WganError, match=r"x: picture values run from .*scale them to \[0, 1\]"):
        read_images(values, "x")


def test_the_hint_decides_where_both_ends_could_be_channels():
    values = np.zeros((20, 3, 8, 4), dtype=np.uint8)
    assert read_images(values, "x").shape == (4, 3, 8)
    assert read_images(values, "x", channels_first=True).shape == (3, 8, 4)


def test_pixels_of_a_file_do_not_depend_on_the_layout():
    last = np.random.default_rng(0).integers(0, 256, (12, 5, 6, 3), dtype=np.uint8)
    first = np.ascontiguousarray(np.moveaxis(last, -1, 1))
    for raw in (last, first):
        codec = read_images(raw, "x").codec
        assert np.array_equal(codec.to_pixels(raw), last)
        assert np.array_equal(codec.measure(raw), first.reshape(12, -1) / 255)
        assert codec.raw_shape == raw.shape[1:]
