"""Data sets: samples by row number, and a split that a random seed fixes."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.data.codec import Codec
from wgan.data.shuffle import shuffled
from wgan.data.storage import Rows
from wgan.data.toys import Toy

MIN_SAMPLES = 10
"""Samples of the smallest data set: a fifth of it, held out, is still two samples."""
MAX_CLASSES = 10_000
"""Most classes: more labels are likely numbers or names of the samples."""
MOST_EXACT = 2**53
"""Whole numbers below this are exact in double precision, which has a mantissa of 53 bits."""
WHOLE = re.compile(r"-?(0|[1-9][0-9]*)(\.0*)?")
"""Form of a whole number. A code with leading zeros, such as 007, is a name."""


@dataclass(frozen=True)
class Dataset:
    """Samples of one shape, with the codec that turns them into network input.

    Attributes:
        name: what messages call the data set.
        rows: the raw samples, in memory or in a file.
        codec: how samples become network input.
        fingerprint: a hash of the contents; a run refuses to continue with other data.
        labels: `[n]` class numbers, where the source has classes.
        classes: the names of the classes.
        shares: `[k]` true frequencies of the classes, where they are known beyond the samples.
        toy: the distribution that the samples are drawn from, if it is a toy.
        groups: `[n]` number of each sample's group, such as windows that overlap. A split holds out
            whole groups; None: each sample is a group.
    """

    name: str
    rows: Rows
    codec: Codec
    fingerprint: str
    labels: Int64[np.ndarray, " n"] | None = None
    classes: tuple[str, ...] = ()
    shares: Float[np.ndarray, " k"] | None = None
    toy: Toy | None = None
    groups: Int64[np.ndarray, " n"] | None = None

    def __len__(self) -> int:
        return self.rows.shape[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample as a network sees it: `(d,)`, or `(channels, height, width)`."""
        return self.codec.shape

    def encode(self, raw: np.ndarray) -> Float[Tensor, "n *shape"]:
        """Return stored samples as network input."""
        return self.codec.unpack(self.codec.pack(raw))

    def decode(self, x: Float[Tensor, "n *shape"]) -> np.ndarray:
        """Return network output as stored samples: the inverse of `encode`, up to rounding."""
        return self.codec.decode(x)

    def with_labels(self, values: Any, name: str = "labels") -> "Dataset":
        """Return the data set with a class for each sample.

        Equal values are one class, which the value names. Classes are in sorted order.

        Args:
            values: `[n]` whole numbers, booleans or text.
            name: what messages call them.

        Raises:
            WganError: another number of labels than samples, fractions, one class, or more than
                10,000.
        """
        classes, labels = np.unique(class_values(values, len(self), name), return_inverse=True)
        if not 2 <= len(classes) <= MAX_CLASSES:
            raise WganError(
                f"{name}: {len(classes)} different label(s): give 2 to {MAX_CLASSES} classes, or"
                " leave the labels out"
            )
        return replace(
            self, labels=labels.astype(np.int64), classes=tuple(map(str, classes.tolist()))
        )

    @property
    def origin(self) -> list[str]:
        """Sentences on what was read, if the source's name does not say it."""
        return []

    def split(self, held_out: float = 0.2, seed: int = 0) -> "Split":
        """Return the split, once made, with the codec fitted to its training samples alone.

        Args:
            held_out: share of the samples that is held out.
            seed: random seed; the same seed gives the same split.

        Raises:
            WganError: fewer than 10 samples, a share outside (0, 1), or training samples alike.
        """
        if (key := (held_out, seed)) not in self._splits:
            codec = self._fitted(self._divided(held_out, seed))
            split = replace(self, codec=codec)._divided(held_out, seed)
            self._splits[key] = split.dataset._splits[key] = split
        return self._splits[key]

    def _divided(self, held_out: float, seed: int) -> "Split":
        """Return a split, for any fit of the codec."""
        return Split(self, held_out, seed)

    def _fitted(self, split: "Split") -> Codec:
        """Return the codec fitted to the training samples of a split."""
        return self.codec.fitted(self.rows, split.is_train())

    @property
    def at_hand(self) -> Rows:
        """Samples that are looked at as a whole: all of them, or those that need no reading."""
        return self.rows

    @cached_property
    def _splits(self) -> dict[tuple[float, int], "Split"]:
        return {}


def class_values(values: Any, n: int, name: str = "labels") -> np.ndarray:
    """Return the labels of samples in one form: whole numbers where all are, otherwise text.

    Args:
        values: `[n]` or `[n, 1]` labels of any type, as an array, tensor or sequence.
        n: the number of samples.
        name: what messages call the labels.

    Raises:
        WganError: another number of labels, fractions, or a sample without a label.
    """
    array = np.asarray(values.detach().cpu().tolist() if isinstance(values, Tensor) else values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind in "mc":
        raise WganError(
            f"{name}: labels of type {array.dtype}: a class is a whole number or a name"
        )
    if array.dtype.kind == "M":
        array = np.where(np.isnat(array), "", array.astype(str))
    if array.shape != (n,):
        raise WganError(
            f"{name}: labels of shape {array.shape}, and {n} samples: give one label for each"
            " sample, in their order"
        )
    labels = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for value in array.tolist()
    ]
    for i, value in enumerate(labels):
        # Only NaN differs from itself.
        if value is None or value != value or value == "":
            raise WganError(
                f"{name}: sample {i + 1} has no label: give each one, or leave such samples out"
            )
    text = [str(value) for value in labels]
    if array.dtype.kind == "f" and (np.abs(array).max() >= MOST_EXACT or (array % 1).any()):
        raise WganError(
            f"{name}: labels that are not all whole numbers: a class is a whole number or a name"
        )
    if all(WHOLE.fullmatch(value) and abs(float(value)) < MOST_EXACT for value in text):
        return np.array([int(float(value)) for value in text])
    return np.array(text)


