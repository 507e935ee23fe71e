"""Files of a model: numbers as safetensors, the layout as JSON. Loading them runs no code.

`generator.json` names the layout: the codec, the settings of the networks, the variant and the
classes. `generator.safetensors` and `critic.safetensors` hold the weights. Networks of the package
are rebuilt from their settings. A network class of your own is rebuilt if it has a class attribute
`name` and an attribute `config`, a dict of plain values that its constructor takes:

    class Mine(nn.Module):
        name = "mine"

        def __init__(self, width: int, noise: int) -> None:
            ...
            self.config = {"width": width, "noise": noise}

A folder with such a model is loaded by `load_model(folder, networks=[Mine])`.

The three files name their model, or their run. A file of another one is refused, and so are files
that were changed, and weights that are not finite. Files of older versions name nothing; their
types and shapes are checked.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import nn

from wgan.base.errors import WganError
from wgan.base.records import FAULTS, damage_named, read_json, reason_of, typed, write_json
from wgan.base.tensors import digest, not_finite, read_shapes, read_tensors, write_tensors
from wgan.data import Codec, codec_from_json, codec_to_json
from wgan.data.kinds import try_codec
from wgan.models.model import Model
from wgan.networks import NetworkConfig, build_critic, build_generator, count_parameters
from wgan.objectives import Variant, find_variant
from wgan.objectives.constraints import Layers

FORMAT = "wgan-model-1"
LAYOUT = "generator.json"
GENERATOR = "generator.safetensors"
CRITIC = "critic.safetensors"
ID = "id"
"""Key of the id of a model or run, in `generator.json` and in the headers of its other files."""
ID_LENGTH = 16
"""Characters of an id: two models with one of 64 bits do not meet by chance."""
COPY = "copy the folder again"
MOST_TIMES = 2
"""Largest ratio of a network's weights to those in the file; larger networks are not built. wgan's
own have a ratio of 1; two leaves room for future networks.
"""
SHARES = 1e-6
"""Largest distance of the sum of classes' shares from 1: rounding leaves a billionth of it."""
OURS = {__name__.split(".")[0], nn.Module.__module__.split(".")[0]}
"""Packages whose networks are rebuilt from settings: this one, and torch."""


@dataclass(frozen=True)
class OwnNetwork:
    """A network of the user's own: the name and config of its class, and its noise numbers."""

    name: str
    config: dict[str, Any]
    noise: int | None = None


@dataclass(frozen=True)
class Layout:
    """Contents of `generator.json`.

    Attributes:
        format: name of the format.
        variant: name of the variant.
        network: settings of the networks.
        codec: the codec as plain values.
        shape: of one sample as a network sees it.
        classes: shares of the classes by name.
        networks: networks of the user's own, by part.
        id: the id of the model or its run.
    """

    format: str
    variant: str
    network: dict[str, Any]
    codec: dict[str, Any]
    shape: tuple[int, ...] | None = None
    classes: dict[str, float] = field(default_factory=dict)
    networks: dict[str, OwnNetwork] = field(default_factory=dict)
    id: str | None = None

    def __post_init__(self) -> None:
        shares = self.classes.values()
        if shares and (min(shares) < 0 or abs(sum(shares) - 1) > SHARES):
            raise ValueError("classes: shares that are not 0 or more, or do not add up to 1")


def holds_model(folder: Path) -> bool:
    """Return whether a folder holds the files of a model.

    Args:
        folder: the folder.
    """
    return (folder / LAYOUT).exists()


