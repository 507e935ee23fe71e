"""Frechet and kernel distances between two sets of features, as in FID and KID.

On features of InceptionV3 these are FID (Heusel et al. 2017) and KID (Binkowski et al. 2018). On
another feature map they are other numbers, which must not be compared with published ones.
"""

import numpy as np
from jaxtyping import Float
from scipy import linalg

from wgan.base.errors import WganError
from wgan.base.numbers import float_array
from wgan.evaluation.metric import LOW, Comparison, Metric, Reference, features_name

Features = Float[np.ndarray, "n d"]
# Rows of the kernel matrix at a time: 1,000 x 10,000 values of 8 bytes take 80 MB.
BLOCK = 1000
# A covariance, and an unbiased mean over pairs, need two rows.
LEAST = 2


def frechet_distance(x: Features, y: Float[np.ndarray, "m e"]) -> float:
    """Return the squared Frechet distance between Gaussians with the moments of x and y.

    |mu_x - mu_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)), with means mu and covariances S (divisor
    n - 1) in float64. It is symmetric, and its unit is that of the features squared. It is biased
    upwards by a term of order 1/n, so compare values of equal n only.

    Args:
        x: features `[n, d]`.
        y: features `[m, d]`.

    Raises:
        WganError: fewer than two rows, different widths, or values that are not finite.

    References:
        Dowson and Landau (1982), equation 4; as a score: Heusel et al. (2017), section 2.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(5000, 3))
    >>> round(frechet_distance(x, x + [3, 0, 4]), 6)
    25.0
    """
    x, y = _checked(x, y)
    difference = x.mean(axis=0) - y.mean(axis=0)
    a, b = (each - each.mean(axis=0) for each in (x, y))
    spread = sum(float((each * each).sum()) / (len(each) - 1) for each in (a, b))
    return max(0.0, float(difference @ difference) + spread - 2 * _shared_spread(a, b))


def _shared_spread(a: Features, b: Float[np.ndarray, "m e"]) -> float:
    """Return tr (S_a S_b)^(1/2) of centred rows.

    With more columns than rows, it is the nuclear norm of a b^T / sqrt((n - 1) (m - 1)), which is
    cheaper than a root of a wide covariance.
    """
    if a.shape[1] > min(len(a), len(b)):
        scale = float(np.sqrt((len(a) - 1.0) * (len(b) - 1.0)))
        return float(linalg.svdvals(a @ b.T).sum()) / scale
    s, t = (each.T @ each / (len(each) - 1) for each in (a, b))
    values, vectors = linalg.eigh(s)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    # S_a S_b is similar to this symmetric matrix, so the eigenvalues are the same.
    return float(np.sqrt(linalg.eigvalsh(root @ t @ root).clip(0)).sum())


def kernel_distance(x: Features, y: Float[np.ndarray, "m e"]) -> float:
    """Return the unbiased squared maximum mean discrepancy with a cubic kernel.

    mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean k(x_i, y_j), with
    k(a, b) = (a . b / d + 1)^3. It is symmetric, may be negative, and does not depend on n in
    expectation. Binkowski et al. average over subsets of 1,000 rows, which has the same
    expectation. Memory is bounded by blocks of rows.

    Args:
        x: features `[n, d]`.
        y: features `[m, d]`.

    Raises:
        WganError: fewer than two rows, different widths, or values that are not finite.

    References:
        Gretton et al. (2012), equation 3; Binkowski et al. (2018), section 4.

    >>> x = np.array([[0.0], [0.0]])
    >>> kernel_distance(x, x + 1)
    7.0
    """
    x, y = _checked(x, y)
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


def _checked(x: Features, y: Float[np.ndarray, "m e"]) -> tuple[Features, Float[np.ndarray, "m e"]]:
    x = float_array(x, "features")
    y = float_array(y, "features")
    if x.shape[1] != y.shape[1] or min(len(x), len(y)) < LEAST:
        raise WganError(
            f"features of shapes {x.shape} and {y.shape}: give at least {LEAST} rows each, equally"
            " wide"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise WganError("features that are not finite: look for NaN or infinity in the samples")
    return x, y


def _frechet(c: Comparison[Reference]) -> float:
    return frechet_distance(c.features, c.reference.held_out_features)


def _kernel(c: Comparison[Reference]) -> float:
    return kernel_distance(c.features, c.reference.held_out_features)


FRECHET = Metric("frechet", "Frechet distance", "", LOW, _frechet, features_name)
KERNEL = Metric("kernel", "kernel distance", "", LOW, _kernel, features_name)
