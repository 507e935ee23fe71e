"""Wasserstein GANs and the distance behind them."""

from wgan.base.version import __version__

__all__ = ["WGAN", "WganError", "__version__"]

# As in `typing`, whose own import would be the longest part of importing this package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from wgan.base.errors import WganError
    from wgan.estimator import WGAN


def __getattr__(name: str) -> object:  # so that `wgan.distances` imports without torch
    if name == "WGAN":
        from wgan.estimator import WGAN

        return WGAN
    if name == "WganError":
        from wgan.base.errors import WganError

        return WganError
    raise AttributeError(f"module 'wgan' has no attribute '{name}'")
