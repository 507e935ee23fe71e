"""The state of a run in the middle of training: networks, their average, optimizers and a step.

It is saved and loaded as one file. No random state is kept: every draw is a function of (seed,
step). Files are safetensors, so that loading runs no code. The header names the run: the state of
another one is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import inf
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

from wgan.base.errors import WganError
from wgan.base.records import FAULTS, reason_of
from wgan.base.tensors import digest, not_finite, read_tensors, step_of, write_tensors
from wgan.config.sections import Config, OptimizerConfig
from wgan.data import Codec, augmentation_of
from wgan.data.augmentation import Applied
from wgan.networks import Pair, build_critic, build_generator
from wgan.objectives import Variant
from wgan.training.parallel import Ranks

PARTS = ("generator", "critic", "average")
OPTIMIZERS = ("generator_optimizer", "critic_optimizer")
RENAMED = {name.replace("optimizer", "optimiser"): name for name in OPTIMIZERS}
"""Names in checkpoints of older versions."""
SLOTS: dict[type, set[str]] = {
    Adam: {"step", "exp_avg", "exp_avg_sq"},
    RMSprop: {"step", "square_avg"},
}
"""Values that an optimizer keeps for each parameter."""


AUGMENT = "augment/probability"
"""Name in checkpoints of the numbers of a run's augmentation."""


@dataclass
class Augmenting:
    """Augmentation of samples before the critic sees them.

    Attributes:
        apply: changes samples.
        probability: of each change.
        scores: sums of weighted mean scores of training, watched and generated samples, by which an
            adaptive probability moves; the weights are the same in each.
    """

    apply: Applied
    probability: float
    scores: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def overfitting(self) -> float | None:
        """r_v of Karras et al. (2020), equation 1.

        None if the critic does not tell training samples from generated ones.
        """
        train, watched, generated = self.scores
        return (train - watched) / (train - generated) if train > generated else None

    def follow(
        self, means: Sequence[float], kept: float, aim: float, step: float, most: float
    ) -> None:
        """Take in new mean scores, and move the probability by `step`, up if r_v is above `aim`.

        Args:
            means: of training, watched and generated samples.
            kept: weight of the earlier scores.
            aim: r_v at which the probability would stay.
            step: by how much it moves.
            most: the highest probability.
        """
        new = [kept * s + (1 - kept) * m for s, m in zip(self.scores, means, strict=True)]
        self.scores = (new[0], new[1], new[2])
        if self.overfitting is not None:
            moved = self.probability + (step if self.overfitting > aim else -step)
            self.probability = min(max(moved, 0.0), most)

    def numbers(self) -> Tensor:
        """Return the probability and the scores, as they are saved."""
        return torch.tensor([self.probability, *self.scores], dtype=torch.float64)

    def put(self, numbers: Tensor) -> None:
        """Take over what `numbers` returned."""
        probability, train, watched, generated = numbers.tolist()
        if not 0 <= probability <= 1:
            raise ValueError(f"{AUGMENT} {probability}")
        self.probability = probability
        self.scores = (train, watched, generated)


