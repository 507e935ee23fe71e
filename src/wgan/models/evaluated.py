"""Evaluation of a model: its figures on held-out data, and how many rows were drawn again."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wgan.base.progress import Progress, silent
from wgan.base.seeding import derive
from wgan.data import Split
from wgan.evaluation import Evaluation, EvaluationOptions, OwnMetric, evaluate
from wgan.models.conditioned import conditional_sampler
from wgan.models.model import Model

PURPOSE = "evaluation"
"""Name of the stream of random numbers for generated samples."""


def evaluate_model(
    model: Model,
    split: Split,
    options: EvaluationOptions,
    seed: int,
    metrics: Sequence[OwnMetric] = (),
    progress: Progress = silent,
) -> Evaluation:
    """Return all figures of a model.

    If the data have rules, the details have `redrawn`. It is the share of the generated rows of all
    sets that broke a rule and were drawn again.

    Args:
        model: the model.
        split: the data that it was trained on.
        options: as in `evaluate`.
        seed: random seed of generated samples.
        metrics: metrics of your own.
        progress: listener to each measurement.

    Raises:
        WganError: options that do not fit the data, or as `evaluate`.
    """
    counts = []

    def sample(n: int, draw: int) -> np.ndarray:
        drawn = model.draw(n, derive(seed, PURPOSE, draw))
        counts.append((n, drawn.redrawn))
        return drawn.raw

    conditional = conditional_sampler(model, seed, PURPOSE)
    evaluation = evaluate(sample, split, options, metrics, progress, conditional)
    if not model.codec.rules:
        return evaluation
    rows, redrawn = np.sum(counts, axis=0).tolist()
    return replace(evaluation, details=evaluation.details | {"redrawn": redrawn / rows})
