"""Rules of tables: what holds in a row, what a schema may say, what is refused and computed."""

import json

import numpy as np
import pandas as pd
import pytest

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.kinds import codec_from_json, codec_to_json
from wgan.data.tables.frames import from_frame
from wgan.data.tables.rules import Date, Order, Sum, Together

NAN = np.nan


def test_order_holds_where_no_later_column_is_smaller():
    raw = np.array([[1, 2, 3], [1, 1, 1], [3, NAN, 2], [2, 1, 3], [NAN, NAN, 1], [1, NAN, 1.0]])
    order = Order(("a", "b", "c"), (0, 1, 2))
    assert order.holds(raw).tolist() == [True, True, False, False, True, True]
    strict = Order(("a", "b", "c"), (0, 1, 2), strict=True)
    assert strict.holds(raw).tolist() == [True, False, False, False, True, False]
    assert Order(("c", "a"), (2, 0)).holds(raw).tolist() == [False, True, True, False, True, True]


def test_a_sum_holds_to_half_a_step_and_is_missing_with_its_parts():
    raw = np.array(
        [[0.1, 0.2, 0.3], [0.1, 0.2, 0.31], [NAN, 1, NAN], [NAN, 1, 1], [1, 1, NAN], [-1, 1, 0.0]]
    )
    total = Sum(("net", "tax", "gross"), (0, 1, 2), step=0.01)
    assert total.holds(raw).tolist() == [True, False, True, False, False, True]
    assert np.array_equal(total.total(raw)[[0, 2]], [0.3, NAN], equal_nan=True)
    exact = Sum(("net", "tax", "gross"), (0, 1, 2))
    assert exact.holds(np.array([[0.1, 0.2, 0.3], [1e9, 1, 1e9 + 1], [1, 1, 2.001]])).tolist() == [
        True,
        True,
        False,
    ]


def test_together_holds_for_combinations_that_it_was_fitted_to_alone():
    rule = Together(("a", "b", "c"), (0, 1, 2))
    rule = rule.fitted(np.array([[0, 1, NAN], [0, 1, NAN], [1, 0, 0.3], [2, 0, 0.3]]))
    assert rule.combinations == ((0, 1, None), (1, 0, 0.3), (2, 0, 0.3))
    raw = np.array([[0, 1, NAN], [1, 0, 0.1 + 0.2], [1, 1, NAN], [0, 1, 0.3], [9, 1, NAN]])
    assert rule.holds(raw).tolist() == [True, True, False, False, False]


def test_together_agrees_with_a_set_of_tuples():
    random = np.random.default_rng(0)
    known = random.integers(0, 6, (60, 4)).astype(float)
    known[random.random(known.shape) < 0.1] = NAN
    raw = random.integers(-1, 7, (3000, 4)).astype(float)
    raw[:500] = known[random.integers(0, 60, 500)]
    rule = Together(tuple("abcd"), (0, 1, 2, 3)).fitted(known)
    as_set = {tuple(row) for row in np.nan_to_num(known, nan=99).tolist()}
    expected = [tuple(row) in as_set for row in np.nan_to_num(raw, nan=99).tolist()]
    assert rule.holds(raw).tolist() == expected
    assert 500 < sum(expected) < 3000


def test_a_date_holds_if_the_calendar_has_it():
    dates = [(2024, 2, 29), (2023, 2, 29), (1900, 2, 29), (2000, 2, 29), (2024, 4, 31)]
    dates += [(2024, 13, 1), (2024, 0, 1), (2024, 1, 0), (2024, 12, 31), (2024, NAN, 99)]
    raw = np.array(dates, dtype=float)
    holds = Date(("year", "month", "day"), (0, 1, 2), ((), (), ())).holds(raw)
    for date, kept in zip(dates, holds.tolist(), strict=True):
        if np.isnan(date[1]):
            exists = True
        else:
            exists = pd.notna(pd.to_datetime("{}-{}-{}".format(*date), errors="coerce"))
        assert kept == exists, date
    without_year = Date(("month", "day"), (1, 2), ((), ()))
    assert without_year.holds(raw)[:2].all()
    # Levels "03" and "02" of a column of categories: places 0 and 1.
    spelled = Date(("month", "day"), (0, 1), ((3.0, 2.0), ()))
    assert spelled.holds(np.array([[0, 31], [1, 31], [NAN, 31]])).tolist() == [True, False, True]


