"""Encodings of texts: named by a setting, checked, remembered by runs, said where they differ."""

import numpy as np
import pytest
from short_runs import wgan

from wgan.base.errors import WganError
from wgan.config import resolve
from wgan.data import load
from wgan.data.encodings import as_utf_8, check_encoding
from wgan.data.tables.frames import read_frame, write_frame

CITIES = ["Malmö", "Köln", "Żary"]
ENCODINGS = ["cp1250", "utf-16", "utf-16-le", "utf-8-sig", "utf-32"]


def text(rows=60, cities=CITIES):
    return "city,y\n" + "".join(f"{cities[i % len(cities)]},{i / 4}\n" for i in range(rows))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_table_is_the_same_in_every_encoding(tmp_path, encoding):
    (tmp_path / "u.csv").write_text(text(), encoding="utf-8")
    (tmp_path / "t.csv").write_text(text(), encoding=encoding)
    data = load(tmp_path / "t.csv", encoding=encoding)
    plain = load(tmp_path / "u.csv")
    assert (data.codec, data.fingerprint) == (plain.codec, plain.fingerprint)
    assert set(data.codec.learned[0].levels) == set(CITIES)


def test_rows_of_numbers_are_read_in_an_encoding_too(tmp_path):
    lines = "sep=;\n" + "".join(f"{i};{i % 3}\n" for i in range(20))
    (tmp_path / "t.csv").write_text(lines, encoding="utf-16")
    assert load(tmp_path / "t.csv", encoding="utf-16").rows.tolist()[4] == [4, 1]
    named = "größe;y;klasse\n" + "".join(f"{i};{i % 7};{'äö'[i % 2]}\n" for i in range(20))
    (tmp_path / "n.csv").write_text(named, encoding="latin-1")
    data = load(tmp_path / "n.csv", encoding="latin-1", labels="klasse")
    assert (data.classes, data.codec.column_names) == (("ä", "ö"), ("größe", "y"))
    with pytest.raises(WganError, match=r"not text in UTF-8 .* at byte 2\).*--encoding"):
        load(tmp_path / "n.csv", labels="klasse")


@pytest.mark.parametrize(
    ("written", "read", "words"),
    [
        (
            "latin-1",
            "utf-8",
            r"at byte 11\): save it as UTF-8, or name .* --encoding, such as cp1252",
        ),
        ("utf-16", "utf-8", "at byte 0.* --encoding, such as utf-16"),
        ("latin-1", "utf-16", "not text in utf-16 .* name its encoding with --encoding"),
        ("utf-8", "ascii", r"not text in ascii .* at byte 11\)"),
    ],
)
def test_another_encoding_is_refused_with_the_flag(tmp_path, written, read, words):
    (tmp_path / "t.csv").write_text(text(cities=["Malmö"]), encoding=written)
    with pytest.raises(WganError, match=words):
        load(tmp_path / "t.csv", encoding=read)


@pytest.mark.parametrize("name", ["latn-1", "base64", "", "rot13", "a b\0"])
def test_no_encoding_of_text_is_refused(name):
    with pytest.raises(WganError, match=r"is not an encoding of text: give one such as latin-1"):
        check_encoding(name)
    with pytest.raises(WganError, match=r"data.encoding.* is not an encoding of text"):
        resolve([("test", {"data": {"encoding": name}})])


def test_an_encoding_of_what_is_no_text_is_refused(mixed, tmp_path):
    mixed(50).to_parquet(tmp_path / "t.parquet")
    for source in ("digits", tmp_path / "t.parquet"):
        with pytest.raises(WganError, match=r"data\.encoding applies to texts of tables"):
            load(source, encoding="latin-1")


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift_jis"])
def test_no_piece_ends_within_a_character(tmp_path, size, encoding):
    whole = "東京,ö\n" * 5
    data = whole.encode(encoding) if encoding != "shift_jis" else "東京\n".encode(encoding)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    texts = list(as_utf_8(pieces, tmp_path, encoding))
    assert "".join(each.decode() for each in texts) == data.decode(encoding)
    if encoding == "utf-8":
        with pytest.raises(WganError, match="unexpected end of data at byte 7"):
            list(as_utf_8([data[:8]], tmp_path))
        assert list(as_utf_8([data[:8]], tmp_path, cut=True)) == ["東京,".encode()]


def test_a_run_reads_its_data_and_a_file_to_test_on_as_it_was_told_to(tmp_path, capsys):
    text_of_run = text(300)
    (tmp_path / "t.csv").write_text(text_of_run, encoding="cp1250")
    (tmp_path / "new.csv").write_text(text(100), encoding="cp1250")
    sets = "--set training.checkpoint_every=2 --set network.width=16 --set network.latent=4"
    train = f"train t.csv --encoding cp1250 {sets} --out r --quiet"
    assert wgan(f"{train} --steps 2") == 0
    assert wgan(f"{train} --steps 2") == 0, "the same data again"
    assert wgan("evaluate r --test new.csv --quiet") == 0
    assert wgan("evaluate r --test new.csv --encoding utf-8 --quiet") != 0
    assert "not text in UTF-8" in capsys.readouterr().err
    assert wgan("data t.csv --encoding cp1250") == 0
    assert "Malmö" in capsys.readouterr().out
    assert wgan("sample r -n 20 -o s.csv --quiet") in (0, 2)


def test_samples_are_written_in_utf_8(tmp_path):
    (tmp_path / "t.csv").write_text(text(), encoding="utf-16")
    data = load(tmp_path / "t.csv", encoding="utf-16")
    write_frame(data.codec.frame(data.rows), data.codec, tmp_path / "s.csv")
    assert "Malmö" in (tmp_path / "s.csv").read_text(encoding="utf-8")
    again = read_frame(tmp_path / "s.csv", data.codec)
    assert np.array_equal(data.codec.matrix(again), data.rows)