@dataclass
class State:
    """A run after `step` generator steps and `seconds` of training.

    `average` is the generator's moving average. `augment` is None if samples are not changed.
    """

    generator: nn.Module
    critic: nn.Module
    average: nn.Module
    generator_optimizer: Optimizer
    critic_optimizer: Optimizer
    step: int = 0
    seconds: float = 0.0
    augment: Augmenting | None = None

    @property
    def probability(self) -> float:
        """Probability of each change of a sample."""
        return 0.0 if self.augment is None else self.augment.probability

    def changed(self, x: Tensor, changes: Tensor | None) -> Tensor:
        """Return samples as the critic sees them."""
        if self.augment is None or changes is None:
            return x
        return self.augment.apply(x, changes)


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
        variant: decides the layers of the critic.
        codec: of the data.
        device: where the weights are.
        classes: with any, networks take labels.
        pair: the networks' builders; None: those of the kind of data.

    Raises:
        WganError: augmentation of a kind that has none.
    """
    augment = None
    if config.augment.mode is not None:
        augment = Augmenting(augmentation_of(codec).apply, config.augment.first)
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
        augment=augment,
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
    header = {"step": str(state.step), "seconds": repr(state.seconds)}
    write_tensors(path, _tensors(state), dict(marks or {}) | header)


def _tensors(state: State) -> dict[str, Tensor]:
    """Return all tensors of a state by name."""
    tensors: dict[str, Tensor] = {}
    if state.augment is not None:
        tensors[AUGMENT] = state.augment.numbers()
    for name in PARTS:
        tensors |= {f"{name}/{k}": v for k, v in getattr(state, name).state_dict().items()}
    for name in OPTIMIZERS:
        saved = getattr(state, name).state_dict()
        tensors |= {
            f"{name}/{i}/{k}": v for i, values in saved["state"].items() for k, v in values.items()
        }
    return tensors


def load(
    state: State, path: Path, marks: Mapping[str, str] | None = None, most_steps: int | None = None
) -> None:
    """Bring a freshly created state to where a checkpoint was written.

    Settings of the optimizers are those of the state: the run's configuration has them all.

    Args:
        state: the state; it is useless after an error.
        path: the file.
        marks: marks of the run that the header must have, if it has any.
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
        _put(state, tensors)
        state.step, state.seconds = step, seconds
    except (*FAULTS, RuntimeError) as error:
        raise WganError(
            f"{path}: does not fit this run ({reason_of(error)}): start in another folder with"
            " --out"
        ) from None


def take_over(state: State, earlier: State) -> None:
    """Bring a freshly created state to where another one stands, which is not touched.

    Args:
        state: of the same networks.
        earlier: the other one.
    """
    _put(state, {name: tensor.detach().clone() for name, tensor in _tensors(earlier).items()})
    state.step, state.seconds = earlier.step, earlier.seconds


def share(state: State, ranks: Ranks) -> None:
    """Give all ranks the first one's state."""
    state.step, state.seconds = ranks.of_first((state.step, state.seconds))
    tensors = ranks.broadcast(_tensors(state))
    if not ranks.first:
        _put(state, tensors)


def check_equal(state: State, ranks: Ranks) -> None:
    """Refuse a rank whose weights differ from the first one's.

    Raises:
        WganError: on that rank, naming it.
    """
    if ranks.world_size > 1:
        tensors = {name: x.detach().cpu().contiguous() for name, x in _tensors(state).items()}
        weights = {f"state after step {state.step}": digest(tensors, {})}
        ranks.check_same([(weights, "train on hosts with the same processors and packages")])


def _put(state: State, tensors: dict[str, Tensor]) -> None:
    """Give a state all its tensors, by name."""
    if state.augment is not None:
        state.augment.put(tensors[AUGMENT])
    for name in PARTS:
        _load_network(getattr(state, name), dict(_below(tensors, name)))
    for name in OPTIMIZERS:
        _load_optimizer(getattr(state, name), dict(_below(tensors, name)))


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
    """Give a parameter's moments its own layout in memory.

    A fused optimizer goes through them side by side, and ignores strides.
    """
    for slot, tensor in slots.items():
        if slot == "step" and tensor.ndim == 0:
            continue
        if tensor.shape != parameter.shape or tensor.dtype != parameter.dtype:
            raise ValueError(f"optimizer: {slot} of shape {tuple(tensor.shape)}")
        slots[slot] = torch.empty_like(parameter).copy_(tensor)


def _below(tensors: dict[str, Tensor], name: str) -> Iterator[tuple[str, Tensor]]:
    return ((k.removeprefix(f"{name}/"), v) for k, v in tensors.items() if k.startswith(f"{name}/"))
