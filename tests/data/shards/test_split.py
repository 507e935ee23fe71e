"""The split of shards: by hashes, so that no row moves when shards come and go."""

import shutil

import numpy as np
import pytest
from shard_sets import write_arrays

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.shards.hashing import bound_of, row_hashes
from wgan.evaluation.watch import watched_apart


def parts(folder):
    """Return whether each row is for training, by shard and number."""
    dataset = load(str(folder))
    train = dataset.split().is_train()
    rows = dataset.rows
    return {
        (name, i): bool(train[rows.starts[shard] + i])
        for shard, name in enumerate(rows.names)
        for i in range(rows.heads[shard].rows)
    }


def test_no_row_changes_its_part_when_shards_are_added_or_taken_away(tmp_path):
    folder = tmp_path / "data"
    write_arrays(folder)
    before = parts(folder)
    np.save(folder / "a-first.npy", np.ones((50, 2), np.float32))
    np.save(folder / "z-last.npy", np.ones((50, 2), np.float32))
    (folder / "s-002.npy").unlink()
    after = parts(folder)
    common = before.keys() & after.keys()
    assert len(common) == len(before) - 90
    assert all(before[row] == after[row] for row in common)


def test_the_share_is_held_out(tmp_path):
    """Of 10,000 rows 20 % are held out, within four standard deviations of 0.4 %."""
    write_arrays(tmp_path / "data", sizes=[2500] * 4)
    dataset = load(str(tmp_path / "data"))
    split = dataset.split()
    assert abs(split.n_held_out / len(dataset) - 0.2) < 4 * 0.004
    other = dataset.split(0.2, seed=1)
    # Independent splits agree on 0.8^2 + 0.2^2 of the rows.
    assert abs((split.is_train() == other.is_train()).mean() - 0.68) < 0.03
    assert dataset.split(0.5).n_held_out > 1.8 * split.n_held_out


def test_hashes_are_uniform_and_differ_by_shard():
    hashes = row_hashes(0, "split", "a", 0, 40_000) / 2**64
    assert abs(hashes.mean() - 0.5) < 4 / np.sqrt(12 * 40_000)
    counts, _ = np.histogram(hashes, 10, (0, 1))
    assert abs(counts - 4000).max() < 4 * 60
    others = row_hashes(0, "split", "b", 0, 40_000) / 2**64
    assert abs(np.corrcoef(hashes, others)[0, 1]) < 4 / 200
    assert abs(np.corrcoef(hashes[:-1], hashes[1:])[0, 1]) < 4 / 200
    assert bound_of(1.0) == 2**64


@pytest.mark.parametrize("sample", [500, 0, 10**6])
def test_places_are_all_rows_of_a_part_each_once(tmp_path, monkeypatch, sample):
    """Whether few rows are at hand, none or all."""
    monkeypatch.setattr("wgan.data.shards.source.SAMPLE_BYTES", sample or 1)
    raw = write_arrays(tmp_path / "data")
    split = load(str(tmp_path / "data")).split()
    train = split.train_rows(np.arange(split.n_train))
    held_out = split.held_out_rows(np.arange(split.n_held_out))
    assert sorted(train) == np.flatnonzero(split.is_train()).tolist()
    assert sorted(held_out) == np.flatnonzero(~split.is_train()).tolist()
    assert np.array_equal(split.train_sample(3, 40), raw[train[3:40]])
    assert np.array_equal(split.held_out_sample(3, 40), raw[held_out[3:40]])
    assert abs(np.corrcoef(np.arange(len(train)), train)[0, 1]) < 4 / np.sqrt(len(train))


def test_watched_samples_are_not_held_out_ones(tmp_path):
    write_arrays(tmp_path / "data")
    split = load(str(tmp_path / "data")).split()
    watched = watched_apart(split)
    assert watched.watched == split.n_apart // 2
    apart = watched.held_out_rows(np.arange(watched.n_held_out, watched.n_apart))
    held_out = watched.held_out_rows(np.arange(watched.n_held_out))
    assert not set(apart) & set(held_out)
    assert set(apart) | set(held_out) == set(np.flatnonzero(~split.is_train()))


def test_a_part_without_rows_is_refused(tmp_path):
    write_arrays(tmp_path / "data", sizes=[12])
    with pytest.raises(WganError, match="no row fell into the held-out part"):
        load(str(tmp_path / "data")).split(0.001)
    with pytest.raises(WganError, match="no row fell into the training part"):
        load(str(tmp_path / "data")).split(0.999)


def test_a_moved_folder_has_the_same_split_and_fingerprint(tmp_path):
    write_arrays(tmp_path / "data")
    before = load(str(tmp_path / "data"))
    shutil.copytree(tmp_path / "data", tmp_path / "elsewhere")
    after = load(str(tmp_path / "elsewhere"))
    assert after.fingerprint == before.fingerprint
    assert np.array_equal(after.split().is_train(), before.split().is_train())
    assert after.split().dataset.codec == before.split().dataset.codec


def test_names_of_shards_are_part_of_the_fingerprint_of_every_kind(tmp_path):
    """The same rows under other names have another split: a run must not go on with them."""
    random = np.random.default_rng(0)
    for place, names in (("a", "xyz"), ("b", "uvw")):
        (tmp_path / place).mkdir()
        for name in names:
            np.save(tmp_path / place / f"{name}.npy", random.normal(size=(20, 6, 2)))
        random = np.random.default_rng(0)
    first, other = (load(str(tmp_path / place), kind="series") for place in "ab")
    assert np.array_equal(first.rows[:], other.rows[:])
    assert not np.array_equal(first.split().is_train(), other.split().is_train())
    assert first.fingerprint != other.fingerprint
