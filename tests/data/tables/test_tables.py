"""Tables: what is inferred, that codes are exact inverses, files as pandas reads them and better,
and one clear error for what is wrong.
"""

import gzip
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from wgan.base.errors import WganError
from wgan.data import Batches, codec_from_json, codec_to_json, frames, load
from wgan.data.tables.frames import from_frame, read_frame, write_frame
from wgan.data.tables.infer import read_corrections, to_toml
from wgan.data.tables.schema import Column


def kinds(dataset):
    return {column.name: column.kind for column in dataset.codec.columns}


def column_of(dataset, name):
    return next(column for column in dataset.codec.columns if column.name == name)


def back(dataset):
    return dataset.codec.frame(dataset.codec.decode(dataset.encode(dataset.rows[:])))


def learned(frame):
    return frame.drop(columns="customer_id")


def test_every_kind_is_inferred(mixed):
    data = from_frame(mixed(2000))
    assert kinds(data) == {
        "customer_id": "identifier",
        "age": "numeric",
        "price": "numeric",
        "gain": "numeric",
        "size": "category",
        "city": "category",
        "member": "boolean",
        "code": "category",
        "bought": "datetime",
        "note": "category",
        "visits": "numeric",
    }
    assert [
        column_of(data, name).step for name in ("age", "price", "gain", "bought", "visits")
    ] == [1, 0.01, 0, 86400, 1]
    assert column_of(data, "gain").spikes == (0.0,)
    assert column_of(data, "age").discrete
    assert not column_of(data, "price").discrete
    assert {name for name in kinds(data) if column_of(data, name).missing} == {"note", "visits"}
    assert column_of(data, "size").levels == ("small", "medium", "large"), "the most frequent first"


def test_coding_and_decoding_give_back_the_table(mixed):
    frame = mixed(2000)
    data = from_frame(frame)
    again = back(data)
    pd.testing.assert_frame_equal(learned(again), learned(frame))
    assert list(again.columns) == list(frame.columns)
    assert again["customer_id"].iloc[0] == "C-02001", (
        "identifiers are new, and go on after the largest"
    )
    assert not set(again["customer_id"]) & set(frame["customer_id"])


def test_what_a_network_sees_is_one_hot_codes_and_scores(mixed):
    data = from_frame(mixed(500))
    x = data.encode(data.rows)
    assert Batches(data.split(), 0)(0, 4).dtype == torch.float32
    assert x.shape == (500, *data.shape)
    for head in data.codec.codes:
        for start, size in head.parts:
            codes = x[:, start : start + size]
            assert ((codes == 0) | (codes == 1)).all()
            assert (codes.sum(1) == 1).all()


def test_scores_of_a_continuous_column_are_standard_normal():
    x = np.random.default_rng(0).exponential(size=5000) ** 3
    data = from_frame(pd.DataFrame({"x": x, "y": x > 1}))
    score = data.encode(data.rows)[:, 0].numpy()
    assert kstest(score, "norm").pvalue > 0.5
    column = column_of(data, "x")
    z = np.linspace(-2, 2, 9)
    expected = np.quantile(x, norm.cdf(z))
    assert np.allclose(column.values(np.zeros(9, dtype=np.int64), z), expected, rtol=0.02)
    assert column.values(np.zeros(2, dtype=np.int64), np.array([-99.0, 99.0])).tolist() == [
        x.min(),
        x.max(),
    ], "bounds are kept"


def test_a_discrete_column_gives_its_values_at_their_frequencies():
    x = np.repeat([1.0, 2.0, 5.0, *np.arange(10.0, 40.0)], [300, 100, 500] + [10] * 30)
    column = column_of(
        from_frame(pd.DataFrame({"x": np.tile(x, 3), "y": np.arange(len(x) * 3) % 2})), "x"
    )
    assert column.discrete or column.spikes
    ordinary = x[~np.isin(x, column.spikes)]
    scores = norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    made = column.values(np.zeros(10_000, dtype=np.int64), scores)
    for value in np.unique(ordinary):
        assert np.mean(made == value) == pytest.approx(np.mean(ordinary == value), abs=2e-4)


def test_ten_thousand_levels_are_two_digits_and_come_back():
    levels = np.array([f"k{i}" for i in range(10_000)])
    frame = pd.DataFrame({"k": np.concatenate([levels, levels]), "y": np.arange(20_000) % 2})
    data = from_frame(frame)
    assert column_of(data, "k").code_sizes == (100, 100)
    assert data.shape == (202,)
    assert data.codec.pack(data.rows[:8]).shape == (8, 3)
    pd.testing.assert_frame_equal(back(data), frame)


