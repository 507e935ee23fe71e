"""Files of a model: numbers as safetensors, the layout as JSON. Loading them runs no code.

`generator.json` names the layout: the codec, the settings of the networks, the variant and the
classes. `generator.safetensors` and `critic.safetensors` hold the weights. Networks of the package
are rebuilt from their settings. A network class of your own is rebuilt where it has a class
attribute `name` and an attribute `config`, a dict of plain values that its constructor takes:

    class Mine(nn.Module):
        name = "mine"

        def __init__(self, width: int, noise: int) -> None:
            ...
            self.config = {"width": width, "noise": noise}

A folder with such a model is loaded by `load_model(folder, networks=[Mine])`.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.base.tensors import read_tensors, write_tensors
from wgan.data import codec_from_json, codec_to_json
from wgan.models.model import Model
from wgan.networks import NetworkConfig, build_critic, build_generator
from wgan.objectives import find_variant

FORMAT = "wgan-model-1"
LAYOUT = "generator.json"
GENERATOR = "generator.safetensors"
CRITIC = "critic.safetensors"
OURS = {__name__.split(".")[0], nn.Module.__module__.split(".")[0]}
"""Packages whose networks are rebuilt from settings: this one, and torch."""


def holds_model(folder: Path) -> bool:
    """Tell whether a folder holds the files of a model."""
    return (folder / LAYOUT).exists()


def save_model(model: Model, folder: Path) -> None:
    """Write the model's files into a folder, each atomically.

    Raises:
        WganError: a network of the user's own that cannot be rebuilt.
    """
    custom = {
        part: described(net)
        for part, net in (("generator", model.generator), ("critic", model.critic))
        if net is not None
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / GENERATOR, model.generator.state_dict())
    if model.critic is not None:
        write_tensors(folder / CRITIC, model.critic.state_dict())
    about = {
        "format": FORMAT,
        "shape": list(model.codec.shape),
        "variant": model.variant,
        "network": asdict(model.network),
        "codec": codec_to_json(model.codec),
        "classes": dict(zip(model.classes, model.shares, strict=True)),
    }
    named = {part: about for part, about in custom.items() if about}
    if named:
        about["networks"] = named
    write_text(folder / LAYOUT, json.dumps(about, indent=2) + "\n")


def described(net: nn.Module, own_pair: bool = False) -> dict[str, Any] | None:
    """Return the name and config of a network of the user's own; None for one of the package.

    Args:
        net: the network.
        own_pair: whether a pair of the user's own built it; a plain torch network is then not the
            package's, and would be rebuilt as another.

    Raises:
        WganError: a class from elsewhere without a name, or whose config is no plain values.
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
            f"network '{name}': `config` is no dict of plain values ({error}): give numbers, text,"
            " lists and dicts"
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
        WganError: no model there, damaged files, or a network class that is not given.
    """
    path = folder / LAYOUT
    if not holds_model(folder):
        raise WganError(
            f"{folder}: holds no generator (no {LAYOUT}): give a run's folder, such as"
            " runs/digits-wgan-gp-0"
        )
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise WganError(f"{path}: format {about['format']!r}, this version reads {FORMAT!r}")
        network = NetworkConfig(**about["network"])
        codec = codec_from_json(about["codec"])
        variant = find_variant(about["variant"])
        shares = {str(name): float(s) for name, s in about.get("classes", {}).items()}
        custom = about.get("networks", {})
        generator = _built(
            custom.get("generator"),
            networks,
            lambda: build_generator(network, codec, classes=len(shares)),
        )
        critic = _built(
            custom.get("critic"),
            networks,
            lambda: build_critic(network, codec, layers=variant.layers, classes=len(shares)),
        )
    except WganError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise WganError(f"{path}: damaged ({error}): copy the folder again") from None
    device = device or torch.device("cpu")
    generator = _filled(generator, folder / GENERATOR).to(device)
    kept = None
    if (folder / CRITIC).exists():
        kept = _filled(critic, folder / CRITIC).to(device)
    return Model(
        generator, kept, codec, network, variant.name, tuple(shares), tuple(shares.values())
    )


def _built(
    about: dict[str, Any] | None,
    networks: Sequence[type[nn.Module]],
    standard: Callable[[], nn.Module],
) -> nn.Module:
    """Return a network of the package, or one of the user's own by its name and config."""
    if about is None:
        return standard()
    known = {str(getattr(each, "name", each.__name__)): each for each in networks}
    if about["name"] not in known:
        raise WganError(
            f"the model has a network of its own, '{about['name']}': give its class, load_model("
            "folder, networks=[...])"
        )
    net = known[about["name"]](**about["config"])
    if "noise" in about:
        net.noise = about["noise"]
    return net


def _filled(net: nn.Module, path: Path) -> nn.Module:
    tensors, _ = read_tensors(path)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise WganError(f"{path}: does not fit {LAYOUT} beside it ({reason})") from None
    return net.eval().requires_grad_(False)
