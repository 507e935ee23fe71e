"""Conditions on rows of tables: met exactly, waited for, refused where they cannot be met."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from mixed_tables import mixed_table
from random_tables import random_model
from short_runs import settled, trained

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables.cells import Cells
from wgan.data.tables.schema import Column
from wgan.models import conditional_sampler, sample_where
from wgan.models.conditions import Condition, conditions


@pytest.fixture(scope="module")
def model_of_400():
    return random_model(mixed_table(400), strength=0.1)


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
        ("code in 007, 003", lambda f: f["code"].isin(["007", "003"]).all()),
        ({"size": ["small", "large"]}, lambda f: f["size"].isin(["small", "large"]).all()),
        (["size!=small", {"age": (30, None)}], lambda f: (f["age"] >= 30).all()),
        ("note!=", lambda f: f["note"].notna().all()),
        ("bought!=2021-01-01", lambda f: (f["bought"] != "2021-01-01").all()),
    ],
)
def test_every_row_satisfies_what_was_asked_for(model_of_400, where, holds):
    raw = sample_where(model_of_400, 60, where=where).raw
    rows = model_of_400.codec.frame(raw)
    assert len(rows) == 60
    assert holds(rows)
    assert rows["customer_id"].is_unique
    again = sample_where(model_of_400, 60, where=where).raw
    assert np.array_equal(again, raw, equal_nan=True)


def test_the_estimator_takes_conditions_and_completes_rows(mixed):
    frame = mixed(120)
    estimator = WGAN(steps=1, settings={"network.width": 8}).fit(frame)
    where = [{"size": ["small", "large"]}, "age!=30"]
    rows = estimator.sample(20, where=where)
    assert rows["size"].isin(["small", "large"]).all()
    assert (rows["age"] != 30).all()
    gaps = frame[["size", "age", "code"]].head(5).assign(size=None)
    with pytest.warns(UserWarning, match="columns that are not there are drawn too: 'price'"):
        full = estimator.complete(gaps, n_completions=2, random_state=1)
    assert set(full.columns) == set(frame.columns)
    assert full["age"].tolist() == np.repeat(gaps["age"], 2).tolist()
    assert full["size"].isin(["small", "medium", "large"]).all()
    with pytest.raises(WganError, match="n_completions = 0"):
        estimator.complete(gaps, n_completions=0)
    polars = pytest.importorskip("polars")
    given = polars.DataFrame({"age": [30, None], "who": ["a", "b"], "size": [None, "large"]})
    with pytest.warns(UserWarning, match="are kept as they are: 'who'"):
        full = estimator.complete(given)
    assert isinstance(full, polars.DataFrame)
    assert full["age"].dtype == polars.Int64
    assert full["age"][0] == 30
    assert full["who"].to_list() == ["a", "b"]


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("size=huge", "has no level 'huge'"),
        ("sise=large", "no column is called 'sise'. Did you mean 'size'"),
        ("size>=large", "has no order"),
        ("age>200", "no row of the data's kind can satisfy age>200"),
        (["age>50", "age<40"], "no row of the data's kind can satisfy age>50 and age<40"),
        (["price>20", "price<20.005"], "too few to wait for"),
        ("age=", "never missing in the training data"),
        ("age>=", "a range needs a value"),
        ("size==large", "== is not an operator: write =, !=, <"),
        ("size<>large", "<> is not an operator"),
        ("size in", "after 'in' write values with commas between them"),
        ('size in "large, small', "double quotes around a value"),
        ("size in large, huge", "has no level 'huge'"),
        ("sise in large, small", "no column is called 'sise'. Did you mean 'size'"),
        ({"size": []}, "a list without values"),
        ({"age": (30, 35, 40)}, "3 values in a tuple, and a tuple is a range"),
        ("age=old", "'old' is not a number"),
        ("bought>=someday", "is not a date"),
        ("customer_id=C-00001", "identifiers, which are not learned"),
        ("age", "write COLUMN=VALUE"),
    ],
)
def test_conditions_that_cannot_be_met_are_one_clear_error(model_of_400, monkeypatch, where, words):
    monkeypatch.setattr("wgan.models.conditioned.LEAST_TRIES", 5000)
    monkeypatch.setattr("wgan.models.conditioned.TRIES", 10)
    with pytest.raises(WganError, match=words):
        sample_where(model_of_400, 10, where=where)


def test_the_first_rows_do_not_depend_on_how_many_are_asked_for(mixed):
    model = random_model(mixed(200))
    assert np.array_equal(model.sample(300)[:7], model.sample(7), equal_nan=True)
    few, many = (sample_where(model, n, where="age>=40").raw for n in (5, 50))
    assert np.array_equal(many[:5], few, equal_nan=True)


def test_balanced_rows_have_equal_shares_also_in_a_range(mixed):
    model = random_model(mixed(200))
    place = model.codec.place("size")
    for where in ((), "age<60"):
        raw = sample_where(model, 3000, where=where, balance="size").raw
        assert np.bincount(raw[:, place].astype(int)).tolist() == [1000, 1000, 1000]
        assert len(np.unique(raw[:30, place])) == 3, "in random order"
        assert not where or (raw[:, model.codec.place("age")] < 60).all()
    hint = (
        r"holds numeric, 2. to 8\d.*choose one of size, city, .*a schema that calls it a category"
    )
    with pytest.raises(WganError, match=hint):
        sample_where(model, 10, balance="age")
    with pytest.raises(WganError, match="cannot be balanced, since a condition fixes it: choose"):
        sample_where(model, 10, where="size=large", balance="size")


def test_a_number_of_few_values_is_balanced_and_a_level_never_learned_is_refused():
    frame = pd.DataFrame({"y": np.arange(200) % 10 == 0, "k": ["a", "b"] * 100}).astype({"y": int})
    held_out = np.flatnonzero(~load(frame).split().is_train())
    frame.loc[held_out[:2], "k"] = "new"
    model = random_model(frame)
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
    model = random_model(frame)
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
        assert pd.Timestamp(condition.values[0], unit="s") == pd.Timestamp("2024-01-05"), text
    with pytest.raises(WganError, match="is not a date"):
        conditions(codec, "text=01/05/2024")


def test_names_and_values_may_hold_signs_and_an_empty_level_is_not_a_missing_one():
    values = pd.Series(["u", "", None, "v=w"] * 30, dtype="str")
    codec = load(
        pd.DataFrame({"a>b": values, "a": ["x", "y"] * 60, "n": [40, 41, 40, 42] * 30})
    ).codec
    (condition,) = conditions(codec, "a>b=v=w")
    assert str(condition) == "a>b=v=w"
    assert np.isnan(conditions(codec, {"a>b": None})[0].values[0])
    assert conditions(codec, "a>b=")[0].values == (codec.learned[0].levels.index(""),)
    with pytest.raises(WganError, match="no column is called"):
        conditions(codec, "b=x")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("in=3", "in=3"),
        ("in in 3, 4", "in in 3, 4"),
        ("in in in 3,4", "in in in 3, 4"),
        ("in in=6", "in in=6"),
        ("in>=3", "in>=3"),
        ("a!=3", "a!=3"),
        ("a !=  x", "a!=x"),
        ("a!!=3", "a!!=3"),
        ('a in "x, y", x', "a in x, y, x"),
        ('a in "x, y"', "a=x, y"),
        ('a in "say ""x""", x', 'a in say "x", x'),
        ("a in x, x", "a=x"),
    ],
)
def test_names_and_levels_may_look_like_conditions(text, meant):
    """The longest name with which a text begins is the column's."""
    n = 240
    frame = pd.DataFrame(
        {
            "in": np.arange(n) % 5,
            "in in": np.arange(n) % 7,
            "a": ["x", "x, y", 'say "x"', "z"] * (n // 4),
            "a!": np.arange(n) % 6,
        }
    )
    (condition,) = conditions(load(frame).codec, text)
    assert str(condition) == meant


def test_a_condition_holds_for_a_missing_value_only_where_one_is_asked_for():
    """As in SQL: another value than v is a value."""
    k = pd.Series(["u", "v", None, "w"] * 50, dtype="str")
    codec = load(pd.DataFrame({"k": k, "y": np.arange(200) % 2})).codec
    (u, v, w) = (codec.learned[0].levels.index(level) for level in "uvw")
    x = np.array([u, v, w, np.nan])
    for where, wanted in (
        ("k!=u", [False, True, True, False]),
        ("k=", [False, False, False, True]),
        ("k!=", [True, True, True, False]),
        ("k in u, w", [True, False, True, False]),
        ("k in u,", [True, False, False, True]),
        ({"k": {"v", None}}, [False, True, False, True]),
    ):
        (condition,) = conditions(codec, where)
        assert condition.holds(x).tolist() == wanted, where


def test_a_single_spike_number_or_cell_can_be_given(monkeypatch):
    monkeypatch.setattr("wgan.models.conditioned.LEAST_SHARE", 1)
    random = np.random.default_rng(0)
    price = np.where(random.random(4000) < 0.03, 19.99, random.integers(1, 9000, 4000) / 100)
    price = np.where(random.random(4000) < 0.3, 5, price)
    model = random_model(pd.DataFrame({"price": price, "y": np.arange(4000) % 2}), strength=0.01)
    assert model.codec.learned[0].spikes == (5.0,)
    cells = model.codec.learned[0].cells
    low, high = cells.lows[7], cells.highs[7]
    assert low < high
    for where, holds in (
        ("price=5", lambda x: x == 5),
        ("price=19.99", lambda x: x == 19.99),
        ({"price": (low, high)}, lambda x: (low <= x) & (x <= high)),
    ):
        found = sample_where(model, 50, where=where)
        assert holds(found.raw[:, 0]).all()
        assert found.tried == 50


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
        found = Condition(0, column, operator, (value,)).choices()
        assert found.tolist() == right, (operator, value)
    for operator, values, right, certain in (
        ("=", (5.0, 7.0), [0, 1, 0, 1, 0], [0, 1, 0, 1, 0]),
        ("=", (3.0, float("nan")), [1, 0, 0, 0, 1], [0, 0, 0, 0, 1]),
        ("!=", (5.0,), [1, 0, 1, 1, 0], [1, 0, 1, 1, 0]),
        ("!=", (7.0,), [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]),
        (">", (4.0,), [0, 1, 1, 1, 0], [0, 1, 1, 1, 0]),
        (">=", (3.0,), [1, 1, 1, 1, 0], [0, 1, 1, 1, 0]),
    ):
        condition = Condition(0, column, operator, values)
        assert condition.choices().tolist() == right, (operator, values)
        assert condition.certain().tolist() == certain, (operator, values)


def test_conditions_say_what_they_are(mixed):
    codec = load(mixed(200)).codec
    (condition,) = conditions(codec, " age >= 30 ")
    assert (condition.operator, condition.values, condition.column.name) == (">=", (30.0,), "age")


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
        with pytest.raises(WganError, match=r"'1\.234' is not a number"):
            conditions(codec, where)
    else:
        assert [condition.values for condition in conditions(codec, where)] == [(number,)]


def test_a_conditional_sampler_gives_fresh_rows_of_each_draw_and_condition(mixed):
    model = random_model(mixed(300))
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
    small = ["network.width=8", "training.steps=1"]
    points = trained(*settled(*small, data=load("8-gaussians"))).model
    assert conditional_sampler(points, 0, "evaluation") is None


def test_the_value_of_a_twin_makes_nothing_certain_that_its_range_does_not():
    cells = Cells((0.0, 5.0, 8.0), (3.0, 5.0, 9.0), (0.4, 0.6, 1.0))
    column = Column("x", "numeric", "float64", step=1.0, spikes=(7.0,), cells=cells, twin="y")
    for operator, value, at_times, certain in (
        ("!=", 4.0, [1, 1, 1, 1, 1], [1, 1, 1, 1, 0]),
        ("!=", 99.0, [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        ("=", 5.0, [0, 1, 0, 0, 1], [0, 1, 0, 0, 0]),
        ("=", 7.0, [0, 0, 0, 1, 1], [0, 0, 0, 1, 0]),
        (">=", 5.0, [0, 1, 1, 1, 1], [0, 1, 1, 1, 0]),
        (">=", 0.0, [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        (">", 9.0, [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
    ):
        condition = Condition(0, column, operator, (value,))
        assert condition.choices().tolist() == at_times, (operator, value)
        assert condition.certain().tolist() == certain, (operator, value)


def test_months_are_asked_for_as_they_are_written():
    """A range of cells runs from day to day; what is written of it are months."""
    month = pd.period_range("1990-01", periods=400, freq="M").strftime("%Y-%m")
    model = random_model(pd.DataFrame({"month": month, "y": np.arange(400) % 2}))
    column = model.codec.learned[0]
    assert (column.kind, column.format, column.scored) == ("datetime", "%Y-%m", True)
    rows = model.sample(2000)
    raw = rows[:, 0]
    assert np.array_equal(model.codec.matrix(model.codec.frame(rows)), rows)
    assert {str(each)[8:10] for each in pd.to_datetime(raw, unit="s")} == {"01"}
    for where in ("month=2003-02", "month!=2003-02", "month>2003-02", "month>=2003-02-01"):
        (condition,) = conditions(model.codec, where)
        found = sample_where(model, 50, where=where).raw[:, 0]
        assert condition.holds(found).all()
