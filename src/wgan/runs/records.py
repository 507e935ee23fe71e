"""Records of a run, as its folder keeps them: its start, its end and its evaluation.

Each has a form in JSON, and is read back from it. Forms of older versions are read too.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any, Literal

from wgan.base.errors import WganError
from wgan.base.records import damage_named, typed
from wgan.config import Config
from wgan.data import KINDS, Dataset
from wgan.evaluation import Evaluation, HeldOutDistance, evaluation_from_json
from wgan.runs import older

TENTH = 0.1
"""A critic whose estimate still rises by more than a tenth of itself is under-trained: smaller
changes are within the differences between seeds.
"""


@dataclass(frozen=True)
class DataFacts:
    """The data of a run.

    `labels` is a hash of its classes, None without. `coding` is the version of the kind's codec.
    `in_words` follows a number of samples in a sentence.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    samples: int
    train: int
    held_out: int
    fingerprint: str
    labels: str | None = None
    coding: int = 1
    in_words: str = "samples"

    def __post_init__(self) -> None:
        if min((*self.shape, self.train, self.held_out, self.samples)) < 1:
            raise ValueError("data: a shape or a number of samples below 1")

    @classmethod
    def of(cls, config: Config, dataset: Dataset) -> "DataFacts":
        """Return the facts of a data set as a configuration splits it."""
        split = config.split(dataset)
        return cls(
            name=dataset.name,
            kind=dataset.codec.kind,
            shape=tuple(split.dataset.shape),
            samples=len(dataset),
            train=split.n_train,
            held_out=split.n_held_out,
            fingerprint=dataset.fingerprint,
            labels=labels_digest(config, dataset),
            coding=dataset.codec.version,
            in_words=dataset.codec.samples_in_words,
        )

    def check_coding(self, path: Path, dataset: Dataset) -> None:
        """Refuse a run whose data another version coded differently.

        Raises:
            WganError: such a run.
        """
        if self.coding != dataset.codec.version:
            raise WganError(
                f"{path}: was begun by a version of wgan that coded {self.kind} differently, so it"
                " can be neither continued nor evaluated: train again in another --out"
            )


def labels_digest(config: Config, dataset: Dataset) -> str | None:
    """Return a hash of the labels that a run is conditioned on; None without."""
    if not config.data.labels or dataset.labels is None:
        return None
    return sha256(repr(dataset.classes).encode() + dataset.labels.tobytes()).hexdigest()


def check_rules(path: Path, begun: str | None, dataset: Dataset) -> None:
    """Refuse a table with other rules than the run was begun with.

    Args:
        path: the file of the schema that the run wrote when it began.
        begun: that schema; None: there is none.
        dataset: the data, with the rules of the schema as it is now.

    Raises:
        WganError: they have others.
    """
    now = dataset.codec.schema()
    if begun is None or now is None:
        return
    with damage_named(path):
        before, after = (
            [_in_words(rule) for rule in tomllib.loads(each).get("rules", [])]
            for each in (begun, now)
        )
    if before != after:
        changes = [f"{rule} is new" for rule in after if rule not in before]
        changes += [f"{rule} is gone" for rule in before if rule not in after]
        said = "; ".join(changes) or "their order"
        raise WganError(
            f"{path.parent}: the schema's rules have changed: {said}:"
            " restore them, or choose another --out"
        )


def _in_words(rule: Mapping[str, Any]) -> str:
    """Return a rule of a schema, such as order = ['start', 'end']."""
    return ", ".join(f"{key} = {value}" for key, value in rule.items())


@dataclass(frozen=True)
class About:
    """Record of the start of a run.

    Attributes:
        data: its data.
        seed: its random seed.
        periods: the provenance of each period of training.
        id: its id, see `begin_run`; None: an older version began it.
        folder: the working folder, from which relative paths of its settings lead.
        settings: its configuration, as nested plain values.
    """

    data: DataFacts
    seed: int
    periods: tuple[dict[str, Any], ...]
    id: str | None = None
    folder: str = ""
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seed < 0 or not self.periods:
            raise ValueError("seed, periods: a seed of 0 or more and a period are needed")

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {**asdict(self), "periods": list(self.periods)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], is_table: bool = False) -> "About":
        """Build the record; `is_table` tells the kind where an older version did not write it.

        KeyError, TypeError or ValueError where the values do not fit.
        """
        data = dict(values["data"])
        shape = typed(data["shape"], tuple[int, ...])
        data["kind"] = data.get("kind") or older.kind(shape, is_table)
        if data["kind"] not in KINDS:
            raise ValueError(f"data.kind {data['kind']!r}")
        periods = values[older.name_in(values, "periods")]
        return typed({**values, "data": data, "periods": periods}, cls)


