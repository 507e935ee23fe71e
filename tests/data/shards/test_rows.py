"""Rows of shards: bounded memory, reading ahead, statistics, records, and faults of arrays."""

import gc
import multiprocessing
import os
import threading
import time

import numpy as np
import pytest
from shard_sets import write_arrays

from wgan.base.errors import WganError
from wgan.data import Batches, load
from wgan.data.shards import records
from wgan.data.shards.blocks import Blocks
from wgan.data.shards.records import bound_for
from wgan.data.storage import Moments, summarise


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def test_statistics_are_those_of_all_rows(folder):
    raw = write_arrays(folder)
    dataset = load(str(folder))
    whole = summarise(raw, "whole")
    assert np.allclose(dataset.codec.mean, whole.mean, rtol=1e-12)
    assert np.allclose(dataset.codec.scale, whole.deviation, rtol=1e-12)
    assert (dataset.rows.summary.low, dataset.rows.summary.high) == (raw.min(), raw.max())
    assert np.array_equal(dataset.rows.sample, raw[dataset.rows.kept])


def test_moments_merge_in_any_grouping():
    random = np.random.default_rng(0)
    x = random.normal(5, 2, (60, 3))
    parts = [Moments.of(part) for part in np.split(x, [7, 30])]
    left = parts[0].merged(parts[1]).merged(parts[2])
    right = parts[0].merged(parts[1].merged(parts[2]))
    for each in (left, right):
        assert np.allclose(each.mean, x.mean(0), rtol=1e-13)
        assert np.allclose(each.deviation("x"), x.std(0), rtol=1e-13)
        assert (each.count, each.low, each.high) == (60, x.min(), x.max())


def test_plain_numbers_are_one_column(folder):
    folder.mkdir()
    np.save(folder / "a.npy", np.arange(30.0))
    dataset = load(str(folder))
    assert dataset.shape == (1,)
    assert np.array_equal(dataset.rows[3:5], [[3], [4]])


def test_blocks_are_held_within_a_bound():
    loaded = []

    def load_block(block):
        loaded.append(block)
        return np.full(100, block, np.uint8)

    blocks = Blocks(load_block, most=1000)
    for block in [*range(30), *range(30)]:
        blocks.ahead(range(block, 30))
        assert (blocks[block] == block).all()
    assert blocks.peak <= 1000 + 100
    assert blocks._bytes == sum(each.nbytes for each in blocks._held.values()) <= 1000
    before = len(loaded)
    assert (blocks[29] == 29).all()
    assert len(loaded) == before


def test_training_holds_few_bytes_whatever_the_number_of_shards(tmp_path, monkeypatch):
    """With room for 150 blocks, of 50 or of 150 shards, reading is right and holds no more."""
    for count in (50, 150):
        raw = write_arrays(tmp_path / f"{count}", sizes=[20] * count)
        dataset = load(str(tmp_path / f"{count}"))
        dataset.rows.blocks.most = 150 * 80
        batches = Batches(dataset.split(), 0)
        for draw in range(8):
            rows = batches.rows(draw, 64)
            assert np.array_equal(dataset.rows[rows], raw[rows])
        assert dataset.rows.blocks.peak <= 151 * 80
        assert dataset.rows.sample.nbytes <= 2 * 500


def test_each_block_is_read_about_once_an_epoch(tmp_path):
    write_arrays(tmp_path / "data", sizes=[20] * 80)
    dataset = load(str(tmp_path / "data"))
    split = dataset.split()
    store = dataset.rows.read.func.__self__.store
    batches = Batches(split, 0)
    before = store.bytes_read
    for draw in range(split.n_train // 64):
        batches(draw, 64)
    # The blocks at the edges of 64 lanes are read twice at most; what follows the epoch is ahead.
    whole = 80 * 20 * 8
    assert store.bytes_read - before < whole + 2 * 64 * 80 + 64 * 80


def test_blocks_are_read_ahead():
    begun, go = threading.Event(), threading.Event()

    def load_block(block):
        begun.set()
        go.wait(10)
        return np.zeros(1)

    blocks = Blocks(load_block)
    blocks.ahead([5])
    assert begun.wait(10)  # nobody has asked for it
    go.set()
    assert blocks[5].shape == (1,)


def test_threads_end_with_the_blocks_they_read():
    blocks = Blocks(lambda block: np.zeros(1))
    blocks.ahead([0])
    assert blocks[0].shape == (1,)
    queue = blocks._queue
    del blocks
    gc.collect()
    end = time.monotonic() + 10
    while not queue.empty() and time.monotonic() < end:
        time.sleep(0.01)
    assert queue.empty()  # each thread took its word to end


def test_a_read_ahead_that_failed_is_tried_again_when_it_is_needed():
    fails = [True]

    def load_block(block):
        if fails.pop():
            fails.append(False)
            raise WganError("lost")
        fails.append(False)
        return np.zeros(1)

    blocks = Blocks(load_block)
    blocks.ahead([0])
    while blocks._coming:
        time.sleep(0.01)
    assert blocks[0].shape == (1,)


def test_records_are_kept_and_made_again_where_a_shard_changed(folder, monkeypatch):
    write_arrays(folder)
    made = []
    monkeypatch.setattr(
        "wgan.data.shards.source.record_of",
        lambda *given: made.append(given[2]) or records.record_of(*given),
    )
    first = load(str(folder))
    assert len(made) == 7
    assert load(str(folder)).fingerprint == first.fingerprint
    assert len(made) == 7
    np.save(folder / "s-002.npy", np.zeros((90, 2), np.float32))
    np.save(folder / "s-999.npy", np.zeros((9, 2), np.float32))
    later = load(str(folder))
    assert sorted(made[7:]) == ["s-002.npy", "s-999.npy"]  # threads take them in any order
    assert later.fingerprint != first.fingerprint
    for path in (folder.parent / "cache" / "shards").glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-1])
    assert load(str(folder)).fingerprint == later.fingerprint
    assert len(made) == 9 + 8


