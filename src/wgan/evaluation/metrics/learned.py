"""Kernel distance of pictures on features that are learned from the training ones, without labels.

The features are those of `wgan.evaluation.features.patches`. How a figure reads in words says
`wgan.evaluation.learned_words`.
"""

import numpy as np

from wgan.evaluation.features.maps import Features
from wgan.evaluation.features.patches import learned
from wgan.evaluation.metric import LOW, Comparison, Metric, Reference
from wgan.evaluation.metrics.frechet import kernel_distance


def _features(reference: Reference) -> Features:
    return Features(reference.split.dataset.codec, learned(reference.split))


def _held_out(reference: Reference) -> np.ndarray:
    """Return the features of the held-out pictures, which all sets are compared with."""
    return reference.once(_features)(reference.held_out)


def _kernel(c: Comparison[Reference]) -> float | None:
    """Return the figure; none where the user gave a map, on which the other figures then are."""
    if c.reference.features.map is not None:
        return None
    features = c.reference.once(_features)
    return kernel_distance(features(c.raw), c.reference.once(_held_out))


def _name(reference: Reference) -> str:
    return reference.once(_features).name


LEARNED = Metric("kernel-learned", "kernel distance, learned", "", LOW, _kernel, _name)