@dataclass(frozen=True)
class Headroom:
    """The critic's estimate `before` and `after` as many more `steps`.

    The rise is known to +- `half_width` (95 %, over samples).
    """

    before: float
    after: float
    half_width: float
    steps: int

    @property
    def state(self) -> Literal["under-trained", "steady", "unclear"]:
        """State of the critic.

        Under-trained: the estimate rose by more than a tenth, and by more than its noise. Steady:
        over these steps it surely moved by less than a tenth, which says nothing of more steps.
        """
        rise = self.after - self.before
        tenth = TENTH * abs(self.before)
        if rise > self.half_width and rise > tenth:
            return "under-trained"
        return "steady" if abs(rise) + self.half_width <= tenth else "unclear"


@dataclass(frozen=True)
class Watched:
    """The protocol of the measurements while training: `n` samples a side, and their `floor`."""

    n: int
    floor: float


@dataclass(frozen=True)
class Finish:
    """Record of the end of a run: the held-out distance, the critic's headroom, and a diagnosis."""

    held_out: HeldOutDistance
    headroom: Headroom | None
    diagnosis: tuple[str, ...]
    step: int
    seed: int
    seconds: float
    watched: Watched | None = None

    def __post_init__(self) -> None:
        if self.step < 0 or self.seed < 0 or not 0 <= self.seconds < inf:
            raise ValueError("step, seed, seconds: numbers of 0 or more are needed")

    def __str__(self) -> str:
        return "\n".join([str(self.held_out), *self.diagnosis])

    def to_json(self) -> dict[str, Any]:
        about = {
            "step": self.step,
            "seed": self.seed,
            "seconds": self.seconds,
            "diagnosis": list(self.diagnosis),
            "measured": asdict(self.watched) if self.watched else None,
            "headroom": asdict(self.headroom) if self.headroom else None,
        }
        return self.held_out.to_json() | about

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Finish":
        """Build the record; KeyError, TypeError or ValueError where the values do not fit."""
        held_out = HeldOutDistance.from_json(values)
        later = {"watched": values.get("measured"), "headroom": values.get("headroom")}
        return typed({**values, **later, "held_out": asdict(held_out)}, cls)


@dataclass(frozen=True)
class Evaluated:
    """An evaluation of a run's generator after `step` steps, and how it was requested.

    `requested` are the options as given; `said` the sentences that follow from the figures.
    """

    evaluation: Evaluation
    said: tuple[str, ...]
    requested: dict[str, Any]
    run: str
    variant: str
    data: str
    step: int
    training_seed: int
    seed: int
    seconds: float
    provenance: dict[str, Any] = field(default_factory=dict)

    def about(self) -> dict[str, Any]:
        """Return all but the figures, as plain values."""
        return {
            "run": self.run,
            "variant": self.variant,
            "data": self.data,
            "requested": self.requested,
            "step": self.step,
            "training_seed": self.training_seed,
            "seed": self.seed,
            "seconds": self.seconds,
            **self.provenance,
        }

    def results(self) -> list[dict[str, Any]]:
        """Return each figure with all facts that it rests on, as plain values."""
        counts = {"sets": self.evaluation.sets, "held_out": self.evaluation.held_out}
        return [
            {
                "metric": line.name,
                "value": line.generated.value,
                "half_width": line.generated.half_width,
                "floor": line.real,
                "ceiling": line.broken,
                "n": line.n,
                **counts,
                **self.about(),
            }
            for line in self.evaluation.lines
        ]

    def to_json(self) -> dict[str, Any]:
        figures = {"evaluation": self.evaluation.to_json(), "said": list(self.said)}
        return self.about() | figures

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Evaluated":
        """Build the record; KeyError, TypeError or ValueError where the values do not fit."""
        names = {each.name for each in fields(cls)} - {"provenance"}
        known = {name: values[name] for name in names - {"requested", "evaluation"}}
        known["requested"] = values[older.name_in(values, "requested")]
        known["evaluation"] = asdict(evaluation_from_json(values["evaluation"]))
        others = set(values) - names - {older.NAMES["requested"]}
        return typed({**known, "provenance": {name: values[name] for name in others}}, cls)