def test_a_state_beyond_the_last_is_the_last_and_no_new_category():
    column = Column("k", "category", "str", levels=tuple(f"k{i}" for i in range(300)))
    assert column.code_sizes == (17, 18)
    assert column.values(np.array([17 * 18 - 1]), np.zeros(1)).tolist() == [299]


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.one_of(
            st.none(),
            st.sampled_from([0.0, 1.0]),
            st.integers(-(10**6), 10**6).map(float),
            st.decimals(-1000, 1000, places=2).map(float),
        ),
        min_size=2,
        max_size=300,
    )
)
def test_any_column_of_decimals_comes_back_exactly(values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype="float64"), "y": np.arange(len(values)) % 2})
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)


@pytest.mark.parametrize(
    "dtype",
    [
        "int8",
        "uint8",
        "int64",
        "Int64",
        "float32",
        "Float64",
        "boolean",
        "category",
        "datetime64[ns, Europe/Berlin]",
    ],
)
def test_types_come_back(dtype):
    n = 200
    if dtype.startswith("datetime"):
        values = pd.Series(
            pd.date_range("2024-03-30", periods=n, freq="7h", tz="Europe/Berlin").astype(dtype)
        )
    elif dtype == "boolean":
        values = pd.Series([True, False, None, True] * (n // 4), dtype=dtype)
    elif dtype == "category":
        values = pd.Series(["b", "a", None, "a"] * (n // 4), dtype=dtype)
    else:
        values = pd.Series(np.arange(n) % 100, dtype=dtype)
        if dtype[0].isupper():
            values[3] = pd.NA
    frame = pd.DataFrame({"x": values, "y": np.arange(n) % 2})
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)


def test_dates_in_text_keep_their_spelling():
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d %H:%M"):
        text = pd.Series(pd.date_range("2024-01-05", periods=300, freq="31h")).dt.strftime(form)
        frame = pd.DataFrame({"when": text, "y": np.arange(300) % 2})
        data = from_frame(frame)
        assert column_of(data, "when").format == form
        pd.testing.assert_frame_equal(back(data), frame)


def test_codes_with_leading_zeros_are_names_in_a_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("code,n\n" + "".join(f"{i % 12:03d},{i}\n" for i in range(60)))
    frame = read_frame(path)
    assert frame["code"].iloc[:2].tolist() == ["000", "001"]
    assert frame["n"].dtype == "int64"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".tsv"])
def test_separators_are_found_out(tmp_path, separator, ending, mixed):
    frame = learned(mixed(50))
    path = tmp_path / f"t{ending}"
    text = frame.to_csv(index=False, sep=separator).encode("utf-8-sig")
    path.write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    again = read_frame(path)
    assert list(again.columns) == list(frame.columns)
    assert again["price"].tolist() == frame["price"].tolist()
    assert again["code"].tolist() == frame["code"].tolist()


def test_a_decimal_comma_is_read_where_the_separator_is_another(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n" + "".join(f"{i},5;x{i % 3}\n" for i in range(30)))
    assert read_frame(tmp_path / "t.csv")["a"].tolist() == [i + 0.5 for i in range(30)]


def test_question_marks_and_empty_fields_are_missing(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "x, ?\ny,1\n,2\n" * 10)
    assert read_frame(tmp_path / "t.csv").isna().mean().tolist() == pytest.approx([1 / 3, 1 / 3])


@pytest.mark.parametrize("ending", [".csv", ".tsv.gz", ".parquet"])
def test_tables_are_written_and_read_back(tmp_path, ending, mixed):
    frame = mixed(300)
    data = from_frame(frame)
    write_frame(frame, data.codec, tmp_path / f"t{ending}")
    again = load(tmp_path / f"t{ending}")
    assert [c.name for c in again.codec.columns] == list(frame.columns)
    assert again.rows.shape == data.rows.shape
    if ending == ".parquet":
        pd.testing.assert_frame_equal(read_frame(tmp_path / "t.parquet"), frame)
    else:
        written = pd.read_csv(
            tmp_path / f"t{ending}", sep="\t" if "tsv" in ending else ",", dtype="str"
        )
        assert written["visits"].dropna().str.fullmatch(r"\d+").all(), (
            "whole numbers with gaps stay whole"
        )


def test_a_large_parquet_file_is_coded_piece_by_piece_into_the_same_rows(
    tmp_path, mixed, monkeypatch
):
    frame = mixed(3000)
    frame.to_parquet(tmp_path / "t.parquet", index=False, row_group_size=700)
    whole = load(tmp_path / "t.parquet")
    monkeypatch.setattr(frames, "PIECEWISE_BYTES", 1000)
    pieces = load(tmp_path / "t.parquet")
    assert not isinstance(pieces.rows, np.ndarray)
    assert pieces.codec == whole.codec
    assert np.array_equal(pieces.rows[np.arange(3000)], whole.rows, equal_nan=True)
    assert np.array_equal(whole.rows, from_frame(frame).rows, equal_nan=True)


def test_a_codec_goes_to_json_and_back(mixed):
    codec = from_frame(mixed(200)).codec
    assert codec_from_json(json.loads(json.dumps(codec_to_json(codec)))) == codec


def test_a_schema_corrects_what_was_inferred(tmp_path):
    frame = pd.DataFrame(
        {
            "zip": np.arange(300) % 60 * 100 + 10_000,
            "n": np.arange(300) % 70,
            "y": np.arange(300) % 2,
        }
    )
    (tmp_path / "s.toml").write_text(
        '[columns.zip]\nkind = "category"\n[columns.n]\nlow = -5\nhigh = 100\n'
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = load(tmp_path / "t.csv", schema=str(tmp_path / "s.toml"))
    assert column_of(data, "zip").kind == "category"
    assert column_of(data, "zip").levels[0] == "10000"
    assert column_of(data, "n").knots[0] == -5
    assert column_of(data, "n").knots[-1] == 100
    pd.testing.assert_frame_equal(back(data), frame)
    (tmp_path / "again.toml").write_text(to_toml(data.codec.columns))
    assert kinds(from_frame(frame, corrections=read_corrections(tmp_path / "again.toml"))) == kinds(
        data
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[columns.zap]\nkind = "category"', "speaks of a column 'zap'.*Did you mean 'zip'"),
        ('[columns.zip]\nkind = "number"', "kind = 'number': choose one of"),
        ('[columns.zip]\nkind = "category"\nlow = 1', "a category column of numbers has no 'low'"),
        ("[columns.zip]\nlow = 99999", "beyond low"),
        ('[columns.name]\nkind = "numeric"', "column 'name', row 1: 'n0' is no number"),
        ('[columns.name]\nkind = "datetime"', "is no date"),
        ("columns = 3", r"write \[columns.NAME\]"),
        ("[columns.zip", "not valid TOML"),
    ],
)
def test_a_schema_that_disagrees_is_one_clear_error(tmp_path, text, words):
    frame = pd.DataFrame({"zip": np.arange(30) + 10_000, "name": [f"n{i % 5}" for i in range(30)]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(WganError, match=words):
        load(tmp_path / "t.csv", schema=str(tmp_path / "s.toml"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a,b\n1,x\n2,y,z\n", r"line 3 has 3 fields, and line 1 2"),
        (b"a,b\n1,x,5\n2,y,5\n", "line 2 has more fields"),
        (b"a,b\n1,x\n2\n3,y\n", "line 3 has 1 fields, and line 1 2"),
        (b"a,a\n1,x\n", "2 columns are called 'a'"),
        (b",a\n0,x\n1,y\n", "column 1 has no name, as if it counted rows"),
        (b"39, Male\n40, Female\n", "line 1 holds the number 39"),
        (b"a,b\n", "0 row"),
        (b"", "an empty file"),
        (b"a,b\n1,caf\xe9\n", "not text in UTF-8"),
        (
            b"a,b\n" + b"".join(b"%d.5,x\n" % i for i in range(40)) + b"oops,y\n",
            "column 'a', row 41: 'oops' is no number",
        ),
        (b"a,b\n" + b"1,x\n" * 30, "no column but identifiers holds anything that varies"),
    ],
)
def test_bad_tables_are_one_clear_error(tmp_path, text, words):
    (tmp_path / "t.csv").write_bytes(text)
    with pytest.raises(WganError, match=words) as caught:
        frames.from_file(tmp_path / "t.csv")
    assert "t.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_files_are_one_clear_error(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n1,x\n" * 100)[:-20])
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    for name, words in (
        ("t.csv.gz", "a damaged gzip file"),
        ("t.parquet", "not a readable Parquet file"),
    ):
        with pytest.raises(WganError, match=words):
            load(tmp_path / name)


def test_constant_and_empty_columns_are_kept_as_they_are():
    frame = pd.DataFrame(
        {"c": ["x"] * 40, "k": [7] * 40, "nothing": [np.nan] * 40, "y": np.arange(40) % 3}
    )
    data = from_frame(frame)
    assert data.shape == (3,)
    pd.testing.assert_frame_equal(back(data), frame)


def test_one_column_is_a_table_too():
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=100)})
    data = from_frame(frame)
    assert data.shape == (1,)
    assert np.allclose(back(data), frame, atol=1e-6)


