"""File formats of samples: the ending chooses, and nothing is overwritten."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.drawing import Sheet
from wgan.data.formats import FORMATS, check_place, formats_of, read_sample, write_samples
from wgan.data.images import ImageCodec

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
    with pytest.raises(WganError, match="already exists"):
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


def test_pictures_of_a_folder_are_enlarged_in_their_own_depth(tmp_path):
    deep = np.random.default_rng(0).integers(0, 60_000, size=(2, 6, 9), dtype=np.uint16)
    with pytest.warns(UserWarning, match="16 bits"):
        codec = load(deep).codec
    write_samples(deep, codec, tmp_path / "out", sheet=Sheet(scale=4))
    found = np.asarray(Image.open(tmp_path / "out" / "0001.png"))
    assert found.shape == (24, 36)
    assert np.array_equal(found[3::4, ::4], deep[1])
    assert np.array_equal(read_sample(save(tmp_path / "a.png", deep[0]), codec)[0], deep[0])


def save(path, pixels):
    Image.fromarray(pixels).save(path)
    return path


def test_a_scale_is_refused_where_there_are_no_pictures(tmp_path):
    points = load(np.random.default_rng(0).normal(size=(20, 2))).codec
    with pytest.raises(WganError, match="--scale is for pictures, and these are vectors"):
        check_place(tmp_path / "a.png", points, Sheet(scale=2))
    with pytest.raises(WganError, match="arrays hold samples as they are: leave out --scale"):
        check_place(tmp_path / "a.npy", CODEC, Sheet(scale=2))


def test_a_picture_file_is_read_in_the_range_of_the_data(tmp_path):
    byte = np.arange(54, dtype=np.uint8).reshape(6, 9) * 4
    path = save(tmp_path / "a.png", byte)
    signed = load(np.linspace(-1, 1, 540).reshape(10, 6, 9).astype(np.float32)).codec
    assert np.allclose(read_sample(path, signed)[0], byte / 255 * 2 - 1)
    with pytest.warns(UserWarning, match="10 bits"):
        deep = load(np.arange(540, dtype=np.uint16).reshape(10, 6, 9)).codec
    assert np.array_equal(read_sample(path, deep)[0], np.rint(byte / 255 * 1023))
    words = save(tmp_path / "b.png", byte.astype(np.uint16) * 257)
    assert np.allclose(read_sample(words, signed)[0], byte / 255 * 2 - 1)
    assert np.array_equal(read_sample(path, CODEC)[0], np.repeat(byte[..., None], 3, axis=2))
    first = ImageCodec((1, 6, 9), 0.0, 255.0, "|u1", "chw")
    assert np.array_equal(read_sample(path, first)[0, 0], byte)


def test_a_picture_of_another_size_is_resampled_and_said_so(tmp_path):
    large = save(tmp_path / "a.png", np.kron(PICTURES[0, ..., 0], np.ones((4, 4), np.uint8)))
    with pytest.warns(UserWarning, match="24 x 36 pixels are cut centrally and resampled to 6 x 9"):
        assert read_sample(large, CODEC).shape == (1, 6, 9, 3)


def test_samples_are_read_from_arrays(tmp_path):
    np.save(tmp_path / "a.npy", PICTURES[:2])
    assert np.array_equal(read_sample(tmp_path / "a.npy", CODEC), PICTURES[:2])
    np.save(tmp_path / "b.npy", PICTURES[:2, :3])
    with pytest.raises(WganError, match="the data had"):
        read_sample(tmp_path / "b.npy", CODEC)
    with pytest.raises(WganError, match="no such file"):
        read_sample(tmp_path / "c.png", CODEC)
    points = load(np.random.default_rng(0).normal(size=(20, 2))).codec
    with pytest.raises(WganError, match=r"give vectors as \.npy or \.npz"):
        read_sample(tmp_path / "c.png", points)
