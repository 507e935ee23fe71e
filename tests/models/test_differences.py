"""Rows of a generator that learned columns as differences: drawn, under conditions, completed."""

import numpy as np
import pandas as pd
import pytest
from random_tables import learned_model
from shop_table import shop

from wgan.base.errors import WganError
from wgan.models import complete, sample_where

RULES = [{"order": ["ordered", "delivered", "paid"]}]
TRUE_DAYS = {"fast": [1, 2, 3], "slow": list(range(8, 15))}


def days(frame, first="ordered", last="delivered"):
    return (frame[last] - frame[first]).dt.days


def codec_pairs(model):
    return {c.name: c.difference.other for c in model.codec.learned if c.difference}


@pytest.fixture(scope="module")
def model():
    return learned_model(shop(), 200, rules=RULES)


def share_as_in_the_data(frame):
    """Return in which share of rows the delivery takes as long as it does for its kind."""
    return np.mean([d in TRUE_DAYS[k] for d, k in zip(days(frame), frame["kind"], strict=True)])


def test_differences_are_drawn_as_they_are_and_keep_an_order_by_themselves(model):
    drawn = model.draw(4000)
    assert drawn.redrawn == 0, "no row broke the rule"
    made = model.codec.frame(drawn.raw)
    assert share_as_in_the_data(made) > 0.97
    data = days(shop()).value_counts(normalize=True)
    found = days(made).value_counts(normalize=True)
    assert (data - found).abs().sum() / 2 < 0.1
    assert days(made, "delivered", "paid").between(0, 29).all()
    for i, j in model.codec.differences.items():
        column, x, start = model.codec.learned[i], drawn.raw[:, i], drawn.raw[:, j]
        start = np.round(column.difference.factor * start, 2)
        assert (x >= np.minimum(column.ends[0], start)).all()
        assert (x <= np.maximum(column.ends[-1], start)).all()


def test_conditions_on_a_difference_are_waited_for(model):
    for where, holds in (
        ("delivered>=2023-01-01", lambda f: f["delivered"] >= "2023-01-01"),
        ("delivered=2022-05-05", lambda f: f["delivered"] == "2022-05-05"),
        ("gross<20", lambda f: f["gross"] < 20),
    ):
        rows = sample_where(model, 20, where=where)
        assert holds(model.codec.frame(rows.raw)).all()
        assert rows.acceptance < 0.5, "waited for"
    with pytest.raises(WganError, match="no row of the data's kind can satisfy"):
        sample_where(model, 3, where="delivered<2020-01-01")
    with pytest.raises(WganError, match="never missing"):
        sample_where(model, 3, where="delivered=")


def test_a_difference_is_missing_or_there_as_conditions_ask():
    frame = shop()
    frame.loc[::7, "delivered"] = pd.NaT
    model = learned_model(frame, 20)
    assert model.codec.learned[3].difference
    for where, missing in (("delivered=", True), ("delivered!=", False)):
        rows = sample_where(model, 500, where=where)
        assert (np.isnan(rows.raw[:, 3]) == missing).all()


@pytest.mark.parametrize("gaps", [["ordered"], ["delivered"], ["ordered", "delivered"], ["paid"]])
def test_a_gap_beside_a_difference_follows_from_it(model, gaps):
    """Also between two known columns, and where a chain of differences hangs on the last one."""
    frame = shop(150, seed=1)
    full = complete(model, frame.assign(**dict.fromkeys(gaps, pd.NaT))).frame
    assert share_as_in_the_data(full) > 0.95
    assert days(full, "delivered", "paid").between(0, 29).mean() > 0.99
    kept = [name for name in frame if name not in gaps]
    assert full[kept].equals(frame[kept])
    own = model.codec.frame(model.sample(4000))
    for kind in TRUE_DAYS:
        usual = days(own)[own["kind"] == kind].mean()
        assert days(full)[full["kind"] == kind].mean() == pytest.approx(usual, abs=0.5)


@pytest.mark.parametrize("gaps", [["ordered"], ["ordered", "billed"]])
def test_two_differences_from_one_gap_go_together(gaps):
    frame = shop().drop(columns="paid")
    random = np.random.default_rng(2)
    frame["billed"] = frame["ordered"] + pd.to_timedelta(random.integers(20, 25, len(frame)), "D")
    model = learned_model(frame, 150)
    assert codec_pairs(model) == {"delivered": "ordered", "billed": "ordered", "gross": "price"}
    some = frame.head(150)
    full = complete(model, some.assign(**dict.fromkeys(gaps, pd.NaT))).frame
    assert share_as_in_the_data(full) > 0.95
    assert days(full, "ordered", "billed").between(20, 24).mean() > 0.99


def test_a_factor_is_undone(model):
    frame = shop(150, seed=1)
    full = complete(model, frame.assign(price=np.nan)).frame
    tax = full["gross"] - full["price"] * 1.21
    assert abs(tax.mean()) < 0.1
    assert tax.std() == pytest.approx(0.5, rel=0.2)
    # Tax of the smallest prices could be half of them, or the price be below the least.
    assert (full["price"] / frame["price"]).between(0.5, 2).mean() > 0.98


def test_a_value_beyond_the_data_takes_the_other_column_along(model):
    late = shop(40, seed=1)
    late["ordered"], late["delivered"] = pd.NaT, pd.Timestamp("2030-01-01")
    late["paid"] = pd.Timestamp("2030-01-11")
    full = complete(model, late).frame
    assert days(full).between(1, 14).all()
    late["ordered"], late["delivered"] = pd.Timestamp("2030-01-01"), pd.NaT
    late["paid"] = pd.NaT
    full = complete(model, late).frame
    assert days(full).between(1, 14).all()
    assert days(full, "delivered", "paid").between(0, 29).all()
