"""Windows: where they are cut, how they are split, gaps in time, and what is refused."""

import re

import numpy as np
import pandas as pd
import pytest

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.series import stamps
from wgan.data.series.windows import Reading


def hours(n=2000, channels=2, seed=0):
    """A table of hours, each channel a walk."""
    steps = np.random.default_rng(seed).normal(size=(n, channels)).cumsum(axis=0)
    frame = pd.DataFrame(steps, columns=[f"c{i}" for i in range(channels)])
    frame.insert(0, "when", pd.date_range("2020-01-01", periods=n, freq="h"))
    return frame


def read(source, **settings):
    return load(source, kind="series", reading=Reading(**settings))


def test_windows_are_those_of_the_series():
    x = np.arange(400.0).reshape(200, 2)
    data = read(x, window=4)
    assert data.rows.shape[1:] == (4, 2)
    windows = data.rows[:]
    first = windows[:, 0, 0].astype(int) // 2
    for start, window in zip(first, windows, strict=True):
        assert np.array_equal(window, x[start : start + 4])
    # 12 blocks of 16 steps and more: all starts but the last three of each.
    assert len(np.unique(data.groups)) == 12
    assert len(first) == 200 - 12 * 3


def test_windows_on_both_sides_of_a_split_share_no_row():
    data = read(np.arange(3000.0), window=24)
    for seed in range(5):
        split = data.split(0.2, seed)
        apart = split.held_out_rows(np.arange(split.n_apart))
        train = split.train_rows(np.arange(split.n_train))
        assert len(apart) + len(train) == len(data)
        rows = [set(data.rows[side].astype(int).ravel().tolist()) for side in (apart, train)]
        assert not rows[0] & rows[1]
        assert split.n_apart / len(data) == pytest.approx(0.2, abs=0.05)
        assert np.array_equal(np.sort(apart), np.flatnonzero(~split.is_train()))


def test_the_split_of_other_data_is_what_it_was():
    data = load(np.random.default_rng(0).normal(size=(50, 3)))
    assert data.split(0.2, 0).held_out_rows(np.arange(4)).tolist() == [28, 0, 37, 49]


def test_a_stride_leaves_windows_out():
    data = read(np.arange(2000.0), window=20, stride=20)
    starts = data.rows[:][:, 0, 0]
    assert (np.diff(np.unique(starts)) >= 20).all()


def test_a_table_has_channels_with_names_and_no_window_over_a_gap():
    frame = hours().drop(index=range(700, 800))
    data = read(frame, window=10, time="when")
    assert re.search(r"1 gap\(s\) in 'when'.*of 101 usual steps", data.codec.findings[2])
    assert data.codec.headings == ("c0", "c1")
    values = frame[["c0", "c1"]].to_numpy()
    for window in data.rows[:]:
        at = int(np.flatnonzero((values == window[0]).all(axis=1))[0])
        assert np.array_equal(values[at : at + 10], window)
        assert not at < 700 < at + 10


def test_a_file_is_read_as_its_table(tmp_path):
    hours().to_csv(tmp_path / "hours.csv", index=False)
    data = read(tmp_path / "hours.csv", window=10, time="when")
    other = read(hours(), window=10, time="when")
    np.testing.assert_allclose(data.rows[:], other.rows[:])


def test_series_of_one_length_are_samples():
    frame = pd.concat([hours(12, seed=i).assign(house=f"h{i}") for i in range(30)])
    data = read(frame, series="house", time="when")
    assert data.rows.shape == (30, 12, 2)
    assert data.groups is None
    np.testing.assert_allclose(data.rows[3], hours(12, seed=3)[["c0", "c1"]].to_numpy())


def test_windows_of_many_series_are_held_out_series_by_series():
    frame = pd.concat([hours(20 + i, seed=i).assign(house=i) for i in range(30)])
    data = read(frame, series="house", time="when", window=8)
    assert len(np.unique(data.groups)) == 30
    assert len(data) == sum(20 + i - 7 for i in range(30))


def test_series_too_short_for_a_window_do_not_count_as_many():
    """Or the one long series would be a single block, and held out whole or not at all."""
    frames = [hours(5, seed=i).assign(house=i) for i in range(20)]
    frame = pd.concat([*frames, hours(1000, seed=20).assign(house=20)])
    data = read(frame, series="house", time="when", window=8)
    assert len(np.unique(data.groups)) == 1000 // 55  # a block is a twentieth of all 1,100 steps
    assert len(data) == 1000 - 18 * 7


def change(**columns):
    return hours(300).assign(**columns)


LATE = hours(300).when.to_numpy().copy()
LATE[50] = LATE[40]
TWICE = hours(300).when.to_numpy().copy()
TWICE[50] = TWICE[49]
INFINITE = hours(300).c0.to_numpy().copy()
INFINITE[7] = np.inf


