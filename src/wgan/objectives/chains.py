"""Critics that are chains of links: which ones they are, and nothing else taken for one.

A gradient by a `Sweep` is right only for a critic that computes exactly what its layers' classes
say. A subclass, a hook or a replaced method may make it another function, without an error and with
a wrong gradient. So a layer's class must be exactly a known one, or say of itself what it is:

- `runs_in_order = True`: a sequence of its children;
- `adds_paths = True`: the sum of the two chains that its method `paths()` returns;
- `is_fixed_map = True`: a linear map without weights.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar, Protocol, TypeGuard, cast

from torch import Tensor, nn
from torch.nn.modules import module as torch_modules

from wgan.objectives.blocks import Activation, Block, Chain, FixedMap, Link, Paths, layers_of


class Chained(Protocol):
    """A critic with conditions, f(x, y) = w h + b with h = features(inputs(x, y)).

    Each number among the inputs is one of x, or a condition. Outside `features` there are linear
    layers and embeddings alone, from which `direction` makes w and b. A class says that of itself
    alone by `chained = True`: a subclass may be another function.
    """

    chained: ClassVar[bool]
    features: nn.Sequential

    def inputs(self, x: Tensor, y: Tensor | None, /) -> Tensor:
        """Return the input of the first layer."""

    def direction(self, y: Tensor | None, /) -> tuple[Tensor, Tensor]:
        """Return w, `[1, hidden]` or one for each label, and b."""


def is_chained(critic: object) -> TypeGuard[Chained]:
    """Whether a critic's class says that it is a `Chained` one."""
    return _says(critic, "chained")


def _says(module: object, what: str) -> bool:
    """Whether the class of a module says something of itself; what it inherits does not count."""
    return bool(vars(type(module)).get(what, False))


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
    known = type(layer) is nn.Flatten or _says(layer, "flattens_all")
    return known and _axes(layer) == (0, -1)


def chain_of(critic: nn.Module) -> Chain | None:
    """Return the chain of a critic's hidden layers, or none if it is not one.

    A critic ends in a linear layer with one output and the score. On images, convolutions come
    first, then one `nn.Flatten()`, then linear layers, if any. Ask again at each step, since a
    critic may have been changed in between.
    """
    hidden = _hidden_layers(critic)
    if hidden is None or has_global_hooks() or has_backward_hooks(critic):
        return None
    if any(map(is_altered, critic.modules())):
        return None
    layers = list(_in_order(hidden))
    flat = [i for i, layer in enumerate(layers) if type(layer) is nn.Flatten]
    if len(flat) > 1 or any(_axes(layers[i]) != (1, -1) for i in flat):
        return None
    before = _links(layers[: flat[0]] if flat else [])
    after = _links(layers[flat[0] + 1 :] if flat else layers)
    if before is None or after is None:
        return None
    convolutions, matrices = list(layers_of(before)), list(layers_of(after))
    # Pixels come before the flattening, and none after it.
    is_ordered = (
        all(isinstance(layer, nn.Conv2d) for layer in convolutions)
        and all(isinstance(layer, nn.Linear) for layer in matrices)
        and bool(convolutions) == bool(before)
        and not any(map(_has_fixed_map, after))
    )
    return (*before, *after) if is_ordered and convolutions + matrices else None


def _in_order(layers: Iterable[nn.Module]) -> Iterator[nn.Module]:
    """Yield layers, and those of a sequence in its place."""
    for layer in layers:
        if type(layer) is nn.Sequential or _says(layer, "runs_in_order"):
            yield from _in_order(layer.children())
        else:
            yield layer


def _links(layers: Iterable[nn.Module]) -> Chain | None:
    """Return the chain of layers, none if one of them is not known."""
    links: list[Link] = []
    for layer in _in_order(layers):
        if _is_relu(layer):
            slope = getattr(layer, "negative_slope", 0.0)
            last = links[-1] if links else None
            if isinstance(last, Block) and last.slope == 1:
                links[-1] = replace(last, slope=slope)
            else:
                links.append(Activation(slope))
        elif _is_known(layer):
            links.append(Block(cast(nn.Linear | nn.Conv2d, layer)))
        elif _says(layer, "is_fixed_map"):
            links.append(FixedMap(layer))
        elif _says(layer, "adds_paths"):
            first, second = map(_links, layer.paths())  # type: ignore[operator]
            if first is None or second is None:
                return None
            links.append(Paths(first, second))
        else:
            return None
    return tuple(links)


def _has_fixed_map(link: Link) -> bool:
    """Whether a link is a fixed map, or has one in a path."""
    if isinstance(link, Paths):
        return any(map(_has_fixed_map, (*link.first, *link.second)))
    return isinstance(link, FixedMap)


def _hidden_layers(critic: nn.Module) -> list[nn.Module] | None:
    """Return the layers below the head, if the head is one whose direction is known."""
    found: object = critic
    if is_chained(found):
        if type(found.features) is nn.Sequential and _has_known_head(critic, found.features):
            return list(found.features)
    elif type(critic) is nn.Sequential and len(critic) > 2:
        last, score = critic[-2], critic[-1]
        is_head = _weighs(last) and last.bias is not None and flattens_all(score)
        if is_head and getattr(last, "out_features", 0) == 1:
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
    """Return whether a layer is exactly linear or convolutional.

    Its weight, and its bias if it has one, are parameters.
    """
    return (
        type(layer) in (nn.Linear, nn.Conv2d)
        and isinstance(layer.weight, nn.Parameter)
        and (layer.bias is None or isinstance(layer.bias, nn.Parameter))
    )
