"""Folders and zips of pictures: read in their own depth, counted, and never without end."""

import os
import shutil
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
        patch.setattr("wgan.data.folders.decode", None)
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


@pytest.mark.parametrize("resize", [(0, 4), (10**6, 10**6)])
def test_sizes_that_no_picture_has_are_refused(tmp_path, resize):
    write_pictures(tmp_path / "p")
    with pytest.raises(WganError, match=r"data.resize = \[\d+, \d+\]: give height and width"):
        load(tmp_path / "p", resize=resize)


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


def frames(n):
    return [Image.new("L", (9, 6), 20 * i) for i in range(n)]


@pytest.mark.parametrize("ending", [".tif", ".gif", ".png", ".webp"])
def test_further_frames_are_counted(tmp_path, ending):
    write_pictures(tmp_path / "p", mode="L", n=10)
    first, *rest = frames(7)
    first.save(tmp_path / "p" / f"stack{ending}", save_all=True, append_images=rest)
    words = "1 files hold 7 frames, and the first of each is read"
    with pytest.warns(UserWarning, match=words):
        data = load(tmp_path / "p")
    assert len(data) == 11
    assert data.rows[10:].max() <= 1, "the first frame is black"


def test_files_that_are_not_read_are_counted(tmp_path):
    write_pictures(tmp_path / "p")
    for name in ("a.heic", "b.HEIC", "notes.txt", "README", ".hidden.heic"):
        (tmp_path / "p" / name).write_bytes(b"?")
    words = r"12 pictures read, 4 passed over \(.heic 2, no ending 1, .txt 1\)"
    with pytest.warns(UserWarning, match=words):
        load(tmp_path / "p")
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for path in sorted((tmp_path / "p").iterdir()):
            archive.write(path, path.name)
    with pytest.warns(UserWarning, match=words):
        load(tmp_path / "p.zip")
    only = tmp_path / "only"
    only.mkdir()
    (only / "a.heic").write_bytes(b"?")
    with pytest.raises(WganError, match=r"no pictures found, 1 passed over \(.heic 1\); endings"):
        load(only)


def test_jfif_is_jpeg(tmp_path):
    write_pictures(tmp_path / "p", ending=".jpg")
    for path in list((tmp_path / "p").iterdir()):
        path.rename(path.with_suffix(".jfif"))
    assert len(load(tmp_path / "p")) == 12


def test_linked_folders_are_classes_and_nothing_is_read_twice(tmp_path):
    write_pictures(tmp_path / "p" / "cat", n=7)
    write_pictures(tmp_path / "elsewhere", n=5)
    (tmp_path / "p" / "dog").symlink_to(tmp_path / "elsewhere")
    data = load(tmp_path / "p")
    assert data.classes == ("cat", "dog")
    assert data.labels.tolist() == [0] * 7 + [1] * 5
    (tmp_path / "p" / "also-cat").symlink_to("cat")
    (tmp_path / "p" / "cat" / "circle").symlink_to(tmp_path / "p")
    (tmp_path / "p" / "cat" / "copy.png").symlink_to("000.png")
    (tmp_path / "p" / "cat" / "gone.png").symlink_to("gone")
    (tmp_path / "elsewhere" / "self.png").symlink_to("self.png")
    words = (
        r"12 pictures read, 5 passed over \(links to folders already read 2, links to nothing 2,"
        r" links to files already read 1\)"
    )
    with pytest.warns(UserWarning, match=words):
        again = load(tmp_path / "p")
    assert again.fingerprint == data.fingerprint
    assert again.classes == data.classes


def test_linked_pictures_are_read(tmp_path):
    write_pictures(tmp_path / "elsewhere", n=12)
    (tmp_path / "p").mkdir()
    for path in (tmp_path / "elsewhere").iterdir():
        (tmp_path / "p" / path.name).symlink_to(path)
    assert load(tmp_path / "p").fingerprint == load(tmp_path / "elsewhere").fingerprint


def test_pipes_are_passed_over_and_never_opened(tmp_path):
    write_pictures(tmp_path / "p")
    os.mkfifo(tmp_path / "p" / "pipe.png")
    (tmp_path / "p" / "zero.png").symlink_to("/dev/zero")
    with pytest.warns(UserWarning, match=r"12 pictures read, 2 passed over \(pipes and devices 2"):
        load(tmp_path / "p")


@pytest.mark.parametrize("name", ["z.png", "z.jpg", "z.tif"])
def test_a_picture_of_another_format_starts_no_program(tmp_path, monkeypatch, name):
    started = []
    monkeypatch.setattr("subprocess.Popen", lambda *command, **more: started.append(command))
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *call: started.append(call))
    write_pictures(tmp_path / "p")
    (tmp_path / "p" / name).write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 6\n%%EndComments\nshowpage\n"
    )
    with pytest.raises(WganError, match=rf"{name}: cannot be decoded \(none of PNG, JPEG"):
        load(tmp_path / "p")
    assert not started


def test_a_picture_that_unpacks_to_gigabytes_is_not_read(tmp_path, monkeypatch):
    write_pictures(tmp_path / "p")
    monkeypatch.setattr("wgan.data.folders.MOST_BYTES", 10_000)
    (tmp_path / "p" / "big.png").write_bytes(bytes(10_001))
    with pytest.raises(WganError, match=r"big\.png: a picture file of 0.0 GiB, and at most"):
        load(tmp_path / "p")
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.png", bytes(10_001))
    with pytest.raises(WganError, match=r"big\.png: a picture file of 0.0 GiB, and at most"):
        load(tmp_path / "p.zip")


def test_pictures_that_the_disk_does_not_hold_are_refused_before_they_are_decoded(
    tmp_path, monkeypatch
):
    write_pictures(tmp_path / "p")
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(WganError, match=r"GiB decoded, and .* has 0.0 GiB free: give data.resize"):
        load(tmp_path / "p")
    assert not list((tmp_path / "cache").iterdir())
