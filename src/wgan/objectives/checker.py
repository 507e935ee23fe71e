"""Checks of a critic before it is trained: errors that would train silently wrong, and advice."""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.objectives.constraints import is_normalisation
from wgan.objectives.variants import Variant

BOUNDED_HEADS = (nn.Sigmoid, nn.Softmax, nn.LogSigmoid, nn.Hardsigmoid)
WEIGHTED = (nn.Linear, nn.Bilinear, nn.Embedding, nn.modules.conv._ConvNd)

# A penalty's weight has the unit of the data's scale, the mean distance of two samples. Weights
# that serve lie within a factor of 20 of it: 0.1 on points in a plane, which are 1.8 apart, and 10
# on the digits, which are 6 apart. Ten times that factor is left for other data.
FAR_OFF = 200.0


def check_critic(critic: nn.Module, variant: Variant, compiling: bool = False) -> None:
    """Refuse a critic that a variant would train wrongly, and warn of doubtful ones.

    Args:
        critic: the network that is to be trained.
        variant: what it is to be trained for.
        compiling: whether its loss is to be compiled.

    Raises:
        WganError: a normalization over the batch with a penalty per sample (Gulrajani et al. 2017,
            section 4). A bounded head with a Wasserstein score, whose estimate has no bound. A
            consistency term without a hidden layer to compare. In a compiled critic, an activation
            in place or a consistency term.
    """
    if compiling and variant.consistency:
        raise WganError(
            f"{variant.name} drops units at random, so a compiled gradient cannot be checked"
            " against the plain one: run without --compile"
        )
    if variant.consistency and not _has_hidden_layer(critic):
        raise WganError(
            f"{variant.name} compares last hidden layers, and the critic is a"
            f" {type(critic).__name__}: give an nn.Sequential that ends in a linear layer and"
            " nn.Flatten(0)"
        )
    for name, layer in critic.named_modules():
        _refuse(name, layer, variant, compiling)
        _warn(name, layer, variant)
    head = _last(critic)
    if variant.score.is_w1 and isinstance(head, BOUNDED_HEADS):
        raise WganError(
            f"the critic ends in {type(head).__name__}, but {variant.name} needs scores without a"
            " bound: leave it out"
        )


def _refuse(name: str, layer: nn.Module, variant: Variant, compiling: bool) -> None:
    """Raise an error for a layer that would train silently wrong."""
    kind = type(layer).__name__
    if variant.penalty and isinstance(layer, nn.modules.batchnorm._BatchNorm):
        raise WganError(
            f"the critic's layer {name} is {kind}, but a penalty is per sample: use LayerNorm"
            " or none"
        )
    if compiling and getattr(layer, "inplace", False):
        raise WganError(
            f"the critic's layer {name} ({kind}) works in place, which a compiled penalty does not"
            " allow: leave out inplace=True"
        )


def _warn(name: str, layer: nn.Module, variant: Variant) -> None:
    """Warn of a layer that is doubtful under the variant."""
    drops = isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p > 0
    if variant.penalty and not variant.consistency and drops:
        warnings.warn(
            f"the critic's layer {name} drops out: its gradient norm is that of a random network",
            stacklevel=4,
        )
    clips = variant.constraint is not None and variant.constraint.bound is not None
    if clips and _is_clipped_though_no_weight(layer):
        warnings.warn(
            f"the critic's layer {name} ({type(layer).__name__}) has parameters of its own, which"
            " clipping keeps small too",
            stacklevel=4,
        )


def weight_advice(variant: Variant, x_real: Float[Tensor, "n *shape"]) -> str:
    """Return a sentence if a variant is doubtful on these data, otherwise an empty text.

    It is doubtful if nothing bounds its estimate, or if its penalty's weight does not fit the
    data's scale.

    The scale is the mean distance of two samples as the critic sees them: the unit in which the
    weight counts.

    Args:
        variant: with the penalty's weight.
        x_real: two or more samples, as the critic sees them.
    """
    if not variant.bounded:
        return (
            f"{variant.name} has no optimum where real and generated samples do not overlap: its"
            " estimate then grows without limit, and is not a distance"
        )
    if variant.penalty is None or not (variant.score.is_w1 and variant.aims_at_slope_one):
        return ""
    flat = x_real.flatten(1).double()
    scale = float(torch.linalg.vector_norm(flat - flat.roll(1, 0), dim=1).mean())
    weight = variant.penalty.weight
    if scale == 0 or scale / FAR_OFF <= weight <= scale * FAR_OFF:
        return ""
    effect = (
        "the critic's slope is hardly constrained"
        if weight < scale / FAR_OFF
        else "the penalty outweighs the score"
    )
    return (
        f"penalty weight {weight:g} is far from the data's scale (two samples lie {scale:.3g} apart"
        f" on average): {effect}"
    )


def _has_hidden_layer(critic: nn.Module) -> bool:
    """Whether a consistency term can tell the critic's last hidden layer from its score."""
    return isinstance(critic, nn.Sequential) or (
        hasattr(critic, "hidden") and hasattr(critic, "score")
    )


def _is_clipped_though_no_weight(layer: nn.Module) -> bool:
    has_parameters = next(layer.parameters(recurse=False), None) is not None
    return has_parameters and not isinstance(layer, WEIGHTED) and not is_normalisation(layer)


def _last(module: nn.Module) -> nn.Module:
    """Return the layer that makes the score, past layers that only reshape."""
    children = [
        child
        for child in module.children()
        if any(True for _ in child.parameters()) or isinstance(child, BOUNDED_HEADS)
    ]
    return _last(children[-1]) if children else module
