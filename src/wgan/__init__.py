"""Wasserstein GANs and the distance behind them."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["WGAN", "WganError", "__version__"]

if TYPE_CHECKING:
    from wgan.errors import WganError
    from wgan.estimator import WGAN


def __getattr__(name: str) -> Any:  # so that `wgan.distances` imports without torch
    if name == "WGAN":
        from wgan.estimator import WGAN

        return WGAN
    if name == "WganError":
        from wgan.errors import WganError

        return WganError
    raise AttributeError(f"module 'wgan' has no attribute '{name}'")
