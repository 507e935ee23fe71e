"""Sets of rows beside the real rows of a table, without the models that an evaluation trains."""

import numpy as np
import pandas as pd

from wgan.data.tables.frames import from_frame
from wgan.evaluation import EvaluationOptions
from wgan.evaluation.metric import Comparison
from wgan.evaluation.tables import TABLES

TARGET = "y"


def reference_of(frame, held_out=0.3):
    """Return the reference of a table; a column `y` is added, which models may predict."""
    random = np.random.default_rng(99)
    frame = frame.assign(**{TARGET: random.normal(size=len(frame)).round(9)})
    split = from_frame(frame).split(held_out)
    return TABLES.reference(split, EvaluationOptions(target=TARGET))


def place(reference, name):
    """Return the place of a column."""
    return [column.name for column in reference.columns].index(name)


def damaged(reference, name=None, change=None, conditional=None):
    """Return the training rows as a set of generated ones, with a column changed by a function."""
    rows = reference.train.copy()
    if name is not None:
        i = place(reference, name)
        rows[:, i] = change(rows[:, i])
    return Comparison(reference, rows, "generated", conditional)


def measured(metric, comparison):
    """Return the value of a metric, its floor and its ceiling."""
    reference = comparison.reference
    real = Comparison(reference, reference.train, "real")
    broken = Comparison(reference, reference.shuffled, "broken")
    floor = metric.floor(reference) if metric.floor else metric.measure(real)
    ceiling = metric.ceiling(reference) if metric.ceiling else metric.measure(broken)
    return metric.measure(comparison), floor, ceiling


def frame_of(**columns):
    """Return a table of these columns."""
    return pd.DataFrame(columns)
