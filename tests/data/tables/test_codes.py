"""Far codes in tables: a sample is the code or an ordinary number, and nothing between."""

import re

import numpy as np
import pandas as pd
import pytest
from table_columns import draw

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables.drawing import BARS, _shares
from wgan.data.tables.frames import from_frame

RANDOM = np.random.default_rng(0)
AGES = RANDOM.uniform(20, 80, 500)


def with_codes(shares, ages=AGES):
    """Return the ages, some of them replaced by codes."""
    u = np.random.default_rng(1).permutation(len(ages)) / len(ages)
    x = ages.copy()
    for code, share in shares.items():
        x[(u >= 0) & (u < share)] = code
        u -= share
    return x


@pytest.mark.parametrize("decimals", [0, 1, 9])
@pytest.mark.parametrize(
    "shares",
    [
        {-999.0: 0.3},
        {-999.0: 0.03},
        {-999.0: 0.016},
        {-999.0: 0.04, 9999.0: 0.04},
        {-1.0: 0.2},
        {-2147483648.0: 0.02},
        {99.99e9: 0.1},
    ],
)
def test_a_sample_is_the_code_or_an_ordinary_number(shares, decimals):
    x = with_codes(shares, AGES.round(decimals))
    split = load(pd.DataFrame({"x": x})).split()
    column = split.dataset.codec.learned[0]
    assert column.codes == tuple(sorted(shares))
    made = draw(split.dataset.codec, 20_000, np.random.default_rng(2))[:, 0]
    ordinary = made[~np.isin(made, list(shares))]
    assert 20 <= ordinary.min() <= ordinary.max() <= 80
    for code, share in shares.items():
        assert np.mean(made == code) == pytest.approx(share, abs=0.02)
    words = split.dataset.codec.notes(x[:, None])
    assert re.search(r"far from all others \(2[0-2](\.\d+)? to 79(\.\d+)?\)", words[0])
    assert "taken for codes" in words[0]


def test_one_slip_does_not_crush_the_others_and_is_said():
    x = AGES.round(1)
    x[7] = 1e30
    dataset = load(pd.DataFrame({"x": x}))
    column = dataset.codec.learned[0]
    assert (column.step, column.codes, column.far_rows) == (0.1, (), 1)
    assert dataset.codec.notes(dataset.rows) == [
        "column 'x': 1 row has a value far from all others (20.3 to 79.7) that fewer than 5 rows"
        " share, so counted as the nearest end and never generated; drop such rows if these are"
        " errors"
    ]
    again = dataset.codec.decode(dataset.encode(dataset.rows[7:8]))
    assert again.tolist() == [[column.cells.highs[-1]]]
    choice = dataset.codec.choices(dataset.rows[7:8])
    assert choice.tolist() == [[len(column.cells) - 1]]
    made = draw(dataset.codec, 20_000, RANDOM)[:, 0]
    assert made.max() <= 80
    assert np.quantile(made, [0.25, 0.5, 0.75]) == pytest.approx(
        np.quantile(AGES, [0.25, 0.5, 0.75]), abs=1.5
    )


@pytest.mark.parametrize(("rows", "is_code"), [(4, False), (5, True)])
def test_a_far_value_of_fewer_than_five_rows_is_not_stored(rows, is_code):
    x = AGES.copy()
    x[:rows] = 9876543.21
    codec = load(pd.DataFrame({"x": x})).codec
    column = codec.learned[0]
    assert (column.codes, column.spikes) == ((9876543.21,) * is_code,) * 2
    assert column.far_rows == (0 if is_code else rows)
    assert ("9876543.21" in str(codec.to_json())) == is_code
    assert column.has_unseen is False


def test_a_code_that_only_held_out_rows_have_is_named_if_five_rows_have_it():
    for rows in (4, 5):
        x = AGES.copy()
        split = load(pd.DataFrame({"x": x})).split()
        x[np.flatnonzero(~split.is_train())[:rows]] = 9876543.0
        split = load(pd.DataFrame({"x": x})).split()
        column = split.dataset.codec.learned[0]
        assert column.unseen_codes == (9876543.0,) * (rows == 5)
        assert column.codes == ()