def test_other_rows_of_the_same_columns_are_coded_alike(mixed):
    data = from_frame(mixed(300))
    other = mixed(50, 1).assign(city="city 1")
    assert data.codec.matrix(other).shape == (50, 10)
    with pytest.raises(WganError, match="no column 'age'"):
        data.codec.matrix(other.drop(columns="age"))
    with pytest.raises(
        WganError, match="column 'size', row 1: 'huge' is a level that the column had not"
    ):
        data.codec.matrix(other.assign(size="huge"))
    with pytest.raises(WganError, match="column 'age', row 1: 'nan' is missing, where none was"):
        data.codec.matrix(other.assign(age=np.nan))


def test_numbers_alone_under_names_are_a_table_or_rows_of_numbers_as_asked(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},{i * 2}\n" for i in range(40)))
    assert load(tmp_path / "t.csv").codec.kind == "tables"
    assert load(tmp_path / "t.csv", as_numbers=True).codec.kind == "vectors"
    (tmp_path / "n.csv").write_text("1,2\n" * 40)
    assert load(tmp_path / "n.csv").codec.kind == "vectors"


def test_a_column_says_what_it_holds(mixed):
    data = from_frame(mixed(1000))
    said = {column.name: str(column) for column in data.codec.columns}
    assert said["size"] == "category, 3 levels: small, medium, large"
    assert said["bought"].startswith("datetime, 2020-01-01 00:00:00 to 2022-09-2")
    assert said["customer_id"] == "identifier, made anew, as C-01001"
    assert said["visits"].endswith("may be missing")
    assert str(replace(column_of(data, "size"), levels=("a",))) == "category, always a"


