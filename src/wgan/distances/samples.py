"""Checked samples and weights, the input of every distance."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from wgan.base.errors import WganError
from wgan.base.numbers import plain_array

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
        WganError: no samples, a NaN or infinity, or weights that are negative, all zero or of
            another number.

    >>> weighted_samples([2, 4], [1, 3], "x")
    (array([[2.],
           [4.]]), array([0.25, 0.75]))
    """
    a = _matrix(x, name)
    if weights is None:
        return a, np.full(len(a), 1 / len(a))
    w = _floats(weights, f"the weights of {name}")
    if w.shape != (len(a),):
        raise WganError(
            f"{name} has {len(a)} samples and weights of shape {w.shape}: give one weight a sample"
        )
    if not np.isfinite(w).all() or (w < 0).any() or w.sum() == 0:
        raise WganError(f"the weights of {name} must be finite, not negative and not all zero")
    return a, w / w.sum()


def _matrix(x: ArrayLike, name: str) -> Float[np.ndarray, "n d"]:
    a = _floats(x, name)
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


def _floats(values: ArrayLike, name: str) -> Float[np.ndarray, "..."]:
    plain = plain_array(values, name)
    try:
        return np.asarray(plain, dtype=np.float64)
    except (ValueError, TypeError):
        raise WganError(
            f"{name} holds what is not a number: give samples as numbers, [n, d]"
        ) from None


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


def sample_pair(
    x: ArrayLike, y: ArrayLike
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
    """Return two unweighted samples as float64 `[n, d]` and `[m, d]`.

    Args:
        x: samples `[n, d]`, or `[n]` for d = 1.
        y: samples `[m, d]`, likewise.

    Raises:
        WganError: as `weighted_samples`, or different dimensions.
    """
    a, _ = weighted_samples(x, None, "x")
    b, _ = weighted_samples(y, None, "y")
    check_dimensions(a, b)
    return a, b
