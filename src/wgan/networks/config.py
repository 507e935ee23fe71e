"""Settings of a pair of networks."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from wgan.base.errors import SettingError

NetworkKind = Literal["auto", "mlp", "conv", "residual"]
Condition = Literal["projection", "concatenation"]
LEAST = {"width": 1, "depth": 0, "latent": 1, "pack": 1}
"""The least value of each size. Depth 0 is a linear network."""


@dataclass(frozen=True)
class NetworkConfig:
    """The pair of networks."""

    kind: NetworkKind = "auto"
    """Architecture: mlp for vectors and tables, conv or residual for images; auto: mlp or conv."""
    width: int = 64
    """Units of a hidden layer (mlp), channels at half size (conv), channels throughout (residual).
    """
    depth: int = 3
    """Hidden layers (mlp)."""
    latent: int = 128
    """Numbers of noise for one sample."""
    pack: int = 1
    """Rows of a table that the critic scores together."""
    condition: Condition = "projection"
    """How the critic takes class labels, where data.labels gives any."""

    def __post_init__(self) -> None:
        for name, choices in (("kind", get_args(NetworkKind)), ("condition", get_args(Condition))):
            value = getattr(self, name)
            if value not in choices:
                raise SettingError(
                    f"network.{name}", f"= {value!r}: choose one of {', '.join(choices)}"
                )
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value < least:
                raise SettingError(f"network.{name}", f"= {value}: give {least} or more")

    def with_kind(self, kind: str) -> "NetworkConfig":
        """Return the same settings with an architecture chosen."""
        return replace(self, kind=kind)  # type: ignore[arg-type]
