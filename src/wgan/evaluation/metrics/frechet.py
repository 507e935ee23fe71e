"""How far apart are two sets of features, were they Gaussian? The Frechet distance; and by their
third moments: the kernel distance.

On features of InceptionV3 these are called FID (Heusel et al. 2017) and KID (Binkowski et al.
2018); on another map other numbers, never to be compared with those.
"""

import numpy as np
from jaxtyping import Float
from scipy import linalg

from wgan.base.errors import WganError

Features = Float[np.ndarray, "n d"]
BLOCK = 1000


def frechet_distance(x: Features, y: Float[np.ndarray, "m e"]) -> float:
    """Return |mu_x - mu_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)), in the features' unit squared;
    symmetric.

    Means mu and covariances S (divisor n - 1) in float64. The squared 2-Wasserstein distance
    between Gaussians of these moments: Dowson and Landau (1982), equation 4; as a score Heusel et
    al. (2017), section 2. Biased upwards by a term of order 1/n: compare equal n alone.

    Raises:
        WganError: fewer than two rows, other widths, or values that are not finite.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(5000, 3))
    >>> round(frechet_distance(x, x + [3, 0, 4]), 6)
    25.0
    """
    x, y = _checked(x, y, 2)
    difference = x.mean(axis=0) - y.mean(axis=0)
    a, b = (each - each.mean(axis=0) for each in (x, y))
    spread = sum(float((each * each).sum()) / (len(each) - 1) for each in (a, b))
    return max(0.0, float(difference @ difference) + spread - 2 * _shared_spread(a, b))


def _shared_spread(a: Features, b: Float[np.ndarray, "m e"]) -> float:
    """Return tr (S_a S_b)^(1/2) of centred rows: by covariances, or of more columns than rows as
    the nuclear norm of a b^T / sqrt((n-1) (m-1)).
    """
    if a.shape[1] > min(len(a), len(b)):
        return float(linalg.svdvals(a @ b.T).sum()) / float(
            np.sqrt((len(a) - 1.0) * (len(b) - 1.0))
        )
    s, t = (each.T @ each / (len(each) - 1) for each in (a, b))
    values, vectors = linalg.eigh(s)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return float(
        np.sqrt(linalg.eigvalsh(root @ t @ root).clip(0)).sum()
    )  # of a similar symmetric matrix


def kernel_distance(x: Features, y: Float[np.ndarray, "m e"]) -> float:
    """Return the unbiased squared maximum mean discrepancy under k(a, b) = (a . b / d + 1)^3;
    symmetric, and below zero at times.

    mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean k(x_i, y_j): Gretton et al.
    (2012), equation 3; the kernel of Binkowski et al. (2018), section 4, who take the mean over
    subsets of 1,000 rows, of the same expectation: it does not depend on n. Memory is of blocks
    alone.

    Raises:
        WganError: fewer than two rows, other widths, or values that are not finite.
    """
    x, y = _checked(x, y, 2)
    within = [
        (_kernel_sum(z, z) - float((((z * z).sum(axis=1) / z.shape[1] + 1) ** 3).sum()))
        / (len(z) * (len(z) - 1))
        for z in (x, y)
    ]
    return float(sum(within) - 2 * _kernel_sum(x, y) / (len(x) * len(y)))


def _kernel_sum(x: Features, y: Float[np.ndarray, "m e"]) -> float:
    total = 0.0
    for start in range(0, len(x), BLOCK):
        k = x[start : start + BLOCK] @ y.T / x.shape[1] + 1
        total += float((k * k * k).sum())
    return total


def _checked(
    x: Features, y: Float[np.ndarray, "m e"], least: int
) -> tuple[Features, Float[np.ndarray, "m e"]]:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.shape[1] != y.shape[1] or min(len(x), len(y)) < least:
        raise WganError(
            f"features of shapes {x.shape} and {y.shape}: give at least {least} rows each, equally"
            " wide"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise WganError("features that are not finite: look for NaN or infinity in the samples")
    return x, y
