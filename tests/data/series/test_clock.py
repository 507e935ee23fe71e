"""Clocks of long tables: how regular they are, rows put in, times between steps, times written."""

import numpy as np
import pandas as pd
import pytest

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.kinds import try_codec
from wgan.data.series.windows import Reading


def table(when, n=12, length=10, seed=0):
    """A table of `n` series of the same times, numbered from 1; one channel of two decimals."""
    random = np.random.default_rng(seed)
    when = pd.Series(when)
    length = len(when)
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(1, n + 1), length),
            "when": pd.concat([when] * n, ignore_index=True),
            "x": random.normal(size=n * length).round(2),
        }
    )


def read(frame, **settings):
    settings = {"series": "id", "time": "when", **settings}
    return load(frame, kind="series", reading=Reading(**settings))


HOURS = pd.date_range("2024-01-30", periods=10, freq="h")
CLOCKS = {
    "times": (HOURS, "1 hour(s)"),
    "nanoseconds": (HOURS.astype("datetime64[ns]"), "1 hour(s)"),
    "zone": (HOURS.tz_localize("Europe/Berlin"), "1 hour(s)"),
    "quarters of an hour": (pd.date_range("2024-01-30", periods=10, freq="15min"), "15 minute(s)"),
    "days": (pd.date_range("2024-02-25", periods=10, freq="D"), "1 day(s)"),
    # From 30 March to 1 April 2024 a day in Berlin has 23 hours.
    "days of a zone": (pd.date_range("2024-03-27", periods=10, tz="Europe/Berlin"), "1 day(s)"),
    "weeks": (pd.date_range("2024-02-25", periods=10, freq="W"), "7 day(s)"),
    "months": (pd.date_range("2024-01-01", periods=10, freq="MS"), "1 month(s)"),
    "ends of months": (pd.date_range("2024-01-31", periods=10, freq="ME"), "1 month(s)"),
    "years": (pd.date_range("1990-01-01", periods=10, freq="YS"), "12 month(s)"),
    "months of a zone": (
        pd.date_range("2024-01-01", periods=10, freq="MS", tz="UTC"),
        "1 month(s)",
    ),
    "text": (HOURS.strftime("%Y-%m-%dT%H:%M:%S"), "1 hour(s)"),
    "text with a zone": (HOURS.strftime("%Y-%m-%d %H:%M+01:00"), "1 hour(s)"),
    "text of months": (
        pd.date_range("2024-01-01", periods=10, freq="MS").strftime("%Y-%m"),
        "1 mo",
    ),
    "whole numbers": (np.arange(1990, 2010, 2), "2 in 'when'"),
    "small whole numbers": (np.arange(10, dtype=np.uint8), "1 in 'when'"),
    "numbers": (np.arange(10) * 0.25 - 1, "0.25 in 'when'"),
    "epoch in ms": (1_706_572_800_000 + 3_600_000 * np.arange(10), "3.6e+06 in 'when'"),
    "epoch in ns": (1_706_572_800_000_000_001 + 3_600 * 10**9 * np.arange(10), "3.6e+12 in 'when'"),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_a_regular_clock_is_written_as_it_was(name):
    when, words = CLOCKS[name]
    frame = table(when)
    data = read(frame)
    assert f"a regular clock, {words}" in "; ".join(data.codec.findings)
    assert not data.codec.gap_channel
    assert data.rows.shape == (12, 10, 1)
    written = data.codec.wrap(data.rows)
    pd.testing.assert_frame_equal(written, frame)
    np.testing.assert_allclose(data.codec.unwrap(written), data.rows)
    try_codec(data.codec)


def test_a_clock_that_drifts_is_regular():
    drift = pd.to_timedelta(np.random.default_rng(0).uniform(-0.2, 0.2, 10), "h")
    data = read(table(HOURS + drift.round("s")))
    assert not data.codec.gap_channel
    assert data.rows.shape == (12, 10, 1)


def test_rows_are_put_in_where_a_regular_clock_leaves_some_out():
    frame = table(pd.date_range("2024-01-30", periods=40, freq="h"))
    there = np.ones(len(frame), dtype=bool)
    there[[3, 4, 50]] = False  # steps 4 and 5 of series 1, and step 11 of series 2
    data = read(frame[there])
    expected = frame.x.where(there).to_numpy().reshape(12, 40, 1)
    np.testing.assert_array_equal(data.rows, expected)
    assert data.codec.gaps == (True,)
    assert "3 row(s) without values inserted where 'when' leaves some out" in data.codec.findings
    written = data.codec.wrap(data.rows)
    pd.testing.assert_frame_equal(written, frame.assign(x=frame.x.where(there)))
    np.testing.assert_array_equal(data.codec.unwrap(written), data.rows)
    # The same rows left out of the table that is read back.
    np.testing.assert_array_equal(data.codec.unwrap(frame[there]), data.rows)


def test_gaps_that_are_no_whole_steps_make_a_clock_irregular():
    when = np.append(np.arange(20.0), np.arange(21.4, 40))
    assert read(table(when)).codec.gap_channel
    assert not read(table(np.append(np.arange(20.0), np.arange(22.0, 40)))).codec.gap_channel


def test_a_far_gap_puts_in_no_million_rows():
    data = read(table(np.append(np.arange(20.0), np.arange(20.0) + 1e6)))
    assert data.codec.gap_channel
    assert data.rows.shape == (12, 40, 2)


@pytest.mark.parametrize("form", ["times", "text", "whole numbers", "numbers", "working days"])
def test_the_time_between_irregular_steps_is_a_channel(form):
    random = np.random.default_rng(1)
    seconds = 60 * random.integers(1, 500, 240).reshape(12, 20).cumsum(axis=1)
    unit = 1.0
    if form == "working days":
        days = pd.bdate_range("2024-01-01", periods=20)
        frame = table(days)
        seconds = np.tile((days - days[0]).days.to_numpy(), (12, 1))
    else:
        frame = table(np.arange(20))
        whole = seconds.ravel()
        frame["when"] = whole if form == "whole numbers" else whole * 0.5
        unit = 0.5 if form == "numbers" else 1.0
        if form in ("times", "text"):
            frame["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(whole, "s")
        if form == "text":
            frame["when"] = frame.when.dt.strftime("%Y-%m-%d %H:%M")
    data = read(frame)
    codec = data.codec
    assert codec.gap_channel
    assert codec.headings == ("x", "step of when")
    gaps = unit * np.diff(seconds, axis=1)
    np.testing.assert_allclose(data.rows[:, 1:, 1], gaps)
    # No step before the first is known: it is the median of all.
    usual = np.quantile(gaps, 0.5, method="lower")
    np.testing.assert_allclose(data.rows[:, 0, 1], usual)
    assert "an irregular clock" in "; ".join(codec.findings)
    # The channel is coded by its logarithm, and so are its mean and deviation.
    units = {"times": "seconds", "text": "seconds", "working days": "days"}
    said = units.get(form, "the numbers of 'when'")
    steps = np.log(data.rows[..., 1])
    assert codec.describe()[1] == (
        f"step of when: channel, the time since the step before in {said}; its logarithm has mean"
        f" {steps.mean():.4g}, standard deviation {steps.std():.4g}"
    )
    written = codec.wrap(data.rows)
    assert written.when.dtype == frame.when.dtype
    np.testing.assert_allclose(codec.unwrap(written), data.rows)
    first = written.groupby("id").when.first()
    assert (first == frame.when.iloc[0]).all()
    try_codec(codec)


def test_written_times_rise_however_small_the_steps_are():
    when = np.random.default_rng(0).integers(1, 50, 20).cumsum()
    data = read(table(when))
    raw = data.rows.copy()
    raw[..., 1] = 1e-9
    written = data.codec.wrap(raw)
    assert written.when.dtype == np.int64
    assert (written.groupby("id").when.diff().dropna() == 1).all()


def test_far_times_are_written_as_the_last_that_the_type_holds():
    when = HOURS[0] + pd.to_timedelta(
        np.random.default_rng(0).integers(1, 5000, 20).cumsum(), "min"
    )
    for kind in ("datetime64[ns]", "datetime64[us]", "datetime64[ns, UTC]"):
        times = when.tz_localize("UTC") if "UTC" in kind else when
        data = read(table(times.astype(kind)))
        raw = data.rows.copy()
        raw[..., 1] = 1e300
        assert data.codec.wrap(raw).when.dt.year.max() in (2262, 9999)


def test_windows_of_an_irregular_clock_begin_with_the_usual_step():
    when = np.random.default_rng(0).integers(1, 50, 60).cumsum()
    data = read(table(when, n=30), window=6)
    windows = data.rows[:]
    usual = np.quantile(np.diff(when), 0.5, method="lower")
    assert (windows[:, 0, 1] == usual).all()
    assert len(data) == 30 * 55
    np.testing.assert_array_equal(windows[3, 1:, 1], np.diff(when)[3:8])
    np.testing.assert_allclose(data.codec.unwrap(data.codec.wrap(windows)), windows)


def test_clocks_of_two_rates_are_irregular():
    frame = pd.concat([table(np.arange(20), n=6), table(np.arange(0, 60, 3), n=6)])
    frame["id"] = np.repeat(np.arange(12), 20)
    assert read(frame).codec.gap_channel


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        (
            ["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-04"],
            "series 1: .* row 3: 2024-01-02 is",
        ),
        (["2024-01-01", "2024-01-03", "2024-01-02", "2024-01-04"], "row 3: 2024-01-02 comes after"),
        ([1.0, 2.0, np.inf, 4.0], "row 3: an infinite time"),
        ([1.0, 2.0, np.nan, 4.0], "row 3: a time is missing"),
        (
            ["one", "two", "three", "four"],
            "'one' is not a time that can be read: write all as 2024",
        ),
        (
            ["2024-01-01", "2024-01-02", "soon", "2024-01-04"],
            "row 3: 'soon' is not a time written as",
        ),
        ([True, False, True, False], "not a time that can be read"),
    ],
)
def test_times_that_are_none_are_refused(when, fault):
    with pytest.raises(WganError, match=fault):
        read(table(when))


def test_times_that_may_be_read_otherwise_are_said():
    with pytest.warns(UserWarning, match="is read as %d.%m.%Y.*write all as 2024-01-31"):
        read(table([f"0{i}.02.2024" for i in range(1, 9)]))
