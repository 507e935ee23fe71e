"""Distances between two samples or two histograms, as pure functions on arrays.

A name is imported on first use, so that a histogram distance loads no solver. Nothing here imports
torch. Distances by trained critics are in `wgan.audit`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wgan.distances.barycentres import Barycentre, barycentre, barycentre_1d
    from wgan.distances.batches import pairwise_wasserstein
    from wgan.distances.choice import Distance, distance
    from wgan.distances.exact import transport, wasserstein
    from wgan.distances.gradient import wasserstein_loss
    from wgan.distances.histograms import (
        EarthMover,
        earth_mover,
        jensen_shannon,
        kullback_leibler,
        total_variation,
    )
    from wgan.distances.line import wasserstein_1d, wasserstein_circle
    from wgan.distances.permutation import PermutationTest, permutation_test
    from wgan.distances.plan import Transport
    from wgan.distances.sinkhorn import Sinkhorn, sinkhorn_divergence
    from wgan.distances.sliced import Sliced, max_sliced_wasserstein, sliced_wasserstein
    from wgan.distances.sorting import transport_1d
    from wgan.distances.spread import Spread, sampling_spread
    from wgan.distances.unbalanced import (
        Partial,
        Unbalanced,
        partial_transport,
        unbalanced_transport,
    )

FILES = {
    "Barycentre": "barycentres",
    "Distance": "choice",
    "EarthMover": "histograms",
    "Partial": "unbalanced",
    "PermutationTest": "permutation",
    "Sinkhorn": "sinkhorn",
    "Sliced": "sliced",
    "Spread": "spread",
    "Transport": "plan",
    "Unbalanced": "unbalanced",
    "barycentre": "barycentres",
    "barycentre_1d": "barycentres",
    "distance": "choice",
    "earth_mover": "histograms",
    "jensen_shannon": "histograms",
    "kullback_leibler": "histograms",
    "max_sliced_wasserstein": "sliced",
    "pairwise_wasserstein": "batches",
    "partial_transport": "unbalanced",
    "permutation_test": "permutation",
    "sampling_spread": "spread",
    "sinkhorn_divergence": "sinkhorn",
    "sliced_wasserstein": "sliced",
    "total_variation": "histograms",
    "transport": "exact",
    "transport_1d": "sorting",
    "unbalanced_transport": "unbalanced",
    "wasserstein": "exact",
    "wasserstein_1d": "line",
    "wasserstein_circle": "line",
    "wasserstein_loss": "gradient",
}
"""The file of each public name, within this folder."""

__all__ = [
    "Barycentre",
    "Distance",
    "EarthMover",
    "Partial",
    "PermutationTest",
    "Sinkhorn",
    "Sliced",
    "Spread",
    "Transport",
    "Unbalanced",
    "barycentre",
    "barycentre_1d",
    "distance",
    "earth_mover",
    "jensen_shannon",
    "kullback_leibler",
    "max_sliced_wasserstein",
    "pairwise_wasserstein",
    "partial_transport",
    "permutation_test",
    "sampling_spread",
    "sinkhorn_divergence",
    "sliced_wasserstein",
    "total_variation",
    "transport",
    "transport_1d",
    "unbalanced_transport",
    "wasserstein",
    "wasserstein_1d",
    "wasserstein_circle",
    "wasserstein_loss",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file."""
    if name in FILES:
        return getattr(import_module(f"wgan.distances.{FILES[name]}"), name)
    raise AttributeError(f"module 'wgan.distances' has no attribute '{name}'")


def __dir__() -> list[str]:
    """List the public names, so that completion offers them before they are imported."""
    return sorted({*globals(), *__all__})
