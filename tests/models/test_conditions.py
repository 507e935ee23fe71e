"""Conditions on rows of tables: met exactly, waited for, refused where they cannot be met."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from short_runs import settled, trained

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables.cells import Cells
from wgan.data.tables.schema import Column
from wgan.models import conditional_sampler, sample_where
from wgan.models.conditions import Condition, conditions

SMALL = ["network.width=16", "optimizer.batch=20", "training.steps=6"]


def model_for(frame, *settings):
    return trained(*settled(*SMALL, *settings, data=load(frame))).model


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("size=large", lambda f: (f["size"] == "large").all()),
        (
            ["size=small", "member=True", "gain=0"],
            lambda f: ((f["size"] == "small") & f["member"] & (f["gain"] == 0)).all(),
        ),
        ("note=", lambda f: f["note"].isna().all()),
        (
            {"note": None, "size": "medium"},
            lambda f: (f["note"].isna() & (f["size"] == "medium")).all(),
        ),
        ("age>=30", lambda f: (f["age"] >= 30).all()),
        (["age>30", "age<=40"], lambda f: f["age"].between(31, 40).all()),
        (
            {"age": (30, 40), "size": "large"},
            lambda f: (f["age"].between(30, 40) & (f["size"] == "large")).all(),
        ),
        ("gain>0", lambda f: (f["gain"] > 0).all()),
        ("bought<2021-01-01", lambda f: (f["bought"] < "2021-01-01").all()),
        ("code=007", lambda f: (f["code"] == "007").all()),
    ],
)
def test_every_row_satisfies_what_was_asked_for(mixed, where, holds):
    estimator = WGAN(steps=3, settings={"network.width": 16}).fit(mixed(400))
    rows = estimator.sample(60, where=where)
    assert len(rows) == 60
    assert holds(rows)
    assert rows["customer_id"].is_unique
    pd.testing.assert_frame_equal(rows, estimator.sample(60, where=where))


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("size=huge", "has no level 'huge'"),
        ("sise=large", "no column is called 'sise'. Did you mean 'size'"),
        ("size>=large", "has no order"),
        ("age>200", "no row of the data's kind can satisfy age>200"),
        (["age>50", "age<40"], "no row of the data's kind can satisfy age>50 and age<40"),
        ("gain=700.5", "too few to wait for"),
        ("age=", "never missing in the data"),
        ("age=old", "'old' is no number"),
        ("bought>=someday", "is no date"),
        ("customer_id=C-00001", "identifiers, which are not learned"),
        ("age", "write COLUMN=VALUE"),
    ],
)
def test_conditions_that_cannot_be_met_are_one_clear_error(mixed, monkeypatch, where, words):
    monkeypatch.setattr("wgan.models.conditioned.LEAST_TRIES", 5000)
    monkeypatch.setattr("wgan.models.conditioned.TRIES", 10)
    model = model_for(mixed(200))
    with pytest.raises(WganError, match=words):
        sample_where(model, 10, where=where)


def test_the_first_rows_do_not_depend_on_how_many_are_asked_for(mixed):
    model = model_for(mixed(200))
    assert np.array_equal(model.sample(300)[:7], model.sample(7), equal_nan=True)
    few, many = (sample_where(model, n, where="age>=40").raw for n in (5, 50))
    assert np.array_equal(many[:5], few, equal_nan=True)


def test_balanced_rows_have_equal_shares_also_in_a_range(mixed):
    model = model_for(mixed(200))
    place = model.codec.place("size")
    for where in ((), "age<60"):
        raw = sample_where(model, 3000, where=where, balance="size").raw
        assert np.bincount(raw[:, place].astype(int)).tolist() == [1000, 1000, 1000]
        assert len(np.unique(raw[:30, place])) == 3, "in random order"
        assert not where or (raw[:, model.codec.place("age")] < 60).all()
    hint = "holds numeric, 21 to 88.*choose one of size, city, .*a schema that calls it a category"
    with pytest.raises(WganError, match=hint):
        sample_where(model, 10, balance="age")
    with pytest.raises(WganError, match="cannot be balanced, since a condition fixes it: choose"):
        sample_where(model, 10, where="size=large", balance="size")


def test_a_number_of_few_values_is_balanced_and_a_level_never_learned_is_refused():
    frame = pd.DataFrame({"y": np.arange(200) % 10 == 0, "k": ["a", "b"] * 100}).astype({"y": int})
    held_out = np.flatnonzero(~load(frame).split().is_train())
    frame.loc[held_out[:2], "k"] = "new"
    model = model_for(frame)
    raw = sample_where(model, 400, balance="y").raw
    assert [np.mean(raw[:, 0] == y) for y in (0, 1)] == [0.5, 0.5]
    raw = sample_where(model, 400, balance="k").raw
    assert len(np.unique(raw[:, 1])) == 2
    with pytest.raises(WganError, match="'new' is in held-out rows alone"):
        conditions(model.codec, "k=new")


class TrueConditional(torch.nn.Module):
    """A perfect generator of one category: asked for nothing it draws by true frequency, asked for
    a state it gives that.
    """

    def __init__(self, like, codec, shares):
        super().__init__()
        self.like, self.codec, self.shares = like, codec, shares
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, z, y=None):
        x = torch.zeros(len(z), *self.codec.shape)
        start, size = next(self.codec.codes[0].parts)
        drawn = (torch.special.ndtr(z[:, :1]) > torch.tensor(self.shares).cumsum(0)[:-1]).sum(1)
        states = drawn if y is None else torch.where(y[:, 0] < 0, drawn, y[:, 0])
        x[:, start : start + size] = torch.nn.functional.one_hot(states, size).float()
        return x


def test_unconditional_samples_have_true_frequencies_of_a_perfect_generator():
    """A category of 5.1 % comes out at 5.1 %, and not at the share that balanced training gives
    it.
    """
    frame = pd.DataFrame({"k": np.repeat(["a", "b"], [1898, 102]), "y": np.arange(2000) % 2})
    model = model_for(frame)
    model = replace(model, generator=TrueConditional(model.generator, model.codec, [0.949, 0.051]))
    assert np.mean(model.sample(40_000)[:, 0] == 1) == pytest.approx(0.051, abs=0.005)
    assert (sample_where(model, 100, where="k=b").raw[:, 0] == 1).all()


def test_a_model_of_arrays_refuses_conditions():
    estimator = WGAN(steps=1).fit(np.random.default_rng(0).normal(size=(50, 2)))
    with pytest.raises(WganError, match="for models of tables"):
        estimator.sample(3, where="a=1")


def test_times_are_asked_for_as_the_column_writes_them():
    days = pd.Series(pd.date_range("2024-01-01", periods=120))
    zone = days.dt.tz_localize("America/New_York")
    frame = pd.DataFrame(
        {"text": days.dt.strftime("%d.%m.%Y"), "zone": zone, "y": np.arange(120) % 2}
    )
    codec = load(frame).codec
    for text in (
        "text=05.01.2024",
        "text=2024-01-05",
        "zone=2024-01-05",
        "zone=2024-01-05 05:00+00:00",
    ):
        (condition,) = conditions(codec, text)
        assert pd.Timestamp(condition.value, unit="s") == pd.Timestamp("2024-01-05"), text
    with pytest.raises(WganError, match="is no date"):
        conditions(codec, "text=01/05/2024")


def test_names_and_values_may_hold_signs_and_an_empty_level_is_not_a_missing_one():
    values = pd.Series(["u", "", None, "v=w"] * 30, dtype="str")
    codec = load(
        pd.DataFrame({"a>b": values, "a": ["x", "y"] * 60, "n": [40, 41, 40, 42] * 30})
    ).codec
    (condition,) = conditions(codec, "a>b=v=w")
    assert (condition.column.name, condition.column.levels[int(condition.value)]) == ("a>b", "v=w")
    assert np.isnan(conditions(codec, {"a>b": None})[0].value)
    assert conditions(codec, "a>b=")[0].value == codec.learned[0].levels.index("")
    for text in ("a!=x", "b=x"):
        with pytest.raises(WganError, match="no column is called"):
            conditions(codec, text)


def test_a_spike_among_ordinary_numbers_needs_no_waiting():
    random = np.random.default_rng(0)
    hours = np.where(random.random(2000) < 0.4, 40, random.integers(1, 99, 2000))
    model = model_for(pd.DataFrame({"hours": hours, "y": np.arange(2000) % 2}))
    found = sample_where(model, 50, where="hours=40")
    assert found.tried == 50
    assert (found.raw[:, 0] == 40).all()


def test_a_round_number_and_a_range_of_one_cell_need_no_waiting():
    """In a column without spikes or missing values."""
    random = np.random.default_rng(0)
    price = np.where(random.random(4000) < 0.03, 19.99, random.integers(1, 9000, 4000) / 100)
    model = model_for(pd.DataFrame({"price": price, "y": np.arange(4000) % 2}))
    assert not model.codec.learned[0].code_sizes
    found = sample_where(model, 50, where="price=19.99")
    assert found.tried == 50
    assert (found.raw[:, 0] == 19.99).all()
    cells = model.codec.learned[0].cells
    low, high = cells.lows[7], cells.highs[7]
    assert low < high
    found = sample_where(model, 50, where={"price": (low, high)})
    assert found.tried == 50
    assert ((low <= found.raw[:, 0]) & (found.raw[:, 0] <= high)).all()


def test_choices_in_which_a_condition_can_hold():
    cells = Cells((0.0, 5.0, 6.0), (4.0, 5.0, 9.0), (0.4, 0.6, 1.0))
    column = Column(
        "x", "numeric", "float64", missing=True, step=1.0, spikes=(7.0,), cells=cells, shares=()
    )
    for operator, value, right in (
        ("=", 5.0, [0, 1, 0, 0, 0]),
        ("=", 3.0, [1, 0, 0, 0, 0]),
        ("=", 7.0, [0, 0, 0, 1, 0]),
        (">=", 5.0, [0, 1, 1, 1, 0]),
        (">", 5.0, [0, 0, 1, 1, 0]),
        (">", 4.0, [0, 1, 1, 1, 0]),
        ("<=", 0.0, [1, 0, 0, 0, 0]),
        ("<", 0.0, [0, 0, 0, 0, 0]),
        ("<", 7.0, [1, 1, 1, 0, 0]),
        ("=", float("nan"), [0, 0, 0, 0, 1]),
    ):
        assert Condition(0, column, operator, value).choices().tolist() == right, (operator, value)


def test_conditions_say_what_they_are(mixed):
    codec = load(mixed(200)).codec
    (condition,) = conditions(codec, " age >= 30 ")
    assert (condition.operator, condition.value, condition.column.name) == (">=", 30.0, "age")


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("amount>=1.234 €", 1234),
        ("amount>=1234", 1234),
        ({"amount": (1.234, None)}, 1.234),
        ({"amount": 1234}, 1234),
        ("amount>=1.234", None),
    ],
)
def test_a_number_is_read_as_the_column_writes_it_and_an_unclear_one_is_refused(where, number):
    """Points group thousands in this column; in a plain number a point is a decimal point."""
    amounts = [f"{k:,} €".replace(",", ".") for k in range(20, 8020, 20)]
    codec = load(pd.DataFrame({"amount": amounts, "y": np.arange(400) % 3})).codec
    if number is None:
        with pytest.raises(WganError, match=r"'1\.234' is no number"):
            conditions(codec, where)
    else:
        assert [condition.value for condition in conditions(codec, where)] == [number]


def test_a_conditional_sampler_gives_fresh_rows_of_each_draw_and_condition(mixed):
    model = model_for(mixed(300))
    sample = conditional_sampler(model, 0, "evaluation")
    rows = sample({"size": "large"}, 40, 0)
    assert (model.codec.frame(rows)["size"] == "large").all()
    assert np.array_equal(rows, sample({"size": "large"}, 40, 0), equal_nan=True)
    others = (
        sample({"size": "large"}, 40, 1),
        sample({"size": "small"}, 40, 0),
        conditional_sampler(model, 1, "evaluation")({"size": "large"}, 40, 0),
        conditional_sampler(model, 0, "other")({"size": "large"}, 40, 0),
    )
    price = model.codec.place("price")
    assert all(not np.array_equal(rows[:, price], other[:, price]) for other in others)


def test_models_of_other_data_have_no_conditional_sampler():
    points = trained(*settled(*SMALL, data=load("8-gaussians"))).model
    assert conditional_sampler(points, 0, "evaluation") is None
