"""Animations: the frames that are read back, in their order, and the same bytes each time."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from wgan.base.errors import WganError
from wgan.data import animations, load
from wgan.data.animations import ANIMATIONS, FRAME_MS, check_writer, write_animation
from wgan.data.formats import check_place

COLOUR = np.random.default_rng(0).integers(0, 256, size=(5, 7, 9, 3), dtype=np.uint8)
GREY = COLOUR[..., :1]
PILLOWS = [".gif", ".webp", ".apng"]


def frames_of(path):
    with Image.open(path) as file:
        assert file.info["loop"] == 0, "endless"
        assert file.n_frames == 5
        return np.stack(
            [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(file)]
        )


@pytest.mark.parametrize("ending", PILLOWS)
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_frames_come_back_whole_and_enlarged(tmp_path, ending, pixels):
    write_animation(pixels, tmp_path / "a", ending, scale=3)
    frames = frames_of(tmp_path / "a")
    assert frames.shape == (5, 21, 27, 3)
    assert np.array_equal(frames[:, 2::3, ::3], np.broadcast_to(pixels, COLOUR.shape))


@pytest.mark.parametrize("ending", PILLOWS)
def test_frames_have_their_time_and_files_their_bytes(tmp_path, ending):
    for name in "ab":
        write_animation(COLOUR, tmp_path / name, ending)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with Image.open(tmp_path / "a") as file:
        assert max(file.size) == 315, "9 pixels by 35: at most 320"
        file.seek(1)
        file.load()
        assert file.info["duration"] == FRAME_MS


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
def test_transparent_parts_are_white_where_the_format_has_none(tmp_path, ending, monkeypatch):
    saved = []
    plain = animations.Animation(lambda frames, path: saved.extend(frames), alpha=False)
    monkeypatch.setitem(animations.FORMATS, ending, plain)
    half = np.concatenate([COLOUR, np.full_like(GREY, 51)], axis=3)  # opacity 0.2
    write_animation(half, tmp_path / "a", ending, scale=1)
    assert np.array_equal(saved, np.rint(0.2 * COLOUR + 0.8 * 255))


def test_mp4_has_the_frames_and_the_same_bytes(tmp_path):
    av = pytest.importorskip("av")
    flat = (
        np.full((5, 7, 9, 1), 40, dtype=np.uint8)
        * np.arange(1, 6, dtype=np.uint8)[:, None, None, None]
    )
    for name in "ab":
        write_animation(flat, tmp_path / name, ".mp4", scale=1)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with av.open(str(tmp_path / "a")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert np.shape(frames) == (5, 8, 10, 3), "sides are even"
    assert np.abs(np.array(frames)[:, :7, :9].astype(int) - flat).max() <= 4


def test_without_pyav_mp4_is_refused_before_anything_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(animations, "find_spec", lambda name: None)
    with pytest.raises(WganError, match=r"pip install 'wgan\[video\]', or give one of .gif"):
        check_place(tmp_path / "a.mp4", load("digits").codec)
    for ending in PILLOWS:
        check_writer(tmp_path / f"a{ending}")
    assert (*PILLOWS, ".mp4") == ANIMATIONS
