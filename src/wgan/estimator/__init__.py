"""A run with scikit-learn's face: `WGAN().fit(X).sample(1000)`."""

from wgan.estimator.wgan import WGAN

__all__ = ["WGAN"]
