import gzip
import struct
import zipfile

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.storage import FileRows

ARRAY = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
PICTURES = np.random.default_rng(0).integers(0, 256, size=(12, 5, 4), dtype=np.uint8)


def idx_bytes(array):
    return (
        struct.pack(">BBBB", 0, 0, 0x08, array.ndim)
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_is_read_in_place(tmp_path, order):
    np.save(tmp_path / "a.npy", np.asarray(ARRAY, order=order))
    data = load(tmp_path / "a.npy")
    assert isinstance(data.rows, FileRows)
    assert np.array_equal(data.rows[:], ARRAY)
    assert np.array_equal(data.rows[np.array([7, 3])], ARRAY[[7, 3]])
    assert data.fingerprint == load(ARRAY).fingerprint


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_is_read_in_place_stored_or_deflated(tmp_path, save):
    save(tmp_path / "a.npz", x=ARRAY, y=np.arange(40))
    data = load(tmp_path / "a.npz")
    assert isinstance(data.rows, FileRows)
    assert np.array_equal(data.rows[:], ARRAY)


def test_npz_with_several_arrays_asks_for_a_key(tmp_path):
    np.savez(tmp_path / "a.npz", first=ARRAY, second=ARRAY + 1)
    with pytest.raises(WganError, match=r"several arrays \(first, second\).*--key NAME"):
        load(tmp_path / "a.npz")
    assert np.array_equal(load(tmp_path / "a.npz", key="second").rows[:], ARRAY + 1)
    with pytest.raises(WganError, match="holds no array 'third'"):
        load(tmp_path / "a.npz", key="third")


@pytest.mark.parametrize("ending", ["-ubyte", "-ubyte.gz", "-ubyte.GZ"])
def test_idx_files_as_mnist_ships(tmp_path, ending):
    path = tmp_path / f"train-images-idx3{ending}"
    content = idx_bytes(PICTURES)
    path.write_bytes(gzip.compress(content) if ending.lower().endswith("gz") else content)
    data = load(path)
    assert data.shape == (1, 5, 4)
    assert np.array_equal(data.rows[:], PICTURES)
    assert data.fingerprint == load(path).fingerprint


def test_a_tensor_is_data_too():
    assert np.array_equal(load(torch.from_numpy(ARRAY)).rows[:], ARRAY)


def test_one_axis_is_one_column(tmp_path):
    np.save(tmp_path / "a.npy", ARRAY[:, 0])
    assert load(tmp_path / "a.npy").shape == (1,)
    assert load(ARRAY[:, 0]).shape == (1,)


def write_truncated_npy(path):
    np.save(path, ARRAY)
    path.write_bytes(path.read_bytes()[:-10])


def npy_header(text):
    body = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body


def write_two_arrays(path):
    with path.open("wb") as file:
        np.save(file, ARRAY)
        np.save(file, ARRAY)


def write_foreign_npz(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")


def write_truncated_gz(path):
    path.write_bytes(gzip.compress(idx_bytes(PICTURES))[:-20])


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("a.npy", lambda p: p.write_text("hello"), "not a readable .npy"),
        ("a.npy", write_truncated_npy, "cut short"),
        ("a.npy", lambda p: np.save(p, np.array([{"a": 1}]), allow_pickle=True), "Python objects"),
        ("a.npz", lambda p: p.write_text("hello"), "damaged .npz"),
        ("a.npz", lambda p: np.savez(p), "holds several arrays \\(none\\)"),
        ("a-idx3-ubyte.gz", write_truncated_gz, "damaged gzip"),
        ("a-idx3-ubyte", lambda p: p.write_bytes(idx_bytes(PICTURES)[:-5]), "cut short"),
        (
            "a-idx3-ubyte",
            lambda p: p.write_bytes(idx_bytes(PICTURES)[:6]),
            "cut short inside its header",
        ),
        (
            "a-idx3-ubyte",
            lambda p: p.write_bytes(struct.pack(">BBBB4I", 0, 0, 0x0E, 4, *[2**32 - 1] * 4)),
            "cut short",
        ),
        (
            "a.npy",
            lambda p: p.write_bytes(
                npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-5, 2), }")
            ),
            "not a readable .npy",
        ),
        (
            "a.npy",
            lambda p: p.write_bytes(
                npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 2")
            ),
            "not a readable .npy",
        ),
        ("a.npy", write_two_arrays, "continues after its array, .* save one array in a file"),
        ("a-idx3-ubyte", lambda p: p.write_bytes(idx_bytes(PICTURES) + b"?"), "continues after"),
        ("a.npz", write_foreign_npz, "holds several arrays \\(none\\)"),
        ("notes.txt", lambda p: p.write_text("hello"), "not a kind of file that can be read"),
        ("empty.bin", lambda p: p.write_bytes(b""), "an empty file"),
    ],
)
def test_unreadable_files_are_named(tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(WganError, match=message) as error:
        load(tmp_path / name)
    assert name in str(error.value)


def test_a_missing_path_suggests_a_name():
    with pytest.raises(WganError, match="Did you mean 'digits'"):
        load("digit")


def test_a_damaged_gzip_file_is_named_and_not_its_cache(tmp_path):
    write_truncated_gz(tmp_path / "a-idx3-ubyte.gz")
    with pytest.raises(WganError) as error:
        load(tmp_path / "a-idx3-ubyte.gz")
    assert "cache" not in str(error.value)


def test_a_tensor_whose_first_and_last_axes_could_be_channels_is_channels_first():
    assert load(torch.zeros(20, 3, 8, 4)).shape == (3, 8, 4)
    assert load(np.zeros((20, 3, 8, 4))).shape == (4, 3, 8)


def test_an_array_of_an_npz_ends_where_its_member_ends(tmp_path):
    """What follows in the file are the bytes of the zip, and no pictures."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        header = "{'descr': '|u1', 'fortran_order': False, 'shape': (22, 4, 4), }"
        archive.writestr("x.npy", npy_header(header) + bytes(20 * 16))
        archive.writestr("y.npy", bytes(4000))
    with pytest.raises(WganError, match=r"array x\.npy is of another length than its header"):
        load(tmp_path / "a.npz", key="x")
