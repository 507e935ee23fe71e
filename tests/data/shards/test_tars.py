"""Shards of pictures in WebDataset's form."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from shard_sets import png, write_pictures, write_tar

from wgan.base.errors import WganError
from wgan.data import Batches, load
from wgan.data.shards import unpacked


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "data"
    place.mkdir()
    return place


GREY = np.full((4, 5), 7, np.uint8)
COLOUR = np.full((4, 5, 3), 7, np.uint8)


def test_pictures_and_classes_in_the_order_of_shards(folder):
    pictures, classes = write_pictures(folder)
    dataset = load(str(folder))
    assert dataset.codec.kind == "images"
    assert np.array_equal(dataset.rows[:], pictures)
    assert [dataset.classes[i] for i in dataset.labels] == classes
    split = dataset.split()
    x = Batches(split, 0)(0, 8)
    assert x.shape == (8, 1, 6, 6)
    assert len(split.train_labels()) == split.n_train


def test_a_whole_mode_and_size_may_be_given(folder):
    write_tar(folder / "a.tar", {f"{i}.png": png(GREY if i else COLOUR) for i in range(12)})
    dataset = load(str(folder), mode="L", resize=(2, 2))
    assert dataset.shape == (1, 2, 2)
    assert (dataset.rows[:] == 7).all()
    assert load(str(folder)).shape == (3, 4, 5)


def faulty(folder):
    good = {f"{i}.png": png(GREY) for i in range(12)}
    yield "two pictures", {"a.png": png(GREY), "a.jpg": png(GREY)}
    yield "comes again", {"a.png": png(GREY), "b.png": png(GREY), "a.cls": b"1"}
    yield "give each a .cls, or none", good | {"z.png": png(GREY), "z.cls": b"1"}
    yield "holds no pictures", {"a.json": b"{}"}
    yield "cannot be decoded", {"a.png": b"no picture"}
    yield r"4x4 pixels .* has 4x5", good | {"z.png": png(GREY[:, :4])}
    yield "give data.mode", good | {"z.png": png(COLOUR)}


@pytest.mark.parametrize("case", range(7))
def test_faults_name_the_shard(folder, case):
    words, members = list(faulty(folder))[case]
    write_tar(folder / "a.tar", {f"{i}.png": png(GREY) for i in range(12)})
    write_tar(folder / "b.tar", members)
    with pytest.raises(WganError, match=words) as caught:
        load(str(folder))
    assert "b.tar" in str(caught.value)


@pytest.mark.parametrize("kept", [0, 100, 512, 1024, 1300, 3000, 12 * 1024 - 1])
def test_damaged_files_are_refused(folder, kept):
    """Cut at any place, also after whole members, where the library sees no damage."""
    write_tar(folder / "a.tar", {f"{i}.png": png(GREY) for i in range(12)})
    data = (folder / "a.tar").read_bytes()
    (folder / "a.tar").write_bytes(data[:kept])
    with pytest.raises(WganError, match=r"a\.tar: a damaged tar file"):
        load(str(folder))
    header = 5 * 1024  # of the sixth picture
    (folder / "a.tar").write_bytes(data[:header] + b"\xff" * 512 + data[header + 512 :])
    with pytest.raises(WganError, match=r"a\.tar: a damaged tar file"):
        load(str(folder))


def test_unpacked_shards_are_bounded(folder, monkeypatch):
    pictures, _ = write_pictures(folder, sizes=(30, 30, 30, 30))
    one = 128 + 30 * 36
    monkeypatch.setattr(unpacked, "MOST_BYTES", 2 * one)
    dataset = load(str(folder))
    assert np.array_equal(dataset.rows[:], pictures)
    cached = list((folder.parent / "cache").glob("unpacked-*.npy"))
    assert len(cached) == 2
    assert len(list((folder.parent / "cache").glob("unpacked-*.sha256"))) == 2


def test_a_damaged_unpacked_shard_is_made_again(folder):
    pictures, _ = write_pictures(folder)
    assert len(load(str(folder)).rows[:]) == len(pictures)  # so that none is still being written
    cached = list((folder.parent / "cache").glob("unpacked-*.npy"))
    assert len(cached) == len(list((folder.parent / "cache").glob("unpacked-*.npy.sha256"))) == 3
    cached[0].write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="damaged in the cache"):
        assert np.array_equal(load(str(folder)).rows[:], pictures)


def test_a_shard_that_others_took_the_room_of_is_unpacked_again(folder):
    pictures, _ = write_pictures(folder)
    dataset = load(str(folder))
    source = dataset.rows.read.func.__self__
    opened = source._opened
    taken = []

    def then_taken(shard):
        found = opened(shard)
        if not taken:
            taken.append(shard)
            Path(found[1].url).unlink()
        return found

    source._opened = then_taken
    assert np.array_equal(dataset.rows[:], pictures)
    assert taken


def test_a_shard_that_others_took_before_it_was_looked_at(folder, monkeypatch):
    pictures, _ = write_pictures(folder)
    dataset = load(str(folder))
    source = dataset.rows.read.func.__self__
    found = source.unpacked.path
    taken = []

    def then_taken(key, make):
        path = found(key, make)
        if not taken:
            taken.append(path)
            path.unlink()
        return path

    monkeypatch.setattr(source.unpacked, "path", then_taken)
    assert np.array_equal(dataset.rows.read(0, 0, 12), pictures[:12])
    assert taken


def test_a_shard_that_changed_is_not_unpacked_again(folder):
    write_pictures(folder)
    dataset = load(str(folder))
    for path in (folder.parent / "cache").glob("unpacked-*"):
        path.unlink()
    members = {f"{i:04d}.png": png(GREY) for i in range(12)}
    write_tar(folder / "p-0.tar", members)
    with pytest.raises(WganError, match=r"p-0\.tar: changed while it was read"):
        dataset.rows[:]
    (folder / "p-0.tar").unlink()
    with pytest.raises(WganError, match=r"p-0\.tar: no such shard"):
        dataset.rows[:]


def test_a_use_of_an_unpacked_shard_beside_a_read_is_no_change(folder, monkeypatch):
    """Each use notes its time at the file, in any thread or process."""
    pictures, _ = write_pictures(folder)
    dataset = load(str(folder))
    source = dataset.rows.read.func.__self__
    opened = source._opened

    def then_used(shard):
        found = opened(shard)
        os.utime(found[1].url, ns=(0, 5))
        return found

    monkeypatch.setattr(source, "_opened", then_used)
    assert np.array_equal(dataset.rows[:], pictures)


def test_lanes_do_not_depend_on_what_is_free_on_the_disk(folder, monkeypatch):
    """Ranks on several hosts, and a run that goes on, must read the same rows."""
    write_pictures(folder)
    rows = load(str(folder)).rows
    full = SimpleNamespace(free=10)
    monkeypatch.setattr(unpacked.shutil, "disk_usage", lambda place: full)
    for path in (folder.parent / "cache").glob("unpacked-*"):
        path.unlink()
    with pytest.warns(UserWarning, match="may take .* name a larger disk in WGAN_CACHE"):
        again = load(str(folder)).rows
    assert again.most_lanes == rows.most_lanes == 64


def test_few_lanes_where_shards_do_not_fit(folder, monkeypatch):
    write_pictures(folder)
    dataset = load(str(folder))
    source = dataset.rows.read.func.__self__
    assert dataset.rows.most_lanes == 64
    largest = 128 + 20 * 36
    source.unpacked.most = 2 * 4 * largest
    assert source._lanes_that_fit(dataset.rows.heads) == 4
    source.unpacked.most = largest
    assert source._lanes_that_fit(dataset.rows.heads) == 1
