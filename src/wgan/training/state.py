"""The state of a run in the middle of training: networks, their average, optimizers and a step.

It is saved and loaded as one file. No random state is kept: every draw is a function of (seed,
step). Files are safetensors, so that loading runs no code. The header names the run: the state of
another one is refused.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from math import inf
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

from wgan.base.errors import WganError
from wgan.base.records import FAULTS, reason_of
from wgan.base.tensors import not_finite, read_tensors, step_of, write_tensors
from wgan.config.sections import Config, OptimizerConfig
from wgan.data import Codec
from wgan.networks import Pair, build_critic, build_generator
from wgan.objectives import Variant

PARTS = ("generator", "critic", "average")
OPTIMIZERS = ("generator_optimizer", "critic_optimizer")
RENAMED = {name.replace("optimizer", "optimiser"): name for name in OPTIMIZERS}
"""Names in checkpoints of older versions."""
SLOTS: dict[type, set[str]] = {
    Adam: {"step", "exp_avg", "exp_avg_sq"},
    RMSprop: {"step", "square_avg"},
}
"""What an optimizer keeps of each parameter."""


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
        _optimizer(generator, config.optimizer, generator_rate(config.optimizer)),
        _optimizer(critic, config.optimizer, config.optimizer.lr),
    )


def generator_rate(config: OptimizerConfig) -> float:
    """Return the learning rate of the generator."""
    return config.lr if config.generator_lr is None else config.generator_lr


def _optimizer(net: nn.Module, config: OptimizerConfig, lr: float) -> Optimizer:
    if config.name == "rmsprop":
        return RMSprop(net.parameters(), lr=lr)
    return Adam(net.parameters(), lr=lr, betas=config.betas, fused=True)


def save(state: State, path: Path, marks: Mapping[str, str] | None = None) -> None:
    """Write a checkpoint atomically.

    Args:
        state: the state.
        path: the file.
        marks: text by name for the header, such as the `id` of the run.
    """
    tensors: dict[str, Tensor] = {}
    for name in PARTS:
        tensors |= {f"{name}/{k}": v for k, v in getattr(state, name).state_dict().items()}
    for name in OPTIMIZERS:
        saved = getattr(state, name).state_dict()
        tensors |= {
            f"{name}/{i}/{k}": v for i, values in saved["state"].items() for k, v in values.items()
        }
    header = {"step": str(state.step), "seconds": repr(state.seconds)}
    write_tensors(path, tensors, dict(marks or {}) | header)


def load(
    state: State, path: Path, marks: Mapping[str, str] | None = None, most_steps: int | None = None
) -> None:
    """Bring a freshly created state to where a checkpoint was written.

    Settings of the optimizers are those of the state: the run's configuration has them all.

    Args:
        state: the state; it is of no use after an error.
        path: the file.
        marks: what the header says of the run, where it says anything.
        most_steps: steps that the run may have done; None: any number.

    Raises:
        WganError: a damaged file, one of other networks or another run, or numbers that are not
            finite.
    """
    tensors, header = read_tensors(path)
    tensors = {_present(name): tensor for name, tensor in tensors.items()}
    try:
        for name, value in (marks or {}).items():
            if header.get(name, value) != value:
                raise ValueError("it is of another run")
        step = step_of(header)
        seconds = float(header["seconds"])
        if most_steps is not None and step > most_steps:
            raise ValueError(f"it is at step {step} of {most_steps}")
        if not 0 <= seconds < inf:
            raise ValueError(f"seconds {header['seconds']}")
        wrong = not_finite(tensors)
        if wrong:
            raise ValueError(f"{wrong} is not finite")
        for name in PARTS:
            _load_network(getattr(state, name), dict(_below(tensors, name)))
        for name in OPTIMIZERS:
            _load_optimizer(getattr(state, name), dict(_below(tensors, name)))
        state.step, state.seconds = step, seconds
    except (*FAULTS, RuntimeError) as error:
        raise WganError(
            f"{path}: does not fit this run ({reason_of(error)}): start in another folder with"
            " --out"
        ) from None


def _load_network(net: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Give a network its weights, whose types are not converted."""
    needed = net.state_dict()
    for name, tensor in tensors.items():
        if name in needed and tensor.dtype != needed[name].dtype:
            raise ValueError(f"{name} of type {tensor.dtype}")
    net.load_state_dict(tensors)


def _load_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimizer its moments, named by the number of their parameter and a slot."""
    values: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, slot = key.partition("/")
        values.setdefault(int(index), {})[slot] = tensor
    parameters = optimizer.param_groups[0]["params"]
    for i, slots in values.items():
        if not 0 <= i < len(parameters) or set(slots) != SLOTS[type(optimizer)]:
            raise ValueError(f"optimizer: {', '.join(sorted(slots))} of parameter {i}")
        _lay_out_as(parameters[i], slots)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": values, "param_groups": groups})


def _present(name: str) -> str:
    """Return a name of an older checkpoint as it is now: its first part may have changed."""
    first, slash, rest = name.partition("/")
    return RENAMED.get(first, first) + slash + rest


def _lay_out_as(parameter: Tensor, slots: dict[str, Tensor]) -> None:
    """Give a parameter's moments its own layout in memory: a fused optimizer goes through them side
    by side, and does not look at strides.
    """
    for slot, tensor in slots.items():
        if slot == "step" and tensor.ndim == 0:
            continue
        if tensor.shape != parameter.shape or tensor.dtype != parameter.dtype:
            raise ValueError(f"optimizer: {slot} of shape {tuple(tensor.shape)}")
        slots[slot] = torch.empty_like(parameter).copy_(tensor)


def _below(tensors: dict[str, Tensor], name: str) -> Iterator[tuple[str, Tensor]]:
    return ((k.removeprefix(f"{name}/"), v) for k, v in tensors.items() if k.startswith(f"{name}/"))