def test_a_frequent_value_of_fewer_than_five_rows_is_no_spike():
    """In a table of 32 rows, 5 % are two rows."""
    x = np.concatenate([np.arange(25.0), [25.0] * 3, [26.0] * 5])
    column = load(pd.DataFrame({"x": x, "y": np.arange(33) % 2})).codec.learned[0]
    assert column.spikes == (26.0,)


def test_codes_in_parquet_whole_numbers_come_back(tmp_path):
    pytest.importorskip("pyarrow")
    x = with_codes({-999.0: 0.05, 9999.0: 0.01}, RANDOM.integers(1000, 3000, 500).astype(float))
    frame = pd.DataFrame({"x": x.astype("int32"), "y": np.arange(500) % 2})
    frame.to_parquet(tmp_path / "t.parquet")
    dataset = load(tmp_path / "t.parquet")
    assert dataset.codec.columns[0].codes == (-999, 9999)
    made = dataset.codec.frame(draw(dataset.codec, 5000, RANDOM))["x"]
    assert made.dtype == "int32"
    assert made[~made.isin([-999, 9999])].between(1000, 3000).all()


@pytest.mark.parametrize("as_text", [True, False])
def test_dates_that_stand_for_no_date_are_codes(as_text):
    days = pd.Timestamp("2015-01-01") + pd.to_timedelta(RANDOM.integers(0, 3000, 600), unit="D")
    day = pd.Series(days).astype("datetime64[us]")
    day.iloc[:20] = pd.Timestamp("1900-01-01")
    day.iloc[20:26] = pd.Timestamp(year=9999, month=12, day=31).as_unit("us")
    frame = pd.DataFrame({"day": day.dt.strftime("%Y-%m-%d") if as_text else day})
    dataset = load(frame)
    column = dataset.codec.columns[0]
    assert column.kind == "datetime"
    assert [column.spelled(x)[:10] for x in column.codes] == ["1900-01-01", "9999-12-31"]
    made = dataset.codec.frame(draw(dataset.codec, 5000, RANDOM))["day"]
    ordinary = made[~made.isin(frame["day"].iloc[[0, 20]])]
    assert {str(each)[:4] for each in ordinary} == {str(year) for year in range(2015, 2024)}
    assert set(made) - set(ordinary) == set(frame["day"].iloc[[0, 20]])
    assert dataset.codec.frame(dataset.rows)["day"].equals(frame["day"].astype(made.dtype))
    assert "apart from these 1900-01-01 00:00:00, 9999-12-31 00:00:00" in str(column)


def test_codes_are_drawn_as_bars_of_their_own_beside_the_range():
    x = with_codes({-999.0: 0.3, 9999.0: 0.05})
    column = load(pd.DataFrame({"x": x})).codec.columns[0]
    (shares,) = _shares(column, [x])
    assert shares[BARS:] == pytest.approx([0.3, 0.05], abs=0.005)
    assert (shares[:BARS] > 0.01).all()
    assert shares.sum() == pytest.approx(1)


def test_a_schema_that_was_written_with_codes_can_be_read_and_bounds_are_of_ordinary_numbers():
    frame = pd.DataFrame({"x": with_codes({-999.0: 0.03})})
    codec = load(frame).codec
    ordinary = frame["x"][frame["x"] > -999]
    for low in (ordinary.min(), -999.0):
        again = from_frame(frame, corrections={"x": {"low": low}}).codec
        assert again == codec
    bounded = from_frame(frame, corrections={"x": {"low": 0}}).codec.columns[0]
    assert (bounded.cells.lows[0], bounded.codes) == (0, (-999,))
    with pytest.raises(WganError, match="values run from 20"):
        from_frame(frame, corrections={"x": {"low": 30}})


@pytest.mark.parametrize("as_array", [False, True])
def test_fit_warns_of_codes(as_array):
    frame = pd.DataFrame({"x": with_codes({-999.0: 0.3}), "y": AGES})
    with pytest.warns(UserWarning, match="-999.*apart from all|-999.*far from all"):
        WGAN(steps=1).fit(frame.to_numpy() if as_array else frame)