def test_pandas_categories_keep_what_was_declared_and_make_nothing_that_was_not_seen():
    sizes = pd.Categorical(["s", "l", None, "s"] * 30, categories=["s", "m", "l"], ordered=True)
    years = pd.Categorical([2001, 1999, 2001, 2001] * 30, categories=[1999, 2000, 2001])
    frame = pd.DataFrame({"size": sizes, "year": years})
    data = from_frame(frame)
    assert column_of(data, "size").levels == ("s", "l")
    pd.testing.assert_frame_equal(back(data), frame)


@pytest.mark.parametrize("start", [2**60, -(2**60)])
def test_whole_numbers_too_large_for_a_float_are_names(start):
    frame = pd.DataFrame({"k": np.arange(start, start + 4).repeat(30), "y": np.arange(120) % 2})
    assert kinds(from_frame(frame))["k"] == "category"
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)
    unique = pd.DataFrame({"k": np.arange(200) * 7 + start, "y": np.arange(200) % 2})
    assert kinds(from_frame(unique))["k"] == "identifier"


@pytest.mark.parametrize(
    "values",
    [
        [1, "a"] * 20,
        [[1], [2]] * 20,
        [1j, 2j] * 20,
        [pd.Timedelta(1), pd.Timedelta(2)] * 20,
        [True, "x"] * 20,
    ],
)
def test_types_that_would_not_come_back_are_refused(values):
    with pytest.raises(
        WganError, match=r"column 'x' is of type .*: make it numbers, text, booleans or times"
    ):
        from_frame(pd.DataFrame({"x": values, "y": range(40)}))


def test_whole_numbers_of_any_size_come_back_exactly():
    random = np.random.default_rng(0)
    times = pd.Timestamp("2018-01-01") + pd.to_timedelta(
        random.integers(0, 5 * 365 * 86400, 3000), unit="s"
    )
    frame = pd.DataFrame(
        {
            "big": random.integers(0, 10**12, 3000),
            "when": times,
            "money": np.round(np.exp(random.normal(3, 3, 3000)), 2),
        }
    )
    pd.testing.assert_frame_equal(back(from_frame(frame)), frame)


