"""Checked samples and weights, the input of every distance."""

from math import frexp, isfinite, ldexp
from operator import index

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.matching import matched
from wgan.base.numbers import ArrayLike, float_array

Samples = tuple[np.ndarray, np.ndarray]
"""Samples `[n, d]` and their weights `[n]`, which sum to 1."""


def weighted_samples(
    x: ArrayLike, weights: ArrayLike | None, name: str
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """Return samples as float64 `[n, d]` and weights `[n]` that sum to 1.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1.
        weights: weights `[n]`, at least 0; None: equal.
        name: of the samples, for messages.

    Raises:
        WganError: no samples, a NaN or infinity, or weights that are negative, all zero, of another
            number, or whose sum overflows.

    >>> weighted_samples([2, 4], [1, 3], "x")
    (array([[2.],
           [4.]]), array([0.25, 0.75]))
    """
    a = _matrix(x, name)
    if weights is None:
        return a, np.full(len(a), 1 / len(a))
    w = float_array(weights, f"the weights of {name}")
    if w.shape != (len(a),):
        raise WganError(
            f"{name} has {len(a)} samples and weights of shape {w.shape}: give one weight a sample"
        )
    if not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise WganError(f"the weights of {name} must be finite, not negative and not all zero")
    return a, w / finite_sum(w, f"the weights of {name}")


def finite_sum(masses: Float[np.ndarray, " n"], name: str) -> float:
    """Return the sum of masses; divided by an infinite one, all of them would be 0.

    Args:
        masses: finite, at least 0.
        name: of the masses, for messages.

    Raises:
        WganError: float64 cannot hold the sum.
    """
    with np.errstate(over="ignore"):  # what overflows is refused below
        total = float(masses.sum())
    if not isfinite(total):
        raise WganError(f"the sum of {name} overflows: divide all of them by a common number")
    return total


def _matrix(x: ArrayLike, name: str) -> Float[np.ndarray, "n d"]:
    a = float_array(x, name)
    a = a[:, None] if a.ndim == 1 else a
    if a.ndim != 2:
        raise WganError(f"{name} has shape {a.shape}: give samples as [n, d], pictures flattened")
    if a.size == 0:
        raise WganError(
            f"{name} has shape {a.shape}: give at least one sample of at least one number"
        )
    wrong = ~np.isfinite(a)
    if wrong.any():
        row = int(np.argwhere(wrong)[0, 0])
        raise WganError(f"{name} holds NaN or infinite values in row {row}")
    return a


def check_dimensions(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m e"]) -> None:
    """Refuse samples of different dimensions.

    Args:
        a: samples called x in the message, `[n, d]`.
        b: samples called y, `[m, e]`.

    Raises:
        WganError: d is not e.
    """
    if a.shape[1] != b.shape[1]:
        raise WganError(f"x has {a.shape[1]} dimensions and y has {b.shape[1]}: both need the same")


def centred_pair(
    a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"]
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"], float]:
    """Return both samples relative to the mean of a in a unit, and that unit.

    The unit is near their largest coordinate.

    A distance does not depend on the origin, but float64 does. The unit is a power of two, so that
    dividing by it rounds nothing, and no square overflows or vanishes.

    Args:
        a: samples `[n, d]`.
        b: samples `[m, d]`.

    >>> centred_pair(np.array([[0.0], [4e200]]), np.array([[2e200]]))[2] > 1e200
    True
    >>> centred_pair(np.array([[0.0], [-4e200]]), np.array([[2.0]]))[2] > 1e200
    True
    """
    largest = max(float(max(z.max(), -z.min())) for z in (a, b))
    unit = ldexp(1.0, frexp(largest)[1] - 1) if largest > 0 else 1.0
    a, b = a / unit, b / unit
    middle = a.mean(axis=0)
    a -= middle  # in place, since of large pictures each pass over memory takes long
    b -= middle
    return a, b, unit


def in_unit(value: float, unit: float) -> float:
    """Return a distance in the unit of the samples.

    Args:
        value: the distance in the unit of `centred_pair`.
        unit: that unit.

    Raises:
        WganError: float64 cannot hold it.
    """
    if not isfinite(value * unit):
        raise WganError(TOO_FAR)
    return value * unit


def in_power(values: Float[np.ndarray, "*shape"], unit: float, p: int) -> np.ndarray:
    """Return values times unit^p.

    Args:
        values: in the unit of `centred_pair` to the power p.
        unit: that unit.
        p: the power.

    Raises:
        WganError: float64 cannot hold the largest of them.
    """
    with np.errstate(over="ignore"):  # what overflows is refused below
        for _ in range(p):
            values = values * unit  # unit^p itself may overflow where the product does not
    if not np.isfinite(values).all():
        raise WganError(TOO_FAR)
    return values


TOO_FAR = "the samples lie so far apart that float64 overflows: divide both by a common number"


def seeded_generator(seed: int) -> np.random.Generator:
    """Return NumPy's generator of a seed.

    Args:
        seed: a whole number, 0 or more.

    Raises:
        WganError: anything else.
    """
    try:
        return np.random.default_rng(index(seed))
    except (TypeError, ValueError):
        raise WganError(f"seed = {seed!r}: give a whole number, 0 or more") from None


def sample_pair(
    x: ArrayLike, y: ArrayLike
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
    """Return two unweighted samples as float64 `[n, d]` and `[m, d]`.

    Columns of frames are matched by their names.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1.
        y: samples `[m, d]`, likewise.

    Raises:
        WganError: as `weighted_samples`, different dimensions, or frames of other columns.
    """
    a, _ = weighted_samples(x, None, "x")
    b, _ = weighted_samples(matched(x, y), None, "y")
    check_dimensions(a, b)
    return a, b
