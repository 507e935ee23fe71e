"""What can be had cheaply in many dimensions? Distances of shadows on lines: their mean, and the
largest found.

Both are at most the exact distance, and equal it in one dimension. Rabin et al. (2011); Deshpande
et al. (2019).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from wgan.base.errors import WganError
from wgan.distances.line import quantile_pairs
from wgan.distances.samples import check_dimensions, weighted_samples

Samples = tuple[np.ndarray, np.ndarray]
"""Samples `[n, d]` and their weights `[n]`."""


@dataclass(frozen=True)
class Sliced:
    """A sliced distance, its Monte-Carlo standard error (0 in one dimension), and the number of
    directions.
    """

    value: float
    standard_error: float
    directions: int


def sliced_wasserstein(
    x: ArrayLike,
    y: ArrayLike,
    p: float = 2.0,
    directions: int = 500,
    seed: int = 0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> Sliced:
    """Return the sliced Wasserstein distance SW_p: the p-mean over directions of the distance of
    projections.

    SW_p(x, y) = (E over unit theta of W_p(<theta, x>, <theta, y>)^p)^(1/p), by Monte Carlo over
    uniform directions.

    Args:
        x: samples `[n, d]`, in any unit.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or more.
        directions: how many are drawn.
        seed: names them.
        x_weights: weights `[n]`; none: equal.
        y_weights: weights `[m]`; none: equal.

    Returns:
        The distance in the unit of the samples, with the standard error that the drawn directions
        leave (delta method).

    Raises:
        WganError: as `wasserstein`, or fewer than 2 directions.

    Source: Rabin et al. (2011), section 2.3; Bonneel et al. (2015), definition 2.

    >>> round(sliced_wasserstein([[0.0]], [[3.0]]).value, 6)
    3.0
    """
    if not (p >= 1 and np.isfinite(p)) or directions < 2:
        raise WganError(
            f"order p = {p!r}, directions = {directions!r}: choose p of 1 or more, and 2 directions"
            " or more"
        )
    a, b = _pair(x, y, x_weights, y_weights)
    theta = np.random.default_rng(seed).standard_normal((directions, a[0].shape[1]))
    theta /= np.linalg.norm(theta, axis=1, keepdims=True)
    scale = max(np.abs(s[0]).max() for s in (a, b)) or 1.0  # so that a high power does not overflow
    a, b = (a[0] / scale, a[1]), (b[0] / scale, b[1])
    powers = np.array([_power(a, b, direction, p) for direction in theta])
    mean = powers.mean()
    value = float(mean ** (1 / p) * scale)
    error = powers.std(ddof=1) / np.sqrt(directions)
    return Sliced(value, float(value / (p * mean) * error) if mean > 0 else 0.0, directions)


def max_sliced_wasserstein(
    x: ArrayLike,
    y: ArrayLike,
    starts: int = 20,
    steps: int = 100,
    seed: int = 0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """Return the largest W_2 of projections that was found: a lower bound on the max-sliced, and so
    on the exact, distance.

    max over unit theta of W_2(<theta, x>, <theta, y>), by ascent: pair the samples along theta,
    then take the main axis of the paired differences, which never lowers the value. The best of
    `starts` starts is returned.

    Args:
        x: samples `[n, d]`, in any unit.
        y: samples `[m, d]`, in the same unit.
        starts: the difference of the means, the coordinate axes and random directions, in this
            order.
        steps: ascent steps at most from each.
        seed: names the random directions.
        x_weights: weights `[n]`; none: equal.
        y_weights: weights `[m]`; none: equal.

    Returns:
        The distance in the unit of the samples.

    Raises:
        WganError: as `wasserstein`, or fewer than 1 start or step.

    Source: Deshpande et al. (2019), definition 1 and section 4.

    >>> round(max_sliced_wasserstein([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]]), 6)
    3.0
    """
    if starts < 1 or steps < 1:
        raise WganError(f"starts = {starts!r}, steps = {steps!r}: choose 1 or more of each")
    a, b = _pair(x, y, x_weights, y_weights)
    d = a[0].shape[1]
    rng = np.random.default_rng(seed)
    directions = np.concatenate(
        [[a[1] @ a[0] - b[1] @ b[0]], np.eye(d), rng.standard_normal((starts, d))]
    )
    candidates = directions[np.linalg.norm(directions, axis=1) > 0][:starts]
    return max(_ascend(a, b, c / np.linalg.norm(c), steps) for c in candidates)


def _ascend(a: Samples, b: Samples, theta: Float[np.ndarray, " d"], steps: int) -> float:
    best = -1.0
    for _ in range(steps):
        masses, i, j = quantile_pairs(a[0] @ theta, a[1], b[0] @ theta, b[1])
        differences = (a[0][i] - b[0][j]) * np.sqrt(masses)[:, None]
        value = float(np.linalg.norm(differences @ theta))
        if value <= best * (1 + 1e-12):
            break
        best = value
        theta = np.linalg.eigh(differences.T @ differences)[1][:, -1]
    return best


def _power(a: Samples, b: Samples, theta: Float[np.ndarray, " d"], p: float) -> float:
    x, y = a[0] @ theta, b[0] @ theta
    masses, i, j = quantile_pairs(x, a[1], y, b[1])
    return float(masses @ np.abs(x[i] - y[j]) ** p)


def _pair(
    x: ArrayLike, y: ArrayLike, x_weights: ArrayLike | None, y_weights: ArrayLike | None
) -> tuple[Samples, Samples]:
    a, b = weighted_samples(x, x_weights, "x"), weighted_samples(y, y_weights, "y")
    check_dimensions(a[0], b[0])
    middle = a[0].mean(axis=0)
    return (a[0] - middle, a[1]), (b[0] - middle, b[1])
