"""The order of rows in shards: a function of (seed, draw), for any number of ranks."""

import math

import numpy as np
import pytest
from scipy.stats import spearmanr
from shard_sets import SIZES, write_arrays

from wgan.data import Batches, load
from wgan.data.shards.order import Lanes


@pytest.fixture
def split(tmp_path):
    write_arrays(tmp_path / "data")
    return load(str(tmp_path / "data")).split()


@pytest.mark.parametrize("batch", [64, 12, 7, 1])
def test_each_training_row_comes_once_an_epoch(split, batch):
    """Of whole epochs, every row has come so often, give or take one at the lanes' edges."""
    batches = Batches(split, seed=3)
    epochs = 5
    draws = epochs * split.n_train // batch
    rows = np.concatenate([batches.rows(draw, batch) for draw in range(draws)])
    counts = np.bincount(rows, minlength=len(split.dataset))
    assert set(counts[~split.is_train()]) == {0}
    assert set(counts[split.is_train()]) <= {epochs - 1, epochs, epochs + 1}
    assert abs(counts.sum() - epochs * split.n_train) < batch


@pytest.mark.parametrize("lanes", [1, 3, 8, 64])
@pytest.mark.parametrize("epoch", [0, 4, -1, -3])
def test_lanes_divide_an_epoch_exactly(lanes, epoch):
    """The stretches of all lanes have each row of an epoch once, though blocks differ in size."""
    random = np.random.default_rng(lanes)
    counts = random.integers(0, 9, 40)
    starts = np.cumsum([0, *counts])
    order = Lanes(
        counts,
        np.repeat(np.arange(10), 4),
        lambda block: np.arange(starts[block], starts[block + 1]),
        lambda blocks, following: None,
        seed=1,
        lanes=lanes,
    )
    n = counts.sum()
    rows = []
    for lane in range(lanes):
        begin, end = ((e * n + lane) // lanes for e in (epoch, epoch + 1))
        assert abs((end - begin) - n / lanes) <= 1
        rows.append(order.rows(lane, np.arange(begin, end)))
    assert sorted(np.concatenate(rows)) == list(range(n))


@pytest.mark.parametrize("world", [2, 8])
def test_ranks_read_together_what_one_process_reads(split, world):
    one = Batches(split, seed=0)
    ranks = [Batches(split, 0, rank=r, world_size=world) for r in range(world)]
    for draw in (0, 9, -1, -40):
        parts = [each(draw, 64) for each in ranks]
        assert np.array_equal(np.concatenate(parts), one(draw, 64))


def test_each_rank_reads_shards_of_its_own(tmp_path):
    """Of an epoch of many shards, two ranks read few blocks twice, those at edges of lanes."""
    write_arrays(tmp_path / "many", sizes=[20] * 100)
    split = load(str(tmp_path / "many")).split()
    draws = split.n_train // 64
    blocks = []
    for rank in range(2):
        batches = Batches(split, 0, rank=rank, world_size=2)
        rows = np.concatenate([batches.rows(draw, 64) for draw in range(draws)])
        blocks.append(set(split.dataset.rows.blocks_of(rows)[0]))
    assert len(blocks[0] | blocks[1]) > 180
    # 64 lanes have 31 edges within each half, and one between the halves.
    assert len(blocks[0] & blocks[1]) <= 2


def test_epochs_seeds_and_draws_differ_and_repeat(split):
    one = Batches(split, seed=0)
    first = [one.rows(draw, 64) for draw in range(8)]
    again = Batches(split, seed=0)
    assert np.array_equal(again.rows(7, 64), first[7])  # in any order
    assert np.array_equal(again.rows(2, 64), first[2])
    assert not np.array_equal(Batches(split, seed=1).rows(0, 64), first[0])
    drawn = [tuple(each) for each in first]
    assert len(set(drawn)) == len(drawn)


def test_samples_are_the_rows(tmp_path):
    raw = write_arrays(tmp_path / "data")
    dataset = load(str(tmp_path / "data"))
    split = dataset.split()
    batches = Batches(split, seed=0)
    rows = batches.rows(5, 64)
    expected = dataset.codec.unpack(dataset.codec.pack(raw[rows]))
    assert np.array_equal(batches(5, 64), expected)
    assert np.array_equal(dataset.rows[:], raw)
    assert np.array_equal(dataset.rows[10:20], raw[10:20])
    assert dataset.rows[:0].shape == (0, 2)


def test_neighbours_are_not_correlated(tmp_path):
    """Rows are their own numbers; in the order of the file neighbours would correlate by 1.

    Of an epoch of 1,600 independent pairs it has a standard deviation of 1 / sqrt(1600) = 0.025;
    four of these are allowed. Neighbours in a batch are of different lanes.
    """
    write_arrays(tmp_path / "many", sizes=[20] * 100)
    split = load(str(tmp_path / "many")).split()
    batches = Batches(split, seed=0)
    rows = np.concatenate([batches.rows(k, 64) for k in range(split.n_train // 64)])
    assert abs(spearmanr(rows[:-1], rows[1:])[0]) < 4 / math.sqrt(len(rows))


def test_a_batch_of_one_lane_reads_few_shards(split):
    """A batch that no power of two divides has one lane, and is read all the same."""
    assert math.gcd(64, 7) == 1
    assert len(Batches(split, seed=0).rows(0, 7)) == 7
    assert sum(SIZES) == len(split.dataset)