def test_single_precision_keeps_its_decimals():
    frame = pd.DataFrame({"x": (np.arange(400) / 100).astype("float32"), "y": np.arange(400) % 2})
    data = from_frame(frame)
    assert column_of(data, "x").step == 0.01
    assert data.rows[10, 0] == 0.1
    pd.testing.assert_frame_equal(back(data), frame)


@pytest.mark.parametrize("step", [0.25, 0.5, 5])
def test_steps_need_not_be_powers_of_ten(step):
    frame = pd.DataFrame(
        {"x": np.random.default_rng(0).integers(0, 4000, 500) * step, "y": np.arange(500) % 2}
    )
    data = from_frame(frame, corrections={"x": {"step": step}})
    pd.testing.assert_frame_equal(back(data), frame, check_dtype=False)
    made = column_of(data, "x").values(
        np.zeros(300, dtype=np.int64), np.random.default_rng(1).normal(size=300)
    )
    assert np.array_equal(made / step, np.rint(made / step))
    with pytest.raises(WganError, match="is no multiple of step"):
        from_frame(frame + 0.1, corrections={"x": {"step": step}})


def test_a_spike_is_one_though_its_last_bit_differs():
    x = np.where(np.arange(400) % 2 == 0, 0.1 + 0.2, np.arange(400) * 0.1)
    data = from_frame(
        pd.DataFrame({"x": x, "y": np.arange(400) % 2}), corrections={"x": {"step": 0.1}}
    )
    assert column_of(data, "x").spikes == (0.3,)
    assert (data.codec.states(data.rows)[::2, 0] == 1).all()


def test_midnights_in_a_zone_stay_midnights():
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2023-01-01", periods=600, freq="D", tz="Europe/Berlin"),
            "y": np.arange(600) % 2,
        }
    )
    data = from_frame(frame)
    assert column_of(data, "day").step == 86400
    made = data.codec.frame(
        np.column_stack(
            [
                column_of(data, "day").values(np.zeros(400, np.int64), np.linspace(-2, 2, 400)),
                np.zeros(400),
            ]
        )
    )
    assert (made["day"].dt.hour == 0).all()


def test_blanks_after_separators_do_not_hide_codes(tmp_path):
    (tmp_path / "t.csv").write_text(
        "a, code\n" + "".join(f"{i % 7}, {i % 9:03d}\n" for i in range(40))
    )
    assert read_frame(tmp_path / "t.csv")["code"].iloc[1] == "001"


def test_booleans_keep_their_spelling(tmp_path):
    (tmp_path / "t.csv").write_text("m,t,n\n" + "true,True,1\nfalse,False,2\n" * 20)
    frame = read_frame(tmp_path / "t.csv")
    assert frame["m"].unique().tolist() == ["true", "false"]
    assert frame["t"].dtype == bool


def test_one_comma_among_decimal_points_changes_nothing(tmp_path):
    (tmp_path / "t.csv").write_text(
        "price;tags\n" + "".join(f"{i}.5;{i % 3},{i % 2}\n" for i in range(60))
    )
    frame = read_frame(tmp_path / "t.csv")
    assert frame["price"].dtype == float
    assert frame["tags"].iloc[1] == "1,1"


def test_blanks_around_names_are_not_part_of_them_and_empty_lines_of_one_column_are_gaps(tmp_path):
    (tmp_path / "t.csv").write_text("a , b\n" + "1,2\n" * 5)
    assert list(read_frame(tmp_path / "t.csv").columns) == ["a", "b"]
    (tmp_path / "one.csv").write_text("a\n" + "1\n\n" * 20)
    assert len(read_frame(tmp_path / "one.csv")) == 40


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("id", True),
        ("customer_id", True),
        ("userID", True),
        ("ID", True),
        ("amount_paid", False),
        ("grid", False),
        ("Covid", False),
    ],
)
def test_names_of_identifiers_are_not_words_that_end_alike(name, is_one):
    values = np.random.default_rng(0).permutation(5000)[:300] * 3
    kind = kinds(from_frame(pd.DataFrame({name: values, "y": np.arange(300) % 2})))[name]
    assert kind == ("identifier" if is_one else "numeric")


