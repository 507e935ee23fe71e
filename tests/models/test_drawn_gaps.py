"""Gaps of rows with rules and twins: they go by the cells that are there, as they are."""

import numpy as np
import pandas as pd
import pytest
from random_tables import random_model

from wgan.base.errors import WganError
from wgan.data.tables.frames import write_frame
from wgan.data.tables.gaps import given_rows
from wgan.models import complete, complete_file


def parts(n=600):
    """Parts with far tails, their total in cents, and a start that is no later than the end."""
    random = np.random.default_rng(0)
    a = np.round(random.gamma(2.0, 50.0, n), 2)
    b = random.integers(0, 30, n).astype(float)
    start = random.normal(size=n)
    return pd.DataFrame(
        {
            "a": a,
            "b": b,
            "total": np.round(a + b, 2),
            "start": start,
            "end": start + random.exponential(size=n),
        }
    )


RULES = [
    {"sum": ["a", "b", "total"]},
    {"order": ["start", "end"]},
]


@pytest.fixture(scope="module")
def model():
    return random_model(parts(), strength=0.1, rules=RULES)


def test_a_total_is_that_of_the_cells_that_are_there(model):
    frame = parts()
    done = complete(model, frame.assign(total=np.nan))
    assert done.frame["total"].tolist() == frame["total"].tolist()
    far = complete(model, pd.DataFrame({"a": [9000.25], "b": [3.0], "total": [np.nan]}))
    assert far.frame["total"].tolist() == [9003.25]


def test_a_gap_among_the_parts_is_the_difference(model):
    frame = parts()
    for name in ("a", "b"):
        done = complete(model, frame.assign(**{name: np.nan}))
        assert done.frame[name].tolist() == frame[name].tolist()
        assert not any("rule" in note for note in done.notes)


def test_of_two_gaps_one_is_drawn_and_the_other_a_value_of_its_column(model):
    least = model.codec.learned[0].cells.lows[0]
    frame = parts()
    frame = frame[(frame["total"] > least + 5) & (frame["total"] < 100)][:60]
    done = complete(model, frame.assign(a=np.nan, b=np.nan))
    assert done.frame["total"].tolist() == frame["total"].tolist()
    assert np.allclose(done.frame["a"] + done.frame["b"], frame["total"], rtol=0, atol=1e-9)
    assert (done.frame["a"] >= least).all()
    assert set(done.frame["b"]) <= set(parts()["b"])
    assert done.frame["b"].nunique() > 10
    assert not any("rule" in note for note in done.notes)


def test_order_is_that_of_the_start_that_is_there(model):
    """The cells of `end` reach farther than those of `start`, and the start farther than these."""
    frame = parts()
    latest = frame["start"].max()
    assert latest > model.codec.learned[3].cells.highs[-1]
    rows = pd.DataFrame({"start": [latest] * 300, "end": [np.nan] * 300})
    done = complete(model, rows[["start", "end"]].assign(a=1.0, b=1.0))
    assert (done.frame["end"] >= latest).all()
    assert done.notes[0].startswith("columns that are not there")


def test_a_row_that_breaks_a_rule_itself_is_completed_and_counted(model):
    rows = pd.DataFrame(
        {
            "a": [10.0, 10.0, np.nan],
            "b": [1.0, 1.0, 2.0],
            "total": [12.0, 11.0, 12.5],
            "start": [np.nan, 0.0, 0.0],
            "end": [1.0, np.nan, np.nan],
        }
    )
    done = complete(model, rows)
    assert done.frame["total"].tolist() == [12.0, 11.0, 12.5]
    assert done.frame["a"].tolist() == [10.0, 10.0, 10.5]
    assert (done.frame["start"] <= done.frame["end"]).all()
    assert done.notes[-1] == (
        "rule 'a + b = total': 1 rows break it by the cells that they have, and were completed"
        " without it"
    )


def test_a_rule_that_no_draw_keeps_is_counted_and_others_are_kept(model):
    far = parts()["end"].max() + 100
    rows = pd.DataFrame({"a": [1.0, 1.0], "start": [far, 0.0], "end": [np.nan, np.nan]})
    done = complete(model, rows)
    assert done.frame["end"].notna().all()
    assert done.frame["end"][1] >= 0
    assert any("rule 'start <= end': 1 rows break it" in note for note in done.notes)


def twins(n=2000):
    """Payments that are the bill in every other row, without a step."""
    random = np.random.default_rng(1)
    bill = random.gamma(4.0, 100.0, n)
    other = random.gamma(4.0, 100.0, n)
    return pd.DataFrame({"bill": bill, "pay": np.where(random.random(n) < 0.5, bill, other)})