@dataclass(frozen=True)
class Split:
    """A split: a random part of the samples is held out and never trained on.

    Which part it is depends on the random seed and the number of samples alone. If the samples have
    groups, whole groups are held out, nearest to the share.

    Attributes:
        dataset: the samples.
        held_out: share of them that is held out.
        seed: random seed of the split.
        watched: samples of that part that a training is watched by: its last ones, which then do
            not count as held out.
    """

    dataset: Dataset
    held_out: float
    seed: int
    watched: int = 0

    may_be_resident: ClassVar[bool] = True
    """Whether all samples may be held on the device, if they are few."""

    def __post_init__(self) -> None:
        n = len(self.dataset)
        if n < MIN_SAMPLES:
            raise WganError(
                f"{self.dataset.name}: {n} sample(s), at least {MIN_SAMPLES} are needed to train"
                " and hold some out"
            )
        if not 0 < self.held_out < 1:
            raise WganError(
                f"data.held_out = {self.held_out}: give a share between 0 and 1, such as 0.2"
            )

    @cached_property
    def n_apart(self) -> int:
        """Number of samples that are not trained on: at least one, and never all."""
        n = len(self.dataset)
        target = min(max(1, round(n * self.held_out)), n - 1)
        if self.dataset.groups is None:
            return target
        ends = np.cumsum(self._groups[1])[:-1]
        return int(ends[np.abs(ends - target).argmin()])

    @cached_property
    def _groups(self) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " g"]]:
        """The rows group by group, in a random order of groups, and the size of each group."""
        assert self.dataset.groups is not None
        names, of, sizes = np.unique(self.dataset.groups, return_inverse=True, return_counts=True)
        if len(names) < 2:
            raise WganError(f"{self.dataset.name}: one group of samples cannot be split")
        order = numpy_generator(self.seed, "split", "groups").permutation(len(names))
        rank = np.empty(len(names), dtype=np.int64)
        rank[order] = np.arange(len(names))
        return np.argsort(rank[of], kind="stable"), sizes[order]

    @cached_property
    def _rows(self) -> Int64[np.ndarray, " n"]:
        """Row numbers by place, where samples have groups: held out, watched, for training."""
        rows = self._groups[0].copy()
        random = numpy_generator(self.seed, "split", "rows")
        for part in np.split(rows, [self.n_held_out, self.n_apart]):
            part[:] = random.permutation(part)
        return rows

    def _at(self, places: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
        """Return row numbers by place."""
        if self.dataset.groups is not None:
            return self._rows[places]
        return shuffled(places, len(self.dataset), self.seed, "split")

    @property
    def n_held_out(self) -> int:
        """Number of held-out samples; at places from there to n_apart - 1 are the watched ones."""
        return self.n_apart - self.watched

    @property
    def n_train(self) -> int:
        """Number of training samples."""
        return len(self.dataset) - self.n_apart

    def train_rows(self, places: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
        """Return the row numbers of the training samples at `places` in 0..n_train-1."""
        return self._at(places + self.n_apart)

    def held_out_rows(self, places: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
        """Return the row numbers of the held-out samples at `places` in 0..n_held_out-1."""
        return self._at(places)

    @property
    def n_at_hand(self) -> int:
        """Number of training samples, the first ones, that are looked up without much reading."""
        return self.n_train

    def in_order(
        self, seed: int, draws: Int64[np.ndarray, " d"], slots: Int64[np.ndarray, " s"], batch: int
    ) -> Int64[np.ndarray, "d s"]:
        """Return the rows of some slots of batches, which follow each other through the epochs.

        Args:
            seed: random seed of the order.
            draws: rising numbers of the batches.
            slots: numbers of samples in a batch.
            batch: samples of a batch.
        """
        places = (draws * batch)[:, None] + slots
        epochs, within = np.divmod(places, self.n_train)
        order = np.empty(places.shape, dtype=np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            order[here] = shuffled(within[here], self.n_train, seed, "epoch", int(epoch))
        return self.train_rows(order.ravel()).reshape(order.shape)

    def is_train(self) -> Bool[np.ndarray, " n"]:
        """Return which samples are for training."""
        chosen = np.ones(len(self.dataset), dtype=bool)
        chosen[self.held_out_rows(np.arange(self.n_apart))] = False
        return chosen

    def train_labels(self) -> Int64[np.ndarray, " n"]:
        """Return the `[n_train]` classes of training samples, in the split's random order.

        Raises:
            WganError: a class without a training sample.
        """
        assert self.dataset.labels is not None
        return self._with_all_classes(self.dataset.labels[self.train_rows(np.arange(self.n_train))])

    def _with_all_classes(self, labels: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Return the classes of training samples, and refuse a class that is not among them."""
        absent = np.setdiff1d(np.arange(len(self.dataset.classes)), labels)
        if len(absent):
            name = self.dataset.classes[absent[0]]
            raise WganError(
                f"{self.dataset.name}: no sample of class {name} fell into the training part: drop"
                " the class, or add samples to it"
            )
        return labels

    def train_sample(self, start: int, stop: int) -> np.ndarray:
        """Return raw training samples at places start..stop-1 of the split's random order."""
        return self.dataset.rows[self.train_rows(np.arange(start, stop))]

    def held_out_sample(self, start: int, stop: int) -> np.ndarray:
        """Return raw held-out samples at places start..stop-1 of the split's random order."""
        return self.dataset.rows[self.held_out_rows(np.arange(start, stop))]