def save_model(model: Model, folder: Path, marks: Mapping[str, str] | None = None) -> None:
    """Write the model's files into a folder, each atomically.

    Args:
        model: the model.
        folder: its folder, which is made if it does not exist.
        marks: text by name for the headers, such as the `id` of a run; without an id, one is made
            from the weights.

    Raises:
        WganError: a network of the user's own that cannot be rebuilt, or a truncated model.

    See also:
        load_model: reads the folder again.
        export_model: a single file for other programs.
    """
    if model.truncation != 1:
        raise WganError("a truncated model is not saved: save the model, and truncate what is read")
    custom = {
        part: described(net)
        for part, net in (("generator", model.generator), ("critic", model.critic))
        if net is not None
    }
    weights = model.generator.state_dict()
    named = {ID: digest({k: v.cpu().contiguous() for k, v in weights.items()}, {})[:ID_LENGTH]}
    marks = named | dict(marks or {})
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / GENERATOR, weights, marks)
    if model.critic is not None:
        write_tensors(folder / CRITIC, model.critic.state_dict(), marks)
    about = {
        "format": FORMAT,
        ID: marks[ID],
        "shape": list(model.codec.shape),
        "variant": model.variant,
        "network": asdict(model.network),
        "codec": codec_to_json(model.codec),
        "classes": dict(zip(model.classes, model.shares, strict=True)),
    }
    own = {part: about for part, about in custom.items() if about}
    if own:
        about["networks"] = own
    write_json(folder / LAYOUT, about)


def described(net: nn.Module, own_pair: bool = False) -> dict[str, Any] | None:
    """Return the name and config of a network of the user's own; None for one of the package.

    Args:
        net: the network.
        own_pair: whether a pair of the user's own built it; a plain torch network is then not the
            package's, and would be rebuilt as another.

    Raises:
        WganError: a class from elsewhere without a name, or whose config is not plain values.
    """
    name = getattr(type(net), "name", None)
    if name is None:
        home = type(net).__module__.split(".")[0]
        if home in OURS and not (own_pair and home == "torch"):
            return None
        raise WganError(
            f"a network of class {type(net).__name__} cannot be rebuilt when it is loaded: give"
            " the class a `name` and its objects a `config`, a dict of its constructor's arguments"
        )
    config = getattr(net, "config", None)
    try:
        if not isinstance(config, dict):
            raise TypeError("it has none")
        found = {"name": str(name), "config": json.loads(json.dumps(config))}
    except (TypeError, ValueError) as error:
        raise WganError(
            f"network '{name}': `config` is not a dict of plain values ({error}): give numbers,"
            " text, lists and dicts"
        ) from None
    noise = getattr(net, "noise", None)
    return found | {"noise": noise} if isinstance(noise, int) else found


def load_model(
    folder: Path,
    device: torch.device | None = None,
    networks: Sequence[type[nn.Module]] = (),
) -> Model:
    """Return the model that a run or `save_model` left in a folder.

    Args:
        folder: of the model.
        device: where its weights go; None: the CPU.
        networks: classes of the user's own that the folder may name.

    Raises:
        WganError: a folder without a model, damaged files, files of other models, weights that are
            not finite, or a network class that is not given.

    See also:
        save_model: what wrote the folder.
    """
    layout = read_layout(folder)
    with _blamed(folder / LAYOUT):
        network = typed(layout.network, NetworkConfig, known_only=True)
        codec = codec_from_json(layout.codec)
        if layout.shape is not None and layout.shape != tuple(codec.shape):
            raise ValueError(f"shape {list(layout.shape)}, the codec's is {list(codec.shape)}")
        variant = find_variant(layout.variant)
    generator = _filled("generator", folder, layout, networks, network, codec, variant)
    critic = None
    if (folder / CRITIC).exists():
        critic = _filled("critic", folder, layout, networks, network, codec, variant)
    with _blamed(folder / LAYOUT):
        try_codec(codec)
    device = device or torch.device("cpu")
    return Model(
        generator.to(device),
        critic.to(device) if critic is not None else None,
        codec,
        network,
        variant.name,
        tuple(layout.classes),
        tuple(layout.classes.values()),
    )


