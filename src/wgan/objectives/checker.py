"""What is wrong with a critic for a variant of the table, before it is trained? Errors that would train
silently wrong, and advice.
"""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.objectives.penalties import NORMALISATIONS
from wgan.objectives.scores import DUAL_W1
from wgan.objectives.variants import Variant

BOUNDED_HEADS = (nn.Sigmoid, nn.Softmax, nn.LogSigmoid, nn.Hardsigmoid)
WEIGHTED = (nn.Linear, nn.Bilinear, nn.Embedding, nn.modules.conv._ConvNd)
FAR_OFF = 200.0
"""A penalty's weight and the data's scale should be within this factor: 0.1 on a plane and 10 on
pictures are.
"""


def check_critic(critic: nn.Module, variant: Variant, compiling: bool = False) -> None:
    """Refuse a critic that a variant would train wrongly, and warn of what is doubtful.

    Raises:
        WganError: a norm over the batch under a penalty of one sample (Gulrajani et al. 2017,
            section 4); a bounded head under a Wasserstein score, whose estimate has no bound; an
            activation in place, in a compiled critic.
    """
    if compiling and variant.consistency:
        raise WganError(
            f"{variant.name} drops units at random, so a compiled gradient cannot be checked against"
            " the plain one: run without --compile"
        )
    for name, module in critic.named_modules():
        kind = type(module).__name__
        if variant.penalty and isinstance(module, nn.modules.batchnorm._BatchNorm):
            raise WganError(
                f"the critic's layer {name} is {kind}, but a penalty is per sample: use LayerNorm"
                " or none"
            )
        if compiling and getattr(module, "inplace", False):
            raise WganError(
                f"the critic's layer {name} ({kind}) works in place, which a compiled penalty"
                " cannot bear: leave out inplace=True"
            )
        if (
            variant.penalty
            and not variant.consistency
            and isinstance(module, nn.modules.dropout._DropoutNd)
            and module.p > 0
        ):
            warnings.warn(
                f"the critic's layer {name} drops out: its gradient norm is that of a random"
                " network",
                stacklevel=2,
            )
        if variant.constraint and variant.constraint.bound and _clipped_though_no_weight(module):
            warnings.warn(
                f"the critic's layer {name} ({kind}) has parameters of its own, which clipping will"
                " hold small too",
                stacklevel=2,
            )
    head = _last(critic)
    if variant.score is DUAL_W1 and isinstance(head, BOUNDED_HEADS):
        raise WganError(
            f"the critic ends in {type(head).__name__}, but {variant.name} needs scores without a"
            " bound: leave it out"
        )


def weight_advice(variant: Variant, x_real: Float[Tensor, "n *shape"]) -> str:
    """Return a sentence where a penalty's weight is far off for the data's scale, or nothing.

    The scale is the mean distance of two samples as the critic sees them: the unit in which the
    weight counts.
    """
    if variant.penalty is None or not variant.reads_w1:
        return ""
    flat = x_real.flatten(1).double()
    scale = float(torch.linalg.vector_norm(flat - flat.roll(1, 0), dim=1).mean())
    weight = variant.penalty.weight
    if scale == 0 or scale / FAR_OFF <= weight <= scale * FAR_OFF:
        return ""
    effect = (
        "the critic's slope is hardly held"
        if weight < scale / FAR_OFF
        else "the penalty drowns the score"
    )
    return (
        f"penalty weight {weight:g} is far from the data's scale (two samples lie {scale:.3g} apart"
        f" on average): {effect}"
    )


def _clipped_though_no_weight(module: nn.Module) -> bool:
    own = next(module.parameters(recurse=False), None) is not None
    return own and not isinstance(module, (*WEIGHTED, *NORMALISATIONS))


def _last(module: nn.Module) -> nn.Module:
    """The layer that makes the score, past layers that only reshape."""
    children = [
        child
        for child in module.children()
        if any(True for _ in child.parameters()) or isinstance(child, BOUNDED_HEADS)
    ]
    return _last(children[-1]) if children else module
