import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import Batches, load
from wgan.data import batches as batches_module

POINTS = np.random.default_rng(0).normal(3, 5, size=(103, 4))


def rows_of(batches, draws, batch):
    return np.concatenate([batches.rows(draw, batch) for draw in draws])


def test_an_epoch_reads_every_training_sample_once_and_never_a_held_out_one():
    split = load(POINTS).split()
    batches = Batches(split, seed=0)
    rows = rows_of(batches, range(82), batch=10)  # ten epochs
    counts = np.bincount(rows, minlength=103)
    assert set(counts[split.train_rows(np.arange(82))]) == {10}
    assert counts.sum() == 820
    epochs = rows.reshape(10, 82)
    assert all(len(set(epoch)) == 82 for epoch in epochs)
    assert not np.array_equal(epochs[0], epochs[1])


@pytest.mark.parametrize(("seed", "batch"), [(0, 7), (3, 64), (3, 9000)])
def test_blocks_of_draws_read_what_single_draws_would(seed, batch, monkeypatch):
    """In whatever order draws are asked for: past, future, the generator's negative ones; blocks
    that were forgotten come back.
    """
    split = load(POINTS).split()
    draws = [0, 5, -1, 1, 2000, -900, 1171, 3, -1, 0, 40_000, 80_000, 120_000, 5]
    batches = Batches(split, seed)
    in_blocks = [batches.rows(draw, batch) for draw in draws]
    assert len(batches._blocks) <= batches_module.KEPT_BLOCKS
    monkeypatch.setattr(batches_module, "BLOCK", 1)
    alone = Batches(split, seed)
    assert all(
        np.array_equal(rows, alone.rows(draw, batch))
        for rows, draw in zip(in_blocks, draws, strict=True)
    )


def test_blocks_of_batches_of_two_sizes_are_told_apart():
    batches = Batches(load(POINTS).split(), 0)
    for draw in (0, 1, -1, 2):
        for batch in (8, 20):
            assert np.array_equal(
                batches.rows(draw, batch), Batches(batches.split, 0).rows(draw, batch)
            )


@pytest.mark.parametrize("world_size", [2, 3, 4])
def test_ranks_together_read_what_one_process_would(world_size):
    split = load(POINTS).split()
    whole = Batches(split, seed=5).rows(7, 12)
    parts = [
        Batches(split, seed=5, rank=rank, world_size=world_size).rows(7, 12)
        for rank in range(world_size)
    ]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_batch_that_ranks_cannot_share_is_an_error():
    with pytest.raises(WganError, match="cannot be divided among 3 ranks"):
        Batches(load(POINTS).split(), 0, rank=0, world_size=3).rows(0, 10)


def test_batches_are_the_encoded_rows_resident_or_not(monkeypatch):
    data = load(POINTS)
    resident = Batches(data.split(), seed=0)(3, 16)
    monkeypatch.setattr(batches_module, "RESIDENT_BYTES", 0)
    streamed = Batches(data.split(), seed=0)
    assert streamed._resident is None
    assert torch.equal(streamed(3, 16), resident)
    assert torch.equal(resident, data.encode(POINTS[streamed.rows(3, 16)]))