@pytest.mark.parametrize(
    ("frame", "settings", "fault"),
    [
        (change(when=LATE), {"window": 5}, "row 51: .* comes after .*: sort the rows by time"),
        (change(when=TWICE), {"window": 5}, "row 51: .* is the time of the row before"),
        (change(c0=list("ab") * 150), {"window": 5}, "'c0' holds no numbers, and varies at row 2"),
        (change(c0=np.nan), {"window": 5}, "column 'c0' has no value at all: drop it"),
        (change(c0=INFINITE), {"window": 5}, "column 'c0', row 8 is infinite"),
        (hours(300), {}, "the table is one series, and one series is one sample"),
        (hours(300), {"window": 5, "series": "house"}, "data.series = 'house' is not a column"),
        (hours(300), {"window": 100}, "300 steps are too few .* at least 2000 steps"),
        (hours(300)[["when"]], {"window": 5}, "no column is left"),
        (hours(300).set_axis(["when", "c", "c"], axis=1), {"window": 5}, "columns are called 'c'"),
        (change(c0=1j), {"window": 5}, "column 'c0': Complex data not supported"),
        (change(when=pd.array([0, None, *range(298)])), {"window": 5}, "row 2: a time is missing"),
        (
            pd.concat([hours(9).assign(house=i) for i in range(30)]),
            {"series": "house", "window": 10},
            "no window of 10 steps fits into a series of 9",
        ),
    ],
)
def test_faults_of_a_table_are_refused(frame, settings, fault):
    with pytest.raises(WganError, match=fault):
        read(frame, time="when", **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"window": 1}, "window = 1: .* 2 or more"), ({"window": 5, "stride": 0}, "stride = 0")],
)
def test_windows_have_two_steps_and_strides_one(settings, message):
    with pytest.raises(WganError, match=message):
        Reading(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"context": -1}, "context = -1: .* 0 or more"),
        ({"window": 5, "context": 5}, r"data\.context = 5: a window of 5 steps has none left"),
        ({"series": "a", "static": ("b", "a")}, r"data\.static names 'a' again"),
        ({"static": ("b", "b")}, r"data\.static names 'b'"),
        ({"series": "a", "time": "a"}, r"data\.time names 'a' again"),
    ],
)
def test_some_steps_are_left_to_generate_and_columns_have_one_part(settings, message):
    with pytest.raises(WganError, match=message):
        Reading(**settings)


def test_times_are_read_once_for_all_series(monkeypatch):
    read_times = stamps.read_times
    calls = []
    monkeypatch.setattr(stamps, "read_times", lambda *a: calls.append(a) or read_times(*a))
    frame = pd.concat([hours(12, seed=i).assign(house=f"h{i}") for i in range(30)])
    read(
        frame.assign(when=frame.when.dt.strftime("%Y-%m-%d %H:%M:%S")), series="house", time="when"
    )
    assert len(calls) == 1


@pytest.mark.parametrize("kind", ["vectors", "images", "tables"])
def test_other_kinds_take_no_windows(kind):
    fault = rf"data\.window, data\.time: for data\.kind = 'series' alone, and it is '{kind}'"
    with pytest.raises(WganError, match=fault):
        load(hours(), kind=kind, reading=Reading(window=5, time="when"))


@pytest.mark.parametrize("settings", [{"window": 5, "time": "when"}, {"series": "when"}])
def test_data_that_are_cut_are_series_unless_another_kind_is_given(settings):
    frame = hours(297)
    if "series" in settings:
        frame = frame.assign(when=np.arange(297) // 9)
    cut = load(frame, reading=Reading(**settings))
    assert cut.codec == read(frame, **settings).codec
    assert cut.codec.kind == "series"
    assert load(frame.set_index("when")).codec.kind == "tables"


@pytest.mark.parametrize("settings", [{"stride": 2}, {"context": 2}])
def test_settings_that_cut_nothing_imply_no_kind(settings):
    fault = rf"data\.{next(iter(settings))}: for data\.kind = 'series' alone: set that"
    with pytest.raises(WganError, match=fault):
        load(np.zeros((20, 6, 6)), reading=Reading(**settings))


@pytest.mark.parametrize(
    ("settings", "given", "fault"),
    [
        ({"stride": 3}, {}, r"data\.stride says how windows are cut: give data\.window"),
        (
            {"window": 5, "time": "t"},
            {},
            r"data\.time: for columns of a table, and an array has none",
        ),
        ({"static": ("a",)}, {}, r"data\.static: for columns of a table"),
        ({"window": 5}, {"labels": "own"}, r"data\.labels is not for series that are cut here"),
        ({"window": 5}, {"schema": "s.toml"}, r"data\.schema is not for series"),
        ({"window": 5}, {"resize": (3, 3)}, r"data\.resize is not for series"),
    ],
)
def test_settings_without_effect_on_series_are_refused(settings, given, fault):
    np.save("x.npy", np.arange(400.0))
    with pytest.raises(WganError, match=fault):
        load("x.npy", kind="series", reading=Reading(**settings), **given)
