"""What counts as a sample with weights? One check for every distance, and one kind of message."""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from wgan.base.errors import WganError


def weighted_samples(
    x: ArrayLike, weights: ArrayLike | None, name: str
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """Return samples as float64 `[n, d]` and weights `[n]` that sum to one (equal ones for none).

    Raises:
        WganError: no samples, a NaN or infinity, or weights that are negative, all zero or of
            another number.
    """
    try:
        a = np.asarray(x, dtype=np.float64)
    except (ValueError, TypeError):
        raise WganError(
            f"{name} holds what is not a number: give samples as numbers, [n, d]"
        ) from None
    a = a[:, None] if a.ndim == 1 else a
    if a.ndim != 2:
        raise WganError(f"{name} has shape {a.shape}: give samples as [n, d], pictures flattened")
    if a.size == 0:
        raise WganError(
            f"{name} has shape {a.shape}: give at least one sample of at least one number"
        )
    if not np.isfinite(a).all():
        raise WganError(
            f"{name} holds NaN or infinite values in row {int(np.argwhere(~np.isfinite(a))[0, 0])}"
        )
    if weights is None:
        return a, np.full(len(a), 1 / len(a))
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (len(a),):
        raise WganError(
            f"{name} has {len(a)} samples and weights of shape {w.shape}: give one weight a sample"
        )
    if not np.isfinite(w).all() or (w < 0).any() or w.sum() == 0:
        raise WganError(f"the weights of {name} must be finite, not negative and not all zero")
    return a, w / w.sum()


def check_dimensions(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m e"]) -> None:
    """Refuse samples of different dimensions."""
    if a.shape[1] != b.shape[1]:
        raise WganError(f"x has {a.shape[1]} dimensions and y has {b.shape[1]}: both need the same")


def sample_pair(
    x: ArrayLike, y: ArrayLike
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
    """Return two unweighted samples as float64 `[n, d]` and `[m, d]`, of the same dimension."""
    a, b = weighted_samples(x, None, "x")[0], weighted_samples(y, None, "y")[0]
    check_dimensions(a, b)
    return a, b
