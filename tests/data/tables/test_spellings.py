"""Spellings of numbers in text: read where clear, given back as they were, else refused."""

import numpy as np
import pandas as pd
import pytest
from table_columns import back, column_of, kinds

from wgan.base.errors import WganError
from wgan.data.tables.frames import from_frame
from wgan.data.tables.series import different_texts
from wgan.data.tables.spellings import (
    Inferred,
    Spelling,
    infer_spelling,
    parse_spelling,
)

SPELLED = {
    "0.#%": ["12.5%", "7%", "-3.25%"],
    "0.# kg": ["5.2 kg", "10 kg"],
    "0 months": ["36 months", "60 months"],
    "(#,##0.00)": ["(1,234.50)", "1,000.00", "12.30"],
    "#.##0,00 €": ["1.234,56 €", "-12,00 €"],
    "$#,##0": ["$1,234", "$567"],
    "0,#": ["3,14", "2,7"],
    "0.000": ["1.234", "2.345"],
    "#'##0.0": ["1'234.5", "12.0"],
    "# ##0,0": ["1 234,5", "12,0"],
    "+0.0": ["+1.5", "-2.0", "0.0"],
    "#,##0": ["1,234,567", "2,345,678"],
    "0,000": ["0,500", "1,234"],
}
"""Description -> texts that are spelled so."""
VALUES = {
    "0.#%": [12.5, 7, -3.25],
    "(#,##0.00)": [-1234.5, 1000, 12.3],
    "#.##0,00 €": [1234.56, -12],
    "#,##0": [1234567, 2345678],
    "0,000": [0.5, 1.234],
}
"""Description -> the numbers that its texts are."""


@pytest.mark.parametrize("form", SPELLED)
def test_a_spelling_is_inferred_read_and_written_back(form):
    texts = pd.Series(SPELLED[form])
    spelling = infer_spelling(different_texts(texts)).spelling
    assert str(spelling) == form
    assert parse_spelling(form) == spelling
    x = spelling.read(texts)
    assert spelling.write(x) == texts.tolist()
    if form in VALUES:
        assert x.tolist() == VALUES[form]


def test_a_minus_may_stand_before_or_behind_a_currency_and_be_a_typographers():
    spelling = Spelling(prefix="$", mark=".", decimals=2)
    assert spelling.read(pd.Series(["-$5.00", "$-5.00", "\u2212$5.00"])).tolist() == [-5] * 3
    wrong = pd.Series(["--$5.00", "-$-5.00", "($5.00)", "5.00", "$5,00", None])
    assert np.isnan(spelling.read(wrong)).all()
    assert spelling.write(np.array([-5.0, -0.001])) == ["-$5.00", "$0.00"], "no negative zero"


@pytest.mark.parametrize("text", ["", "%d", "##0", "#,##0,00", "(0", "0)", "kg", "0.00.0"])
def test_what_describes_no_spelling_is_none(text):
    assert parse_spelling(text) is None


@pytest.mark.parametrize("repeats", [1, 10])
@pytest.mark.parametrize("form", ["0.#%", "0.# kg", "(#,##0.00)", "#.##0,00 €", "0,#"])
def test_numbers_in_text_are_numbers_however_often_they_repeat(form, repeats):
    random = np.random.default_rng(0)
    x = np.repeat(np.round(random.normal(50, 2000, 300 // repeats), 1), repeats)
    texts = parse_spelling(form).write(x)
    frame = pd.DataFrame({"x": pd.Series(texts, dtype="str"), "y": np.arange(300) % 2})
    data = from_frame(frame)
    assert kinds(data)["x"] == "numeric"
    assert np.allclose(data.rows[:, 0], x)
    pd.testing.assert_frame_equal(back(data), frame)


@pytest.mark.parametrize("repeats", [1, 10])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lambda i: f"{1 + i},{i:03d}", r'format = "#,##0" or format = "0,000"'),
        (lambda i: f"{i}.5 kg" if i % 2 else f"{i}.5 g", "'1.5 kg' has another unit than '0.5 g'"),
        (
            lambda i: f"{i}.5%" if i else "n.a.",
            "row 1: 'n.a.' is not a number, and most others are",
        ),
        (lambda i: f"1,{i:03d}.5" if i else "1.234,5", "is not spelled as the other numbers are"),
    ],
)
def test_unclear_numbers_are_refused_however_often_they_repeat(text, words, repeats):
    texts = [text(i // repeats) for i in range(300)]
    frame = pd.DataFrame({"x": texts, "y": np.arange(300) % 2})
    with pytest.raises(WganError, match=words):
        from_frame(frame)
    given = from_frame(frame, corrections={"x": {"kind": "category"}})
    assert kinds(given)["x"] == "category"


def postcode(i):
    return f"{1000 + 7 * i} {chr(65 + i % 26)}{chr(65 + i // 3 % 26)}"


NAMES = {
    "postcodes": [postcode(i) for i in range(60)],
    "postcodes of three districts": [f"{1000 + i} {'ABC'[i % 3]}X" for i in range(60)],
    "postcodes and one word": [*map(postcode, range(59)), "unknown"],
    "versions": [f"{i // 12}.{i % 12}.{i % 5}" for i in range(60)],
    "versions of two or three parts": [f"1.{i}{'' if i % 4 else '.7'}" for i in range(60)],
    "addresses": [f"192.168.1.{i}" for i in range(60)],
}


@pytest.mark.parametrize("name", NAMES)
def test_postcodes_and_versions_are_names(name):
    texts = NAMES[name]
    repeated = from_frame(pd.DataFrame({"x": texts * 3, "y": np.arange(180) % 2}))
    assert kinds(repeated)["x"] == "category"
    assert infer_spelling(different_texts(pd.Series(texts))) == Inferred()


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([*(f"1.{i}" for i in range(59)), "1.2.3"], "'1.2.3' is not a number, and most others are"),
        ([*(f"{1.5 + i} kg" for i in range(59)), "12 g"], "'12 g' has another unit than '1.5 kg'"),
        ([f"{1000 + i} {'KM'[i % 2]}B" for i in range(60)], "'1001 MB' has another unit"),
    ],
)
def test_a_slip_among_numbers_is_no_name(texts, words):
    with pytest.raises(WganError, match=words):
        from_frame(pd.DataFrame({"x": texts, "y": np.arange(60) % 2}))


