"""Does a generator that was asked for a class make that class? Judged by the nearest training
sample, no network needed.

The classifier is the nearest-neighbour rule of Cover and Hart (1967); real held-out samples, judged
alike, say how good a judge it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from sklearn.neighbors import KNeighborsClassifier

from wgan.data import Split

JUDGES, JUDGE_BYTES = 10_000, 2**29


@dataclass(frozen=True)
class LabelAgreement:
    """`generated` is the share of `n` generated samples whose nearest training sample is of the
    class asked for; `real`: of held-out ones.
    """

    generated: float
    real: float
    n: int


def nearest_labels(split: Split, least: int) -> Callable[[np.ndarray], Int64[np.ndarray, " n"]]:
    """Return a judge of stored samples: the class of the nearest training sample (Euclidean, as
    distances are measured).

    It knows at most 10,000 training samples and 512 MiB, but `least` in any case.
    """
    dataset = split.dataset
    assert dataset.labels is not None
    measure = dataset.codec.measure
    places = np.arange(
        min(split.n_train, JUDGES, max(least, JUDGE_BYTES // (8 * int(np.prod(dataset.shape)))))
    )
    rows = split.train_rows(places)
    judge = KNeighborsClassifier(n_neighbors=1).fit(
        measure(dataset.rows[rows]), dataset.labels[rows]
    )
    return lambda raw: judge.predict(measure(raw)).astype(np.int64)


def label_agreement(
    of_classes: Callable[[np.ndarray], np.ndarray], split: Split, n: int
) -> LabelAgreement:
    """Return how often samples made for the classes of `n` held-out ones are judged to be of them,
    and how often those are themselves.

    `of_classes` maps class numbers to one raw sample each.
    """
    judge, rows = nearest_labels(split, n), split.held_out_rows(np.arange(n))
    assert split.dataset.labels is not None
    y = split.dataset.labels[rows]
    generated, real = (
        float((judge(raw) == y).mean()) for raw in (of_classes(y), split.dataset.rows[rows])
    )
    return LabelAgreement(generated, real, n)
