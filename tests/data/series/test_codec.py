"""Series: shapes, the scale of channels, constant channels, types, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.kinds import codec_from_json, codec_to_json
from wgan.data.series.arrays import read_series


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
    assert data.decode(100 * torch.ones(1, 2, 1, 8)).max() == x.max()


def test_a_codec_is_read_back_from_its_fields():
    codec = load(series(), kind="series").codec
    assert codec_from_json(codec_to_json(codec)) == codec


@pytest.mark.parametrize(
    ("x", "fault"),
    [
        (np.zeros((20, 1, 2)), r"shape \(20, 1, 2\); series are \[n, T, channels\]"),
        (np.zeros(20), r"shape \(20,\); series are"),
        (np.zeros((20, 3, 2, 2)), "series are"),
        (np.full((20, 5, 2), np.nan), "series 1 has no value"),
        (np.ones((20, 5, 2)), "no channel varies"),
        (np.array([[[1.0, np.nan]] * 5] * 20), "channel 2 has no value"),
        (np.array([[[1.0, np.inf]] * 5] * 20), "series 1 holds an infinity"),
    ],
)
def test_other_arrays_are_refused(x, fault):
    with pytest.raises(WganError, match=fault):
        load(x, kind="series")


def ragged(n=30, steps=10, channels=2, seed=0):
    """Series of 1 to `steps` steps, each of which ends with a value, and some values missing."""
    random = np.random.default_rng(seed)
    x = series(n, steps, channels, seed)
    lengths = random.integers(1, steps + 1, n)
    lengths[0] = steps
    x[np.arange(steps) >= lengths[:, None]] = np.nan
    missing = random.random((n, steps)) < 0.2
    missing[np.arange(n), lengths - 1] = False
    x[missing, 0] = np.nan
    return x, lengths


def test_missing_values_and_ends_come_back():
    x, lengths = ragged()
    data = load(x, kind="series")
    codec = data.codec
    assert (codec.ends, codec.gaps) == (True, (True, False))
    assert data.shape == (4, 1, 10)
    np.testing.assert_allclose(data.decode(data.encode(x)), x, atol=1e-5)
    assert codec.lengths(x).tolist() == lengths.tolist()
    assert codec_from_json(codec_to_json(codec)) == codec


def test_planes_say_what_is_there():
    x, lengths = ragged()
    data = load(x, kind="series")
    values, presence, alive = np.split(data.encode(x).numpy()[:, :, 0], [2, 3], axis=1)
    assert (values[:, 0][np.isnan(x[..., 0])] == 0).all()
    assert np.array_equal(presence[:, 0], ~np.isnan(x[..., 0]))
    assert np.array_equal(alive[:, 0], np.arange(10) < lengths[:, None])


def test_means_and_deviations_are_of_what_is_there():
    x, _ = ragged()
    codec = load(x, kind="series").codec
    np.testing.assert_allclose(codec.mean, np.nanmean(x, axis=(0, 1)))
    np.testing.assert_allclose(codec.scale, np.nanstd(x, axis=(0, 1)))


def test_a_decoded_series_ends_once_and_has_a_step():
    x, _ = ragged()
    codec = load(x, kind="series").codec
    planes = torch.ones(2, 4, 1, 10)
    planes[0, 3, 0] = 0  # over before it begins
    planes[1, 3, 0, 4] = 0  # over at the fifth step, and alive again
    assert codec.lengths(codec.decode(planes)).tolist() == [1, 4]


def test_distances_count_what_is_missing():
    x, _ = ragged()
    codec = load(x, kind="series").codec
    y = x[:1].copy()
    y[0, 0, 0] = np.nan
    standardised = codec.standardised(x[:1])[0, 0, 0]
    difference = codec.measure(x[:1]) - codec.measure(y)
    expected = 0 if np.isnan(standardised) else standardised**2 + 1
    np.testing.assert_allclose((difference**2).sum(), expected)


def test_statistics_do_not_depend_on_the_pieces(monkeypatch):
    x, _ = ragged(n=60)
    whole = load(x, kind="series").codec
    monkeypatch.setattr("wgan.data.storage.CHUNK_BYTES", 7 * x[0].nbytes)
    pieces = load(x, kind="series").codec
    np.testing.assert_allclose(pieces.mean, whole.mean)
    np.testing.assert_allclose(pieces.scale, whole.scale)
    assert (pieces.gaps, pieces.ends) == (whole.gaps, whole.ends)


def test_the_time_between_steps_is_positive_and_coded_by_its_logarithm():
    x = series(channels=2)
    x[..., 1] = np.exp(x[..., 1] / 10)
    codec = read_series(x, "x", usual=1.0).codec
    np.testing.assert_allclose(codec.decode(codec.pack(x)), x, rtol=1e-5)
    np.testing.assert_allclose(codec.mean[1], np.log(x[..., 1]).mean())
    assert (codec.decode(1e4 * torch.randn(4, 2, 1, 12))[..., 1] > 0).all()


def test_static_columns_are_coded_at_each_step():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"place": random.choice(["north", "south"], 40), "size": random.random(40)}
    )
    table = load(frame)
    x = np.concatenate([series(), np.asarray(table.rows)[:, None].repeat(12, axis=1)], axis=2)
    data = read_series(x, "x", statics=table.codec)
    split = data.split()
    codec = split.dataset.codec
    x = x[split.is_train()]
    assert data.shape == (3 + table.codec.shape[0], 1, 12)
    back = codec.decode(codec.pack(x))
    np.testing.assert_allclose(back[..., :3], x[..., :3], atol=1e-5)
    alone = codec.statics.decode(codec.statics.unpack(codec.statics.pack(codec.static_rows(x))))
    np.testing.assert_array_equal(back[..., 3:], alone[:, None].repeat(12, axis=1))
    measured = codec.measure(x)
    described = codec.statics.measure(codec.static_rows(x))
    expected = codec.standardised(x).reshape(len(x), -1)
    np.testing.assert_allclose(measured, np.column_stack([expected, np.sqrt(12) * described]))
    assert codec_from_json(json.loads(json.dumps(codec_to_json(codec)))) == codec


def test_samples_stay_within_the_range_of_the_data():
    x = np.abs(series())
    x[0, 0, 0] = np.nan
    decoded = load(x, kind="series").decode(torch.randn(50, 4, 1, 12) * 10)
    for i in range(3):
        assert np.nanmin(decoded[..., i]) == np.nanmin(x[..., i])
        assert np.nanmax(decoded[..., i]) == np.nanmax(x[..., i])
