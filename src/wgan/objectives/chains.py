"""Critics that are chains of blocks: which ones they are, and nothing else taken for one.

A gradient by a `Sweep` is right only for a critic that computes exactly what its layers' classes
say. A subclass, a hook or a replaced method may make it another function, without an error and with
a wrong gradient. So a layer's class must be exactly a known one.
"""

from functools import lru_cache
from typing import ClassVar, Protocol, TypeGuard

from torch import Tensor, nn
from torch.nn.modules import module as torch_modules

from wgan.objectives.blocks import Block


class Chained(Protocol):
    """A critic with conditions, f(x, y) = w h + b with h = features(inputs(x, y)).

    Each number among the inputs is one of x, or a condition. Outside `features` there are linear
    layers and embeddings alone, from which `direction` makes w and b. A class says that of itself
    alone by `chained = True`: a subclass may be another function.
    """

    chained: ClassVar[bool]
    features: nn.Sequential

    def inputs(self, x: Tensor, y: Tensor | None, /) -> Tensor:
        """Return what the first layer sees."""

    def direction(self, y: Tensor | None, /) -> tuple[Tensor, Tensor]:
        """Return w, `[1, hidden]` or one for each label, and b."""


def is_chained(critic: object) -> TypeGuard[Chained]:
    """Whether a critic's class says that it is a `Chained` one."""
    return bool(vars(type(critic)).get("chained", False))


def has_global_hooks() -> bool:
    """Whether hooks are registered that torch calls for every module, forward or backward."""
    return bool(
        torch_modules._global_forward_hooks
        or torch_modules._global_forward_pre_hooks
        or torch_modules._global_backward_hooks
        or torch_modules._global_backward_pre_hooks
    )


def has_backward_hooks(net: nn.Module) -> bool:
    """Whether backward hooks are registered on a module of a network, or on all modules."""
    if torch_modules._global_backward_hooks or torch_modules._global_backward_pre_hooks:
        return True
    return any(module._backward_hooks or module._backward_pre_hooks for module in net.modules())


def is_altered(module: nn.Module) -> bool:
    """Whether a forward hook, or a method replaced on the instance, may change the function."""
    if module._forward_hooks or module._forward_pre_hooks:
        return True
    # mypy looks for a class's hash in its instances.
    return not _methods(type(module)).isdisjoint(vars(module))  # type: ignore[arg-type]


# Critics are looked at in every step. The size is bounded since torch makes a class for each layer
# with a parametrisation.
@lru_cache(maxsize=256)
def _methods(kind: type) -> frozenset[str]:
    """Return the names of a class's methods."""
    return frozenset(name for name in dir(kind) if callable(getattr(kind, name, None)))


def flattens_all(layer: nn.Module) -> bool:
    """Whether a layer is exactly `nn.Flatten(start_dim=0)`, or of a class that says it is that.

    A class says it of itself alone by `flattens_all = True`: a subclass may be another function.
    """
    says_so = vars(type(layer)).get("flattens_all", False)
    return (type(layer) is nn.Flatten or says_so) and _axes(layer) == (0, -1)


def blocks_of(critic: nn.Module) -> tuple[Block, ...] | None:
    """Return the blocks of a critic's hidden layers, or none if it is not a chain of blocks.

    A chain ends in a linear layer with one output and the score. Convolutions come first, if any,
    then one `nn.Flatten()`, then linear layers, each followed by (leaky) ReLU. Ask again at each
    step, since a critic may have been changed in between.
    """
    layers = _hidden_layers(critic)
    if layers is None or has_global_hooks() or has_backward_hooks(critic):
        return None
    if any(map(is_altered, critic.modules())):
        return None
    flat = [i for i, layer in enumerate(layers) if type(layer) is nn.Flatten]
    if any(_axes(layers[i]) != (1, -1) for i in flat):
        return None
    chain = [layer for i, layer in enumerate(layers) if i not in flat]
    pairs = list(zip(chain[::2], chain[1::2], strict=False))
    convolutions = sum(isinstance(layer, nn.Conv2d) for layer, _ in pairs)
    places = [[2 * convolutions]] if convolutions else [[], [0]]
    if flat not in places or len(chain) % 2 or not pairs:
        return None
    if not all(_is_known(layer) and _is_relu(activation) for layer, activation in pairs):
        return None
    return tuple(
        Block(layer, getattr(activation, "negative_slope", 0.0))  # type: ignore[arg-type]
        for layer, activation in pairs
    )


def _hidden_layers(critic: nn.Module) -> list[nn.Module] | None:
    """Return the layers below the head, if the head is one whose direction is known."""
    found: object = critic
    if is_chained(found):
        if type(found.features) is nn.Sequential and _has_known_head(critic, found.features):
            return list(found.features)
    elif type(critic) is nn.Sequential and len(critic) > 2:
        last, score = critic[-2], critic[-1]
        if _weighs(last) and getattr(last, "out_features", 0) == 1 and flattens_all(score):
            return list(critic)[:-2]
    return None


def _has_known_head(critic: nn.Module, features: nn.Module) -> bool:
    """Whether modules outside the features are exactly of the kinds that a direction comes from."""
    heads = [child for child in critic.children() if child is not features]
    return all(
        type(layer) in (nn.Sequential, nn.Linear, nn.Embedding) or flattens_all(layer)
        for head in heads
        for layer in head.modules()
    )


def _axes(layer: nn.Module) -> tuple[object, object]:
    """Return the first and the last axis that a flattening layer makes one."""
    return getattr(layer, "start_dim", None), getattr(layer, "end_dim", None)


def _is_known(layer: nn.Module) -> bool:
    """Whether a layer is one whose formulas `Block` has."""
    if isinstance(layer, nn.Conv2d):
        return (
            _weighs(layer)
            and layer.padding_mode == "zeros"
            and layer.groups == 1
            and layer.dilation == (1, 1)
            and not isinstance(layer.padding, str)
        )
    return _weighs(layer)


def _is_relu(activation: nn.Module) -> bool:
    """Whether an activation is exactly ReLU, or leaky ReLU that does not fall."""
    if type(activation) is nn.LeakyReLU:
        return activation.negative_slope >= 0
    return type(activation) is nn.ReLU


def _weighs(layer: nn.Module) -> bool:
    """Whether a layer is exactly linear or convolutional, with parameters as weight and bias."""
    return type(layer) in (nn.Linear, nn.Conv2d) and all(
        isinstance(getattr(layer, name), nn.Parameter) for name in ("weight", "bias")
    )
