"""File formats of samples: the ending chooses, and nothing is overwritten."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.formats import FORMATS, check_place, formats_of, write_samples

PICTURES = np.random.default_rng(0).integers(0, 256, size=(12, 6, 9, 3), dtype=np.uint8)
CODEC = load(PICTURES).codec


def test_the_ending_chooses_the_form(tmp_path):
    write_samples(PICTURES, CODEC, tmp_path / "a.npy")
    write_samples(PICTURES, CODEC, tmp_path / "folder")
    write_samples(PICTURES, CODEC, tmp_path / "a.png")
    assert np.array_equal(np.load(tmp_path / "a.npy"), PICTURES)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "folder" / "0011.png")), PICTURES[11])
    assert Image.open(tmp_path / "a.png").size[0] > 27


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "a.png").write_text("mine")
    with pytest.raises(WganError, match="is there already"):
        write_samples(PICTURES, CODEC, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_text() == "mine"


@pytest.mark.parametrize("name", ["a.jpg", "a.csv"])
def test_unknown_endings_are_errors(tmp_path, name):
    with pytest.raises(WganError, match="are written as"):
        write_samples(PICTURES, CODEC, tmp_path / name)


def test_vectors_have_no_folder_of_pictures(tmp_path):
    with pytest.raises(WganError, match="scatter"):
        write_samples(np.zeros((20, 2)), load(np.zeros((20, 2))).codec, tmp_path / "folder")


def test_classes_become_folders_below_the_one_asked_for_and_no_others(tmp_path):
    write_samples(PICTURES, CODEC, tmp_path / "out", ["pets/cat", "dog"] * 6)
    assert (
        len(list((tmp_path / "out/pets/cat").iterdir()))
        == len(list((tmp_path / "out/dog").iterdir()))
        == 6
    )
    for name in ("../dog", "/tmp/dog", ".dog"):
        with pytest.raises(WganError, match="cannot be a folder"):
            write_samples(PICTURES, CODEC, tmp_path / "other", [name] * 12)
    assert not (tmp_path / "other").exists()
    write_samples(PICTURES, CODEC, tmp_path / "o.npz", ["../dog"] * 12)
    with np.load(tmp_path / "o.npz") as file:
        assert file["y"].tolist() == ["../dog"] * 12
        assert np.array_equal(file["x"], PICTURES)


@pytest.mark.parametrize("ending", [".csv", ".tsv.gz", ".parquet", ".png"])
def test_rows_of_a_table_are_written_as_a_table_or_panels(tmp_path, ending, mixed):
    data = load(mixed(60))
    path = tmp_path / f"t{ending}"
    write_samples(data.rows[:20], data.codec, path)
    if ending == ".png":
        assert Image.open(path).width % 220 == 0, "panels of 220 pixels"
    else:
        separator = "\t" if "tsv" in ending else ","
        parquet = ending == ".parquet"
        frame = pd.read_parquet(path) if parquet else pd.read_csv(path, sep=separator)
        assert list(frame.columns) == list(mixed(60).columns)
        assert len(frame) == 20


@pytest.mark.parametrize(
    ("source", "good", "bad"),
    [
        ("digits", ["a.png", "a.npy", "a.npz", "folder"], ["a.csv", "a.jpg"]),
        ("swiss-roll", ["a.png", "a.npy", "a.npz"], ["folder", "a.csv"]),
        (
            "table",
            ["a.csv", "a.tsv", "a.csv.gz", "a.parquet", "a.png"],
            ["folder", "a.npy", "a.xls"],
        ),
    ],
)
def test_a_place_is_checked_before_anything_is_made(tmp_path, source, good, bad, mixed):
    codec = load(mixed(60) if source == "table" else source).codec
    for name in [*good, formats_of(codec).default]:
        check_place(tmp_path / name, codec)
    for name in bad:
        with pytest.raises(WganError, match="samples of this kind are written as"):
            check_place(tmp_path / name, codec)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_may_be_filled_and_no_other(tmp_path):
    (tmp_path / "folder").mkdir()
    check_place(tmp_path / "folder", CODEC)
    (tmp_path / "folder/a.txt").touch()
    with pytest.raises(WganError, match="nothing is overwritten"):
        check_place(tmp_path / "folder", CODEC)


def test_words_name_every_ending():
    for formats in FORMATS.values():
        assert all(ending in formats.words for ending in formats.endings)
        assert formats.default.endswith(formats.endings)
