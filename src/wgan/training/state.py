"""What is a run in the middle of training? Networks, their average, optimisers and a step: saved
and loaded as one file.

No random state is kept: every draw is a function of (seed, step). Files are safetensors with JSON
in the header, so that loading runs no code.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialised
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.data import Codec
from wgan.networks import build_critic, build_generator
from wgan.objectives import Variant
from wgan.training.config import Config, OptimiserConfig

PARTS = ("generator", "critic", "average")
OPTIMISERS = ("generator_optimiser", "critic_optimiser")


@dataclass
class State:
    """A run after `step` generator steps and `seconds` of training; `average` is the generator's
    moving average.
    """

    generator: nn.Module
    critic: nn.Module
    average: nn.Module
    generator_optimiser: Optimizer
    critic_optimiser: Optimizer
    step: int = 0
    seconds: float = 0.0


def create(
    config: Config, row: Variant, codec: Codec, device: torch.device, classes: int = 0
) -> State:
    """Return the state before the first step; weights are a function of the seed. With `classes`,
    networks take labels.
    """
    seed = config.training.seed
    generator = build_generator(config.network, codec.shape, seed, classes, codec.heads).to(device)
    critic = build_critic(config.network, codec.shape, seed, row.layers, classes, codec.heads).to(
        device
    )
    average = deepcopy(generator).requires_grad_(False).eval()
    return State(
        generator,
        critic,
        average,
        _optimiser(generator, config.optimiser),
        _optimiser(critic, config.optimiser),
    )


def _optimiser(net: nn.Module, config: OptimiserConfig) -> Optimizer:
    if config.name == "rmsprop":
        return RMSprop(net.parameters(), lr=config.lr)
    return Adam(net.parameters(), lr=config.lr, betas=config.betas, fused=True)


def save(state: State, path: Path) -> None:
    """Write a checkpoint atomically."""
    tensors: dict[str, Tensor] = {}
    groups: dict[str, Any] = {}
    for name in PARTS:
        tensors |= {f"{name}/{k}": v for k, v in getattr(state, name).state_dict().items()}
    for name in OPTIMISERS:
        saved = getattr(state, name).state_dict()
        groups[name] = saved["param_groups"]
        tensors |= {
            f"{name}/{i}/{k}": v for i, values in saved["state"].items() for k, v in values.items()
        }
    header = {"step": str(state.step), "seconds": repr(state.seconds), "groups": json.dumps(groups)}
    write_tensors(path, tensors, header)


def load(state: State, path: Path) -> None:
    """Bring a freshly created state to where a checkpoint was written.

    Raises:
        WganError: a damaged file, or one of other networks.
    """
    tensors, header = read_tensors(path)
    try:
        for name in PARTS:
            getattr(state, name).load_state_dict(dict(_below(tensors, name)))
        groups = json.loads(header["groups"])
        for name in OPTIMISERS:
            values: dict[int, dict[str, Tensor]] = {}
            for key, tensor in _below(tensors, name):
                index, _, slot = key.partition("/")
                values.setdefault(int(index), {})[slot] = tensor
            optimiser = getattr(state, name)
            for i, parameter in enumerate(optimiser.param_groups[0]["params"]):
                _lay_out_as(parameter, values.get(i, {}))
            optimiser.load_state_dict({"state": values, "param_groups": groups[name]})
        state.step, state.seconds = int(header["step"]), float(header["seconds"])
    except (KeyError, ValueError, RuntimeError) as error:
        raise WganError(
            f"{path}: does not fit this run ({str(error).splitlines()[0]}): start in another folder"
            " with --out"
        ) from None


def _lay_out_as(parameter: Tensor, slots: dict[str, Tensor]) -> None:
    """Give a parameter's moments its own layout in memory: a fused optimiser goes through them side
    by side, and does not look at strides.
    """
    for slot, tensor in slots.items():
        if tensor.shape == parameter.shape:
            slots[slot] = torch.empty_like(parameter).copy_(tensor)


def _below(tensors: dict[str, Tensor], name: str) -> Iterator[tuple[str, Tensor]]:
    return ((k.removeprefix(f"{name}/"), v) for k, v in tensors.items() if k.startswith(f"{name}/"))


def write_tensors(
    path: Path, tensors: dict[str, Tensor], header: dict[str, str] | None = None
) -> None:
    """Write a safetensors file atomically."""
    with replaced(path) as target:
        target.write_bytes(
            serialised(
                {k: v.detach().contiguous().cpu() for k, v in tensors.items()}, metadata=header
            )
        )


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a safetensors file, each in memory of its own, and its header.

    Raises:
        WganError: missing or damaged.
    """
    with _opened(path) as file:
        return {key: file.get_tensor(key).clone() for key in file.keys()}, file.metadata() or {}  # noqa: SIM118


def read_header(path: Path) -> dict[str, str]:
    """Return the header of a safetensors file alone; errors as `read_tensors`."""
    with _opened(path) as file:
        return dict(file.metadata() or {})


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except FileNotFoundError:
        raise WganError(f"{path}: no such file") from None
    except SafetensorError as error:
        raise WganError(f"{path}: a damaged safetensors file ({error})") from None
