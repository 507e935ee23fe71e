"""Sections of a run's configuration: every setting with its default, range and meaning."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

import tomli_w

from wgan.base.errors import SettingError, WganError
from wgan.base.progress import Progress, silent
from wgan.config.augment import AugmentConfig
from wgan.data import Dataset, Split, load
from wgan.data.encodings import UTF_8, check_encoding
from wgan.data.kinds import find_kind
from wgan.data.series.codec import LEAST_STEPS
from wgan.data.series.windows import Reading
from wgan.networks import NetworkConfig
from wgan.objectives import Variant, find_variant

Precision = Literal["auto", "float32", "bfloat16"]


def _at_least(section: Any, place: str, least: Mapping[str, int]) -> None:
    for name, bound in least.items():
        value = getattr(section, name)
        if value is not None and not value >= bound:
            raise SettingError(f"{place}.{name}", f"= {value}: give {bound} or more")


MOST_SAMPLES = 2**24
"""Most samples of a batch: 2^24 points in a plane are 134 MB, far more than any paper takes."""
MOST_PIXELS = 2**14
"""Most pixels of a side to which pictures are resized: such a picture takes 1 GB."""


def _at_most(section: Any, place: str, most: Mapping[str, int]) -> None:
    for name, bound in most.items():
        value = getattr(section, name)
        if value is not None and value > bound:
            raise SettingError(f"{place}.{name}", f"= {value}: give {bound} or less")


@dataclass(frozen=True)
class DataConfig:
    """Samples to learn, and how they are split."""

    source: str = "digits"
    """A name, file or folder."""
    kind: str = "auto"
    """Kind of data that a table or an array is read as, such as series. With auto, a table is read
    as such, an array as vectors or images by its shape. Both are series if a setting below cuts
    them.
    """
    key: str | None = None
    """Name of an array of an .npz that holds several, or of a sheet of an .xlsx."""
    held_out: float = 0.2
    """Share of the samples that is never trained on."""
    split_seed: int = 0
    """Random seed of the split; the same for all seeds of training, so that runs can be compared.
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
    encoding: str = UTF_8
    """Encoding of a text file of a table or of numbers, such as latin-1, cp1252 or utf-16."""
    window: int | None = None
    """Steps of the windows into which a long series, or each series of a table, is cut."""
    stride: int = 1
    """Steps from the start of one window to that of the next."""
    series: str | None = None
    """The column that names the series of a table, a row a step; unset: it is one series."""
    time: str | None = None
    """The column of times of a table of series; unset: rows follow each other in time."""
    context: int = 0
    """First steps of a series that the generator can be given, to continue them; 0: none."""
    static: tuple[str, ...] | None = None
    """Columns of a table that describe a whole series; unset: those of text, and those that never
    vary within a series.
    """

    def __post_init__(self) -> None:
        least = {"split_seed": 0, "stride": 1, "window": LEAST_STEPS, "context": 0}
        _at_least(self, "data", least)
        _ = self.reading  # checks how its settings go together
        if self.kind != "auto":
            find_kind(self.kind)
        for name in ("source", "key", "labels", "schema", "series", "time"):
            if getattr(self, name) == "":
                raise SettingError(f"data.{name}", "is empty: give a name or path, or leave it out")
        try:
            check_encoding(self.encoding)
        except WganError as error:
            raise SettingError("data.encoding", f"= {error}") from None
        if not 0 < self.held_out < 1:
            raise SettingError(
                "data.held_out", f"= {self.held_out}: give a share between 0 and 1, such as 0.2"
            )
        if self.resize is not None and not all(1 <= side <= MOST_PIXELS for side in self.resize):
            raise SettingError(
                "data.resize",
                f"= {list(self.resize)}: give [height, width] in pixels, each from 1 to"
                f" {MOST_PIXELS}",
            )

    @property
    def reading(self) -> Reading:
        """Settings by which tables and long arrays are cut into series."""
        return Reading(self.window, self.stride, self.series, self.time, self.context, self.static)

    def split(self, dataset: Dataset) -> Split:
        """Return the split of a data set into training and held-out samples."""
        return dataset.split(self.held_out, self.split_seed)

    def load(self, source: Any = None, progress: Progress = silent) -> Dataset:
        """Return the data set, or another `source` read in the same way."""
        return load(
            self.source if source is None else source,
            key=self.key,
            resize=self.resize,
            mode=self.mode,
            labels=self.labels,
            schema=self.schema,
            kind=self.kind,
            encoding=self.encoding,
            reading=self.reading,
            progress=progress,
        )


