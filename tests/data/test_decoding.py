"""Depths of pictures: 8 bits, up to 16 bits, and floats, each read and written without loss."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.formats import write_samples

RNG = np.random.default_rng(0)


def save_all(folder, arrays, ending):
    """Write a picture of each array, in the array's own depth."""
    folder.mkdir(parents=True)
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{i:03d}{ending}")
    return folder


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_pictures_of_sixteen_bits_have_the_range_of_their_largest_value(tmp_path, bits, ending):
    pixels = RNG.integers(0, 2**bits, (60, 5, 4)).astype(np.uint16)
    pixels[7, 2, 3] = 2**bits - 1
    folder = save_all(tmp_path / "p", pixels, ending)
    if bits == 8:
        data = load(folder)
    else:
        words = rf"run from \d+ to {2**bits - 1}, and are read in \[0, {2**bits - 1}\]"
        with pytest.warns(UserWarning, match=words):
            data = load(folder)
    assert np.array_equal(data.rows[:][..., 0], pixels)
    assert (data.codec.low, data.codec.high) == (0, 2**bits - 1)
    x = data.encode(data.rows[:])
    assert x.max() == 1
    assert len(x.unique()) == len(np.unique(pixels)), "no grey level is lost"
    assert np.array_equal(data.decode(x), data.rows[:])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 255)])
def test_pictures_of_floats_are_not_black(tmp_path, low, high):
    pixels = (low + (high - low) * RNG.random((60, 6, 6))).astype(np.float32)
    data = load(save_all(tmp_path / "p", pixels, ".tif"))
    assert np.array_equal(data.rows[:][..., 0], pixels)
    assert (data.codec.low, data.codec.high) == (low, high)
    assert data.split().train_sample(0, 3).dtype == np.float32


def test_pictures_of_floats_in_no_known_range_are_refused(tmp_path):
    pixels = np.linspace(0, 4000, 60 * 16).reshape(60, 4, 4).astype(np.float32)
    with pytest.raises(WganError, match=r"run from 0 to 4000, 3\.74e\+03 beyond \[0, 255\]"):
        load(save_all(tmp_path / "p", pixels, ".tif"))


def test_pixels_that_are_not_finite_name_the_picture(tmp_path):
    pixels = RNG.random((12, 4, 4)).astype(np.float32)
    pixels[5, 1, 1] = np.nan
    with pytest.raises(WganError, match=r"005\.tif: holds NaN or infinite pixels"):
        load(save_all(tmp_path / "p", pixels, ".tif"))


@pytest.mark.parametrize("value", [-3, 70000])
def test_whole_numbers_beyond_sixteen_bits_name_the_picture(tmp_path, value):
    pixels = np.full((12, 4, 4), value, dtype=np.int32)
    with pytest.raises(WganError, match=r"000\.tif: pixels run from .*from 0 to 65535 are read"):
        load(save_all(tmp_path / "p", pixels, ".tif"))


def deep_png(kind, channels, value):
    """Return a PNG of 4 x 4 pixels with 16 bits a channel, which Pillow cannot write."""
    raw = b"".join(b"\0" + struct.pack(">H", value) * 4 * channels for _ in range(4))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(raw)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", deep_png(2, 3, 4095)),
        ("a.png", deep_png(6, 4, 4095)),
        ("a.png", deep_png(4, 2, 4095)),
        ("a.ppm", b"P6 4 4 4095\n" + b"\x0f\xff" * 48),
    ],
)
def test_colour_of_sixteen_bits_is_refused_and_not_cut_to_eight(tmp_path, name, content):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / name).write_bytes(content)
    with pytest.raises(WganError, match=rf"{name}: colour of more than 8 bits.*in a \.npy"):
        load(tmp_path / "p")


def test_pictures_of_different_depths_are_refused(tmp_path):
    save_all(tmp_path / "p" / "a", RNG.integers(0, 255, (6, 4, 4)).astype(np.uint8), ".png")
    save_all(tmp_path / "p" / "b", RNG.integers(0, 4095, (6, 4, 4)).astype(np.uint16), ".png")
    words = r"b/000.png: holds 16 bits a pixel where a/000.png holds 8 bits: save all"
    with pytest.raises(WganError, match=words):
        load(tmp_path / "p")


@pytest.mark.filterwarnings("ignore:.*are read in")
def test_deep_pictures_are_grey_and_resized_within_their_range(tmp_path):
    pixels = np.zeros((12, 9, 9), np.uint16)
    pixels[:, 4:] = 4095
    folder = save_all(tmp_path / "p", pixels, ".png")
    data = load(folder, resize=(5, 6))
    assert data.shape == (1, 5, 6)
    assert (data.rows[:].min(), data.rows[:].max()) == (0, 4095), "Lanczos overshoots"
    assert data.codec.high == 4095
    assert load(folder, mode="L").shape == (1, 9, 9)
    with pytest.raises(WganError, match=r"data.mode = 'RGB', and pictures of 16 bits a pixel are"):
        load(folder, mode="RGB")


@pytest.mark.filterwarnings("ignore:.*are read in")
def test_samples_are_written_in_the_depth_of_the_data(tmp_path):
    pixels = RNG.integers(0, 4096, (12, 5, 4)).astype(np.uint16)
    data = load(save_all(tmp_path / "p", pixels, ".png"))
    write_samples(data.rows[:], data.codec, tmp_path / "out")
    assert np.array_equal(load(tmp_path / "out").rows[:], data.rows[:])
    assert load(tmp_path / "out").fingerprint == data.fingerprint
    write_samples(data.rows[:], data.codec, tmp_path / "out.npy")
    assert np.load(tmp_path / "out.npy").dtype == np.uint16
    write_samples(data.rows[:], data.codec, tmp_path / "grid.png")
    assert Image.open(tmp_path / "grid.png").mode == "L"


def test_an_opaque_channel_of_transparency_is_dropped(tmp_path):
    pixels = RNG.integers(0, 255, (12, 6, 9, 4)).astype(np.uint8)
    folder = save_all(tmp_path / "p", pixels, ".png")
    assert load(folder).shape == (4, 6, 9)
    pixels[..., 3] = 255
    for i, picture in enumerate(pixels):
        Image.fromarray(picture).save(folder / f"{i:03d}.png")
    data = load(folder)
    assert data.shape == (3, 6, 9)
    assert np.array_equal(data.rows[:], pixels[..., :3])
    assert load(folder, mode="RGBA").shape == (4, 6, 9)
    Image.fromarray(pixels[0] - np.array([0, 0, 0, 1], np.uint8)).save(folder / "000.png")
    assert load(folder).shape == (4, 6, 9), "one pixel of one picture is enough"
    grey = tmp_path / "grey"
    grey.mkdir()
    for i in range(10):
        Image.new("LA", (5, 4), (7 * i, 255)).save(grey / f"{i}.png")
    assert load(grey).shape == (1, 4, 5)
