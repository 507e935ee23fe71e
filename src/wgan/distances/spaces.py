"""In which coordinates is a distance taken? As they are, in standard deviations, or on principal
axes; each under its name.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError, did_you_mean

NAMES = ("raw", "standard", "pca-16")


@dataclass(frozen=True)
class Space:
    """A fixed map of samples; no distance grows more than `lipschitz` times, so W1 in it is at most
    that times the raw W1.
    """

    name: str
    map: Callable[[np.ndarray], np.ndarray]
    units: str
    lipschitz: float


def fit_space(
    name: str, x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], units: str
) -> Space:
    """Return the space of that name, its constants taken from these samples alone.

    Args:
        name: `raw`; `standard` (each column divided by its standard deviation in x); `pca-K`
            (projected on the first K principal axes of x and y together).
        x: samples `[n, d]`.
        y: samples `[m, d]`.
        units: what the raw coordinates are in.

    Raises:
        WganError: an unknown name, or more axes than dimensions or samples.

    >>> fit_space("standard", np.array([[0.0], [2.0]]), np.array([[1.0]]), "metres").map(np.array([[3.0]]))
    array([[3.]])
    """
    if name == "raw":
        return Space(name, lambda s: s, units, 1.0)
    if name == "standard":
        sd = np.where(np.ptp(x, axis=0) > 0, x.std(axis=0), 1.0)
        return Space(
            name, lambda s: s / sd, "standard deviations of x's columns", float(1 / sd.min())
        )
    kind, _, digits = name.partition("-")
    if kind != "pca" or not digits.isdecimal():
        raise WganError(f"no space is called '{name}'. {did_you_mean(name, NAMES)}")
    most = min(x.shape[1], len(x) + len(y) - 1)
    if not 1 <= int(digits) <= most:
        raise WganError(f"space '{name}': these samples have 1 to {most} principal axes")
    from sklearn.decomposition import PCA

    middle = x.mean(axis=0)
    axes = PCA(int(digits), svd_solver="full").fit(np.concatenate([x, y]) - middle).components_
    return Space(name, lambda s: (s - middle) @ axes.T, f"{units}, on {digits} principal axes", 1.0)