def table(n=600, seed=0):
    random = np.random.default_rng(seed)
    start = random.integers(0, 1000, n)
    city = random.integers(0, 8, n)
    net = np.round(random.gamma(2.0, 30.0, n), 2)
    tax = np.round(random.gamma(2.0, 5.0, n), 2)
    return pd.DataFrame(
        {
            "id": [f"r-{i:04d}" for i in range(n)],
            "start": pd.Timestamp("2020-01-01") + pd.to_timedelta(start, unit="D"),
            "end": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(start + random.integers(0, 90, n), unit="D"),
            "net": net,
            "gross": np.round(net + tax, 2),
            "tax": tax,
            "city": [f"city {k}" for k in city],
            "zip": [f"{k // 2:03d}" for k in city],
            "month": random.integers(1, 13, n),
            "day": random.integers(1, 29, n),
        }
    )


def again(data):
    """Return the table after coding and decoding."""
    return data.codec.frame(data.codec.decode(data.encode(data.rows[:])))


RULES = [
    {"order": ["start", "end"]},
    {"sum": ["net", "tax", "gross"]},
    {"together": ["city", "zip"]},
    {"date": ["month", "day"]},
]
TEXT = """
[[rules]]
order = ["start", "end"]

[[rules]]
sum = ["net", "tax", "gross"]

[[rules]]
together = ["city", "zip"]

[[rules]]
date = ["month", "day"]
"""


def test_rules_of_a_schema_are_read_described_written_and_saved(tmp_path):
    table().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "s.toml").write_text(TEXT)
    data = load(str(tmp_path / "t.csv"), schema=str(tmp_path / "s.toml"))
    codec = data.split().dataset.codec
    assert codec.describe()[-4:] == [
        "rule: start <= end",
        "rule: net + tax = gross",
        "rule: city, zip as they go together in the data",
        "rule: month, day are a date that exists",
    ]
    assert codec.schema().endswith(TEXT)
    (tmp_path / "again.toml").write_text(codec.schema())
    again = load(str(tmp_path / "t.csv"), schema=str(tmp_path / "again.toml"))
    assert again.codec == data.codec
    saved = json.loads(json.dumps(codec_to_json(codec)))
    assert codec_from_json(saved) == codec
    assert all(rule.holds(data.rows[:]).all() for rule in codec.rules)


def test_strict_order_is_written_and_a_frame_takes_a_schema_too(tmp_path):
    frame = table().assign(end=lambda f: f["end"] + pd.Timedelta(days=1))
    (tmp_path / "s.toml").write_text('[[rules]]\norder = ["start", "end"]\nstrict = true\n')
    data = load(frame, schema=str(tmp_path / "s.toml"))
    assert [str(rule) for rule in data.codec.rules] == ["start < end"]
    assert data.codec.schema().endswith("strict = true\n")


def test_parquet_rows_are_checked_in_memory_and_in_pieces(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    frame = table()
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=100)
    schema = tmp_path / "s.toml"
    schema.write_text(TEXT)
    in_memory = load(str(tmp_path / "t.parquet"), schema=str(schema))
    monkeypatch.setattr("wgan.data.tables.coded.PIECEWISE_BYTES", 0)
    in_pieces = load(str(tmp_path / "t.parquet"), schema=str(schema))
    assert in_pieces.codec == in_memory.codec
    assert len(in_pieces.codec.rules) == 4
    schema.write_text('[[rules]]\norder = ["end", "start"]\n')
    with pytest.raises(WganError, match=r"t\.parquet: schema, rule 'end <= start': \d+ of 600"):
        load(str(tmp_path / "t.parquet"), schema=str(schema))


