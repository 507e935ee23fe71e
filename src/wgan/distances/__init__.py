"""How far apart are two sets of samples? Pure functions on arrays; nothing here imports torch."""

from wgan.distances.exact import wasserstein

__all__ = ["wasserstein"]
