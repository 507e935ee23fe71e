"""Series: shapes, the scale of channels, constant channels, types, and what is refused."""

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.kinds import codec_from_json, codec_to_json


def series(n=40, steps=12, channels=3, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, steps, channels))
    return x * [1.0, 10.0, 0.1][:channels] + [0.0, 5.0, -2.0][:channels]


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_series_come_back(dtype):
    x = series().astype(dtype)
    data = load(x, kind="series")
    assert data.codec.kind == "series"
    assert data.shape == (3, 1, 12)
    back = data.decode(data.encode(x))
    assert back.dtype == x.dtype
    np.testing.assert_allclose(back, x, atol=1e-5)


def test_channels_have_mean_0_and_deviation_1_over_all_series_and_steps():
    x = series(steps=7)
    x[:, 3] += 4  # a step apart from the others counts
    codec = load(x, kind="series").codec
    flat = x.reshape(-1, 3)
    np.testing.assert_allclose(codec.mean, flat.mean(axis=0))
    np.testing.assert_allclose(codec.scale, flat.std(axis=0))
    measured = codec.measure(x).reshape(-1, 7, 3)
    np.testing.assert_allclose(measured.std(axis=(0, 1)), 1)


def test_a_network_sees_time_as_the_last_axis():
    x = series()
    data = load(x, kind="series")
    encoded = data.encode(x).numpy()
    np.testing.assert_allclose(encoded[:, 1, 0], data.codec.standardised(x)[:, :, 1], atol=1e-6)


def test_one_channel_needs_no_axis():
    x = series(channels=1)[:, :, 0]
    data = load(x, kind="series")
    assert data.shape == (1, 1, 12)
    assert data.decode(data.encode(x)).shape == x.shape
    np.testing.assert_allclose(data.decode(data.encode(x)), x, atol=1e-6)


def test_a_constant_channel_is_written_back_exactly_and_said():
    x = series()
    x[:, :, 1] = 0.1
    data = load(x, kind="series")
    anything = torch.randn(5, 3, 1, 12)
    assert (data.decode(anything)[:, :, 1] == 0.1).all()
    assert data.codec.notes(x) == ["constant channel(s): 2; samples have the same value"]


def test_whole_numbers_are_rounded_within_their_type():
    x = np.random.default_rng(0).integers(0, 200, (30, 8, 2)).astype(np.uint8)
    data = load(x, kind="series")
    assert np.array_equal(data.decode(data.encode(x)), x)
    assert data.decode(100 * torch.ones(1, 2, 1, 8)).max() == 255


def test_a_codec_is_read_back_from_its_fields():
    codec = load(series(), kind="series").codec
    assert codec_from_json(codec_to_json(codec)) == codec


@pytest.mark.parametrize(
    ("x", "fault"),
    [
        (np.zeros((20, 1, 2)), r"shape \(20, 1, 2\); series are \[n, T, channels\]"),
        (np.zeros(20), r"shape \(20,\); series are"),
        (np.zeros((20, 3, 2, 2)), "series are"),
        (np.full((20, 5, 2), np.nan), "NaN"),
    ],
)
def test_other_arrays_are_refused(x, fault):
    with pytest.raises(WganError, match=fault):
        load(x, kind="series")
