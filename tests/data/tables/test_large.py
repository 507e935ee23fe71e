"""Large texts of tables, read in pieces: all that comes of them is as if they were read whole."""

import gzip
import os
import warnings

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.cache import SCRATCH, scratch_folder
from wgan.data.tables import coded, pieces
from wgan.data.tables.content import read_content
from wgan.data.tables.pieces import row_pieces, rows_end

ROWS = 400
LAST = ROWS - 1
"""The last row lies in the last piece."""


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def column(value, last=None):
    """Return the texts of a column, given the text of row i, and another one for the last row."""
    return [value(i) if i < LAST or last is None else last for i in range(ROWS)]


COLUMNS = {
    "mixed missing": column(lambda i: ["1", "", "NA", "?", "2", "null"][i % 6]),
    "fractions with gaps": column(lambda i: "" if i % 7 == 0 else f"{i / 8}"),
    "quoted line ends": column(lambda i: quoted(["a\nb", 'say "x"', "c,d", "e\r\nf"][i % 4])),
    "all quoted": column(lambda i: quoted(f" {i % 5}")),
    "quotes within": column(lambda i: [f'{i % 3}" pipe', 'a "b" c', "d"][i % 3]),
    "blanks before": column(lambda i: f"  {i % 4}"),
    "units": column(lambda i: f"{i / 4} kg"),
    "prices": column(lambda i: quoted(f"$-{i + 1000:,}.50")),
    "dates": column(lambda i: f"{1 + i % 28:02d}.{1 + i % 12:02d}.2024 {i % 24:02d}:00"),
    "text identifiers": column(lambda i: f"user-{i * 7:05d}"),
    "row id": column(lambda i: str(3 * i)),
    "level in the last piece": column(lambda i: "ab"[i % 2], "z"),
    "code in the last piece": column(lambda i: str(i % 50 + 10), "007"),
    "step in the last piece": column(lambda i: f"{i}.5", "1.125"),
    "fraction in the last piece": column(lambda i: str(i % 90), "0.5"),
    "missing in the last piece": column(lambda i: str(i % 90), ""),
    "number in the last piece": column(lambda i: "", "5"),
    "booleans": column(lambda i: ["True", "False"][i % 2]),
    "respelled booleans": column(lambda i: ["true", "FALSE"][i % 2]),
    "long numbers": column(lambda i: str(10**18 + i // 4)),
    "never": column(lambda i: ""),
    "letters": column(lambda i: ["Ä", "łódź", "東京", "🙂"][i % 4]),
}


def table(names, separator=",", end="\n"):
    lines = [separator.join(names)]
    lines += [separator.join(fields) for fields in zip(*map(COLUMNS.get, names), strict=True)]
    return end.join([*lines, ""])


@pytest.fixture
def in_pieces(monkeypatch, tmp_path):
    """Return a function that reads a file in pieces of some rows each."""
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "cache"))

    def read(path, bytes_in_piece=1000, in_memory=True, **settings):
        with monkeypatch.context() as patch:
            patch.setattr(pieces, "WHOLE_BYTES", 100)
            patch.setattr(pieces, "PIECE_BYTES", bytes_in_piece)
            # Packed files come in pieces of 1 MiB, unpacked.
            patch.setattr("wgan.data.packed.PIECE", 300)
            if not in_memory:
                patch.setattr(coded, "PIECEWISE_BYTES", 100)
                patch.setattr(coded, "BLOCK_BYTES", 1000)
            return load(path, **settings)

    return read