@dataclass(frozen=True)
class ObjectiveConfig:
    """The variant, and its one or two numbers."""

    variant: str = "wgan-gp"
    """See `wgan variants`; unset: wgan-gp, and wgan-lp for tables."""
    penalty_weight: float | None = None
    """Weight of the gradient penalty; unset: the variant's."""
    penalty_every: int = 1
    """A lazy penalty is taken at one critic update in this many, with as many times its weight."""
    clip: float | None = None
    """Bound of clipped weights; unset: the variant's."""
    likelihood_weight: float = 0.0
    """Weight of the negative log-likelihood of real samples in the generator's loss. Only
    generators of tables have a likelihood.
    """
    likelihood_dropout: float = 0.0
    """Share of the generator's hidden units that are dropped while a likelihood is taken. If the
    learning rate decays, it falls to zero over the last 30 % of the steps.
    """

    def __post_init__(self) -> None:
        least = {"penalty_weight": 0, "penalty_every": 1, "likelihood_weight": 0}
        _at_least(self, "objective", least)
        if not 0 <= self.likelihood_dropout < 1:
            raise SettingError(
                "objective.likelihood_dropout",
                f"= {self.likelihood_dropout}: give a share from 0 up to but not including 1",
            )
        if self.clip is not None and not self.clip > 0:
            raise SettingError("objective.clip", f"= {self.clip}: give a positive bound")
        variant = self.chosen()
        if self.penalty_every > 1 and variant.penalty is None:
            raise SettingError(
                "objective.penalty_every",
                f"is set, but {variant.name} has no penalty: remove the setting",
            )

    def chosen(self) -> Variant:
        """Return the variant with these numbers in it."""
        return find_variant(self.variant).adjusted(self.penalty_weight, self.clip)


@dataclass(frozen=True)
class OptimizerConfig:
    """The optimizer and its settings."""

    name: Literal["adam", "rmsprop"] = "adam"
    """The method, for both networks."""
    lr: float = 1e-4
    """Learning rate of both networks."""
    generator_lr: float | None = None
    """Learning rate of the generator; unset: lr."""
    betas: tuple[float, float] = (0.0, 0.9)
    """Adam's two decay rates."""
    critic_steps: int = 5
    """Critic steps before each generator step."""
    batch: int = 64
    """Samples in a critic step, over all processes; also those of a likelihood."""
    generator_batch: int | None = None
    """Samples in a generator step; unset: batch."""
    microbatches: int = 1
    """Parts in which each process computes its share of a batch, one after the other. More parts
    take less memory, and the result is the same but for rounding.
    """
    decay: Literal["none", "linear"] = "none"
    """linear: the learning rate falls to zero at the last step."""

    def __post_init__(self) -> None:
        least = dict.fromkeys(("critic_steps", "batch", "generator_batch", "microbatches"), 1)
        _at_least(self, "optimizer", least)
        _at_most(self, "optimizer", {"batch": MOST_SAMPLES, "generator_batch": MOST_SAMPLES})
        for name, rate in (("lr", self.lr), ("generator_lr", self.generator_lr)):
            if rate is not None and not 0 < rate < float("inf"):
                raise SettingError(
                    f"optimizer.{name}", f"= {rate}: give a positive number, such as 1e-4"
                )
        if not all(0 <= b < 1 for b in self.betas):
            raise SettingError(
                "optimizer.betas",
                f"= {list(self.betas)}: give two numbers from 0 up to but not including 1",
            )


