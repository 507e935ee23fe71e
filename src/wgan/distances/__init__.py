"""How far apart are two sets of samples, or two histograms? Pure functions on arrays; nothing here
imports torch.

What trains a critic to find out lives in `wgan.audit`, and is handed on from here by name (which
imports torch).
"""

from importlib import import_module
from typing import Any

from wgan.distances.choice import Distance, distance
from wgan.distances.exact import Transport, transport, wasserstein
from wgan.distances.histograms import (
    EarthMover,
    earth_mover,
    jensen_shannon,
    kullback_leibler,
    total_variation,
)
from wgan.distances.line import wasserstein_1d
from wgan.distances.sinkhorn import Sinkhorn, sinkhorn_divergence
from wgan.distances.sliced import Sliced, max_sliced_wasserstein, sliced_wasserstein

TRAINED = (
    "Auditor",
    "Bracket",
    "Certificate",
    "Dual",
    "bracket",
    "certify",
    "dual",
    "slope_corrected",
    "train_auditor",
)

__all__ = [
    "Distance",
    "EarthMover",
    "Sinkhorn",
    "Sliced",
    "Transport",
    "distance",
    "earth_mover",
    "jensen_shannon",
    "kullback_leibler",
    "max_sliced_wasserstein",
    "sinkhorn_divergence",
    "sliced_wasserstein",
    "total_variation",
    "transport",
    "wasserstein",
    "wasserstein_1d",
    *TRAINED,
]


def __getattr__(name: str) -> Any:
    """Hand on a name of `wgan.audit`."""
    if name in TRAINED:
        return getattr(import_module("wgan.audit"), name)
    raise AttributeError(f"module 'wgan.distances' has no attribute '{name}'")
