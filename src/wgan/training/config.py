"""What can be set, and in which order is it resolved? Defaults, then the variant's row, the preset,
the file, `--set`, flags.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import tomli_w

from wgan.base.errors import WganError, did_you_mean
from wgan.data import Dataset, load
from wgan.networks import NetworkConfig
from wgan.objectives import variant

Precision = Literal["auto", "float32", "bfloat16"]


def _at_least(section: Any, place: str, least: Mapping[str, int]) -> None:
    for name, bound in least.items():
        value = getattr(section, name)
        if value is not None and not value >= bound:
            raise WganError(f"{place}.{name} = {value}: give {bound} or more")


@dataclass(frozen=True)
class DataConfig:
    """Which samples, and how they are split."""

    source: str = "digits"
    """A name, file or folder."""
    key: str | None = None
    """Which array of an .npz that holds several."""
    held_out: float = 0.2
    """Share of the samples that is never trained on."""
    split_seed: int = 0
    """Which samples are held out; the same for all seeds of training, so that runs can be compared.
    """
    resize: tuple[int, int] | None = None
    """(height, width) for a folder or zip of pictures."""
    mode: Literal["auto", "L", "RGB", "RGBA"] = "auto"
    """Channels for a folder or zip of pictures."""
    labels: str | None = None
    """Classes to condition on: own (folders, digits), a column of the .csv, an array of the .npz,
    or a file; unset: none.
    """
    schema: str | None = None
    """A TOML file that corrects what is inferred of a table's columns."""

    def __post_init__(self) -> None:
        if not 0 < self.held_out < 1:
            raise WganError(
                f"data.held_out = {self.held_out}: give a share between 0 and 1, such as 0.2"
            )
        if self.resize is not None and min(self.resize) < 1:
            raise WganError(
                f"data.resize = {list(self.resize)}: give [height, width] in pixels, 1 or more"
            )

    def load(self, source: str | None = None, progress: bool = False) -> Dataset:
        """Return the data set, or another `source` read in the same way."""
        return load(
            source or self.source,
            key=self.key,
            resize=self.resize,
            mode=self.mode,
            labels=self.labels,
            schema=self.schema,
            progress=progress,
        )


@dataclass(frozen=True)
class ObjectiveConfig:
    """Which row of the table of variants, and its one or two numbers."""

    variant: str = "wgan-gp"
    """See `wgan variants`; unset: wgan-gp, of tables wgan-lp."""
    penalty_weight: float | None = None
    """Weight of the gradient penalty; unset: the row's."""
    penalty_every: int = 1
    """A lazy penalty: taken at one critic update in so many, with so many times its weight."""
    clip: float | None = None
    """Bound of clipped weights; unset: the row's."""

    def __post_init__(self) -> None:
        _at_least(self, "objective", {"penalty_weight": 0, "penalty_every": 1})
        if self.clip is not None and not self.clip > 0:
            raise WganError(f"objective.clip = {self.clip}: give a positive bound")
        row = variant(self.variant).adjusted(self.penalty_weight, self.clip)
        if self.penalty_every > 1 and row.penalty is None:
            raise WganError(
                f"objective.penalty_every is set, but {row.name} has no penalty: remove the setting"
            )


@dataclass(frozen=True)
class OptimiserConfig:
    """How weights are moved."""

    name: Literal["adam", "rmsprop"] = "adam"
    """The method, for both networks."""
    lr: float = 1e-4
    """Learning rate of both networks."""
    betas: tuple[float, float] = (0.0, 0.9)
    """Adam's two decay rates."""
    critic_steps: int = 5
    """Critic steps before each generator step."""
    batch: int = 64
    """Samples in a critic step, over all processes."""
    generator_batch: int | None = None
    """Samples in a generator step; unset: batch."""
    decay: Literal["none", "linear"] = "none"
    """linear: the learning rate falls to zero at the last step."""

    def __post_init__(self) -> None:
        _at_least(self, "optimiser", {"critic_steps": 1, "batch": 1, "generator_batch": 1})
        if not 0 < self.lr < float("inf"):
            raise WganError(f"optimiser.lr = {self.lr}: give a positive number, such as 1e-4")
        if not all(0 <= b < 1 for b in self.betas):
            raise WganError(
                f"optimiser.betas = {list(self.betas)}: give two numbers from 0 up to but not"
                " including 1"
            )


