"""The state of a run in the middle of training: networks, their average, optimizers and a step.

It is saved and loaded as one file. No random state is kept: every draw is a function of (seed,
step). Files are safetensors with JSON in the header, so that loading runs no code.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

from wgan.base.errors import WganError
from wgan.base.tensors import read_tensors, write_tensors
from wgan.config.sections import Config, OptimizerConfig
from wgan.data import Codec
from wgan.networks import Pair, build_critic, build_generator
from wgan.objectives import Variant

PARTS = ("generator", "critic", "average")
OPTIMIZERS = ("generator_optimizer", "critic_optimizer")
RENAMED = {name.replace("optimizer", "optimiser"): name for name in OPTIMIZERS}
"""Names in checkpoints of older versions."""


@dataclass
class State:
    """A run after `step` generator steps and `seconds` of training; `average` is the generator's
    moving average.
    """

    generator: nn.Module
    critic: nn.Module
    average: nn.Module
    generator_optimizer: Optimizer
    critic_optimizer: Optimizer
    step: int = 0
    seconds: float = 0.0


def create(
    config: Config,
    variant: Variant,
    codec: Codec,
    device: torch.device,
    classes: int = 0,
    pair: Pair | None = None,
) -> State:
    """Return the state before the first step; weights are a function of the seed.

    Args:
        config: of the run.
        variant: decides what the critic is built of.
        codec: of the data.
        device: where the weights are.
        classes: with any, networks take labels.
        pair: the networks' builders; None: those of the kind of data.
    """
    seed = config.training.seed
    generator = build_generator(config.network, codec, seed, classes, pair).to(device)
    critic = build_critic(config.network, codec, seed, variant.layers, classes, pair).to(device)
    average = deepcopy(generator).requires_grad_(False).eval()
    return State(
        generator,
        critic,
        average,
        _optimizer(generator, config.optimizer),
        _optimizer(critic, config.optimizer),
    )


def _optimizer(net: nn.Module, config: OptimizerConfig) -> Optimizer:
    if config.name == "rmsprop":
        return RMSprop(net.parameters(), lr=config.lr)
    return Adam(net.parameters(), lr=config.lr, betas=config.betas, fused=True)


def save(state: State, path: Path) -> None:
    """Write a checkpoint atomically."""
    tensors: dict[str, Tensor] = {}
    groups: dict[str, Any] = {}
    for name in PARTS:
        tensors |= {f"{name}/{k}": v for k, v in getattr(state, name).state_dict().items()}
    for name in OPTIMIZERS:
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
    tensors = {_present(name): tensor for name, tensor in tensors.items()}
    try:
        for name in PARTS:
            getattr(state, name).load_state_dict(dict(_below(tensors, name)))
        groups = {_present(name): each for name, each in json.loads(header["groups"]).items()}
        for name in OPTIMIZERS:
            values: dict[int, dict[str, Tensor]] = {}
            for key, tensor in _below(tensors, name):
                index, _, slot = key.partition("/")
                values.setdefault(int(index), {})[slot] = tensor
            optimizer = getattr(state, name)
            for i, parameter in enumerate(optimizer.param_groups[0]["params"]):
                _lay_out_as(parameter, values.get(i, {}))
            optimizer.load_state_dict({"state": values, "param_groups": groups[name]})
        state.step, state.seconds = int(header["step"]), float(header["seconds"])
    except (KeyError, ValueError, RuntimeError) as error:
        raise WganError(
            f"{path}: does not fit this run ({str(error).splitlines()[0]}): start in another folder"
            " with --out"
        ) from None


def _present(name: str) -> str:
    """Return a name of an older checkpoint as it is now: its first part may have changed."""
    first, slash, rest = name.partition("/")
    return RENAMED.get(first, first) + slash + rest


def _lay_out_as(parameter: Tensor, slots: dict[str, Tensor]) -> None:
    """Give a parameter's moments its own layout in memory: a fused optimizer goes through them side
    by side, and does not look at strides.
    """
    for slot, tensor in slots.items():
        if tensor.shape == parameter.shape:
            slots[slot] = torch.empty_like(parameter).copy_(tensor)


def _below(tensors: dict[str, Tensor], name: str) -> Iterator[tuple[str, Tensor]]:
    return ((k.removeprefix(f"{name}/"), v) for k, v in tensors.items() if k.startswith(f"{name}/"))
