"""Files of tables: as pandas reads them and better; one clear error for what is wrong."""

import datetime
import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_columns import back, column_of, kinds, learned

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables import coded, frames
from wgan.data.tables.frames import from_frame, read_frame, write_frame


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
    data = load(tmp_path / "t.csv")
    assert data.rows[:, 0].tolist() == [i + 0.5 for i in range(30)]
    assert column_of(data, "a").format == "0,0"
    assert back(data)["a"].tolist() == [f"{i},5" for i in range(30)]


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
    monkeypatch.setattr(coded, "PIECEWISE_BYTES", 1000)
    pieces = load(tmp_path / "t.parquet")
    assert not isinstance(pieces.rows, np.ndarray)
    assert pieces.codec == whole.codec
    assert np.array_equal(pieces.rows[np.arange(3000)], whole.rows, equal_nan=True)
    assert np.array_equal(whole.rows, from_frame(frame).rows, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a,b\n1,x\n2,y,z\n", r"line 3 has 3 fields, and line 1 2"),
        (b"a,b\n1,x,5\n2,y,5\n", "line 2 has more fields"),
        (b"a,b\n1,x\n2\n3,y\n", "line 3 has 1 fields, and line 1 2"),
        (b"a,a\n1,x\n", "2 columns are called 'a'"),
        (b",a\n0,x\n1,y\n", r"column 1 has no name \(a saved row index\?\)"),
        (b"39, Male\n40, Female\n", "line 1 holds the number 39"),
        (b"a,b\n", "0 row"),
        (b"", "an empty file"),
        (b"a,b\n1,caf\xe9\n", "not text in UTF-8"),
        (
            b"a,b\n" + b"".join(b"%d.5,x\n" % i for i in range(40)) + b"oops,y\n",
            "column 'a', row 41: 'oops' is not a number",
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


def test_numbers_alone_under_names_are_a_table_or_rows_of_numbers_as_asked(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},{i * 2}\n" for i in range(40)))
    assert load(tmp_path / "t.csv").codec.kind == "tables"
    assert load(tmp_path / "t.csv", as_numbers=True).codec.kind == "vectors"
    (tmp_path / "n.csv").write_text("1,2\n" * 40)
    assert load(tmp_path / "n.csv").codec.kind == "vectors"


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


def test_parquet_with_an_index_days_and_arrow_types_is_read_as_columns(tmp_path):

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


def test_damage_anywhere_in_a_parquet_file_is_one_clear_error(tmp_path, mixed):
    frame = mixed(60)
    frame.to_parquet(tmp_path / "t.parquet", index=False, row_group_size=20)
    whole = (tmp_path / "t.parquet").read_bytes()
    random = np.random.default_rng(0)
    refusals = []
    for _ in range(60):
        damaged = bytearray(whole)
        for place in random.integers(len(whole) - 4000, len(whole), 3):
            damaged[place] = random.integers(256)
        (tmp_path / "d.parquet").write_bytes(damaged)
        try:
            load(tmp_path / "d.parquet")
        except WganError as error:
            refusals.append(str(error))
    assert len(refusals) > 30
    assert all("d.parquet" in message and message.isprintable() for message in refusals)


def test_text_in_parquet_that_is_not_utf8_is_one_clear_error(tmp_path):
    name = pa.array([b"caf\xe9", b"x"] * 30).view(pa.binary())
    table = pa.table({"k": pa.Array.from_buffers(pa.string(), 60, name.buffers())})
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(WganError, match="not a readable Parquet file"):
        load(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("caf\udce9", "a", "is not a name that UTF-8 can hold"),
        ("x", "caf\udce9", r"column 'x', row 1: .* is not text that UTF-8 can hold"),
    ],
)
def test_text_that_no_file_can_hold_is_refused(name, text, words):
    # As objects, since Arrow's strings cannot hold such text.
    frame = pd.DataFrame({0: pd.Series([text, "b"] * 20, dtype=object)})
    frame.columns = pd.Index([name], dtype=object)
    with pytest.raises(WganError, match=words) as caught:
        from_frame(frame)
    str(caught.value).encode()


def test_capital_endings_are_written_as_what_they_say(tmp_path, mixed):
    data = from_frame(mixed(40))
    frame = data.codec.frame(data.rows)
    write_frame(frame, data.codec, tmp_path / "t.TSV.GZ")
    write_frame(frame, data.codec, tmp_path / "t.PARQUET")
    assert gzip.decompress((tmp_path / "t.TSV.GZ").read_bytes()).startswith(b"customer_id\tage")
    assert load(tmp_path / "t.TSV.GZ").rows.shape == load(tmp_path / "t.PARQUET").rows.shape


def test_a_test_file_is_read_as_the_table_that_was_learned(tmp_path):
    (tmp_path / "t.csv").write_text("z,y\n" + "02134,1\n10001,2\n94110,3\n" * 20)
    data = load(tmp_path / "t.csv")
    (tmp_path / "test.csv").write_text("z,y\n" + "10001,2\n94110,3\n" * 5)
    assert data.codec.matrix(read_frame(tmp_path / "test.csv", data.codec)).shape == (10, 2)
