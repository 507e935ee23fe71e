"""Batches of training samples, each a function of the random seed and the number of the draw."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from wgan.base.errors import WganError
from wgan.data.dataset import Split
from wgan.data.storage import chunks

BLOCK = 8192
"""Most rows that are shuffled at once. Shuffling a few rows costs as much as thousands; a larger
block delays the first batch and takes more memory.
"""
EPOCHS = 4
"""Most epochs that are shuffled at once, so that small data sets are not shuffled far ahead."""
KEPT_BLOCKS = 4
"""Blocks that are remembered, since batches of several sizes may be read by turns. All four take
256 KiB.
"""
RESIDENT_BYTES = 256 * 2**20
"""Packed data up to this size is copied to the device once; larger data is read batch by batch. The
bound leaves room for networks on small devices; reading batch by batch costs time at each step.
"""


@dataclass(frozen=True)
class Batches:
    """Training batches as a function of (seed, draw).

    Epochs follow each other without end, each a fresh shuffle without replacement. With batches of
    B samples, draw k takes the places k B to (k + 1) B - 1 of that sequence. A batch may straddle
    two epochs, and none is cut short. In shards each lane has such a sequence of its own. Each of w
    ranks reads its own w-th part of a batch, so that the ranks together read what one process
    would.

    Attributes:
        split: the data and their split.
        seed: random seed of the shuffles.
        device: where batches are returned.
        rank: the number of this process, from 0.
        world_size: the number of processes.
    """

    split: Split
    seed: int
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    rank: int = 0
    world_size: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world_size:
            raise WganError(f"rank {self.rank} of {self.world_size}: ranks count from 0")

    def rows(self, draw: int, batch: int) -> Int64[np.ndarray, " k"]:
        """Return the row numbers that this rank reads at a draw.

        Args:
            draw: the number of the batch, from 0.
            batch: samples of the batch over all ranks.

        Raises:
            WganError: a batch that cannot be divided among the ranks.
        """
        if batch % self.world_size:
            raise WganError(
                f"a batch of {batch} cannot be divided among {self.world_size} ranks: choose a"
                " multiple"
            )
        part = batch // self.world_size
        at_once = max(1, min(BLOCK, EPOCHS * self.split.n_train) // part)
        block, within = divmod(draw, at_once)
        if (batch, block) not in self._blocks:
            while len(self._blocks) >= KEPT_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            draws = block * at_once + np.arange(at_once, dtype=np.int64)
            slots = np.arange(self.rank * part, (self.rank + 1) * part, dtype=np.int64)
            self._blocks[batch, block] = self.split.in_order(self.seed, draws, slots, batch)
        return self._blocks[batch, block][within].copy()

    @cached_property
    def _blocks(self) -> dict[tuple[int, int], Int64[np.ndarray, "draws k"]]:
        """The rows of the blocks that were read last, by batch size and number of the block."""
        return {}

    def __call__(self, draw: int, batch: int) -> Float[Tensor, "k *shape"]:
        """Return this rank's samples of `draw`, encoded, on the device."""
        return self.samples(self.rows(draw, batch))

    def samples(self, rows: Int64[np.ndarray, " k"]) -> Float[Tensor, "k *shape"]:
        """Return the samples of these rows, encoded, on the device."""
        codec = self.split.dataset.codec
        if self._resident is not None:
            return codec.unpack(self._resident[torch.from_numpy(rows).to(self.device)])
        return codec.unpack(_single(codec.pack(self.split.dataset.rows[rows])).to(self.device))

    def labels(self, rows: Int64[np.ndarray, " k"]) -> Int64[Tensor, " k"]:
        """Return the classes of these rows, on the device."""
        assert self.split.dataset.labels is not None
        return torch.from_numpy(self.split.dataset.labels[rows]).to(self.device)

    @cached_property
    def _resident(self) -> Tensor | None:
        """All packed samples on the device; None if they are too large."""
        if not self.split.may_be_resident:
            return None
        rows = self.split.dataset.rows
        codec = self.split.dataset.codec
        like = _single(codec.pack(rows[:1]))
        if len(self.split.dataset) * like.numel() * like.element_size() > RESIDENT_BYTES:
            return None
        packed = torch.empty((rows.shape[0], *like.shape[1:]), dtype=like.dtype, device=self.device)
        for start, piece in chunks(rows):
            packed[start : start + len(piece)] = _single(codec.pack(piece))
        return packed


def _single(packed: Tensor) -> Tensor:
    """Return double precision, which tables are packed in, as the single that networks read."""
    return packed.float() if packed.dtype == torch.float64 else packed
