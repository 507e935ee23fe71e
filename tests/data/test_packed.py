"""Packed files: unpacked within bounds, and damage named by the user's own file."""

import gzip
import os
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.data import load
from wgan.data.tables.frames import read_frame
from wgan.evaluation.features.mobilenet import mobilenet

RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(40, 3)).astype(np.float32)


@pytest.fixture
def small_bounds(monkeypatch):
    """Bounds of 100 KB in the place of 1 GiB."""
    monkeypatch.setattr("wgan.data.packed.FREELY", 100_000)


def idx(n):
    return struct.pack(">BBBB3I", 0, 0, 8, 3, n, 28, 28) + bytes(n * 28 * 28)


def write_npz(path):
    np.savez_compressed(path, np.zeros((200, 28, 28), np.uint8))


def write_idx(path):
    path.write_bytes(gzip.compress(idx(200)))


def write_labels(path):
    np.savez_compressed(path, x=NUMBERS, y=np.zeros((10**6, 1), np.int64))


def write_table(path):
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 10**5))


@pytest.mark.parametrize(
    ("name", "write", "settings"),
    [
        ("a.npz", write_npz, {}),
        ("a-idx3-ubyte.gz", write_idx, {}),
        ("a.npz", write_labels, {"labels": "y"}),
        ("a.csv.gz", write_table, {}),
    ],
)
def test_a_bomb_is_not_unpacked(tmp_path, small_bounds, name, write, settings):
    write(tmp_path / name)
    with pytest.raises(WganError, match=rf"{name}.*unpacks to .* as data do not") as error:
        load(tmp_path / name, **settings)
    assert "cache" not in str(error.value)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != name]
    assert not [path for path in left if path.stat().st_size > 10_000]


def test_data_that_shrink_well_are_no_bomb(tmp_path, small_bounds):
    pictures = np.zeros((400, 28, 28), np.uint8)
    pictures[:, 10:15, 10:15] = RNG.integers(0, 255, (400, 5, 5))
    np.savez_compressed(tmp_path / "a.npz", pictures)
    assert len(load(tmp_path / "a.npz")) == 400


@pytest.mark.parametrize("name", ["pipe", "pipe.npy", "pipe.npz", "pipe.csv", "pipe.zip", "p.gz"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, capsys, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(WganError, match=rf"{name}: a pipe, socket or device.*in a file first"):
        load(tmp_path / name)
    assert main(["data", str(tmp_path / name)]) == 2
    assert "a pipe, socket or device" in capsys.readouterr().err


def test_pipes_are_refused_wherever_a_file_is_named(tmp_path, capsys):
    for name in ("c.toml", "t.csv", "t.csv.gz", "t.parquet", "m.npz"):
        os.mkfifo(tmp_path / name)
    assert main(["train", "digits", "--dry-run", "--config", str(tmp_path / "c.toml")]) == 2
    assert "c.toml: a pipe, socket or device" in capsys.readouterr().err
    tables = [(read_frame, name) for name in ("t.csv", "t.csv.gz", "t.parquet")]
    for read, name in (*tables, (mobilenet, "m.npz")):
        with pytest.raises(WganError, match=f"{name}: a pipe, socket or device"):
            read(tmp_path / name)


def test_a_device_is_refused():
    with pytest.raises(WganError, match="/dev/zero: a pipe, socket or device"):
        load("/dev/zero")


def test_pipes_as_labels_schema_or_digits_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    np.save(tmp_path / "a.npy", NUMBERS)
    (tmp_path / "t.csv").write_text("a,b\n" + "1,x\n" * 20)
    with pytest.raises(WganError, match="nor a file of labels"):
        load(tmp_path / "a.npy", labels=str(tmp_path / "pipe.txt"))
    with pytest.raises(WganError, match="a pipe, socket or device"):
        load(tmp_path / "t.csv", schema=str(tmp_path / "pipe.txt"))
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    with pytest.raises(WganError, match="holds no train-images-idx3-ubyte"):
        load(f"stacked-mnist:{tmp_path}")


def test_a_changed_number_in_an_npz_is_found(tmp_path):
    np.savez(tmp_path / "a.npz", NUMBERS)
    content = (tmp_path / "a.npz").read_bytes()
    place = content.index(NUMBERS.tobytes()[:40]) + 20
    changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    (tmp_path / "a.npz").write_bytes(changed)
    with pytest.raises(WganError, match=r"a\.npz: a damaged \.npz \(Bad CRC-32"):
        load(tmp_path / "a.npz")


def write_pictures(folder):
    folder.mkdir()
    for i in range(10):
        pixels = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")


def originals(folder):
    """Write one file of each packed form, and return their paths."""
    write_pictures(folder / "p")
    for name, method in (
        ("stored", zipfile.ZIP_STORED),
        ("deflated", zipfile.ZIP_DEFLATED),
        ("bzip2", zipfile.ZIP_BZIP2),
        ("lzma", zipfile.ZIP_LZMA),
    ):
        with zipfile.ZipFile(folder / f"{name}.zip", "w", method) as archive:
            for path in sorted((folder / "p").iterdir()):
                archive.write(path, path.name)
    np.savez(folder / "a.npz", x=NUMBERS, y=np.arange(40) % 2)
    np.savez_compressed(folder / "b.npz", x=NUMBERS, y=np.arange(40) % 2)
    np.save(folder / "a.npy", NUMBERS)
    (folder / "a-idx3-ubyte.gz").write_bytes(gzip.compress(idx(12)))
    (folder / "a-idx3-ubyte").write_bytes(idx(12))
    return sorted(path for path in folder.iterdir() if path.is_file())


def damaged(content, random):
    """Return bytes with some changed, cut off, or doubled."""
    kind = random.integers(4)
    place = int(random.integers(len(content)))
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + content[place // 2 :]
    changed = bytearray(content)
    for where in random.integers(0, len(content), 1 if kind == 2 else 8):
        changed[where] = random.integers(256)
    return bytes(changed)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damage_is_one_error_that_names_the_users_file(tmp_path):
    random = np.random.default_rng(1)
    (tmp_path / "whole").mkdir()
    messages = []
    for original in originals(tmp_path / "whole"):
        for i in range(12):
            place = tmp_path / f"{i}" / original.name
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(damaged(original.read_bytes(), random))
            try:
                load(place, labels="y" if original.suffix == ".npz" else None)
            except WganError as error:
                messages.append((original.name, str(error)))
    assert len(messages) > 60
    for name, words in messages:
        assert name in words
        assert "cache" not in words