@dataclass(frozen=True)
class TrainingConfig:
    """Length of the training, device, and what is kept."""

    steps: int = 20_000
    """Generator steps."""
    seed: int = 0
    """Random seed; the same seed gives the same run. The split has a seed of its own."""
    warmup_critic_steps: int = 0
    """Extra critic steps before the first generator step."""
    ema: float = 0.999
    """Decay of the generator's moving average, which is what samples; 0 turns it off."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Device to train on."""
    precision: Precision = "auto"
    """Arithmetic of the networks; weights, scores and norms stay float32. auto is bfloat16 for
    images if the device computes in it, otherwise float32.
    """
    compile: bool = False
    """Whether the loss modules are compiled."""
    log_every: int = 10
    """Steps between lines of metrics.jsonl."""
    measure_every: int | None = None
    """Steps between measurements of the held-out distance; unset: a 64th of the steps."""
    stop_when_converged: bool = False
    """End the run once as many steps again would surely change the held-out distance by less than 5
    %. It is measured on held-out samples of its own. Presets then keep the learning rate.
    """
    snapshot_every: int = 1000
    """Steps between pictures of samples."""
    checkpoint_every: int = 500
    """Steps between checkpoints."""

    def __post_init__(self) -> None:
        counts = ("steps", "log_every", "measure_every", "snapshot_every", "checkpoint_every")
        least = dict.fromkeys(counts, 1) | {"seed": 0, "warmup_critic_steps": 0}
        _at_least(self, "training", least)
        if not 0 <= self.ema < 1:
            raise SettingError(
                "training.ema", f"= {self.ema}: give a decay from 0 up to but not including 1"
            )


@dataclass(frozen=True)
class PrivacyConfig:
    """Differential privacy of the training rows, for tables."""

    epsilon: float | None = None
    """Most that a training row may change the log ratio of probabilities; unset: no privacy."""
    delta: float = 1e-6
    """Probability with which more may change; below one in the number of training rows."""
    clip: float = 1.0
    """Norm to which the gradient of each row is clipped."""

    def __post_init__(self) -> None:
        for name in ("epsilon", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise SettingError(f"privacy.{name}", f"= {value}: give a positive number")
        if not 0 < self.delta < 1:
            raise SettingError(
                "privacy.delta", f"= {self.delta}: give a small probability, such as 1e-6"
            )


class Difference(NamedTuple):
    """A setting in which two configurations differ; `key` is `section.field`."""

    key: str
    mine: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.key}: {self.mine} -> {self.theirs}"


@dataclass(frozen=True)
class Config:
    """Everything that decides a run."""

    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    @property
    def private(self) -> bool:
        """Whether the run has differential privacy."""
        return self.privacy.epsilon is not None

    def split(self, dataset: Dataset) -> Split:
        """Return the split of a data set.

        A run that ends by what it measures, or augments by it, has samples of its own for that.

        Args:
            dataset: the data of a run.

        Raises:
            WganError: data that cannot be split so.
        """
        split = self.data.split(dataset)
        if not (self.training.stop_when_converged or self.augment.adaptive):
            return split
        from wgan.evaluation.watch import watched_apart  # takes half a second to import

        return watched_apart(split)

    def to_toml(self) -> str:
        """Return the configuration as TOML; unset fields are left out."""
        sections = {
            name: {k: v for k, v in values.items() if v is not None}
            for name, values in asdict(self).items()
        }
        return tomli_w.dumps(sections)

    def differences(self, other: "Config") -> list[Difference]:
        """Return every setting that differs in another configuration."""
        mine = asdict(self)
        theirs = asdict(other)
        return [
            Difference(f"{section}.{name}", value, theirs[section][name])
            for section, values in mine.items()
            for name, value in values.items()
            if value != theirs[section][name]
        ]
