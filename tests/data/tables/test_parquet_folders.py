"""Folders of Parquet files as one table: their order, keys of folders, and what is refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.tables import coded
from wgan.data.tables.frames import from_frame, read_frame


@pytest.fixture
def folder(tmp_path, mixed):
    """Return a folder of three files, in the order of the rows, and the whole table."""
    frame = mixed(300)
    place = tmp_path / "t.parquet"
    place.mkdir()
    for i, name in enumerate(["a.parquet", "b.parquet", "c.parquet"]):
        part = frame.iloc[100 * i : 100 * (i + 1)]
        part.to_parquet(place / name, index=False, row_group_size=40)
    return place, frame


def test_a_folder_is_the_table_of_its_files_in_the_order_of_their_names(folder, monkeypatch):
    place, frame = folder
    (place / "_SUCCESS").touch()
    (place / ".a.parquet.crc").touch()
    (place / "_delta_log").mkdir()
    data = load(place)
    whole = from_frame(frame)
    assert data.codec == whole.codec
    assert np.array_equal(data.rows, whole.rows, equal_nan=True)
    pd.testing.assert_frame_equal(read_frame(place), frame)
    monkeypatch.setattr(coded, "PIECEWISE_BYTES", 1000)
    pieces = load(place)
    assert not isinstance(pieces.rows, np.ndarray)
    assert np.array_equal(pieces.rows[np.arange(300)], whole.rows, equal_nan=True)
    assert pieces.fingerprint == load(place).fingerprint
    (place / "c.parquet").rename(place / "0.parquet")
    assert load(place).fingerprint != pieces.fingerprint, "the order of the rows is another"


def test_other_files_are_counted(folder):
    place, _ = folder
    for i in range(3):
        (place / f"{i}.crc").touch()
    (place / "notes").touch()
    with pytest.warns(UserWarning, match=r"passed over 4 files \(\.crc 3, without ending 1\)"):
        load(place)


def keyed(place, keys, value=1.5):
    """Write a file of 20 rows below folders of these keys."""
    below = place.joinpath(*(f"{key}={text}" for key, text in keys.items()))
    below.mkdir(parents=True)
    pd.DataFrame({"x": value + np.arange(20.0)}).to_parquet(below / "part-0.parquet")


def test_keys_of_folders_are_columns(tmp_path):
    years = ["2023", "2024", "__HIVE_DEFAULT_PARTITION__"]
    for i, year in enumerate(years):
        keyed(tmp_path / "t", {"year": year, "city name": f"New%20York {i}", "code": f"0{i}"}, i)
    data = load(tmp_path / "t")
    frame = read_frame(tmp_path / "t")
    assert [column.name for column in data.codec.columns] == ["x", "year", "city name", "code"]
    assert [column.kind for column in data.codec.columns][1:] == ["numeric", "category", "category"]
    assert str(frame.dtypes["year"]) == "Int64"
    assert frame["year"].isna().sum() == 20
    assert frame["code"].unique().tolist() == ["00", "01", "02"]
    assert "New York 2" in data.codec.columns[2].levels
    assert data.rows[25, 0] == 6


def test_categories_that_files_number_otherwise_are_one_column(tmp_path):
    for name, levels in (("a", ["x", "y"]), ("b", ["y", "x"])):
        column = pa.DictionaryArray.from_arrays(pa.array([0, 0, 1] * 20, pa.int32()), levels)
        numbers = pa.array(np.arange(60.0))
        (tmp_path / "t").mkdir(exist_ok=True)
        pq.write_table(pa.table({"k": column, "y": numbers}), tmp_path / "t" / f"{name}.parquet")
    frame = read_frame(tmp_path / "t")
    assert frame["k"].astype(str).tolist() == ["x", "x", "y"] * 20 + ["y", "y", "x"] * 20
    assert set(load(tmp_path / "t").codec.columns[0].levels) == {"x", "y"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop(columns="x"), r"b\.parquet: column 'x' is missing, and in a\.parquet"),
        (lambda f: f.assign(z=1), r"b\.parquet: column 'z' is of type int64, and in .* lacks it"),
        (
            lambda f: f.assign(x="1"),
            r"b\.parquet: column 'x' is of type .*string, and in .* double",
        ),
    ],
)
def test_files_of_other_columns_are_refused_by_name(tmp_path, change, words):
    frame = pd.DataFrame({"x": np.arange(20.0), "y": 1})
    frame.to_parquet(tmp_path / "a.parquet")
    change(frame).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(WganError, match=words):
        load(tmp_path)


def test_a_damaged_file_is_named_once(folder):
    place, _ = folder
    (place / "b.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(WganError) as error:
        load(place)
    assert str(error.value).startswith(f"{place / 'b.parquet'}: not a readable Parquet file")


def test_keys_that_differ_or_are_columns_too_are_refused(tmp_path):
    keyed(tmp_path / "t", {"year": "1"})
    keyed(tmp_path / "t", {"zone": "2"})
    with pytest.raises(WganError, match=r"below folders of 'zone', and part-0.* of 'year'"):
        load(tmp_path / "t")
    keyed(tmp_path / "u", {"x": "1"})
    with pytest.raises(WganError, match=r"column 'x' is in the file and a key of its folder"):
        load(tmp_path / "u")


def test_a_folder_of_pictures_stays_one(tmp_path, mixed):
    mixed(50).to_parquet(tmp_path / "metadata.parquet")
    for i in range(12):
        Image.new("L", (4, 4), 20 * i).save(tmp_path / f"{i}.png")
    with pytest.warns(UserWarning, match=r"12 pictures read, 1 passed over \(\.parquet 1\)"):
        assert load(tmp_path).shape == (1, 4, 4)


def test_a_folder_of_texts_is_refused_with_a_remedy(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("x,y\n1,2\n")
    with pytest.raises(WganError, match=r"holds 2 texts of tables.*join them below one line"):
        load(tmp_path)
