"""Twins: columns that are the same as another one in many rows, as a state of their own."""

import json

import numpy as np
import pandas as pd
import pytest
from random_tables import learned_model

from wgan.base.errors import WganError
from wgan.data.kinds import codec_from_json, codec_to_json
from wgan.data.tables.frames import from_frame
from wgan.data.tables.schema import Column
from wgan.data.tables.steps import equal
from wgan.data.tables.twins import with_twins
from wgan.models import sample_where


def table(n=4000, share=0.14, seed=0):
    """Bills and payments in cents; every seventh payment is the bill."""
    random = np.random.default_rng(seed)
    bill = np.round(random.gamma(4.0, 100.0, n), 2)
    payment = np.round(random.gamma(4.0, 100.0, n), 2)
    return pd.DataFrame(
        {"bill": bill, "payment": np.where(random.random(n) < share, bill, payment)}
    )


def fitted(frame):
    """Return the codec, fitted to the training rows, and all rows."""
    dataset = from_frame(frame).split().dataset
    return dataset.codec, dataset.rows[:]


def again(codec, raw):
    return codec.decode(codec.unpack(codec.pack(raw)))


def test_a_planted_equality_is_found_with_its_share_and_noted():
    frame = table()
    data = from_frame(frame).split().dataset
    codec = data.codec
    bill, payment = codec.learned
    assert (bill.twin, payment.twin) == ("", "bill")
    train = frame[data.split().is_train()]
    share = (train["bill"] == train["payment"]).mean()
    assert payment.states == 2
    assert payment.shares == pytest.approx((1 - share, share), abs=1e-12)
    assert codec.notes(data.rows[:5]) == [
        f"column 'payment': the same as 'bill' in {share:.2%} of the rows, which is learned as a"
        " state of its own"
    ]
    assert codec.describe()[1].endswith("in steps of 0.01, often the same as bill")
    assert codec.codes[1].others == 1
    assert codec.codes[1].frequencies[-1] == payment.shares[1]


def test_an_equality_survives_coding_exactly():
    codec, raw = fitted(table())
    equal = raw[:, 0] == raw[:, 1]
    states = codec.states(raw)
    assert np.array_equal(states[:, 1] == 1, equal)
    choices = codec.choices(raw)
    assert set(choices[equal, 1]) == {len(codec.learned[1].cells)}
    assert choices[~equal, 1].max() < len(codec.learned[1].cells)
    made = again(codec, raw)
    # Ends of a column are means of five rows: the few beyond come back as the ends.
    inner = np.all(
        [(x >= c.ends[0]) & (x <= c.ends[-1]) for x, c in zip(raw.T, codec.learned, strict=True)],
        axis=0,
    )
    assert inner.mean() > 0.99
    assert np.array_equal(made[inner], raw[inner])
    assert ((made[:, 0] == made[:, 1]) == equal)[inner].all()


def test_the_state_of_a_twin_has_no_score_and_is_a_coordinate():
    codec, raw = fitted(table())
    code = codec.codes[1]
    measured = codec.measure(raw)
    equal = raw[:, 0] == raw[:, 1]
    assert np.array_equal(measured[:, code.start + 1] == 1, equal)
    assert (measured[equal, code.score] == 0).all()


def test_a_twin_of_what_its_column_cannot_have_is_the_nearest_end_or_the_median():
    codec, _ = fitted(table())
    payment = codec.learned[1]
    twin = np.array([-5.0, 1e9, np.nan, 123.456])
    low, high = payment.cells.lows[0], payment.cells.highs[-1]
    x = payment.values(np.ones(4, dtype=np.int64), np.zeros(4), twin)
    median = payment.values(np.zeros(1, dtype=np.int64), np.zeros(1))[0]
    assert x.tolist() == [low, high, median, 123.46]
    assert (payment.values(np.ones(4, dtype=np.int64), np.zeros(4)) == median).all()


