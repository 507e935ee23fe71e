"""Forms of times in text: read whatever repeats, given back as spelled; a wrong one is named."""

import numpy as np
import pandas as pd
import pytest
from table_columns import back, column_of, kinds

from wgan.base.errors import WganError
from wgan.data.tables.dates import (
    infer_form,
    nearest_written,
    read_times,
    write_times,
    zone_of_form,
)
from wgan.data.tables.frames import from_frame

WRITTEN = {
    "%d %b %Y %H:%M": ["29 Dec 2020 14:05", "03 Jan 2021 09:00"],
    "%-d %b %Y %H:%M": ["29 Dec 2020 14:05", "3 Jan 2021 09:00"],
    "%b %d, %Y": ["Dec 29, 2020", "Jan 03, 2021"],
    "%A, %-d %B %Y": ["Monday, 1 January 2024", "Tuesday, 2 January 2024"],
    "%-m/%-d/%Y %-H:%M": ["1/5/2024 9:30", "12/31/2024 14:05"],
    "%Y-%m-%dT%H:%M:%S.%3fZ": ["2024-01-31T10:00:00.123Z", "2024-01-31T10:00:00.020Z"],
    "%Y-%m-%dT%H:%M:%S+01:00": ["2024-01-31T10:00:00+01:00", "2024-02-01T10:00:00+01:00"],
    "%d.%m.%y": ["29.12.20", "30.12.20"],
    "%d-%b-%Y": ["29-Dec-2020", "01-Jan-2021"],
    "%B %Y": ["May 2020", "April 2020"],
    "%H:%M": ["14:05", "09:30"],
    "%-I:%M %p": ["2:05 PM", "11:30 AM"],
    "%Y%m%d %H:%M": ["20240131 10:00", "20240201 11:00"],
}
"""Form -> texts that are written so."""


@pytest.mark.parametrize("form", WRITTEN)
def test_a_form_is_inferred_read_and_written_back(form):
    texts = pd.Series(WRITTEN[form])
    assert infer_form(texts).form == form
    assert write_times(read_times(texts, form), form).tolist() == texts.tolist()


def test_the_zone_in_a_text_is_part_of_its_form_and_does_not_shift_its_clock():
    for text in ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00+05:30", "2024-01-31 10:00:00 UTC"):
        texts = pd.Series([text])
        assert read_times(texts, infer_form(texts).form)[0].hour == 10


@pytest.mark.parametrize("text", ["1.5", "192.168.1.1", "10.5.2", "2009-10", "29DEC2020", "", "a"])
def test_what_is_no_time_has_no_form(text):
    other = "2010-11" if text == "2009-10" else text
    assert infer_form(pd.Series([text, other, "2021-22"])).form == ""


