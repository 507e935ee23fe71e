"""Long tables: columns and their roles, lengths, missing values, classes, and the table written."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.formats import check_place, formats_of, write_samples
from wgan.data.kinds import codec_from_json, codec_to_json, try_codec
from wgan.data.series.reading import from_table
from wgan.data.series.windows import Reading


def houses(n=30, most=12, seed=0):
    """A table of series of 3 to `most` hours, of two channels and two columns that describe one."""
    random = np.random.default_rng(seed)
    lengths = random.integers(3, most + 1, n)
    lengths[0] = most
    of = np.repeat(np.arange(n), lengths)
    hours = np.concatenate([np.arange(length) for length in lengths])
    return pd.DataFrame(
        {
            "place": random.choice(["north", "south"], n)[of],
            "when": pd.Timestamp("2024-03-01") + pd.to_timedelta(hours, "h"),
            "power": random.normal(size=len(of)).round(2),
            "house": [f"h{i}" for i in of],
            "people": random.integers(0, 5, len(of)),
            "size": random.normal(size=n).round(1)[of],
        }
    )


def read(source, **settings):
    return load(source, kind="series", reading=Reading(**settings))


def read_houses(frame, **settings):
    return read(frame, **{"series": "house", "time": "when", **settings})


def test_series_of_different_lengths_are_padded_to_the_longest():
    frame = houses()
    data = read_houses(frame)
    assert data.rows.shape == (30, 12, 4)
    assert (data.codec.ends, data.codec.headings) == (True, ("power", "people"))
    assert (
        data.codec.lengths(data.rows).tolist() == frame.groupby("house", sort=False).size().tolist()
    )
    third = frame[frame.house == "h2"]
    np.testing.assert_array_equal(
        data.rows[2, : len(third), :2], third[["power", "people"]].to_numpy()
    )
    assert np.isnan(data.rows[2, len(third) :, :2]).all()


def test_columns_that_never_vary_within_a_series_describe_it():
    frame = houses()
    data = read_houses(frame)
    assert data.codec.statics.names == ("place", "size")
    each = frame.groupby("house", sort=False).first()
    written = data.codec.statics.frame(data.codec.static_rows(data.rows))
    assert written.place.tolist() == each.place.tolist()
    np.testing.assert_allclose(written["size"], each["size"])
    notes = "; ".join(data.codec.notes(data.rows))
    assert "'size': taken to describe a series" in notes
    assert "'place'" not in notes  # text is no guess
    assert np.array_equal(data.rows[:, 0, 2:], data.rows[:, -1, 2:])


def test_columns_that_describe_a_series_may_be_named():
    data = read_houses(houses(), static=("place",))
    assert data.codec.statics.names == ("place",)
    assert data.codec.headings == ("power", "people", "size")
    assert "taken to describe" not in "; ".join(data.codec.notes(data.rows))


def test_a_column_that_is_the_same_everywhere_comes_back():
    frame = houses().assign(unit="kWh", model=7)
    data = read_houses(frame)
    assert data.codec.headings == ("power", "people", "model")
    assert data.codec.statics.names == ("place", "size", "unit")
    assert "model: channel, always 7" in data.codec.describe()
    alone = read_houses(frame.drop(columns=["place", "size"]))
    split = alone.split()
    written = split.dataset.codec.wrap(alone.decode(alone.encode(alone.rows)))
    assert set(written.unit) == {"kWh"}
    assert set(written.model) == {7}
    assert alone.codec.measure(alone.rows).shape == (30, 12 * 4)


def test_rows_of_a_series_need_not_lie_together():
    frame = houses()
    mixed = frame.sort_values("when", kind="stable")
    first = {name: i for i, name in enumerate(dict.fromkeys(mixed.house))}
    order = [first[name] for name in dict.fromkeys(frame.house)]
    np.testing.assert_array_equal(read_houses(mixed).rows[order], read_houses(frame).rows)


def test_missing_values_stay_missing_and_are_counted():
    frame = houses()
    frame.loc[frame.index[1::7], "power"] = np.nan
    # The last row of a series has a value, so that series keep their lengths.
    data = read_houses(frame)
    assert data.codec.gaps == (True, False)
    share = frame.power.isna().mean()
    assert f"missing values: power {100 * share:.3g} %" in data.codec.notes(data.rows)[-1]
    assert int(np.isnan(data.rows[..., 0]).sum()) == frame.power.isna().sum() + int(
        (12 - data.codec.lengths(data.rows)).sum()
    )


@pytest.mark.parametrize("change", ["as it is", "missing values", "no times", "text", "types"])
def test_the_table_that_is_written_is_the_one_that_was_read(change):
    frame = houses()
    if change == "missing values":
        frame.loc[frame.index[1::7], "power"] = np.nan
        frame["people"] = frame.people.astype("Int64")
        frame.loc[frame.index[2::7], "people"] = pd.NA
    if change == "no times":
        frame = frame.drop(columns="when")
    if change == "text":
        frame["when"] = frame.when.dt.strftime("%d.%m.%Y %H:%M")
    if change == "types":
        frame["power"] = frame.power.astype("float32")
        frame["people"] = frame.people > 2
        frame["place"] = frame.place.astype("category")
        frame["house"] = pd.factorize(frame.house)[0].astype("int16") + 1
    data = read(frame, series="house", time=None if change == "no times" else "when")
    written = data.codec.wrap(data.rows)
    # Series are numbered, and identifiers are not learned.
    numbers = pd.factorize(frame.house)[0] + 1
    expected = frame.assign(house=numbers.astype(str if frame.house.dtype != "int16" else "int16"))
    pd.testing.assert_frame_equal(written, expected, check_dtype=False)
    assert written.dtypes.equals(frame.dtypes)
    np.testing.assert_allclose(data.codec.unwrap(written), data.rows, rtol=1e-6)
    codec = data.codec
    assert codec_from_json(json.loads(json.dumps(codec_to_json(codec)))) == codec
    try_codec(codec)


def test_numbers_are_written_as_exactly_as_the_data():
    data = read_houses(houses())
    raw = data.rows[:5].copy()
    raw[..., :2] += 0.3141
    written = data.codec.wrap(raw)
    np.testing.assert_array_equal(written.power, written.power.round(2))
    assert written.people.dtype == np.int64


def test_one_series_is_numbered_in_a_column_of_its_own():
    frame = pd.DataFrame({"x": np.arange(200.0), "when": np.arange(1000, 1400, 2)})
    data = read(frame, time="when", window=5)
    some = data.rows[np.array([0, 30])]
    written = data.codec.wrap(some)
    assert list(written) == ["series", "x", "when"]
    assert written.series.tolist() == [1] * 5 + [2] * 5
    assert written.when.tolist() == [1000, 1002, 1004, 1006, 1008] * 2
    np.testing.assert_allclose(data.codec.unwrap(written), some)
    np.testing.assert_allclose(data.codec.unwrap(written[:5].drop(columns="series")), some[:1])


def test_windows_have_what_describes_their_series():
    frame = houses(most=30)
    data = read_houses(frame, window=5)
    assert data.rows.shape[1:] == (5, 4)
    assert not data.codec.ends
    lengths = frame.groupby("house", sort=False).size()
    assert len(data) == (lengths - 4).clip(lower=0).sum()
    some = data.rows[:]
    # The group of a window is its series.
    size = frame.groupby("house", sort=False)["size"].first().to_numpy()
    np.testing.assert_allclose(some[:, 0, 3], size[data.groups])
    short = int((lengths < 5).sum())
    assert short
    assert f"{short} of 30 series hold no window of 5 steps" in "; ".join(data.codec.findings)


def test_windows_without_any_value_are_left_out():
    frame = pd.DataFrame({"x": np.arange(400.0), "y": np.arange(400.0)})
    frame.loc[100:119, ["x", "y"]] = np.nan
    data = read(frame, window=8)
    windows = data.rows[:]
    assert not np.isnan(windows).all(axis=(1, 2)).any()
    # Of the windows of 8 rows that lie in the 20 rows, one block of 32 rows ends within at row 127.
    assert "13 window(s) without any value are left out" in data.codec.findings
    # Steps without a value at the end of a window are missing, and no end of the series.
    assert data.codec.gaps == (True, True)
    assert not data.codec.ends
    np.testing.assert_allclose(data.decode(data.encode(windows)), windows, atol=1e-3)


def test_rows_without_a_value_at_the_end_of_a_series_are_past_its_end():
    frame = houses()
    lengths = frame.groupby("house", sort=False).size().to_numpy()
    last = np.cumsum(lengths)[3:6] - 1
    frame.loc[last, ["power", "people"]] = np.nan
    data = read_houses(frame)
    expected = lengths - np.isin(np.arange(30), [3, 4, 5])
    assert data.codec.lengths(data.rows).tolist() == expected.tolist()
    words = "3 row(s) without any value at the ends of series are past their ends"
    assert words in data.codec.findings


@pytest.mark.parametrize(("values", "dtype"), [((3, 5), "int8"), ((True, False), "bool")])
def test_classes_are_written_in_their_type(values, dtype):
    frame = houses()
    frame["kind"] = np.array(values, dtype=dtype)[pd.factorize(frame.house)[0] % 2]
    data = from_table(frame, "houses", Reading(series="house", time="when"), labels="kind")
    written = data.codec.frame(data.rows, [data.classes[i] for i in data.labels])
    pd.testing.assert_series_equal(written.kind, frame.kind)


def test_windows_of_an_array_keep_its_type_and_their_missing_values():
    whole = read(np.arange(400), window=8)
    assert whole.rows[:2].dtype == np.int64
    assert whole.decode(whole.encode(whole.rows[:2])).tolist() == whole.rows[:2].tolist()
    x = np.random.default_rng(0).normal(size=(400, 2))
    x[100:130] = np.nan
    x[7, 0] = np.nan
    data = read(x, window=8)
    assert (data.codec.gaps, data.codec.ends) == ((True, True), False)
    windows = data.rows[:]
    np.testing.assert_allclose(data.decode(data.encode(windows)), windows, atol=1e-6)


def test_context_is_kept_and_leaves_a_step_to_generate():
    assert read_houses(houses(), context=5).codec.context == 5
    assert read_houses(houses(), window=3, context=2).codec.context == 2
    with pytest.raises(WganError, match="series have 12 steps, and one at least is left"):
        read_houses(houses(), context=12)


def test_a_column_of_classes_gives_labels_and_describes_nothing(tmp_path):
    frame = houses()
    reading = Reading(series="house", time="when")
    data = from_table(frame, "houses", reading, labels="place")
    each = frame.groupby("house", sort=False).place.first()
    assert [data.classes[i] for i in data.labels] == each.tolist()
    assert data.codec.statics.names == ("size",)
    assert "place" not in data.codec.wrap(data.rows)
    labels = [data.classes[i] for i in data.labels]
    written = data.codec.frame(data.rows, labels)
    assert written.place.tolist() == frame.place.tolist()
    assert list(written) == list(frame)
    windows = from_table(frame, "houses", Reading(3, 1, "house", "when"), labels="place")
    assert [windows.classes[i] for i in windows.labels] == each.iloc[windows.groups].tolist()
    path = tmp_path / "houses.csv"
    frame.to_csv(path, index=False)
    again = load(path, kind="series", labels="place", reading=reading)
    assert again.classes == ("north", "south")
    assert np.array_equal(again.labels, data.labels)
    with pytest.raises(WganError, match=r"data\.labels = 'Place' is not a column\. .*'place'"):
        load(path, kind="series", labels="Place", reading=reading)
    frame.loc[1, "place"] = "west"
    with pytest.raises(WganError, match=r"series h0: data.labels = 'place' varies at row 2"):
        from_table(frame, "houses", reading, labels="place")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz", ".parquet"])
def test_samples_are_written_as_tables(tmp_path, ending):
    frame = houses()
    frame.loc[frame.index[2::7], "people"] = np.nan
    data = read_houses(frame)
    assert formats_of(data.codec).default == "samples.csv"
    path = tmp_path / f"houses{ending}"
    write_samples(data.rows, data.codec, path)
    again = read_houses(path)
    np.testing.assert_allclose(again.rows, data.rows)
    if ending == ".csv":
        # Whole numbers stay whole, though pandas holds those with gaps as floats.
        assert path.read_text().splitlines()[1].split(",")[4] in "01234"


def test_series_of_arrays_are_written_as_arrays():
    codec = load(np.random.default_rng(0).normal(size=(20, 6, 2)), kind="series").codec
    assert formats_of(codec).default == "samples.npy"
    with pytest.raises(WganError, match=r"written as \.npy, \.npz or \.png"):
        check_place(Path("x.csv"), codec)
    assert isinstance(codec.wrap(np.zeros((1, 6, 2))), np.ndarray)


def test_what_a_table_lacks_is_refused_when_it_is_read_back():
    data = read_houses(houses())
    good = data.codec.wrap(data.rows)
    gaps = good.assign(power=good.power.where(good.index != 1))
    long = good.assign(house="1", when=good.when[0] + pd.to_timedelta(good.index, "h"))
    for frame, fault in [
        (good.drop(columns="power"), "no column 'power'"),
        (good.drop(columns="size"), "no column 'size'"),
        (gaps, r"series 1, step 2: channel 'power' has no value, and in the data it always had"),
        (long, "series of the data have at most 12: cut it"),
        (good.to_numpy(), "give a DataFrame with its columns"),
    ]:
        with pytest.raises(WganError, match=fault):
            data.codec.unwrap(frame)


MANY = pd.DataFrame({"x": np.arange(1020.0), "id": np.repeat(range(101), [10] * 100 + [20])})
LONG = pd.DataFrame({"x": np.arange(3030.0), "id": np.repeat(range(11), [3] * 10 + [3000])})
ONES = pd.DataFrame({"x": np.arange(50.0), "id": np.arange(50)})
EMPTY = MANY.assign(x=MANY.x.where(MANY.id != 4))


@pytest.mark.parametrize(
    ("frame", "settings", "fault"),
    [
        (LONG, {"series": "id"}, "series 10: 3000 steps, more than 100 times the 3 of the median"),
        (ONES, {"series": "id"}, "each series has one row"),
        (MANY, {"series": "id", "window": 50}, "no window of 50 steps fits into a series of 20"),
        (EMPTY, {"series": "id"}, r"series 4 has no value \(1 such series\): drop it"),
        (MANY, {"series": "ID"}, "data.series = 'ID' is not a column. Known: id, x"),
        (MANY.iloc[:0], {"series": "id"}, "the table has no row"),
        (
            MANY.assign(id=MANY.id.where(MANY.x != 7)),
            {"series": "id"},
            "row 8 has no series: name it",
        ),
        (MANY.rename(columns={"id": "series"}), {"window": 5}, "a column is called 'series'"),
        (MANY.set_axis([["a", "b"], ["c", "d"]], axis=1), {"window": 5}, "several levels"),
    ],
)
def test_tables_that_are_no_series_are_refused(frame, settings, fault):
    with pytest.raises(WganError, match=fault):
        read(frame, **settings)


TEXTS = houses()
TEXTS["place"] = [f"p{i % 3}" for i in range(len(TEXTS))]


@pytest.mark.parametrize(
    ("frame", "settings", "fault"),
    [
        (TEXTS, {}, "series h0: column 'place' holds no numbers, and varies at row 2"),
        (houses(), {"static": ("power",)}, "data.static names column 'power', which varies at row"),
        (houses(), {"static": ("where",)}, "data.static = 'where' is not a column"),
        (houses(), {"static": ("size",)}, "column 'place' holds no numbers"),
        (houses()[["house", "when", "place"]], {}, "no column is left .*; place never vary"),
    ],
)
def test_roles_that_do_not_fit_are_refused(frame, settings, fault):
    with pytest.raises(WganError, match=fault):
        read_houses(frame, **settings)


def test_names_of_many_series_are_left_out():
    frame = houses(n=150).assign(owner=lambda t: "owner of " + t.house)
    data = read_houses(frame.drop(columns=["place", "size"]))
    assert data.codec.statics is None
    assert "'owner': left out, since it only names each series" in data.codec.findings
    both = read_houses(frame)
    assert both.codec.statics.names == ("place", "size", "owner")
    assert list(both.codec.wrap(both.rows)) == list(frame)


def test_ten_thousand_series_and_one_of_100_000_steps_are_read_and_written():
    random = np.random.default_rng(0)
    lengths = random.integers(5, 31, 10_000)
    of = np.repeat(np.arange(10_000), lengths)
    frame = pd.DataFrame({"id": of, "x": random.normal(size=len(of))})
    data = read(frame, series="id")
    assert data.codec.lengths(data.rows).tolist() == lengths.tolist()
    assert data.codec.wrap(data.rows).id.tolist() == (of + 1).tolist()
    long = read(pd.DataFrame({"x": random.normal(size=100_000)}), window=24)
    assert long.rows.shape == (100_000 - 20 * 23, 24, 1)


def test_decoded_series_have_the_steps_of_their_channels():
    """Evaluation sees what is written: whole numbers, truth values, cents and ticks."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": np.repeat(range(30), 6),
            "t": np.tile(random.integers(1, 9, 6).cumsum(), 30),
            "count": random.integers(0, 9, 180),
            "on": random.random(180) < 0.5,
            "price": random.normal(size=180).round(2),
        }
    )
    data = load(frame, kind="series", reading=Reading(series="id", time="t"))
    decoded = data.decode(torch.randn(50, *data.shape))
    count, on, price, gap = np.moveaxis(decoded, 2, 0)
    assert (count == np.rint(count)).all()
    assert count.min() >= 0
    assert set(np.unique(on)) == {0, 1}
    np.testing.assert_array_equal(price, np.round(price, 2))
    assert (gap == np.rint(gap)).all()
    assert gap.min() >= 1


def test_a_hole_in_a_text_that_describes_a_series_is_named():
    frame = pd.DataFrame({"id": np.repeat(range(20), 5), "x": np.arange(100.0), "town": "a"})
    frame.loc[50:, "town"] = "b"
    frame.loc[57, "town"] = None
    with pytest.raises(WganError, match=r"series 11: column 'town', row 58 has no value.*fill it"):
        from_table(frame, "t", Reading(series="id"))


def test_a_column_that_counts_the_rows_is_said():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"id": np.repeat(range(20), 5), "row": np.tile(range(5), 20)})
    frame["x"] = random.normal(size=100)
    said = [
        "column 'row' counts the rows of each series, and is learned as a channel: give"
        " data.time = 'row' if it is the time, or drop it"
    ]
    codec = from_table(frame, "t", Reading(series="id")).codec
    assert [words for words in codec.findings if "counts" in words] == said
    timed = from_table(frame, "t", Reading(series="id", time="row")).codec
    assert not [words for words in timed.findings if "counts" in words]
