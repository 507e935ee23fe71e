"""Does a generator that was asked for a class make that class? Judged by the nearest training sample, no network needed.

The classifier is the nearest-neighbour rule of Cover and Hart (1967); real held-out samples, judged alike, say how good a judge it is.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from sklearn.neighbors import KNeighborsClassifier


@dataclass(frozen=True)
class LabelAgreement:
    """`generated` is the share of `n` generated samples whose nearest training sample is of the class asked for; `real`: of held-out ones."""

    generated: float
    real: float
    n: int


def nearest_label_share(
    x: Float[np.ndarray, "n d"],
    y: Int64[np.ndarray, " n"],
    train: Float[np.ndarray, "m d"],
    train_labels: Int64[np.ndarray, " m"],
) -> float:
    """Return the share of samples whose nearest training sample (Euclidean) has their label.

    >>> nearest_label_share(np.array([[0.1], [0.9]]), np.array([0, 0]), np.array([[0.0], [1.0]]), np.array([0, 1]))
    0.5
    """
    judge = KNeighborsClassifier(n_neighbors=1).fit(train, train_labels)
    return float((judge.predict(x) == y).mean())
