"""Pictures: any layout becomes channels first in [-1, 1], and comes back."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from wgan.audit.sources import read_pair
from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.images import read_images
from wgan.distances import wasserstein

RNG = np.random.default_rng(0)


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


@pytest.mark.parametrize(
    ("low", "high", "excess"),
    [
        (-2, 1, r"1 beyond \[-1, 1\]"),
        (0, 256, r"1 beyond \[0, 255\]"),
        (0, 1.3, r"0.3 beyond \[0, 1\]"),
        (-0.5, 1.2, r"0.2 beyond \[-1, 1\]"),
        (-3, 255, r"3 beyond \[0, 255\]"),
    ],
)
def test_other_ranges_are_refused_by_their_excess(low, high, excess):
    values = np.linspace(low, high, 10 * 16).reshape(10, 4, 4)
    words = rf"x: picture values run from {low:g} to {high:g}, {excess}; scale them to \[0, 1\]"
    with pytest.raises(WganError, match=words):
        read_images(values, "x")


@pytest.mark.parametrize("scale", [1, 255])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounding_beyond_an_end_is_no_other_range(scale, dtype):
    exact = RNG.random((20, 6, 6))
    exact = (exact / exact.max() * scale).astype(dtype)
    rounded = exact.copy()
    rounded[exact == scale] = np.nextafter(dtype(scale), dtype(1e4))
    assert rounded.max() > scale
    codec = read_images(rounded, "x").codec
    assert (codec.low, codec.high) == (0, scale)
    assert codec.unpack(codec.pack(rounded)).max() == 1
    assert codec.measure(rounded).max() == 1
    assert np.array_equal(codec.measure(rounded), codec.measure(exact))
    codec.check(rounded)


def test_floats_a_millionth_too_large_are_as_near_as_they_are(tmp_path):
    """Once they were taken for pictures in [0, 255], and the distance read 3."""
    exact = RNG.random((20, 6, 6)).astype(np.float32)
    exact /= exact.max()
    np.save(tmp_path / "a.npy", exact)
    np.save(tmp_path / "b.npy", exact * np.float32(1.0000002))
    a, b = read_pair(str(tmp_path / "a.npy"), str(tmp_path / "b.npy"))
    assert wasserstein(a.values, b.values) < 1e-5


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64])
def test_whole_numbers_of_more_than_eight_bits_have_one_range(bits, dtype):
    raw = RNG.integers(2**8, 2**bits, (20, 6, 6)).astype(dtype)
    raw[3, 2, 1] = 2**bits - 1
    with pytest.warns(UserWarning, match=rf"read in \[0, {2**bits - 1}\] \({bits} bits\)"):
        data = load(raw)
    assert data.codec.high == 2**bits - 1
    assert not data.codec.coarse
    assert np.array_equal(data.decode(data.encode(raw)), raw)
    assert data.decode(data.encode(raw)).dtype == dtype


def test_a_dim_set_is_said_to_be_in_bytes():
    with pytest.warns(UserWarning, match=r"run from 0 to 16, and are read in \[0, 255\]; scale"):
        load(np.linspace(0, 16, 20 * 16).reshape(20, 4, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(np.full((20, 4, 4), 16, np.uint8)).codec.high == 255
        assert load(np.linspace(0, 255, 20 * 16).reshape(20, 4, 4)).codec.high == 255


UNIT = RNG.random((20, 4, 4))
DEEP = RNG.integers(0, 4096, (20, 4, 4)).astype(np.uint16)
BYTES = (UNIT * 255).astype(np.uint8)


@pytest.mark.filterwarnings("ignore:.*are read in")
@pytest.mark.parametrize(
    ("data", "later", "words"),
    [
        (UNIT, UNIT * 255, r"beyond \[0, 1\], the range that the data had"),
        (UNIT, UNIT * 3 - 1, r"beyond \[0, 1\], the range that the data had"),
        (UNIT * 255, UNIT, r"and the data had \[0, 255\]: give the same range"),
        (UNIT * 255, UNIT * np.nan, "NaN or infinity"),
        (BYTES, DEEP, r"beyond \[0, 255\], the range that the data had"),
        (DEEP, BYTES, "pictures of type uint8, the data had uint16"),
        (DEEP, DEEP * 16, r"beyond \[0, 4095\], the range that the data had"),
        (UNIT, BYTES, "pictures of type uint8, the data had float64"),
    ],
)
def test_values_that_come_later_are_in_the_range_of_the_data(data, later, words):
    codec = read_images(data, "x").codec
    codec.check(data)
    codec.check(np.zeros_like(data))
    with pytest.raises(WganError, match=words):
        codec.check(later)


def test_whole_numbers_of_another_type_are_read_by_their_range():
    codec = read_images(BYTES, "x").codec
    codec.check(BYTES.astype(np.int64))
    narrower = replace(codec, low=10.0, high=200.0)
    for each in (codec, narrower):
        assert np.array_equal(each.measure(BYTES.astype(np.int64)), each.measure(BYTES))
    assert narrower.measure(BYTES).min() == 0
    assert narrower.measure(BYTES).max() == 1


@pytest.mark.filterwarnings("ignore:.*are read in")
def test_a_part_of_deep_pictures_is_measured_in_the_range_of_all(tmp_path):
    np.save(tmp_path / "all.npy", DEEP)
    np.save(tmp_path / "part.npy", DEEP[:10] // 8)
    a, b = read_pair(str(tmp_path / "all.npy"), str(tmp_path / "part.npy"))
    assert a.range == b.range == (0, 4095)
    assert np.allclose(b.values, (DEEP[:10] // 8).reshape(10, -1) / 4095)


def test_small_whole_numbers_stay_within_their_type():
    raw = RNG.integers(0, 100, (20, 4, 4)).astype(np.int8)
    codec = read_images(raw, "x").codec
    assert codec.decode(torch.ones(1, 1, 4, 4)).max() == 127


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