def test_the_twin_of_a_cell_that_is_there_is_this_cell():
    frame = twins()
    model = random_model(frame, strength=0.1)
    assert model.codec.learned[1].twin == "bill"
    done = complete(model, frame.assign(pay=np.nan))
    equal = done.frame["pay"] == done.frame["bill"]
    near = np.isclose(done.frame["pay"], done.frame["bill"], rtol=1e-5)
    assert 0.05 < equal.mean() < 0.95
    assert (equal == near).mean() > 0.999
    top = complete(model, frame.nlargest(1, "bill").assign(pay=np.nan), copies=200)
    assert (top.frame["pay"] == top.frame["bill"]).mean() > 0.05


def test_a_given_twin_of_a_gap_is_the_twin_as_often_as_in_the_models_own_rows():
    model = random_model(twins(), strength=0.3)
    rows = model.codec.frame(model.sample(1500, seed=5))
    equal = (rows["bill"] == rows["pay"]).to_numpy()
    done = complete(model, rows.assign(bill=np.nan)).frame
    assert (done["pay"] == rows["pay"]).all()
    found = (done["bill"] == done["pay"]).to_numpy()
    third = pd.qcut(rows["pay"], 3, labels=False).to_numpy()
    for k in range(3):
        # Four standard errors of the difference of two shares of 500 rows.
        assert found[third == k].mean() == pytest.approx(equal[third == k].mean(), abs=0.126)
    assert equal.mean() > 0.05


def test_rows_without_gaps_of_a_table_with_identifiers():
    frame = pd.DataFrame({"id": range(1, 401), "x": np.arange(400) % 7 * 1.5})
    model = random_model(frame)
    assert model.codec.columns[0].kind == "identifier"
    pd.testing.assert_frame_equal(complete(model, frame[:5]).frame, frame[:5])


def times(zone, n=400):
    day = pd.date_range("2024-03-01", periods=n, freq="7h", tz=zone)
    return pd.DataFrame({"t": day, "k": np.where(np.arange(n) % 3 < 1, "a", "b")})


def test_times_of_another_zone_are_the_same_instants():
    model = random_model(times("America/New_York"))
    utc = pd.Series(pd.to_datetime(["2024-03-05 12:00", "2024-06-05 12:00"], utc=True))
    codec = model.codec
    local = codec.matrix(pd.DataFrame({"t": utc, "k": "a"}))[:, 0]
    assert [pd.Timestamp(x, unit="s").hour for x in local] == [7, 8]
    given = given_rows(codec, pd.DataFrame({"t": utc}))
    assert given.raw[:, 0].tolist() == local.tolist()
    with pytest.raises(WganError, match=r"holds times of the zone America/New_York.*have none"):
        complete(model, pd.DataFrame({"t": utc.dt.tz_localize(None)}))
    plain = random_model(times(None))
    with pytest.raises(WganError, match="holds times of no zone, and here they have the zone UTC"):
        complete(plain, pd.DataFrame({"t": utc}))


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_a_csv_of_samples_is_completed_where_times_were_no_text(tmp_path, zone):
    model = random_model(times(zone))
    frame = model.codec.frame(model.sample(60))
    write_frame(frame.assign(k=None), model.codec, tmp_path / "gaps.csv")
    done = complete_file(model, tmp_path / "gaps.csv", tmp_path / "full.parquet")
    assert done.filled == 60
    assert (done.frame["t"] == frame["t"]).all()
    complete_file(model, tmp_path / "gaps.csv", tmp_path / "full.csv")
    fields = [pd.read_csv(tmp_path / f"{name}.csv", dtype="str")["t"] for name in ("gaps", "full")]
    assert fields[0].equals(fields[1])
    (tmp_path / "bad.csv").write_text("t,k\n2024-03-05 12:00:00,a\nsoon,b\n")
    with pytest.raises(
        WganError, match=r"column 't', row \d: '.*' is not a time|here they have none"
    ):
        complete_file(model, tmp_path / "bad.csv", tmp_path / "x.csv")


def test_the_sheet_that_is_named_is_read_where_it_is_there(tmp_path):
    model = random_model(times(None).assign(x=np.arange(400) % 5))
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        pd.DataFrame({"note": ["nothing"]}).to_excel(book, sheet_name="about", index=False)
        pd.DataFrame({"k": ["a", None], "x": [1, 2]}).to_excel(book, sheet_name="d", index=False)
    done = complete_file(model, tmp_path / "t.xlsx", tmp_path / "f.csv", sheet="d")
    assert done.frame["x"].tolist() == [1, 2]
    with pytest.warns(UserWarning, match="'about' is read"), pytest.raises(WganError):
        complete_file(model, tmp_path / "t.xlsx", tmp_path / "g.csv", sheet="other")