def test_years_in_a_row_do_not_count_rows():
    frame = pd.DataFrame(
        {"year": np.arange(1900, 2024), "n": np.arange(1, 125), "y": np.arange(124) % 2}
    )
    assert kinds(from_frame(frame)) == {"year": "numeric", "n": "identifier", "y": "numeric"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            [f"2024-01-{1 + i % 28:02d}T10:{i % 60:02d}:00.{i:03d}Z" for i in range(200)],
            "looks like times",
        ),
        ([f"{1 + i},{i:03d}" for i in range(200)], "looks like numbers"),
    ],
)
def test_numbers_and_times_in_an_unknown_spelling_are_no_identifiers(values, words):
    frame = pd.DataFrame({"x": values, "y": np.arange(200) % 2})
    with pytest.raises(WganError, match=words):
        from_frame(frame)
    assert kinds(from_frame(frame, corrections={"x": {"kind": "identifier"}}))["x"] == "identifier"


@pytest.mark.parametrize(
    ("values", "given", "words"),
    [
        ([True, False] * 20, {"kind": "category"}, "does not fit booleans"),
        ([1.5, 2.5] * 20, {"kind": "identifier"}, "fractions cannot be identifiers"),
        ([1, 2] * 20, {"kind": "datetime"}, "does not fit numbers"),
        (pd.Categorical([1, 2] * 20), {"kind": "numeric"}, "does not fit categories"),
        ([1.0, 2.0] * 20, {"step": -1}, "0 or more"),
        ([1.0, 2.0] * 20, {"low": -np.inf}, "give a finite number"),
        (pd.to_datetime(["2024-01-01", "2024-01-03"] * 20), {"format": "%d"}, "has no 'format'"),
        (
            ["2024-01-01", "2024-01-03"] * 20,
            {"kind": "datetime", "format": "%Q"},
            "is not how times are written",
        ),
    ],
)
def test_corrections_that_do_not_fit_are_refused(values, given, words):
    with pytest.raises(WganError, match=words):
        from_frame(pd.DataFrame({"x": values, "y": range(40)}), corrections={"x": given})


def test_an_identifier_with_gaps_and_numbers_as_names_come_back_in_their_type():
    frame = pd.DataFrame(
        {
            "id": [None if i % 5 == 0 else float(i) for i in range(200)],
            "k": [1.0, 2.0, None, 1.0] * 50,
            "y": np.arange(200) % 2,
        }
    )
    data = from_frame(frame, corrections={"id": {"kind": "identifier"}, "k": {"kind": "category"}})
    assert column_of(data, "k").levels == ("1", "2"), "spelled without decimals"
    again = back(data)
    assert again["id"].tolist()[:2] == [200.0, 201.0]
    pd.testing.assert_series_equal(again["k"], frame["k"])
    with pytest.raises(WganError, match="no column but identifiers"):
        from_frame(frame[["id"]], corrections={"id": {"kind": "identifier"}})


def test_a_schema_that_was_written_gives_the_same_columns_again(mixed, tmp_path):
    frame = mixed(1500)
    data = from_frame(frame, corrections={"age": {"low": 0, "high": 120}})
    (tmp_path / "s.toml").write_text(to_toml(data.codec.columns))
    assert load(frame, schema=str(tmp_path / "s.toml")).codec == data.codec


def test_parquet_with_an_index_days_and_arrow_types_is_read_as_columns(tmp_path):
    import datetime

    days = [datetime.date(2024, 1, 1 + i % 28) for i in range(60)]
    frame = pd.DataFrame({"k": [f"k{i % 4}" for i in range(60)], "day": days}).set_index("k")
    frame.to_parquet(tmp_path / "t.parquet")
    data = load(tmp_path / "t.parquet")
    assert kinds(data) == {"day": "datetime", "k": "category"}
    arrow = pd.DataFrame(
        {
            "n": pd.Series(np.arange(60) % 7, dtype="int64[pyarrow]"),
            "x": pd.Series(np.arange(60) / 4, dtype="double[pyarrow]"),
        }
    )
    pd.testing.assert_frame_equal(back(from_frame(arrow)), arrow)


def test_a_quote_that_is_never_closed_is_one_clear_error(tmp_path):
    (tmp_path / "t.csv").write_text('a,b\n"x,1\n' + "y,2\n" * 60_000)
    with pytest.raises(WganError, match="quote"):
        load(tmp_path / "t.csv")