def test_spikes_and_missing_values_are_no_twins():
    frame = table()
    random = np.random.default_rng(1)
    free = random.random(len(frame)) < 0.2
    frame.loc[free, ["bill", "payment"]] = 0.0
    absent = random.random(len(frame)) < 0.2
    frame.loc[absent, ["bill", "payment"]] = np.nan
    codec, raw = fitted(frame)
    payment = codec.learned[1]
    assert payment.spikes == (0.0,)
    assert (payment.states, payment.twin_state, payment.missing_state) == (4, 2, True)
    equal = (raw[:, 0] == raw[:, 1]) & (raw[:, 1] != 0)
    expected = np.select([np.isnan(raw[:, 1]), raw[:, 1] == 0, equal], [3, 1, 2], 0)
    assert np.array_equal(codec.states(raw)[:, 1], expected)
    counts = np.bincount(expected[from_frame(frame).split().is_train()]) / len(expected)
    assert np.allclose(np.array(payment.shares) / sum(payment.shares), counts / counts.sum())
    made = again(codec, raw)
    assert np.array_equal(np.isnan(made[:, 1]), np.isnan(raw[:, 1]))
    assert ((made[:, 1] == 0) == (raw[:, 1] == 0)).all()


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (table(share=0.004), "fewer than 1 % of the rows"),
        (table(n=150, share=0.1), "fewer than 20 rows"),
        (
            pd.DataFrame(np.random.default_rng(0).integers(0, 30, (4000, 2)), columns=["a", "b"]),
            "as often as by chance",
        ),
    ],
)
def test_what_is_rare_or_chance_is_no_twin(frame, why):
    codec, _ = fitted(frame)
    assert not any(column.twin for column in codec.learned), why


def test_columns_that_are_merely_close_are_no_twins():
    """Whole numbers that differ by up to 30 agree in 1.6 % of the rows, as often as by any step."""
    random = np.random.default_rng(0)
    rooms = random.integers(0, 600, 20_000)
    frame = pd.DataFrame({"a": rooms, "b": rooms + random.integers(-30, 31, 20_000)})
    codec, raw = fitted(frame)
    assert (raw[:, 0] == raw[:, 1]).mean() > 0.013
    assert codec.learned[1].twin == ""
    frame.loc[::8, "b"] = frame["a"]
    assert fitted(frame)[0].learned[1].twin == "a"


def test_the_twin_of_several_columns_is_the_one_that_is_equal_most_often():
    frame = table().assign(other=lambda f: f["bill"])
    random = np.random.default_rng(3)
    frame["last"] = np.where(random.random(len(frame)) < 0.5, frame["payment"], frame["bill"] + 0.5)
    codec, raw = fitted(frame)
    assert [column.twin for column in codec.learned] == ["", "bill", "bill", "payment"]
    made = again(codec, raw)
    assert np.array_equal(made[:, 2], made[:, 0]), "a copy of the column stays one"


def test_a_computed_column_is_neither_a_twin_nor_has_one():
    frame = table().assign(fee=0.0)
    frame["total"] = frame["payment"] + frame["fee"]
    codec = from_frame(frame, rules=[{"sum": ["payment", "fee", "total"]}]).split().dataset.codec
    assert [column.twin for column in codec.learned] == ["", "bill", "", ""]


def test_chance_is_what_independent_columns_would_give(monkeypatch):
    """Two fair dice of 25 sides agree in 4 % of the rows: 8 % are twice as many, 25 % six times."""
    random = np.random.default_rng(0)
    column = Column("a", "numeric", "float64")
    x = random.integers(0, 25, (40_000, 2)).astype(float)
    for share, twin in ((0.04, ""), (0.25, "a")):
        equal = random.random(len(x)) < share
        rows = np.column_stack([x[:, 0], np.where(equal, x[:, 0], x[:, 1])])
        frame = pd.DataFrame(rows, columns=["a", "b"])
        codec, _ = fitted(frame)
        assert codec.learned[1].twin == twin
    assert with_twins([column, column], x, np.ones(len(x), dtype=bool), set()) == [column, column]


def test_equal_numbers_are_equal_up_to_rounding():
    x = np.array([0.1 + 0.2, 0.0, np.nan, 1.0])
    for step in (0.0, 0.1):
        same = equal(x, np.array([0.3, 0.0, np.nan, 1.0 + 1e-13]), step)
        assert same.tolist() == [True, True, False, step > 0]


