"""Hard constraints on a critic: layers that keep it Lipschitz, and weights clipped to a bound.

Clipping: Arjovsky et al. (2017), algorithm 1, line 7.
"""

from dataclasses import dataclass
from typing import Literal

from wgan.objectives.arrays import Module, Tensor

Layers = Literal["plain", "dropout", "spectral", "spectral-sorting", "orthonormal"]


def is_bounded(layers: Layers) -> bool:
    """Whether layers bound the slope of a critic that is built of them."""
    return layers not in ("plain", "dropout")


@dataclass(frozen=True)
class Constraint:
    """A hard constraint.

    Attributes:
        text: the constraint for the reader; `{0}` stands for the bound.
        bound: of clipped weights; none where weights are not clipped.
        layers: what the critic is built of.
    """

    text: str
    bound: float | None = None
    layers: Layers = "plain"

    def __str__(self) -> str:
        return self.text.format(self.bound)

    def apply(self, critic: Module) -> None:
        """Clip the critic's weights in place, where there is a bound; call it after each update."""
        if self.bound is not None:
            clip_weights(critic, self.bound)


def clip_weights(critic: Module, bound: float) -> None:
    """Clamp every weight and bias to [-bound, bound], in place.

    The scale and shift of normalisation layers are left alone.
    """
    for parameter in _clipped(critic):
        parameter.clamp_(-bound, bound)


def clipped_share(critic: Module, bound: float) -> float:
    """Return the share of the clipped weights that stand at the bound.

    Near 1, the critic knows little more than the signs of its weights.
    """
    import torch  # here, so that the table of variants is listed without it

    weights = torch.cat([parameter.flatten() for parameter in _clipped(critic)])
    # A clamped weight is the bound rounded to float32, up to 6e-8 of it below.
    return float((weights.abs() >= bound * (1 - 1e-6)).float().mean())


def is_normalisation(layer: Module) -> bool:
    """Whether a layer normalises its input, so that its scale and shift are no weights."""
    from torch import nn  # here, so that the table of variants is listed without it

    kinds = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
    return isinstance(layer, kinds)


def _clipped(critic: Module) -> list[Tensor]:
    """Return the weights that clipping bounds, detached: the critic's own numbers, no gradient."""
    spared = (layer for layer in critic.modules() if not is_normalisation(layer))
    return [p.detach() for layer in spared for p in layer.parameters(recurse=False)]