def test_the_sign_stays_where_it_stood():
    for texts, form in [
        (["$-2.50", "$3.00"], "$-0.00"),
        (["-$2.50", "$3.00"], "$0.00"),
        (["€ -2,50", "€ 1.000,00"], "€ -#.##0,00"),
        (["$+2.50", "$-3.00"], "+$-0.00"),
    ]:
        spelling = infer_spelling(different_texts(pd.Series(texts))).spelling
        assert str(spelling) == form
        assert parse_spelling(form) == spelling
        assert spelling.write(spelling.read(pd.Series(texts))) == texts
    assert parse_spelling("A-0").prefix == "A-", "behind a name a hyphen is no sign"


@pytest.mark.parametrize(("form", "value"), [("#,##0", 1234), ("0,000", 1.234)])
def test_a_schema_says_which_of_two_readings_is_meant(form, value):
    frame = pd.DataFrame({"x": ["1,234", "2,345"] * 20, "y": range(40)})
    data = from_frame(frame, corrections={"x": {"format": form}})
    assert data.rows[0, 0] == value
    pd.testing.assert_series_equal(back(data)["x"], frame["x"])


@pytest.mark.parametrize(
    "texts",
    [
        ["12A", "7B", "7A"],
        ["1001", "02134", "94110"],
        ["+4917", "0049"],
        ["007", "008"],
        ["0", "1", "2", "3+"],
        ["05 kg", "12 kg"],
        ["Room 1", "Room 2"],
        ["1.2.3", "1.10.0"],
    ],
)
def test_names_made_of_digits_are_no_numbers(texts):
    frame = pd.DataFrame({"x": texts * 60, "y": np.arange(60 * len(texts)) % 2})
    data = from_frame(frame)
    assert kinds(data)["x"] == "category"
    assert set(back(data)["x"]) == set(texts)


def test_whole_numbers_kept_as_text_are_names_and_that_is_said():
    frame = pd.DataFrame({"x": [str(i % 40) for i in range(200)], "y": np.arange(200) % 2})
    with pytest.warns(UserWarning, match=r'column \'x\' holds whole numbers as text.*"numeric"'):
        assert kinds(from_frame(frame))["x"] == "category"
    data = from_frame(frame, corrections={"x": {"kind": "numeric"}})
    pd.testing.assert_frame_equal(back(data), frame)


def test_numbers_with_exponents_are_numbers():
    texts = [f"{i + 1}e-5" for i in range(150)]
    data = from_frame(pd.DataFrame({"x": texts, "y": np.arange(150) % 2}))
    assert column_of(data, "x").kind == "numeric"
    assert data.rows[2, 0] == 3e-5


def test_patterns_are_those_of_python_whatever_engine_pandas_takes_for_strings():
    column = pd.Series(["1,000 kg", None, "2,500 kg", "1,000 kg"], dtype="str")
    texts = different_texts(column)
    assert texts.dtype == object
    assert texts.tolist() == ["1,000 kg", "2,500 kg"]
    # A back reference, which the engine of pyarrow refuses.
    assert texts.str.fullmatch(r"(\d)[,0-9]*\D+|(\d)\2.*").tolist() == [True, True]