def noted(read, *args, **settings):
    """Return a data set, and what was said while it was read."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        data = read(*args, **settings)
    return data, sorted(str(each.message) for each in said)


def assert_same(whole, parts):
    assert parts.codec == whole.codec
    assert np.array_equal(parts.rows[np.arange(len(whole))], whole.rows, equal_nan=True)
    assert parts.fingerprint == whole.fingerprint


@pytest.mark.parametrize("bytes_in_piece", [997, 20000])
def test_a_table_in_pieces_is_that_of_the_whole_file(tmp_path, in_pieces, bytes_in_piece):
    path = tmp_path / "t.csv"
    path.write_bytes(table(COLUMNS).encode())
    whole, said = noted(load, path)
    assert len({column.kind for column in whole.codec.columns}) == 5, "all kinds"
    assert len(list(read_content(path).data)) > 20000
    for in_memory in (True, False):
        parts, said_of_parts = noted(in_pieces, path, bytes_in_piece, in_memory)
        assert_same(whole, parts)
        assert said_of_parts == said
        assert isinstance(parts.rows, np.ndarray) == in_memory


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_line_ends_and_separators_in_pieces(tmp_path, in_pieces, end, separator):
    names = ["units", "quotes within", "all quoted", "step in the last piece"]
    path = tmp_path / "t.csv"
    path.write_bytes(table(names, separator, end).encode())
    assert_same(load(path), in_pieces(path))


def test_packed_files_marks_and_told_separators_in_pieces(tmp_path, in_pieces):
    names = ["units", "letters", "quoted line ends"]
    text = "\ufeffsep=|\n" + table(names, "|")
    (tmp_path / "t.tsv.gz").write_bytes(gzip.compress(text.encode()))
    assert_same(load(tmp_path / "t.tsv.gz"), in_pieces(tmp_path / "t.tsv.gz"))
    (tmp_path / "u.csv").write_bytes(text.encode("utf-16"))
    whole = load(tmp_path / "u.csv", encoding="utf-16")
    assert_same(whole, in_pieces(tmp_path / "u.csv", encoding="utf-16"))
    assert whole.fingerprint == load(tmp_path / "t.tsv.gz").fingerprint


def test_one_column_with_blank_lines_in_pieces(tmp_path, in_pieces):
    path = tmp_path / "t.csv"
    path.write_text("x\n" + "1\n\n2\n3.5\n" * 99)
    assert_same(load(path), in_pieces(path, 50))


def test_a_schema_in_pieces(tmp_path, in_pieces):
    path = tmp_path / "t.csv"
    path.write_text(table(["units", "mixed missing", "row id"]))
    (tmp_path / "s.toml").write_text(
        '[columns."mixed missing"]\nmissing = ["?"]\n[columns."row id"]\nkind = "numeric"\n'
        '[columns.units]\nformat = "0.# kg"\n'
    )
    settings = {"schema": str(tmp_path / "s.toml")}
    assert_same(load(path, **settings), in_pieces(path, **settings))


def lines(*changed, rows=ROWS):
    """Return a table of two columns, some lines of which are changed."""
    text = ["a,b", *(f"{i},x{i % 3}" for i in range(rows))]
    for line, words in changed:
        text[line - 1] = words
    return "\n".join([*text, ""])


@pytest.mark.parametrize(
    "text",
    [
        lines((300, "1,x,y")),
        lines((2, "1,x,y")),
        lines((300, "1")),
        lines((300, '"1\n2"'), (200, '"1\n2",x')),
        lines((300, "1,2,3"), (200, '"1\n2",x')),
        lines((1, "a,a")),
        lines((1, "a,")),
        lines((1, "a,2019")),
        lines(*((i, f"{i},{i}.5%") for i in range(2, 402)), (300, "1,oops")),
        lines((300, '1,"x')),
        "a;b\n" + "".join(f"{i % 300 + 100}.{i % 300 + 100};{i},5\n" for i in range(ROWS)),
        lines(rows=0) + " \n" * 200,
    ],
)
def test_refusals_in_pieces_are_those_of_the_whole(tmp_path, in_pieces, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(WganError) as whole:
        load(path)
    with pytest.raises(WganError) as parts:
        in_pieces(path)
    assert str(parts.value) == str(whole.value)
    assert not list((tmp_path / "cache").glob("*")), "nothing is left in the cache"


def test_a_long_row_is_named_by_its_line_whatever_was_quoted_before(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(lines((300, "1,2,3"), (200, '"1\n2",x')))
    with pytest.raises(WganError, match="line 301 has 3 fields, and line 1 2"):
        load(path)


def test_a_quote_that_is_never_closed_is_named_by_its_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(lines((200, '"1\n2",x'), (300, '1,"x')))
    with pytest.raises(WganError, match="line 301 opens a quote that is never closed"):
        load(path)


def test_bytes_of_another_encoding_are_named_by_their_place(tmp_path, in_pieces):
    path = tmp_path / "t.csv"
    path.write_bytes(lines((300, "1,caf\ufffd")).encode().replace(b"\xef\xbf\xbd", b"\xe9"))
    place = path.read_bytes().index(b"\xe9")
    for read in (load, in_pieces):
        with pytest.raises(WganError, match=f"not text in UTF-8 .* at byte {place}"):
            read(path)


def test_a_quote_that_is_never_closed_ends_after_a_bound(tmp_path, in_pieces, monkeypatch):
    monkeypatch.setattr(pieces, "ROW_BYTES", 2000)
    path = tmp_path / "t.csv"
    path.write_text(lines((100, '7,"x'), rows=4000))
    with pytest.raises(WganError, match="a row from line 100 on has more than 0 MiB: a quote"):
        in_pieces(path, 500)


def test_an_interrupted_reading_leaves_nothing_in_the_cache(tmp_path, in_pieces, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text(lines())

    def interrupted(*args):
        raise KeyboardInterrupt

    for name in ("wgan.data.tables.large.typed_columns", "wgan.data.tables.coded._write_npy"):
        with monkeypatch.context() as patch:
            patch.setattr(name, interrupted)
            with pytest.raises(KeyboardInterrupt):
                in_pieces(path, in_memory=False)
        assert not list((tmp_path / "cache").iterdir())
    in_pieces(path, in_memory=False)
    assert len(list((tmp_path / "cache").iterdir())) == 2, "the rows and their seal"


def test_what_a_killed_process_left_is_removed_a_week_later(tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path))
    old = tmp_path / f"{SCRATCH}old"
    new = tmp_path / f"{SCRATCH}new"
    old.mkdir()
    new.mkdir()
    now = old.stat().st_mtime
    os.utime(old, (now - 8 * 86400,) * 2)
    with scratch_folder() as folder:
        assert not list(folder.iterdir())
    assert list(tmp_path.iterdir()) == [new]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("1,2\n3,4\n5", "1,2\n3,4\n"),
        ('1,"a\n', ""),
        ('1,2\n3,"a\n', "1,2\n"),
        ('1,"a\n"\n3,4', '1,"a\n"\n'),
        ('1,"a""\n"\n3', '1,"a""\n"\n'),
        ('1,2\n3,"a"', "1,2\n"),
        ('1,5" pipe\n2,3" pipe\n4', '1,5" pipe\n2,3" pipe\n'),
        ('1,  "a\nb"\n', '1,  "a\nb"\n'),
        ('"a\nb"x",1\n"c\n', '"a\nb"x",1\n'),
        ("1,2", ""),
    ],
)
def test_the_end_of_the_last_whole_row(text, whole):
    assert rows_end(text.encode(), ",") == len(whole)


def test_pieces_are_the_file_again(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_bytes(table(COLUMNS).encode())
    monkeypatch.setattr(pieces, "PIECE_BYTES", 700)
    monkeypatch.setattr("wgan.data.packed.PIECE", 100)
    first, *others = row_pieces(path)
    assert len(others) > 20
    bodies = [each.data.partition(b"\n")[2] for each in others]
    assert first.data + b"".join(bodies) == path.read_bytes()
