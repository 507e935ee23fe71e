"""Gaps of rows with rules and twins: they go by the cells that are there, as they are."""

import numpy as np
import pandas as pd
import pytest
from random_tables import random_model

from wgan.models import complete


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
