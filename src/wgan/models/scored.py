"""Score of a model on samples that it was not trained on: higher is better."""

import numpy as np
from jaxtyping import Int64

from wgan.base.errors import WganError
from wgan.base.seeding import derive, numpy_generator
from wgan.distances import wasserstein
from wgan.evaluation.held_out import REPEATS, SAMPLES
from wgan.models.model import Model

PURPOSE = "score"
"""The stream of random numbers that generated samples are drawn from."""


def score_model(
    model: Model, raw: np.ndarray, seed: int, labels: Int64[np.ndarray, " n"] | None = None
) -> float:
    """Return minus the exact W1 between samples and as many generated ones, the mean of five sets.

    Of more than 1,000 samples, 1,000 are drawn at random. With labels, samples are transported
    within their class: the mean of the classes' W1, each weighted by its share of the samples.
    Even a perfect generator has a score below zero, since samples are finite. So scores compare
    models on the same samples.

    Args:
        model: the model.
        raw: samples `[n, *raw_shape]`.
        seed: random seed of generated samples, and of the choice of samples.
        labels: the class number of each sample, for a model of classes.

    Raises:
        WganError: no sample, or samples of another shape or type than the data.
    """
    model.codec.check(raw)
    if len(raw) == 0:
        raise WganError("no sample to score: give at least one")
    if len(raw) > SAMPLES:
        chosen = numpy_generator(seed, PURPOSE, "choice").permutation(len(raw))[:SAMPLES]
        raw = raw[np.sort(chosen)]
        labels = None if labels is None else labels[np.sort(chosen)]
    measure = model.codec.measure
    real = measure(raw)
    classes = [np.arange(len(raw))]
    if labels is not None:
        classes = [np.flatnonzero(labels == number) for number in np.unique(labels)]
    total = 0.0
    for draw in range(REPEATS):
        if labels is None:
            generated = model.sampler(seed, PURPOSE, rules=False)(len(raw), draw)
        else:
            generated = model.sample(len(raw), derive(seed, PURPOSE, draw), labels)
        fake = measure(generated)
        total += sum(len(rows) * wasserstein(fake[rows], real[rows]) for rows in classes)
    return -total / (REPEATS * len(raw))
