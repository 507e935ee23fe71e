"""Sliced Wasserstein distances: the mean and the largest distance of projections on lines.

Both are at most the exact distance, and equal it in one dimension. References: Rabin et al.,
"Wasserstein barycenter and its application to texture mixing" (2011); Deshpande et al.,
"Max-sliced Wasserstein distance and its use for GANs" (2019).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.matching import matched
from wgan.base.numbers import ArrayLike, check_count, check_number
from wgan.distances.line import power_mean, quantile_pairs
from wgan.distances.samples import (
    Samples,
    centred_pair,
    check_dimensions,
    in_unit,
    seeded_generator,
    weighted_samples,
)

STARTS = 20
"""Default starts of the ascent: more find larger maxima, in proportionally more time."""

GAIN = 1e-12
"""Smallest relative gain of an ascent step; below it only rounding is left."""


@dataclass(frozen=True)
class Sliced:
    """A sliced distance in the unit of the samples, and its Monte-Carlo standard error.

    The error is 0 in one dimension. `directions` counts the lines that were drawn.
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
    """Return the sliced Wasserstein distance SW_p, the p-mean of the distances of projections.

    SW_p(x, y) = (E over unit theta of W_p(<theta, x>, <theta, y>)^p)^(1/p), by Monte Carlo over
    uniform directions.

    Args:
        x: samples `[n, d]`, in any unit.
        y: samples `[m, d]`, in the same unit.
        p: the order, 1 or more.
        directions: how many are drawn, 2 or more; the standard error falls as their square root.
        seed: random seed of the directions; the same seed gives the same result.
        x_weights: weights `[n]`; None: equal.
        y_weights: weights `[m]`; None: equal.

    Returns:
        The distance in the unit of the samples, with its standard error (delta method).

    Raises:
        WganError: as `wasserstein`; an order below 1; or fewer than 2 directions.

    See also:
        max_sliced_wasserstein: the largest distance of projections.
        wasserstein: the exact distance in all dimensions.

    Reference: Rabin et al. (2011), section 2.3; Bonneel et al. (2015), definition 2.

    >>> round(sliced_wasserstein([[0.0]], [[3.0]]).value, 6)
    3.0
    """
    check_number(p, "order p")
    if not (p >= 1 and np.isfinite(p)):
        raise WganError(f"order p = {p!r}: choose 1 or more")
    check_count(directions, "directions", 2)
    a, b, unit = _centred(x, y, x_weights, y_weights)
    theta = seeded_generator(seed).standard_normal((directions, a[0].shape[1]))
    theta /= np.linalg.norm(theta, axis=1, keepdims=True)
    found = np.array([_projected(a, b, direction, p) for direction in theta])
    largest = found.max()
    if largest == 0:
        return Sliced(0.0, 0.0, directions)
    # In units of the largest distance, so that a high power does not vanish.
    powers = (found / largest) ** p
    mean = powers.mean()
    value = in_unit(float(mean ** (1 / p) * largest), unit)
    error = powers.std(ddof=1) / np.sqrt(directions)
    # d(m^(1/p)) = m^(1/p) / (p m) dm
    return Sliced(value, float(value / (p * mean) * error), directions)


def max_sliced_wasserstein(
    x: ArrayLike,
    y: ArrayLike,
    starts: int = STARTS,
    steps: int = 100,
    seed: int = 0,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """Return a lower bound on the max-sliced distance of order 2, and so on the exact W_2.

    max over unit theta of W_2(<theta, x>, <theta, y>), by ascent: pair the samples along theta,
    then take the main axis of the paired differences, which never lowers the value. The largest
    value of all starts is returned.

    Args:
        x: samples `[n, d]`, in any unit.
        y: samples `[m, d]`, in the same unit.
        starts: how many of these: the difference of the means, the coordinate axes and random
            directions, in this order.
        steps: most ascent steps from each start.
        seed: random seed of the random directions; the same seed gives the same result.
        x_weights: weights `[n]`; None: equal.
        y_weights: weights `[m]`; None: equal.

    Returns:
        The distance in the unit of the samples.

    Raises:
        WganError: as `wasserstein`, or fewer than 1 start or step.

    See also:
        sliced_wasserstein: the mean over projections.

    Reference: Deshpande et al. (2019), definition 1 and section 4.

    >>> round(max_sliced_wasserstein([[0.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 3.0]]), 6)
    3.0
    """
    check_count(starts, "starts", 1)
    check_count(steps, "steps", 1)
    a, b, unit = _centred(x, y, x_weights, y_weights)
    d = a[0].shape[1]
    between_means = a[1] @ a[0] - b[1] @ b[0]
    drawn = seeded_generator(seed).standard_normal((starts, d))
    directions = np.concatenate([[between_means], np.eye(d), drawn])
    candidates = directions[np.linalg.norm(directions, axis=1) > 0][:starts]
    return in_unit(max(_ascend(a, b, c / np.linalg.norm(c), steps) for c in candidates), unit)


def _ascend(a: Samples, b: Samples, theta: Float[np.ndarray, " d"], steps: int) -> float:
    """Return the largest W_2 of projections on the way up from one direction."""
    best = -1.0
    for _ in range(steps):
        masses, i, j = quantile_pairs(a[0] @ theta, a[1], b[0] @ theta, b[1])
        differences = (a[0][i] - b[0][j]) * np.sqrt(masses)[:, None]
        value = float(np.linalg.norm(differences @ theta))
        if value <= best * (1 + GAIN):
            break
        best = value
        theta = np.linalg.eigh(differences.T @ differences)[1][:, -1]
    return best


def _projected(a: Samples, b: Samples, theta: Float[np.ndarray, " d"], p: float) -> float:
    """Return W_p(<theta, x>, <theta, y>)."""
    x = a[0] @ theta
    y = b[0] @ theta
    masses, i, j = quantile_pairs(x, a[1], y, b[1])
    return power_mean(np.abs(x[i] - y[j]), masses, p)


def _centred(
    x: ArrayLike, y: ArrayLike, x_weights: ArrayLike | None, y_weights: ArrayLike | None
) -> tuple[Samples, Samples, float]:
    """Return both samples as `centred_pair` does, with their weights, and the unit."""
    a, wa = weighted_samples(x, x_weights, "x")
    b, wb = weighted_samples(matched(x, y), y_weights, "y")
    check_dimensions(a, b)
    a, b, unit = centred_pair(a, b)
    return (a, wa), (b, wb), unit