def read_layout(folder: Path) -> Layout:
    """Return the contents of `generator.json` in a folder.

    Args:
        folder: the folder of a model.

    Raises:
        WganError: a folder without a model, or a damaged file.
    """
    path = folder / LAYOUT
    if not holds_model(folder):
        raise WganError(
            f"{folder}: holds no generator (no {LAYOUT}): give a run's folder, such as"
            " runs/digits-wgan-gp-0"
        )
    values = read_json(path, COPY)
    if values.get("format") != FORMAT:
        raise WganError(f"{path}: format {values.get('format')!r}, this version reads {FORMAT!r}")
    with damage_named(path, COPY):
        return typed(values, Layout)


def _filled(
    part: str,
    folder: Path,
    layout: Layout,
    networks: Sequence[type[nn.Module]],
    config: NetworkConfig,
    codec: Codec,
    variant: Variant,
) -> nn.Module:
    """Return the generator or the critic with its weights."""
    path = folder / f"{part}.safetensors"
    shapes = read_shapes(path)
    classes = len(layout.classes)

    def standard(layers: Layers) -> nn.Module:
        if part == "generator":
            return build_generator(config, codec, classes=classes)
        return build_critic(config, codec, layers=layers, classes=classes)

    own = layout.networks.get(part)
    if own is None:
        with _blamed(folder / LAYOUT):
            # One tensor may hold several layers, along its first axis.
            layers = sum(next(iter(shape), 1) for shape in shapes.values())
            if config.depth > max(layers, NetworkConfig.depth):
                raise ValueError(f"network.depth = {config.depth}, {path.name} has fewer layers")
            # Without memory first: settings that were changed may ask for more than there is.
            # Constrained layers cannot be built so; they hold no fewer weights than plain ones.
            with torch.device("meta"):
                needed = count_parameters(standard("plain"))
        held = sum(prod(shape) for shape in shapes.values())
        if needed > MOST_TIMES * held:
            _check_fit(path, {"weights": held}, {"weights": needed})
        net = standard(variant.layers)
    else:
        net = _own(own, folder / LAYOUT, networks)
    tensors, header = read_tensors(path)
    if header.get(ID) != layout.id:
        raise WganError(f"{path}: is not of the model that {LAYOUT} beside it names: {COPY}")
    wrong = not_finite(tensors)
    if wrong:
        raise WganError(
            f"{path}: holds weights that are not finite ({wrong}): train again with a lower"
            " optimizer.lr"
        )
    _check_fit(path, _forms(tensors), _forms(net.state_dict()))
    net.load_state_dict(tensors)
    return net.eval().requires_grad_(False)


def _own(about: OwnNetwork, path: Path, networks: Sequence[type[nn.Module]]) -> nn.Module:
    """Return a network of the user's own by its name and config."""
    known = {str(getattr(each, "name", each.__name__)): each for each in networks}
    if about.name not in known:
        raise WganError(
            f"the model has a network of its own, '{about.name}': give its class, load_model("
            "folder, networks=[...])"
        )
    try:
        net = known[about.name](**about.config)
    except Exception as error:  # the user's code may raise anything
        raise WganError(
            f"{path}: damaged (network '{about.name}': {reason_of(error)}): {COPY}"
        ) from None
    if about.noise is not None:
        net.noise = about.noise  # type: ignore[assignment]
    return net


def _forms(tensors: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """Return the shape and type of each tensor, in words."""
    return {
        name: f"{list(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"
        for name, tensor in tensors.items()
    }


def _check_fit(path: Path, given: Mapping[str, Any], needed: Mapping[str, Any]) -> None:
    """Refuse weights of another network; both sides say what there is by name."""
    for name in sorted({*given, *needed}):
        if given.get(name) != needed.get(name):
            raise WganError(
                f"{path}: does not fit {LAYOUT} beside it ({name}: {given.get(name, 'missing')},"
                f" needed: {needed.get(name, 'nowhere')}): {COPY}"
            )


@contextmanager
def _blamed(path: Path) -> Iterator[None]:
    """Return a context in which every fault is one of a file's contents."""
    try:
        yield
    except (*FAULTS, RuntimeError) as error:
        raise WganError(f"{path}: damaged ({reason_of(error)}): {COPY}") from None
