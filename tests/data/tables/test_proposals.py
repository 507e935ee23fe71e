"""Proposed rules: what rows keep and shuffled rows do not, with its evidence."""

import numpy as np
import pandas as pd
import pytest

from wgan.base.files import read_toml
from wgan.data.tables.frames import from_frame


def table(n=2000, seed=0):
    random = np.random.default_rng(seed)
    start = random.integers(0, 1000, n)
    city = random.integers(0, 12, n)
    return pd.DataFrame(
        {
            "start": pd.Timestamp("2020-01-01") + pd.to_timedelta(start, unit="D"),
            "end": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(start + random.integers(0, 90, n), unit="D"),
            "city": [f"city {k}" for k in city],
            "region": [f"region {k // 3}" for k in city],
            "birthYear": random.integers(1950, 2005, n),
            "birthMonth": random.integers(1, 13, n),
            "birthDay": random.integers(1, 29, n),
            "height": np.round(random.normal(170, 10, n), 1),
        }
    )


def proposed(frame, **settings):
    data = from_frame(frame, **settings)
    return data.codec.proposals(data.rows)


def words(frame, **settings):
    return [proposal.words.split(":")[0] for proposal in proposed(frame, **settings)]


def test_what_all_rows_keep_is_proposed_and_nothing_else():
    assert words(table()) == [
        "start <= end",
        "city, region as they go together in the data",
        "birthYear, birthMonth, birthDay are a date that exists",
    ]


def test_sums_are_proposed():
    frame = table().assign(net=lambda f: f["height"], tax=lambda f: f["birthDay"] * 0.5)
    frame["gross"] = np.round(frame.pop("height") + frame["tax"], 1)
    found = words(frame)
    assert "net + tax = gross" in found
    assert not any("gross + " in each for each in found)


def test_the_evidence_counts_rows_and_shuffled_rows():
    (first, *_) = proposed(table())
    assert first.words.startswith("start <= end: holds in all 2,000 rows, and in 5")
    assert first.words.endswith("% of rows with shuffled columns")


def test_proposals_are_comments_that_become_rules(tmp_path):
    data = from_frame(table())
    text = data.codec.schema() + "".join(p.toml for p in data.codec.proposals(data.rows))
    (tmp_path / "s.toml").write_text(text)
    assert "rules" not in read_toml(tmp_path / "s.toml")
    switched_on = [
        line.removeprefix("# ") if "[[rules]]" in line or " = [" in line else line
        for line in text.splitlines()
    ]
    (tmp_path / "s.toml").write_text("\n".join(switched_on))
    rules = read_toml(tmp_path / "s.toml")["rules"]
    assert rules == [
        {"order": ["start", "end"]},
        {"together": ["city", "region"]},
        {"date": ["birthYear", "birthMonth", "birthDay"]},
    ]
    assert words(table(), rules=rules) == [], "rules that there are, are not proposed again"


def test_a_rule_that_one_row_in_a_thousand_breaks_says_so():
    frame = table()
    frame.loc[5, "end"] = pd.Timestamp("2019-01-01")
    first = proposed(frame)[0]
    assert "holds in 1,999 of 2,000 rows" in first.words
    assert "# 1 row breaks it" in first.toml
    frame.loc[:9, "end"] = pd.Timestamp("2019-01-01")
    assert "start <= end" not in words(frame)


def test_a_chain_is_proposed_by_its_neighbours_alone():
    frame = table()[["start", "end"]]
    frame["paid"] = frame["end"] + pd.to_timedelta(np.arange(len(frame)) % 50, unit="D")
    assert words(frame) == ["start <= end", "end <= paid"]


def test_numbers_of_other_steps_are_not_compared():
    frame = pd.DataFrame({"a": np.arange(500) % 97, "b": (np.arange(500) % 97) + 0.5})
    assert words(frame) == []
    assert words(frame.assign(b=frame["a"] + 1)) == ["a <= b"]


@pytest.mark.parametrize("n", [10, 40])
def test_few_rows_propose_nothing(n):
    assert words(table(n)) == []


def test_names_cannot_break_out_of_comments(tmp_path):
    frame = table().rename(columns={"start": 'st"a\nrt', "end": "e\\nd"})
    (first, *_) = proposed(frame)
    assert all(line.startswith("#") for line in first.toml.strip().splitlines())
    text = "\n".join(line.removeprefix("# ") for line in first.toml.strip().splitlines()[1:])
    (tmp_path / "s.toml").write_text(text)
    assert read_toml(tmp_path / "s.toml")["rules"] == [{"order": ['st"a\nrt', "e\\nd"]}]