def test_a_smaller_sample_is_a_part_of_a_larger_one(folder, monkeypatch):
    write_arrays(folder)
    monkeypatch.setattr("wgan.data.shards.source.SAMPLE_BYTES", 10**6)
    whole = load(str(folder)).rows
    assert len(whole.kept) == whole.shape[0]
    monkeypatch.setattr("wgan.data.shards.source.SAMPLE_BYTES", 800)
    filtered = load(str(folder)).rows
    for path in (folder.parent / "cache" / "shards").glob("*"):
        path.unlink()
    fresh = load(str(folder)).rows
    assert np.array_equal(filtered.kept, fresh.kept)
    assert np.array_equal(filtered.sample, fresh.sample)
    assert 0 < len(fresh.kept) < whole.shape[0] / 2
    assert bound_for(3000, 1000) == 2**62


def _load_and_count(folder, queue, both):
    made = []
    from wgan.data.shards import source

    real = source.record_of

    def counting(*given):
        made.append(given[2])
        time.sleep(0.02)
        return real(*given)

    source.record_of = counting
    both.wait(60)
    queue.put((made, load(folder).fingerprint))


@pytest.mark.skipif(os.name != "posix", reason="locks are POSIX's")
def test_processes_that_share_a_cache_share_the_work(folder):
    write_arrays(folder, sizes=[20] * 30)
    context = multiprocessing.get_context("fork")
    queue, both = context.Queue(), context.Barrier(2)
    given = (str(folder), queue, both)
    workers = [context.Process(target=_load_and_count, args=given) for _ in range(2)]
    for each in workers:
        each.start()
    (one, first), (two, second) = queue.get(timeout=60), queue.get(timeout=60)
    for each in workers:
        each.join()
    assert first == second
    assert sorted(one + two) == sorted({*one, *two})
    assert len(one + two) == 30
    assert one
    assert two


def bad_arrays(folder):
    good = np.zeros((20, 2), np.float32)
    np.save(folder / "a.npy", good)
    bad = folder / "b.npy"
    whole = (folder / "a.npy").read_bytes()
    yield lambda: np.save(bad, good[:, :1]), r"shape \(1,\) and type float32, and a.npy has \(2,\)"
    yield lambda: np.save(bad, good.astype(int)), "type int64, and a.npy has .* float32"
    yield lambda: np.save(bad, good[:0]), r"b.npy: shape \(0, 2\) holds no samples"
    yield lambda: bad.write_bytes(b""), "b.npy: an empty file"
    yield lambda: bad.write_bytes(b"no array"), "b.npy: not a readable .npy array"
    yield lambda: bad.write_bytes(whole[:-1]), "b.npy: 287 bytes where its header promises 288"
    yield lambda: bad.write_bytes(whole + b"x"), "b.npy: 289 bytes where"
    yield lambda: np.save(bad, np.asfortranarray(good + 1)), "b.npy: an array in Fortran's order"
    yield lambda: np.save(bad, np.array([{}], object)), "b.npy: holds Python objects"
    nan = good.copy()
    nan[7, 1] = np.nan
    yield lambda: np.save(bad, nan), "b.npy: row 7 holds NaN"
    yield lambda: bad.symlink_to(folder / "gone"), "b.npy: no such shard"


@pytest.mark.parametrize("case", range(11))
def test_faults_name_the_shard_in_one_line(folder, case):
    folder.mkdir()
    spoil, words = list(bad_arrays(folder))[case]
    spoil()
    with pytest.raises(WganError, match=words) as caught:
        load(str(folder))
    assert "\n" not in str(caught.value)


def test_a_shard_of_another_type_is_found_before_any_is_looked_through(folder, monkeypatch):
    write_arrays(folder)
    np.save(folder / "z.npy", np.zeros((5, 3)))
    monkeypatch.setattr("wgan.data.shards.source.record_of", None)
    with pytest.raises(WganError, match=r"z\.npy"):
        load(str(folder))


def test_a_shard_that_changes_or_vanishes_while_it_is_read(folder):
    raw = write_arrays(folder)
    dataset = load(str(folder))
    with (folder / "s-002.npy").open("ab") as file:
        file.write(b"more")
    with pytest.raises(WganError, match=r"s-002\.npy: changed while it was read"):
        dataset.rows[:]
    (folder / "s-002.npy").unlink()
    with pytest.raises(WganError, match=r"s-002\.npy: no such shard"):
        dataset.rows[:]
    assert np.array_equal(dataset.rows[:37], raw[:37])
