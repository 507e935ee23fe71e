"""Differences: columns that are learned as their distance from an earlier one."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from shop_table import shop

from wgan.base.errors import WganError
from wgan.data.kinds import codec_from_json, codec_to_json
from wgan.data.tables.difference import Difference
from wgan.data.tables.frames import from_frame


def fitted(frame, **settings):
    """Return the codec, fitted to the training rows, and all rows."""
    dataset = from_frame(frame, **settings).split().dataset
    return dataset.codec, dataset.rows[:]


def found(codec):
    """Return the column, factor and other column of each difference."""
    pairs = [(column.name, column.difference) for column in codec.learned]
    return [(name, each.factor, each.other) for name, each in pairs if each]


def again(codec, raw):
    return codec.decode(codec.unpack(codec.pack(raw)))


def inner(codec, raw):
    """Return which rows lie within the ends of all columns, which are means of five rows."""
    sides = [np.ones(len(raw), dtype=bool)]
    for matrix, columns in ((raw, codec.learned), (codec.apart(raw), codec.coded)):
        for x, column in zip(matrix.T, columns, strict=True):
            if column.is_number:
                ordinary = ~np.isnan(x) & ~np.isin(x, column.codes)
                sides.append(~ordinary | ((x >= column.ends[0]) & (x <= column.ends[-1])))
    return np.all(sides, axis=0)


def test_narrow_differences_are_found_described_and_noted():
    codec, raw = fitted(shop())
    assert found(codec) == [
        ("delivered", 1, "ordered"),
        ("gross", 1.21, "price"),
        ("paid", 1, "delivered"),
    ]
    assert codec.describe()[4].endswith("learned as its distance from 1.21 times 'price'")
    assert codec.notes(raw[:5]) == [
        "column 'delivered': learned as its distance from 'ordered'",
        "column 'gross': learned as its distance from 1.21 times 'price'",
        "column 'paid': learned as its distance from 'delivered'",
    ]
    assert codec.coded[3].spikes == tuple(86400.0 * np.array([1, 2, 3, *range(8, 15)]))
    assert codec.codes[3].choices == 10


def test_far_differences_are_counted_in_the_note():
    frame = shop()
    train = np.flatnonzero(from_frame(frame).split().is_train())
    frame.loc[train[:3], "gross"] += 1500.0
    codec, raw = fitted(frame)
    assert codec.learned[4].difference.far_rows == 3
    assert codec.notes(raw[:5])[1].endswith(
        "1.21 times 'price', of which 3 lie far from all others and count as the nearest"
    )


def test_rows_come_back_exactly():
    frame = shop()
    codec, raw = fitted(frame)
    kept = inner(codec, raw)
    assert kept.mean() > 0.99
    made, raw = again(codec, raw)[kept], raw[kept]
    days, days_made = codec.apart(raw)[:, 3], codec.apart(made)[:, 3]
    assert np.array_equal(days_made, days)
    # A day that fewer than five rows have counts as the one before, and takes the others along.
    same = made[:, 1] == raw[:, 1]
    assert same.mean() > 0.9
    assert np.array_equal(made[same][:, [3, 5]], raw[same][:, [3, 5]])
    assert (made[:, 4] == raw[:, 4]).mean() > 0.99


def test_a_missing_value_or_a_code_has_the_middle_in_its_place():
    frame = shop()
    random = np.random.default_rng(1)
    frame["price"] = frame["price"].clip(upper=900)
    for name in ("ordered", "delivered", "price"):
        frame.loc[random.random(len(frame)) < 0.02, name] = None
    frame.loc[random.random(len(frame)) < 0.02, "price"] = -9999.0
    codec, raw = fitted(frame)
    assert codec.learned[2].codes == (-9999.0,)
    assert [name for name, _, _ in found(codec)] == ["delivered", "gross", "paid"]
    difference = codec.learned[4].difference
    odd = np.isnan(raw[:, 2]) | (raw[:, 2] == -9999)
    expected = np.round(raw[:, 4] - np.round(1.21 * difference.middle, 2), 2)
    assert np.array_equal(codec.apart(raw)[odd, 4], expected[odd])
    made = again(codec, raw)
    kept = inner(codec, raw)
    assert kept.mean() > 0.98
    same = np.isclose(made[:, 2], raw[:, 2]) | np.isnan(raw[:, 2])
    assert (made[kept & same, 4] == raw[kept & same, 4]).mean() > 0.97
    assert (np.isnan(made) == np.isnan(raw)).all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda f, r: f["start"] + r.integers(0, 600, len(f)), "as wide as two thirteenths"),
        (lambda f, r: r.permutation(f["start"]), "independent"),
        (lambda f, r: f["start"] // 250, "few cells"),
        (lambda f, r: (f["start"] + r.integers(0, 50, len(f))).round(-2), "round numbers"),
        (lambda f, r: 137 * (f["start"] // 137) + 31, "numbers that rows share"),
        (
            lambda f, r: f["start"].where(r.random(len(f)) < 0.5, r.permutation(f["start"])),
            "a twin",
        ),
        (lambda f, r: (f["start"] + 9).where(r.random(len(f)) < 0.8, 0), "a spike beside it"),
    ],
)
def test_columns_are_learned_by_their_own_numbers(change, why):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"start": random.integers(0, 8000, 5000)})
    frame["end"] = change(frame, random)
    codec, _ = fitted(frame)
    assert found(codec) == [], why
    assert codec.differences == {}
    assert codec.coded == codec.learned


def test_a_factor_other_than_1_must_be_worth_it():
    random = np.random.default_rng(0)
    start = random.lognormal(5, 1, 5000).round(3)
    near = pd.DataFrame({"a": start, "b": (1.0004 * start + random.normal(size=5000)).round(3)})
    assert found(fitted(near)[0]) == [("b", 1, "a")]
    feet = pd.DataFrame({"a": start, "b": (start / 0.3048).round(3)})
    assert found(fitted(feet)[0]) == [("b", 3.28084, "a")]
    down = pd.DataFrame({"a": start, "b": (1000 - 2 * start).round(3)})
    assert found(fitted(down)[0]) == [("b", -2, "a")]


def test_the_columns_of_sums_and_combinations_have_no_part_in_differences():
    frame = shop()[["price", "gross"]].round(2).assign(fee=lambda f: 0.5 * (np.arange(len(f)) % 2))
    frame["total"] = (frame["gross"] + frame["fee"]).round(2)
    assert [name for name, _, _ in found(fitted(frame)[0])] == ["gross", "total"]
    assert found(fitted(frame, rules=[{"sum": ["gross", "fee", "total"]}])[0]) == []


def test_what_is_drawn_ends_where_the_column_does_but_keeps_its_sign():
    codec, raw = fitted(shop())
    ordered, delivered = (codec.place(name) for name in ("ordered", "delivered"))
    last = codec.learned[delivered].ends[-1]
    row = raw[[0]].copy()
    row[0, ordered] = codec.learned[ordered].ends[-1]
    x = codec.unpack(codec.pack(row))
    code = codec.codes[delivered]
    x[0, code.start : code.start + 10] = 0
    x[0, code.start + 9] = 1  # 14 days
    drawn = codec.decode(x)[0]
    assert drawn[ordered] <= drawn[delivered] <= max(last, drawn[ordered])
    later = np.full_like(row, np.nan)
    later[0, ordered] = row[0, ordered] + 86400 * 1000
    assert codec.decode(x, later)[0, delivered] == later[0, ordered] + 14 * 86400


def test_decimals_survive_any_factor():
    """Of 0.1 + 0.2, a double makes no 0.3."""
    difference = Difference("a", 1.1)
    other, x = np.array([0.1, 0.3, 7.7]), np.array([0.3, 0.4, 8.8])
    d = difference.of(x, other, 0.1)
    assert d.tolist() == [0.2, 0.1, 0.3]
    assert difference.added(d, other, 0.1).tolist() == x.tolist()
    assert difference.undone(np.array([1.21]), np.array([0.11]), 0.1).tolist() == [1.0]


def test_unseen_rows_and_widths_are_those_of_differences():
    codec, raw = fitted(shop())
    assert codec.measure(raw[:7]).shape == (7, *codec.shape)
    x = codec.measure(raw)
    days = codec.apart(raw)[:, 3] / 86400
    code = codec.codes[3]
    assert np.array_equal(x[:, code.start], (days == 1).astype(float))


def test_differences_are_saved_and_damaged_ones_refused():
    codec, _ = fitted(shop())
    fields = json.loads(json.dumps(codec_to_json(codec)))
    assert codec_from_json(fields) == codec
    for change in ({"other": "gone"}, {"other": "paid"}, {"other": "price"}, {"factor": 0.0}):
        fields = json.loads(json.dumps(codec_to_json(codec)))
        fields["columns"][3]["difference"] |= change
        with pytest.raises(WganError, match="difference out of range"):
            codec_from_json(fields)
    fields = json.loads(json.dumps(codec_to_json(codec)))
    fields["columns"][3]["difference"]["shares"] = [1.0]
    with pytest.raises(WganError, match="shares out of range"):
        codec_from_json(fields)


def test_a_column_without_a_difference_reads_as_it_always_did():
    """Fingerprints of data are hashes of the columns as they are read."""
    codec, _ = fitted(shop())
    assert "difference" not in repr(codec.reading)
    assert replace(codec.learned[3], difference=None) != codec.learned[3]