@dataclass(frozen=True)
class TrainingConfig:
    """How long, on what, and what is kept."""

    steps: int = 20_000
    """Generator steps."""
    seed: int = 0
    """Names every random draw but the split."""
    warmup_critic_steps: int = 0
    """Extra critic steps before the first generator step."""
    ema: float = 0.999
    """Decay of the generator's moving average, which is what samples; 0 turns it off."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to train."""
    precision: Precision = "auto"
    """Networks' arithmetic; weights, scores and norms stay float32. auto, until data are known:
    bfloat16 for pictures where the device has it.
    """
    compile: bool = False
    """Compile the loss modules."""
    log_every: int = 10
    """Steps between lines of metrics.jsonl."""
    measure_every: int | None = None
    """Steps between measurements of the held-out distance; unset: a thirty-second of the steps."""
    stop_when_converged: bool = False
    """End the run once the held-out distance has stopped falling within its noise; presets then
    keep the learning rate.
    """
    snapshot_every: int = 1000
    """Steps between pictures of samples."""
    checkpoint_every: int = 500
    """Steps between checkpoints."""

    def __post_init__(self) -> None:
        counts = ("steps", "log_every", "measure_every", "snapshot_every", "checkpoint_every")
        _at_least(
            self, "training", dict.fromkeys(counts, 1) | {"seed": 0, "warmup_critic_steps": 0}
        )
        if not 0 <= self.ema < 1:
            raise WganError(
                f"training.ema = {self.ema}: give a decay from 0 up to but not including 1"
            )


@dataclass(frozen=True)
class Config:
    """Everything that decides a run."""

    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def to_toml(self) -> str:
        """Return the configuration as TOML; unset fields are left out."""
        sections = {
            name: {k: v for k, v in values.items() if v is not None}
            for name, values in asdict(self).items()
        }
        return tomli_w.dumps(sections)

    def differences(self, other: "Config") -> list[str]:
        """Return `section.field: mine -> theirs` for every field that differs."""
        mine, theirs = asdict(self), asdict(other)
        return [
            f"{s}.{k}: {v} -> {theirs[s][k]}"
            for s, values in mine.items()
            for k, v in values.items()
            if v != theirs[s][k]
        ]


Layer = tuple[str, Mapping[str, Any]]
MAX_INTEGER = 2**63
SECTIONS: dict[str, type] = {f.name: type(getattr(Config(), f.name)) for f in fields(Config)}


def resolve(layers: Iterable[Layer]) -> Config:
    """Build a configuration from named layers of nested values, the later over the earlier.

    Raises:
        WganError: an unknown key or a value of the wrong kind or range, naming the layer and the
            key.
    """
    values: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    origin: dict[str, str] = {}
    for layer, nested in layers:
        for section, entries in nested.items():
            hints = _section_hints(layer, section, entries)
            for entry, value in entries.items():
                if entry not in hints:
                    raise WganError(
                        f"{layer}: unknown key {section}.{entry}. {did_you_mean(entry, hints)}"
                    )
                try:
                    values[section][entry] = _coerced(value, hints[entry])
                except TypeError as error:
                    raise WganError(f"{layer}: {section}.{entry} = {value!r}: {error}") from None
                origin[f"{section}.{entry}"] = layer
    try:
        return Config(**{name: section(**values[name]) for name, section in SECTIONS.items()})
    except WganError as error:
        key = str(error).split(" ", 1)[0]
        raise WganError(f"{origin[key]}: {error}" if key in origin else str(error)) from None


def _section_hints(layer: str, section: str, entries: Any) -> dict[str, Any]:
    if section not in SECTIONS:
        raise WganError(
            f"{layer}: unknown section or key {section}. {did_you_mean(section, SECTIONS)}"
        )
    if not isinstance(entries, Mapping):
        raise WganError(
            f"{layer}: {section} = {entries!r}, but {section} is a section: write [{section}] and"
            " its keys below"
        )
    return get_type_hints(SECTIONS[section])


def _coerced(value: Any, hint: Any) -> Any:
    """Return a TOML value as the kind that a field asks for; a TypeError says what was expected."""
    options = get_args(hint)
    if get_origin(hint) is UnionType:
        return None if value is None else _coerced(value, options[0])
    if get_origin(hint) is Literal:
        if value not in options:
            raise TypeError(f"choose one of {', '.join(options)}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple) or len(value) != len(options):
            raise TypeError(f"give {len(options)} values in brackets")
        return tuple(_coerced(v, o) for v, o in zip(value, options, strict=True))
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int and number and abs(value) < MAX_INTEGER and value == int(value):
        return int(value)
    if hint is float and number and abs(value) < MAX_INTEGER:
        return float(value)
    if hint in (bool, str) and isinstance(value, hint):
        return value
    raise TypeError(
        "expected "
        + {int: "a whole number below 2^63", float: "a number", bool: "true or false", str: "text"}[
            hint
        ]
    )


def from_file(path: Path) -> Layer:
    """Read a TOML file as a layer."""
    try:
        return str(path), tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WganError(f"{path}: no such configuration file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WganError(f"{path}: not valid TOML: {error}") from None


def from_settings(settings: Iterable[str]) -> Layer:
    """Read `section.field=value` strings as a layer; values are TOML, and bare words are
    strings.
    """
    layer: dict[str, dict[str, Any]] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        section, dot, entry = key.strip().partition(".")
        if not equals or not dot:
            raise WganError(
                f"--set {setting}: write section.field=value, e.g. --set optimiser.lr=2e-4"
            )
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text.strip()
        layer.setdefault(section, {})[entry] = value
    return "--set", layer