def test_a_rule_that_rows_break_is_refused_with_their_number_and_the_first():
    frame = table()
    frame.loc[[6, 40], "end"] = pd.Timestamp("2000-01-01")
    words = r"rule 'start <= end': 2 of 600 rows break it \(row 7, 41\): fix or drop"
    with pytest.raises(WganError, match=words):
        from_frame(frame, rules=[{"order": ["start", "end"]}])
    frame.loc[:9, "gross"] += 1
    with pytest.raises(WganError, match=r"10 of 600 rows break it \(row 1, 2, 3, 4, 5, \.\.\.\)"):
        from_frame(frame, rules=[{"sum": ["net", "tax", "gross"]}])
    frame.loc[3, "day"] = 99
    with pytest.raises(WganError, match=r"a date that exists': 1 of 600 row breaks it \(row 4\)"):
        from_frame(frame, rules=[{"date": ["month", "day"]}])


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"ordre": ["start", "end"]}, "no 'ordre'. Did you mean 'order'"),
        ({}, "write one of order, sum, together and date"),
        ({"order": ["start", "end"], "date": ["month", "day"]}, "write one of"),
        ({"order": ["start"]}, "give 2 or more different columns"),
        ({"order": "start"}, "give 2 or more different columns"),
        ({"order": ["start", "start"]}, "give 2 or more different columns"),
        ({"order": ["start", "ende"]}, "the table has no column 'ende'. Did you mean 'end'"),
        ({"order": ["start", "id"]}, "'id' holds identifiers"),
        ({"order": ["start", "net"]}, "give numbers alone, or times alone"),
        ({"order": ["start", "end"], "strict": "yes"}, "strict = true is for order alone"),
        ({"date": ["month", "day"], "strict": True}, "strict = true is for order alone"),
        ({"sum": ["net", "gross"]}, "give 3 or more different columns"),
        ({"sum": ["net", "tax", "end"]}, "give numbers alone"),
        ({"together": ["city", "net"]}, "call it a category, below \\[columns.net\\]"),
        ({"date": ["city", "day"]}, "'city' holds no whole numbers"),
        ({"date": ["start", "day"]}, "'start' holds no whole numbers"),
        ({"date": ["net", "tax", "month", "day"]}, "give year, month and day, or month and day"),
    ],
)
def test_entries_that_are_no_rules_are_refused(rule, words):
    with pytest.raises(WganError, match=words):
        from_frame(table(), rules=[rule])


@pytest.mark.parametrize("text", ["rules = 3", 'rules = ["order"]'])
def test_rules_that_are_no_tables_are_refused(tmp_path, text):
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(WganError, match=r"s\.toml: write \[\[rules\]\]"):
        load(table(), schema=str(tmp_path / "s.toml"))


def test_sums_are_computed_one_after_the_other_or_refused():
    frame = table().assign(fee=1.5, paid=lambda f: np.round(f["gross"] + 1.5, 2))
    first, then = {"sum": ["net", "tax", "gross"]}, {"sum": ["gross", "fee", "paid"]}
    data = from_frame(frame, rules=[first, then])
    x = data.encode(data.rows[:])
    pd.testing.assert_series_equal(
        again(data)["paid"], (again(data)["gross"] + 1.5).round(2).rename("paid")
    )
    assert x.shape[1] == data.shape[0]
    with pytest.raises(WganError, match=r"'gross' is a sum itself.*put that one first"):
        from_frame(frame, rules=[then, first])
    with pytest.raises(WganError, match="'gross' is the sum of two rules"):
        from_frame(frame, rules=[first, {"sum": ["tax", "net", "gross"]}])


def test_a_sum_is_no_part_of_what_a_network_sees_and_is_computed():
    frame = table()
    plain = from_frame(frame)
    data = from_frame(frame, rules=RULES)
    place = data.codec.place("gross")
    assert data.shape[0] == plain.shape[0] - 1  # the one score of `gross`
    assert data.codec.codes[place].sizes == ()
    assert data.codec.choices(data.rows[:])[:, place].tolist() == [0] * len(frame)
    # Ends of a column are means of several rows: those beyond come back as the ends.
    inner = frame["net"].between(*data.codec.columns[3].ends)
    inner &= frame["tax"].between(*data.codec.columns[5].ends)
    assert inner.mean() > 0.97
    pd.testing.assert_series_equal(again(data)["gross"][inner], frame["gross"][inner])
    made = again(data)
    assert np.array_equal(made["gross"], (made["net"] + made["tax"]).round(2))