@pytest.mark.parametrize("unit", [1e-6, 1.0])
def test_numbers_a_step_apart_are_never_the_same(unit):
    """At 1.7e15 steps from zero, a relative 1e-12 is 1,700 steps."""
    random = np.random.default_rng(0)
    start = np.sort(random.integers(0, 10**12, 2000)) + 1_700_000_000_000_000
    end = start + random.integers(100, 1500, 2000)
    # Most rows are far apart, or the end would be learned as its difference from the start.
    end[np.arange(2000) % 3 > 0] += random.integers(0, 10**12, 1333)
    frame = pd.DataFrame({"start": start, "end": end})
    if unit < 1:
        frame = frame.apply(pd.to_datetime, unit="us")
    codec, raw = fitted(frame)
    assert [column.twin for column in codec.learned] == ["", ""]
    assert (codec.states(raw) == 0).all()
    frame.loc[::9, "end"] = frame["start"]
    codec, raw = fitted(frame)
    assert codec.learned[1].twin == "start"
    assert np.array_equal(codec.states(raw)[:, 1] == 1, np.arange(2000) % 9 == 0)


def test_a_spike_takes_no_neighbour_a_step_away():
    x = 1_700_000_000_000_000 + np.arange(2000) % 1000
    x[::9] = 1_700_000_000_000_500
    codec, raw = fitted(pd.DataFrame({"x": x, "y": np.arange(2000) % 2}))
    assert codec.learned[0].spikes == (1_700_000_000_000_500.0,)
    assert np.array_equal(codec.states(raw)[:, 0] == 1, x == 1_700_000_000_000_500)


def test_numbers_off_a_far_step_are_refused():
    x = pd.DataFrame({"x": 1_700_000_000_000_000 + np.arange(100), "y": np.arange(100) % 2})
    with pytest.raises(WganError, match="is not a multiple of step = 10"):
        from_frame(x, corrections={"x": {"step": 10}})


def test_twins_are_saved_and_damaged_ones_refused():
    codec, _ = fitted(table())
    fields = json.loads(json.dumps(codec_to_json(codec)))
    assert codec_from_json(fields) == codec
    for place, name in ((1, "gone"), (1, "payment"), (0, "payment")):
        fields = json.loads(json.dumps(codec_to_json(codec)))
        fields["columns"][place] |= {"twin": name, "shares": []}
        with pytest.raises(WganError, match="twin out of range"):
            codec_from_json(fields)


def test_a_trained_generator_keeps_the_share_of_an_equality():
    frame = table()
    raw = learned_model(frame, 200).sample(10_000)
    share = (frame["bill"] == frame["payment"]).mean()
    assert np.mean(raw[:, 0] == raw[:, 1]) == pytest.approx(share, rel=0.1)


def test_conditions_on_the_value_of_a_twin_are_waited_for():
    """A payment of 200 may be an ordinary one, or equal to a bill of 200."""
    frame = table().round(-2)
    frame["bill"] += 50.0 * (np.arange(len(frame)) % 2)
    equal = np.arange(len(frame)) % 3 == 0
    frame.loc[equal, "payment"] = frame["bill"][equal]
    data = from_frame(frame).split().dataset
    codec = data.codec
    if not codec.learned[1].twin:
        pytest.fail("the table has no twin")
    model = learned_model(frame, 30)
    rows = sample_where(model, 100, where="payment=200")
    assert (rows.raw[:, 1] == 200).all()
    assert rows.tried > 100, "waited for"
    with pytest.raises(WganError, match="no row of the data's kind can satisfy payment=99999"):
        sample_where(model, 3, where="payment=99999")


def test_a_single_choice_is_given_but_never_the_value_of_a_twin():
    frame = table().assign(fee=lambda f: np.arange(len(f)) % 2)
    frame["total"] = frame["payment"] + frame["fee"]
    rules = [{"sum": ["payment", "fee", "total"]}]
    codec = from_frame(frame, rules=rules).split().dataset.codec
    payment = codec.learned[1]
    possible = np.zeros(payment.choices, dtype=bool)
    possible[payment.twin_choice] = True
    assert codec.given(1, possible) == -1
    possible[3] = True
    assert codec.given(1, possible) == -1
    possible[payment.twin_choice] = False
    assert codec.given(1, possible) == 3
    assert codec.given(2, np.array([False, True])) == 1
    assert codec.given(3, np.arange(codec.learned[3].choices) == 2) == -1, "a sum"
