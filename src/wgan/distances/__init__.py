"""How far apart are two sets of samples, or two histograms? Pure functions on arrays; nothing here imports torch."""

from wgan.distances.exact import wasserstein
from wgan.distances.histograms import EarthMover, earth_mover, jensen_shannon, kullback_leibler, total_variation
from wgan.distances.line import wasserstein_1d
from wgan.distances.sliced import Sliced, max_sliced_wasserstein, sliced_wasserstein

__all__ = [
    "EarthMover",
    "Sliced",
    "earth_mover",
    "jensen_shannon",
    "kullback_leibler",
    "max_sliced_wasserstein",
    "sliced_wasserstein",
    "total_variation",
    "wasserstein",
    "wasserstein_1d",
]
