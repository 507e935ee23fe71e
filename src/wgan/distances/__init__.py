"""Distances between two samples or two histograms, as pure functions on arrays.

A name is imported on first use, so that a histogram distance loads no solver. Nothing here imports
torch; what trains a critic to measure a distance is in `wgan.audit`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wgan.distances.choice import Distance, distance
    from wgan.distances.exact import transport, wasserstein
    from wgan.distances.histograms import (
        EarthMover,
        earth_mover,
        jensen_shannon,
        kullback_leibler,
        total_variation,
    )
    from wgan.distances.line import wasserstein_1d
    from wgan.distances.permutation import PermutationTest, permutation_test
    from wgan.distances.plan import Transport
    from wgan.distances.sinkhorn import Sinkhorn, sinkhorn_divergence
    from wgan.distances.sliced import Sliced, max_sliced_wasserstein, sliced_wasserstein
    from wgan.distances.sorting import transport_1d
    from wgan.distances.spread import Spread, sampling_spread

FILES = {
    "Distance": "choice",
    "EarthMover": "histograms",
    "PermutationTest": "permutation",
    "Sinkhorn": "sinkhorn",
    "Sliced": "sliced",
    "Spread": "spread",
    "Transport": "plan",
    "distance": "choice",
    "earth_mover": "histograms",
    "jensen_shannon": "histograms",
    "kullback_leibler": "histograms",
    "max_sliced_wasserstein": "sliced",
    "permutation_test": "permutation",
    "sampling_spread": "spread",
    "sinkhorn_divergence": "sinkhorn",
    "sliced_wasserstein": "sliced",
    "total_variation": "histograms",
    "transport": "exact",
    "transport_1d": "sorting",
    "wasserstein": "exact",
    "wasserstein_1d": "line",
}
"""The file of each public name, within this folder."""

__all__ = [
    "Distance",
    "EarthMover",
    "PermutationTest",
    "Sinkhorn",
    "Sliced",
    "Spread",
    "Transport",
    "distance",
    "earth_mover",
    "jensen_shannon",
    "kullback_leibler",
    "max_sliced_wasserstein",
    "permutation_test",
    "sampling_spread",
    "sinkhorn_divergence",
    "sliced_wasserstein",
    "total_variation",
    "transport",
    "transport_1d",
    "wasserstein",
    "wasserstein_1d",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file."""
    if name in FILES:
        return getattr(import_module(f"wgan.distances.{FILES[name]}"), name)
    raise AttributeError(f"module 'wgan.distances' has no attribute '{name}'")


def __dir__() -> list[str]:
    """List the public names, so that completion offers them before they are imported."""
    return sorted({*globals(), *__all__})
