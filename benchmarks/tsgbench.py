"""TSGBench's measures of generated series, by their own names.

Ang et al. (2023), "TSGBench: Time Series Generation Benchmark", as their published code computes
them, written anew in NumPy. Windows are scaled by the least and largest training value of each step
and channel. Low is good.

- MDD: marginal distributions, a histogram of 50 bins for each channel and step but the first.
- ACD: autocorrelations up to lag 63, the length of their difference, mean of the channels.
- SD, KD: skewness and kurtosis of all values of a channel, mean absolute difference.
- ED, DTW: Euclidean distance (mean of the channels) and dynamic time warping (all channels
  together) between the i-th real and the i-th generated window. These are random pairs, so that
  both say how wide the data are more than how near a generator is: read them beside the floor.

Their C-FID is left out: it needs an encoder (TS2Vec) that is trained on the data.
"""

import numpy as np
from jaxtyping import Float

Windows = Float[np.ndarray, "n t c"]
BINS = 50
LAGS = 64


def scaled_by_steps(x: Windows, train: Float[np.ndarray, "m t c"]) -> Windows:
    """Return windows in units of the range that training windows have at each step and channel."""
    low = train.min(axis=0)
    return (x - low) / (train.max(axis=0) - low + 1e-7)


def mdd(real: Windows, fake: Float[np.ndarray, "m t c"]) -> float:
    """Return the mean absolute difference of densities, over bins, channels and later steps."""
    x, y = (side[:, 1:].reshape(len(side), -1) for side in (real, fake))
    differences = []
    for mine, theirs in zip(x.T, y.T, strict=True):
        high = mine.max() if mine.max() > mine.min() else mine.min() + 1e-5
        counts, edges = np.histogram(mine, BINS, (mine.min(), high))
        width = edges[1] - edges[0]
        centres = (edges[1:] + edges[:-1]) / 2
        within = (np.abs(theirs[:, None] - centres) < width / 2).mean(axis=0)
        differences.append(np.abs(within - counts / len(mine)).mean() / width)
    return float(np.mean(differences))


def acd(real: Windows, fake: Float[np.ndarray, "m t c"]) -> float:
    """Return the length of the difference of autocorrelations, mean of the channels."""
    differences = _autocorrelations(fake) - _autocorrelations(real)
    return float(np.sqrt((differences**2).sum(axis=0)).mean())


def _autocorrelations(x: Windows) -> Float[np.ndarray, "lags c"]:
    centred = x - x.mean(axis=(0, 1))
    steps = x.shape[1]
    products = [
        (centred[:, lag:] * centred[:, : steps - lag]).mean(axis=(0, 1))
        for lag in range(min(LAGS, steps))
    ]
    return np.array(products) / centred.var(axis=(0, 1))


def sd(real: Windows, fake: Float[np.ndarray, "m t c"]) -> float:
    """Return the mean absolute difference of skewness, with the deviation of n - 1."""
    skewness = [_moment(x, 3) / x.std(axis=(0, 1), ddof=1) ** 3 for x in (real, fake)]
    return float(np.abs(skewness[0] - skewness[1]).mean())


def kd(real: Windows, fake: Float[np.ndarray, "m t c"]) -> float:
    """Return the mean absolute difference of kurtosis."""
    kurtosis = [_moment(x, 4) / x.var(axis=(0, 1)) ** 2 for x in (real, fake)]
    return float(np.abs(kurtosis[0] - kurtosis[1]).mean())


def _moment(x: Windows, power: int) -> Float[np.ndarray, " c"]:
    return ((x - x.mean(axis=(0, 1))) ** power).mean(axis=(0, 1))


def ed(real: Windows, fake: Windows) -> float:
    """Return the mean Euclidean distance of pairs of windows, channel by channel."""
    return float(np.linalg.norm(real - fake, axis=1).mean())


def dtw(real: Windows, fake: Windows) -> float:
    """Return the mean distance of pairs of windows by dynamic time warping.

    The square root of the least sum of |x_i - y_j|^2 along a path of steps in one or in both.
    """
    n, steps, _ = real.shape
    above = np.full((steps + 1, n), np.inf)
    above[0] = 0.0  # the path begins before both windows
    for i in range(steps):
        here = np.full((steps + 1, n), np.inf)
        for j in range(steps):
            cost = ((real[:, i] - fake[:, j]) ** 2).sum(axis=1)
            here[j + 1] = cost + np.minimum(np.minimum(above[j], above[j + 1]), here[j])
        above = here
    return float(np.sqrt(above[-1]).mean())


MEASURES = {"MDD": mdd, "ACD": acd, "SD": sd, "KD": kd, "ED": ed, "DTW": dtw}
