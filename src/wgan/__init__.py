"""Wasserstein GANs and the distance behind them."""

from typing import TYPE_CHECKING, Any

from wgan.base.version import __version__

__all__ = ["WGAN", "WganError", "__version__"]

if TYPE_CHECKING:
    from wgan.base.errors import WganError
    from wgan.estimator import WGAN


def __getattr__(name: str) -> Any:  # so that `wgan.distances` imports without torch
    if name == "WGAN":
        from wgan.estimator import WGAN

        return WGAN
    if name == "WganError":
        from wgan.base.errors import WganError

        return WganError
    raise AttributeError(f"module 'wgan' has no attribute '{name}'")
