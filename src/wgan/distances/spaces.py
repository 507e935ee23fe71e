"""Coordinates for a distance: raw, in standard deviations, or on principal axes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError, did_you_mean

NAMES = ("raw", "standard", "pca-16")
"""The names that a message suggests; `pca-K` takes any K."""


@dataclass(frozen=True)
class Space:
    """A fixed map of samples `[n, d]` to `[n, k]`, and the unit of its values.

    No distance grows by more than the factor `lipschitz`, so W1 in the space is at most that factor
    times the raw W1.
    """

    name: str
    map: Callable[[np.ndarray], np.ndarray]
    units: str
    lipschitz: float


def fit_space(
    name: str, x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], units: str
) -> Space:
    """Return the space of that name, fitted to these samples alone.

    Args:
        name: `raw`; `standard` (each column divided by its standard deviation in x); or `pca-K`
            (projection on the first K principal axes of x and y together).
        x: samples `[n, d]`.
        y: samples `[m, d]`.
        units: the unit of the raw coordinates.

    Raises:
        WganError: an unknown name, or more axes than dimensions or samples.

    >>> space = fit_space("standard", np.array([[0.0], [2.0]]), np.array([[1.0]]), "metres")
    >>> space.map(np.array([[3.0]]))
    array([[3.]])
    """
    if name == "raw":
        return Space(name, lambda s: s, units, 1.0)
    if name == "standard":
        return _standard(x)
    kind, _, digits = name.partition("-")
    if kind != "pca" or not digits.isdecimal():
        raise WganError(f"no space is called '{name}'. {did_you_mean(name, NAMES)}")
    most = min(x.shape[1], len(x) + len(y) - 1)
    if not 1 <= int(digits) <= most:
        raise WganError(f"space '{name}': these samples have 1 to {most} principal axes")
    return _principal(int(digits), x, y, units)


def _standard(x: Float[np.ndarray, "n d"]) -> Space:
    # A constant column keeps its scale. Its computed deviation may be rounding, hence the range.
    # In units of the largest number, so that no square overflows or vanishes.
    largest = np.abs(x).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)
    varies = x.max(axis=0) > x.min(axis=0)
    sd = np.where(varies, (x / unit).std(axis=0) * unit, 1.0)
    words = "standard deviations of x's columns"
    return Space("standard", lambda s: s / sd, words, float(1 / sd.min()))


def _principal(
    k: int, x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], units: str
) -> Space:
    from sklearn.decomposition import PCA  # slow to import, and the other spaces need none

    middle = x.mean(axis=0)
    # Axes of both sides together: fitted to one side alone, they tell the sides apart.
    axes = PCA(k, svd_solver="full").fit(np.concatenate([x, y]) - middle).components_
    words = f"{units}, on {k} principal axes"
    return Space(f"pca-{k}", lambda s: (s - middle) @ axes.T, words, 1.0)
