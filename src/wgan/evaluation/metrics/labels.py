"""Agreement of conditional samples with the class that was requested.

A sample's class is that of the nearest training sample, so no network is needed. The classifier is
the nearest-neighbour rule of Cover and Hart (1967). Its agreement on real held-out samples says how
good a judge it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from sklearn.neighbors import KNeighborsClassifier

from wgan.data import Split

# Training samples that the rule knows: more cost time in proportion, and help it little.
MOST_KNOWN = 10_000
# 512 MiB of coordinates in float64, so that large images fit into the memory of a laptop.
MOST_BYTES = 2**29


@dataclass(frozen=True)
class LabelAgreement:
    """Share of samples whose nearest training sample is of the requested class.

    Attributes:
        generated: share of `n` generated samples.
        real: share of `n` held-out samples, with their own classes.
        n: samples of each.
    """

    generated: float
    real: float
    n: int


def nearest_labels(split: Split, least: int) -> Callable[[np.ndarray], Int64[np.ndarray, " n"]]:
    """Return a function of raw samples to the class of the nearest training sample.

    Distances are Euclidean, in the coordinates of `codec.measure`. The function knows at most
    10,000 training samples and 512 MiB.

    Args:
        split: data with labels.
        least: training samples that it knows whatever their size.
    """
    dataset = split.dataset
    assert dataset.labels is not None
    measure = dataset.codec.measure
    fit = MOST_BYTES // (8 * int(np.prod(dataset.shape)))
    rows = split.train_rows(np.arange(min(split.n_train, MOST_KNOWN, max(least, fit))))
    known = measure(dataset.rows[rows])
    # Distances are computed from lengths, whose rounding would hide them far from the origin.
    centre = np.median(known, axis=0)
    classifier = KNeighborsClassifier(n_neighbors=1)
    classifier.fit(known - centre, dataset.labels[rows])
    return lambda raw: classifier.predict(measure(raw) - centre).astype(np.int64)


def label_agreement(
    of_classes: Callable[[np.ndarray], np.ndarray], split: Split, n: int
) -> LabelAgreement:
    """Return how often samples of the requested classes are recognised as such.

    Args:
        of_classes: maps class numbers to one raw sample each.
        split: data with labels.
        n: held-out samples, whose classes are requested.
    """
    classify = nearest_labels(split, n)
    rows = split.held_out_rows(np.arange(n))
    assert split.dataset.labels is not None
    y = split.dataset.labels[rows]
    generated = float((classify(of_classes(y)) == y).mean())
    real = float((classify(split.dataset.rows[rows]) == y).mean())
    return LabelAgreement(generated, real, n)