def test_together_is_fitted_to_training_rows_alone():
    frame = table()
    data = from_frame(frame, rules=[{"together": ["city", "zip"]}])
    held_out = np.flatnonzero(~data.split().is_train())[:1]
    frame.loc[held_out, ["city", "zip"]] = ["city 0", "003"]
    data = from_frame(frame, rules=[{"together": ["city", "zip"]}])
    split = data.split()
    (before,), (rule,) = data.codec.rules, split.dataset.codec.rules
    assert len(before.combinations) == len(rule.combinations) + 1
    assert np.flatnonzero(~rule.holds(data.rows[:])).tolist() == held_out.tolist()


def test_too_many_combinations_are_refused(monkeypatch):
    monkeypatch.setattr("wgan.data.tables.declared.MOST_COMBINATIONS", 7)
    with pytest.raises(WganError, match="8 combinations, at most 7 can be kept"):
        from_frame(table(), rules=[{"together": ["city", "zip"]}])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"form": "hope"}, "unknown form"),
        ({"places": [0, 2]}, "fits no columns"),
        ({"names": ["start", "gone"]}, "fits no columns"),
        ({"more": 1}, "unknown key more"),
        ({"strict": 3}, "Expected"),
    ],
)
def test_damaged_rules_are_refused(change, words):
    fields = codec_to_json(from_frame(table(), rules=RULES).codec)
    fields = json.loads(json.dumps(fields))
    fields["rules"][0] |= change
    with pytest.raises(WganError, match=words):
        codec_from_json(fields)
    fields["rules"] = 3
    with pytest.raises(WganError, match="rules: no list"):
        codec_from_json(fields)


@pytest.mark.parametrize(
    ("place", "change"),
    [(1, {"step": -1.0}), (2, {"combinations": [[0.0]]}), (3, {"numbers": [[1.0], []]})],
)
def test_rules_out_of_range_are_refused(place, change):
    fields = json.loads(json.dumps(codec_to_json(from_frame(table(), rules=RULES).codec)))
    fields["rules"][place] |= change
    with pytest.raises(WganError, match="out of range"):
        codec_from_json(fields)


def test_clocks_of_different_zones_are_neither_compared_nor_proposed():
    """14:00 in Berlin is before 9:00 in New York."""
    start = pd.date_range("2024-01-01 09:00", periods=300, freq="37h", tz="UTC").to_series()
    start = start.reset_index(drop=True) + pd.to_timedelta(np.arange(300) ** 2 % 7, unit="h")
    end = (start + pd.Timedelta(hours=8)).dt.tz_convert("Europe/Berlin")
    one_zone = pd.DataFrame({"start": start, "end": end.dt.tz_convert("UTC")})
    order = [{"order": ["start", "end"]}]
    assert from_frame(one_zone, rules=order).codec.rules
    data = from_frame(one_zone)
    assert any("start <= end" in each.words for each in data.codec.proposals(data.rows))
    frame = pd.DataFrame({"start": start, "end": end})
    words = r"times of different zones \(Europe/Berlin, UTC\) are compared by their clocks"
    with pytest.raises(WganError, match=words):
        from_frame(frame, rules=order)
    data = from_frame(frame)
    assert not any("<=" in each.words for each in data.codec.proposals(data.rows))
    texts = pd.DataFrame(
        {
            "start": start.dt.strftime("%Y-%m-%d %H:%M+00:00"),
            "end": end.dt.tz_localize(None).dt.strftime("%Y-%m-%d %H:%M+01:00"),
        }
    )
    with pytest.raises(WganError, match=r"zones \(\+01:00, UTC\)"):
        from_frame(texts, rules=order)


def test_the_largest_numbers_go_together_as_others_do():
    rule = Together(("a", "b"), (0, 1)).fitted(np.array([[1e300, 1.0], [-1e300, NAN]]))
    assert rule.combinations == ((-1e300, None), (1e300, 1.0))
    raw = np.array([[1e300, 1.0], [-1e300, NAN], [2e300, 1.0], [NAN, 1.0], [1e300, NAN]])
    assert rule.holds(raw).tolist() == [True, True, False, False, False]
