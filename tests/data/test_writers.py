import numpy as np
import pytest
from PIL import Image
from wgan.data.writers import write_grid, write_samples, write_scatter

from wgan.base.errors import WganError
from wgan.data import load

PICTURES = np.random.default_rng(0).integers(0, 256, size=(12, 6, 9, 3), dtype=np.uint8)
CODEC = load(PICTURES).codec


def test_grid_shows_every_picture_in_reading_order(tmp_path):
    write_grid(PICTURES, tmp_path / "g.png")
    sheet = np.asarray(Image.open(tmp_path / "g.png"))
    zoom = (sheet.shape[0] + 2) // 4 // 6
    down, across = 6 * zoom + 2, 9 * zoom + 2
    assert sheet.shape == (4 * down - 2, 3 * across - 2, 3)
    assert np.array_equal(
        sheet[down : 2 * down - 2, across : 2 * across - 2][::zoom, ::zoom], PICTURES[4]
    )


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


def test_scatter_puts_points_where_they_are(tmp_path):
    real = np.array([[-1.0, -1.0], [1.0, 1.0]])
    write_scatter(np.array([[1.0, -1.0], [1e9, 0.0]]), tmp_path / "s.png", real)
    sheet = np.asarray(Image.open(tmp_path / "s.png")).astype(int)
    blue = np.argwhere((sheet == (31, 90, 200)).all(2)).mean(0)
    grey = np.argwhere((sheet == (190, 190, 190)).all(2))
    assert blue[0] > 500
    assert blue[1] > 500
    assert len(grey) == 18


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
