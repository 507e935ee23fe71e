"""Labelled arrays of xarray: which dimension is what, and samples with the same dimensions."""

import pickle

import numpy as np
import pandas as pd
import pytest

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.ecosystem.families import opened
from wgan.data.ecosystem.xarrays import find_roles

xarray = pytest.importorskip("xarray")
N, T = 40, 12
VALUES = np.random.default_rng(0).normal(size=(T, N)).cumsum(axis=0).astype(np.float32)


def stations(**coordinates):
    return xarray.DataArray(
        VALUES,
        dims=("time", "station"),
        coords={"time": pd.date_range("2024", periods=T), "station": range(N)} | coordinates,
        name="temperature",
        attrs={"units": "K"},
    )


@pytest.mark.parametrize(
    ("dims", "order"),
    [
        (("time", "station"), ("station", "time")),
        (("channel", "time", "member"), ("member", "time", "channel")),
        (("a", "time", "channel"), ("a", "time", "channel")),
        (("sample", "time", "sensor"), ("sample", "time", "sensor")),
        (("time", "lat", "lon"), ("time", "lat", "lon")),
        (("scene", "band", "y", "x"), ("scene", "y", "x", "band")),
        (("time", "channel"), ("time", "channel")),
    ],
)
def test_dimensions_are_taken_by_their_names_or_for_what_is_left(dims, order):
    assert find_roles(dims, "x").order == order


@pytest.mark.parametrize(
    ("dims", "words"),
    [
        (("a", "time", "b"), "which of a, b counts samples is not clear: rename it to 'sample'"),
        (("series", "time", "member"), "which of series, member counts samples is not clear"),
        (("a", "b"), "give one called 'time' for series"),
        (("y", "x"), "are those of one image"),
        (("a", "time", "channel", "band"), "not clear"),
    ],
)
def test_ambiguous_dimensions_are_refused(dims, words):
    with pytest.raises(WganError, match=words):
        find_roles(dims, "x")


def test_an_array_is_series_and_a_note_says_what_its_dimensions_are():
    said = "'station' counts the samples, 'time' counts the steps"
    with pytest.warns(UserWarning, match=said):
        data = load(stations())
    assert data.codec.kind == "series"
    assert np.array_equal(data.rows[:], VALUES.T)


def test_samples_have_the_same_dimensions_names_and_coordinates():
    arrived = opened(stations(height=("station", np.arange(N))))
    again = arrived.like(VALUES.T[:3])
    assert again.dims == ("time", "station")
    assert again.name == "temperature"
    assert again.attrs == {"units": "K"}
    assert set(again.coords) == {"time"}, "samples are no stations of the data"
    assert np.array_equal(again.values, VALUES[:, :3])
    pickle.dumps(arrived.like)


def test_variables_are_channels_and_come_back_as_variables():
    source = xarray.Dataset({"t": stations(), "p": stations().T * 2}, attrs={"source": "a"})
    arrived = opened(source)
    assert arrived.values.shape == (N, T, 2)
    again = arrived.like(arrived.values)
    xarray.testing.assert_equal(again, source.drop_vars("station"))
    assert again["t"].dims == ("time", "station")
    assert again["p"].dims == ("station", "time")
    assert again.attrs == {"source": "a"}


def test_an_estimator_gives_the_same_kind_back():
    drawn = WGAN(steps=1).fit(stations()).sample(2)
    assert drawn.sizes == {"time": T, "station": 2}


@pytest.mark.parametrize("channels", [0, 2])
def test_one_long_series_is_cut_into_windows_which_become_samples(channels):
    shape = (600, channels) if channels else (600,)
    dims = ("time", "channel")[: len(shape)]
    source = xarray.DataArray(np.random.default_rng(0).normal(size=shape), dims=dims)
    with pytest.raises(WganError, match=r"is one long series: give data.window to cut it"):
        load(source)
    drawn = WGAN(steps=1, settings={"data.window": 8}).fit(source).sample(3)
    assert drawn.dims == ("sample", *dims)
    assert drawn.sizes["time"] == 8


def test_images_are_told_by_two_dimensions_of_the_plane():
    shades = np.random.default_rng(0).random((N, 3, 8, 6))
    source = xarray.DataArray(shades, dims=("scene", "band", "y", "x"))
    data = load(source)
    assert (data.codec.kind, data.shape) == ("images", (3, 8, 6))
    assert opened(source).like(data.rows[:]).equals(source)


def test_uneven_times_are_said():
    with pytest.warns(UserWarning, match="'time' are not evenly spaced"):
        load(stations().assign_coords(time=np.arange(T) ** 2))


def test_variables_of_other_dimensions_are_refused_by_name():
    source = xarray.Dataset({"a": stations(), "b": ("station", np.zeros(N))})
    with pytest.raises(WganError, match=r"variable 'b' has dimensions .*drop_vars\('b'\)"):
        load(source)


def test_missing_values_are_missing():
    assert load(stations().where(stations() < 2)).codec.gaps
