"""Metrics, and the sets of samples that they compare."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float

from wgan.base.intervals import Mean
from wgan.data import Split
from wgan.evaluation.features.maps import Features

LOW = "low is good"
HIGH = "high is good"
Measured: TypeAlias = float | Mean | None
Value = TypeVar("Value")
AnyReference = TypeVar("AnyReference", bound="Reference")


class Memo:
    """Remembers values that several metrics need, so that each is computed once."""

    @cached_property
    def _known(self) -> dict[Callable[[Any], Any], Any]:
        return {}

    def once(self, compute: Callable[[Any], Value]) -> Value:
        """Return `compute(self)`, computed at the first request."""
        if compute not in self._known:
            self._known[compute] = compute(self)
        value: Value = self._known[compute]
        return value


@dataclass(frozen=True)
class Pool:
    """Raw samples that are read in parts, since all of them may not fit into memory.

    Args:
        read: maps a first place and one after the last to the samples there.
        n: how many samples there are.
    """

    read: Callable[[int, int], np.ndarray]
    n: int

    def parts(self, most: int) -> Iterator[np.ndarray]:
        """Yield all samples in turn, at most this many at once."""
        return (self.read(i, min(i + most, self.n)) for i in range(0, self.n, most))


@dataclass(frozen=True)
class Neighbours:
    """Raw samples in which the nearest neighbours of others are looked up."""

    train: Pool
    held_out: Pool


@dataclass(frozen=True, eq=False, kw_only=True)
class Reference(Memo):
    """Real samples that each set is compared with, and the settings of the comparison.

    Args:
        split: the data, in two parts.
        n: samples in a set.
        held_out: raw held-out samples.
        seed: random seed of projections, folds and models.
        features: maps raw samples to features.
        neighbours: training and held-out samples, for metrics of copying.
        limits: the most samples of a set that a metric takes, by its name; others take all `n`.
        against: a name for `held_out`, where they are not the split's own.
    """

    split: Split
    n: int
    held_out: np.ndarray
    seed: int
    features: Features
    neighbours: Neighbours
    limits: Mapping[str, int]
    against: str = ""

    @cached_property
    def held_out_features(self) -> Float[np.ndarray, "n d"]:
        """Features of the held-out samples."""
        return self.features(self.held_out)

    def measure(self, raw: np.ndarray) -> Float[np.ndarray, "n d"]:
        """Return the coordinates in which distances are taken."""
        return self.split.dataset.codec.measure(raw)

    def most(self, metric: str) -> int:
        """Return how many samples of a set a metric of that name takes."""
        return min(self.n, self.limits.get(metric, self.n))


@dataclass(frozen=True, eq=False)
class Comparison(Memo, Generic[AnyReference]):
    """One set of samples and the reference that it is compared with.

    Args:
        reference: real samples.
        drawn: raw samples, at least `reference.n`.
        what: a name of the set for messages.
        conditional: of a generated set of rows: maps levels by the name of their column, and a
            number, to as many fresh rows that have them; None where the generator takes none.
    """

    reference: AnyReference
    drawn: np.ndarray
    what: str
    conditional: Callable[[Mapping[str, str], int], np.ndarray] | None = None

    @property
    def raw(self) -> np.ndarray:
        """The set: the first `reference.n` of the samples."""
        return self.drawn[: self.reference.n]

    @cached_property
    def features(self) -> Float[np.ndarray, "n d"]:
        """Features of the set."""
        return self.reference.features(self.raw)


def nothing(reference: Reference) -> str:
    """Return no name: the metric is taken on the data's own coordinates."""
    return ""


def features_name(reference: Reference) -> str:
    """Return the name of the features that a metric is taken on."""
    return reference.features.name


@dataclass(frozen=True)
class Metric:
    """A figure of one set of samples, with its unit and how it is read.

    Args:
        name: the name in files, such as `frechet`.
        title: the name for people.
        unit: the unit; `%` for shares, which are shown times 100.
        read: how to read it: `low is good`, `high is good`, or other words.
        measure: the value of one comparison. A `Mean` also states the least half-width of the
            interval over sets. None means that the data have no such figure.
        of: the name of the features or of the column that it is taken on; empty for coordinates.
        count: samples that it takes, where these may be more than a set has.
        floor: the value on real samples, where it is not the mean over sets of training samples.
        ceiling: the value on broken samples, where it is not that of the set of broken samples.
    """

    name: str
    title: str
    unit: str
    read: str
    measure: Callable[[Any], Measured]
    of: Callable[[Any], str] = nothing
    count: Callable[[Any], int] | None = None
    floor: Callable[[Any], Measured] | None = None
    ceiling: Callable[[Any], Measured] | None = None

    def samples(self, reference: Reference) -> int:
        """Return how many samples of a set the metric takes."""
        return self.count(reference) if self.count else reference.most(self.name)
