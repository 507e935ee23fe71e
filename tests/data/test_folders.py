import zipfile

import numpy as np
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.data import load

RNG = np.random.default_rng(0)


def write_pictures(folder, n=12, size=(6, 9), mode="RGB", ending=".png"):
    """Write n random pictures of (height, width) and return their pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = RNG.integers(0, 256, size=(n, *size, *channels), dtype=np.uint8)
    for i, picture in enumerate(pixels):
        Image.fromarray(picture).save(folder / f"{i:03d}{ending}")
    return pixels


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_a_folder_of_any_mode_and_shape_is_decoded_without_loss(tmp_path, mode, channels):
    pixels = write_pictures(tmp_path / "p", mode=mode)
    data = load(tmp_path / "p")
    assert data.shape == (channels, 6, 9)
    assert np.array_equal(data.rows[:].reshape(pixels.shape), pixels)
    assert data.labels is None


def test_nested_folders_are_classes(tmp_path):
    write_pictures(tmp_path / "p" / "cat", n=7)
    write_pictures(tmp_path / "p" / "dog", n=5)
    data = load(tmp_path / "p")
    assert data.classes == ("cat", "dog")
    assert data.labels.tolist() == [0] * 7 + [1] * 5


def test_a_zip_gives_what_the_folder_gives(tmp_path):
    write_pictures(tmp_path / "p" / "a")
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((tmp_path / "p").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path / "p"))
        archive.writestr("__MACOSX/._000.png", b"not a picture")
    assert load(tmp_path / "p.zip").fingerprint == load(tmp_path / "p").fingerprint


def test_pictures_are_decoded_once_and_again_when_one_changes(tmp_path, monkeypatch):
    pixels = write_pictures(tmp_path / "p")
    first = load(tmp_path / "p")
    with monkeypatch.context() as patch:
        patch.setattr("wgan.data.folders._decode", None)
        assert load(tmp_path / "p").fingerprint == first.fingerprint
    Image.fromarray(255 - pixels[3]).save(tmp_path / "p" / "003.png")
    assert np.array_equal(load(tmp_path / "p").rows[3:4][0], 255 - pixels[3])


def test_mixed_modes_keep_what_any_picture_holds(tmp_path):
    write_pictures(tmp_path / "p", mode="L", ending=".pgm")
    assert load(tmp_path / "p").shape == (1, 6, 9)
    write_pictures(tmp_path / "p" / "more", n=6, mode="RGB")
    assert load(tmp_path / "p").shape == (3, 6, 9)
    assert load(tmp_path / "p", mode="L").shape == (1, 6, 9)


def test_transparent_parts_become_white_without_an_alpha_channel(tmp_path):
    (tmp_path / "p").mkdir()
    for i in range(10):
        Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "p" / f"{i}.png")
    assert load(tmp_path / "p", mode="RGB").rows[:].min() == 255


def test_sixteen_bits_a_pixel_keep_their_range(tmp_path):
    (tmp_path / "p").mkdir()
    for i in range(10):
        Image.fromarray(np.array([[0, 65535], [257 * 100, 257 * 7]], dtype=np.uint16)).save(
            tmp_path / "p" / f"{i}.png"
        )
    assert load(tmp_path / "p").rows[0:1].ravel().tolist() == [0, 255, 100, 7]


def test_mixed_sizes_need_an_explicit_resize(tmp_path):
    write_pictures(tmp_path / "p", n=11)
    Image.new("RGB", (20, 30)).save(tmp_path / "p" / "zz.png")
    with pytest.raises(
        WganError, match=r"zz.png: 30x20 pixels.*where 000.png has 6x9.*data.resize=\[6,9\]"
    ):
        load(tmp_path / "p")
    assert load(tmp_path / "p", resize=(8, 5)).shape == (3, 8, 5)


@pytest.mark.parametrize("cut", [20, 60])
def test_a_corrupt_picture_is_named_and_nothing_is_cached(tmp_path, cut):
    write_pictures(tmp_path / "p")
    broken = tmp_path / "p" / "005.png"
    broken.write_bytes(broken.read_bytes()[:cut])
    with pytest.raises(WganError, match=r"005\.png: cannot be decoded"):
        load(tmp_path / "p")
    cache = tmp_path / "cache"
    assert not cache.exists() or not list(cache.iterdir())


def test_an_empty_folder_and_a_broken_zip_are_errors(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "notes.txt").write_text("hello")
    with pytest.raises(WganError, match="no pictures found"):
        load(tmp_path / "p")
    (tmp_path / "p.zip").write_text("hello")
    with pytest.raises(WganError, match="damaged zip"):
        load(tmp_path / "p.zip")


def test_resize_is_refused_where_it_means_nothing(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((20, 4, 4), np.uint8))
    with pytest.raises(WganError, match="apply to folders and zips"):
        load(tmp_path / "a.npy", resize=(2, 2))