@pytest.mark.parametrize("repeats", [1, 60])
def test_times_in_text_are_times_however_often_they_repeat(repeats):
    times = pd.Series(pd.date_range("2020-12-29 14:05", periods=300 // repeats, freq="37min"))
    texts = times.dt.strftime("%d %b %Y %H:%M").repeat(repeats).reset_index(drop=True)
    frame = pd.DataFrame({"x": texts, "y": range(300)}).assign(y=lambda f: f["y"] % 2)
    data = from_frame(frame)
    assert column_of(data, "x").format == "%d %b %Y %H:%M"
    pd.testing.assert_frame_equal(back(data), frame)


@pytest.mark.parametrize("different", [300, 20])
def test_one_wrong_date_is_named_with_its_row_and_may_be_declared_missing(different):
    dates = pd.Series(pd.date_range("2020-01-01", periods=different)).dt.strftime("%Y-%m-%d")
    dates[17] = "0000-00-00"
    texts = [dates[i % different] for i in range(300)]
    frame = pd.DataFrame({"x": texts, "y": [i % 2 for i in range(300)]})
    with pytest.raises(WganError, match=r"row 18: '0000-00-00' is not a time.*missing = \[\"0000-"):
        from_frame(frame)
    data = from_frame(frame, corrections={"x": {"missing": ["0000-00-00"]}})
    assert column_of(data, "x").missing
    assert back(data)["x"].isna().sum() == texts.count("0000-00-00")


@pytest.mark.parametrize("repeats", [1, 30])
@pytest.mark.parametrize(
    "text",
    [
        lambda i: f"2024-01-{1 + i % 28:02d}T10:00:00+0{i % 2}:00",
        lambda i: f"2024-01-{1 + i % 28:02d}" if i % 2 else f"{1 + i % 28} Jan 2024",
        lambda i: f"{1 + i % 28}th of January 2024",
        lambda i: f"{1 + i % 28}. Januar 2024",
        lambda i: f"{20 + i}:{i % 60:02d}:00",
    ],
)
def test_times_that_cannot_be_read_are_refused_however_often_they_repeat(text, repeats):
    frame = pd.DataFrame({"x": [text(i // repeats) for i in range(300)], "y": [0, 1] * 150})
    with pytest.raises(WganError, match=r"column 'x', row 1: .* looks like a time.*format = "):
        from_frame(frame)
    assert kinds(from_frame(frame, corrections={"x": {"kind": "category"}}))["x"] == "category"


def test_of_two_orders_of_month_and_day_the_one_taken_is_said():
    texts = [f"{i % 12 + 1:02d}/{i * 7 % 12 + 1:02d}/2024" for i in range(60)]
    frame = pd.DataFrame({"x": texts, "y": [0, 1] * 30})
    with pytest.warns(UserWarning, match=r"read as %m/%d/%Y, and %d/%m/%Y fits as well"):
        assert column_of(from_frame(frame), "x").format == "%m/%d/%Y"
    other = from_frame(frame, corrections={"x": {"format": "%d/%m/%Y"}})
    pd.testing.assert_frame_equal(back(other), frame)


@pytest.mark.parametrize(
    ("form", "values", "first"),
    [
        ("%Y%m%d", [20240131, 20240229], "2024-01-31"),
        ("%d%m%Y", [1022024, 11022024], "2024-02-01"),
        ("epoch s", [1700000000, 1700003600], "2023-11-14 22:13:20"),
        ("epoch ms", [1700000000123, 1700003600000], "2023-11-14 22:13:20.123"),
        ("epoch us", [1700000000000123, 1700003600000000], "2023-11-14 22:13:20.000123"),
        ("epoch ns", [1700000000000123000, 1700003600000000000], "2023-11-14 22:13:20.000123"),
    ],
)
def test_whole_numbers_may_be_declared_times(form, values, first):
    frame = pd.DataFrame({"x": values * 30, "y": [0, 1, 2] * 20})
    data = from_frame(frame, corrections={"x": {"kind": "datetime", "format": form}})
    assert data.rows[0, 0] == pytest.approx(pd.Timestamp(first).timestamp(), abs=1e-6)
    pd.testing.assert_frame_equal(back(data), frame)


def test_whole_numbers_that_look_like_days_are_numbers_and_that_is_said():
    days = pd.date_range("2020-01-01", periods=200).strftime("%Y%m%d").astype("int64")
    frame = pd.DataFrame({"x": days, "y": [0, 1] * 100})
    with pytest.warns(UserWarning, match=r'"%Y%m%d" in a schema says so'):
        assert kinds(from_frame(frame))["x"] == "numeric"


@pytest.mark.parametrize(
    ("form", "time", "nearest"),
    [
        ("%Y-%m", "2003-02-14", "2003-02-01"),
        ("%b %Y", "2003-02-20", "2003-03-01"),
        ("%Y", "2003-02-20", "2003-01-01"),
        ("%Y", "2003-12-20", "2004-01-01"),
        ("%Y-%m-%d", "2003-02-20", "2003-02-20"),
        ("%H:%M", "1900-01-01 10:20", "1900-01-01 10:20"),
        ("epoch s", "2003-02-20", "2003-02-20"),
        ("", "2003-02-20", "2003-02-20"),
    ],
)
def test_months_and_years_are_rounded_to_what_is_written(form, time, nearest):
    x = np.array(
        [(pd.Timestamp(each) - pd.Timestamp(0)).total_seconds() for each in (time, nearest)]
    )
    assert nearest_written(x, form).tolist() == [x[1], x[1]]
    assert np.isnan(nearest_written(np.array([np.nan]), form)).all()


def test_the_zone_of_a_form_is_at_its_end():
    forms = ("%Y-%m-%d", "%H:%M-0500", "%Y-%m-%d %H:%M UTC", "%H:%M:%S+00:00", "%d+05:30")
    assert [zone_of_form(form) for form in forms] == ["", "-05:00", "UTC", "UTC", "+05:30"]
