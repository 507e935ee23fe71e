"""Settings of a pair of networks."""

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal, get_args

from wgan.base.errors import SettingError

NetworkKind = Literal["auto", "mlp", "conv", "residual", "bottleneck"]
Condition = Literal["projection", "concatenation"]
LEAST = {"width": 1, "depth": 0, "latent": 1, "pack": 1}
"""The least value of each size. Depth 0 is a linear network."""
MOST = {"width": 2**14, "depth": 2**10, "latent": 2**16, "pack": 2**10}
"""The greatest value of each size, far above what any paper in the table of variants uses. Without
a bound, 10^7 layers would be built until memory ends.
"""
MOST_WEIGHTS = 2**31
"""Numbers in the hidden layers of a fully connected network: 9 GB, and training takes five times
that.
"""


@dataclass(frozen=True)
class NetworkConfig:
    """The pair of networks."""

    kind: NetworkKind = "auto"
    """Architecture: mlp for vectors and tables, conv, residual or bottleneck for images; auto: mlp
    or conv.
    """
    width: int = 64
    """Units of a hidden layer (mlp), channels at half size (conv, bottleneck), channels throughout
    (residual).
    """
    depth: int = 3
    """Hidden layers (mlp), blocks of a level (bottleneck)."""
    latent: int = 128
    """Numbers of noise for one sample; tables take one for each digit that they draw."""
    pack: int = 1
    """Samples that the critic scores together, side by side (PacGAN)."""
    condition: Condition = "projection"
    """How the critic takes class labels, if data.labels is set."""

    def __post_init__(self) -> None:
        for name, choices in (("kind", get_args(NetworkKind)), ("condition", get_args(Condition))):
            value = getattr(self, name)
            if value not in choices:
                raise SettingError(
                    f"network.{name}", f"= {value!r}: choose one of {', '.join(choices)}"
                )
        for name, least in LEAST.items():
            value = getattr(self, name)
            is_whole = isinstance(value, Integral) and not isinstance(value, bool)
            if not is_whole:
                raise SettingError(f"network.{name}", f"= {value!r}: give a whole number")
            if value < least:
                raise SettingError(f"network.{name}", f"= {value}: give {least} or more")
            if value > MOST[name]:
                raise SettingError(f"network.{name}", f"= {value}: give {MOST[name]} or less")
        weights = self.width**2 * self.depth
        if weights > MOST_WEIGHTS:
            raise SettingError(
                "network.depth",
                f"= {self.depth}, with network.width = {self.width}: {weights:.1e} weights; choose"
                f" both so that width^2 x depth is at most {MOST_WEIGHTS:.1e}",
            )

    def with_kind(self, kind: str) -> "NetworkConfig":
        """Return the same settings with an architecture chosen."""
        return replace(self, kind=kind)  # type: ignore[arg-type]
