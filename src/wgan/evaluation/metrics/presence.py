"""Presence of values in a series: its length, and the share of its values that are missing."""

from typing import Any

import numpy as np
from scipy.stats import wasserstein_distance

from wgan.evaluation.metric import LOW, Comparison, Metric, Reference


def missing_shares(codec: Any, raw: np.ndarray) -> np.ndarray:
    """Return the share of missing values of each channel, before the ends of the series.

    Args:
        codec: the codec of the series.
        raw: series as they are stored.
    """
    there = ~np.isnan(codec.in_channels(raw))
    return np.asarray(1 - there.sum(axis=(0, 1)) / codec.alive(raw).sum())


def _lengths(c: Comparison[Reference]) -> float | None:
    """Return W1 between the lengths; None where all series have one length."""
    codec: Any = c.reference.split.dataset.codec
    if not codec.ends:
        return None
    return float(wasserstein_distance(codec.lengths(c.raw), codec.lengths(c.reference.held_out)))


def _missing(c: Comparison[Reference]) -> float | None:
    """Return the mean difference of the shares over channels with missing values."""
    codec: Any = c.reference.split.dataset.codec
    if not codec.masked:
        return None
    x, y = (missing_shares(codec, raw) for raw in (c.raw, c.reference.held_out))
    return float(np.abs(x - y)[list(codec.masked)].mean())


LENGTHS = Metric("length-w1", "W1 of the lengths", "steps", LOW, _lengths)
MISSING = Metric("missing-share", "missing values, difference of shares", "%", LOW, _missing)
