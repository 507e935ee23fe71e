"""Records of a run, as its folder keeps them: what it was begun with, how it ended, how it was
evaluated. Each has a form in JSON, and comes back from it; forms of older versions are read too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from wgan.evaluation import Evaluation, HeldOutDistance, evaluation_from_json

TENTH = 0.1
"""A critic whose estimate still rises by more than a tenth of itself is under-trained: smaller
changes are within what seeds differ by.
"""


@dataclass(frozen=True)
class DataFacts:
    """The data of a run; `labels` is a hash of its classes, None without."""

    name: str
    kind: str
    shape: tuple[int, ...]
    samples: int
    train: int
    held_out: int
    fingerprint: str
    labels: str | None = None

    @property
    def words(self) -> str:
        """The number and shape of the samples, for a reader."""
        return f"{self.samples} {self.kind} of shape {' x '.join(map(str, self.shape))}"


@dataclass(frozen=True)
class About:
    """What a run was begun with; `periods` are the provenance of each time it was worked on."""

    data: DataFacts
    seed: int
    periods: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        return {"data": asdict(self.data), "seed": self.seed, "periods": list(self.periods)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], is_table: bool = False) -> "About":
        """Build the record; `is_table` tells the kind where an older version did not write it.

        KeyError, TypeError or ValueError where the values do not fit.
        """
        data = dict(values["data"])
        shape = tuple(int(side) for side in data.pop("shape"))
        kind = data.pop("kind", None)
        if kind is None:
            kind = "tables" if is_table else "vectors" if len(shape) == 1 else "images"
        periods = values["periods"] if "periods" in values else values["sittings"]
        return cls(DataFacts(kind=kind, shape=shape, **data), values["seed"], tuple(periods))


@dataclass(frozen=True)
class Headroom:
    """The critic's estimate `before` and `after` so many more `steps`; the rise is known to +-
    `half_width` (95 %, over samples).
    """

    before: float
    after: float
    half_width: float
    steps: int

    @property
    def state(self) -> Literal["under-trained", "enough", "unclear"]:
        """Under-trained: it rose by more than a tenth, and than its noise. Enough: it surely moved
        by less than a tenth.
        """
        rise = self.after - self.before
        tenth = TENTH * abs(self.before)
        if rise > self.half_width and rise > tenth:
            return "under-trained"
        return "enough" if abs(rise) + self.half_width <= tenth else "unclear"


@dataclass(frozen=True)
class Watched:
    """The protocol of the measurements while training: `n` samples a side, and their `floor`."""

    n: int
    floor: float


@dataclass(frozen=True)
class Finish:
    """What a run ended with: the held-out distance, the critic's headroom, and a diagnosis."""

    held_out: HeldOutDistance
    headroom: Headroom | None
    diagnosis: tuple[str, ...]
    step: int
    seed: int
    seconds: float
    watched: Watched | None = None

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
        watched = values.get("measured")
        headroom = values.get("headroom")
        return cls(
            held_out=HeldOutDistance.from_json(values),
            headroom=Headroom(**headroom) if headroom else None,
            diagnosis=tuple(map(str, values["diagnosis"])),
            step=int(values["step"]),
            seed=int(values["seed"]),
            seconds=float(values["seconds"]),
            watched=Watched(int(watched["n"]), float(watched["floor"])) if watched else None,
        )


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

    def to_json(self) -> dict[str, Any]:
        figures = {"evaluation": self.evaluation.to_json(), "said": list(self.said)}
        return self.about() | figures

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Evaluated":
        """Build the record; KeyError, TypeError or ValueError where the values do not fit."""
        names = ("run", "variant", "data", "step", "training_seed", "seed", "seconds")
        rest = {name: values[name] for name in names}
        known = {*names, "requested", "asked", "evaluation", "said"}
        return cls(
            evaluation=evaluation_from_json(values["evaluation"]),
            said=tuple(values["said"]),
            requested=dict(values["requested"] if "requested" in values else values["asked"]),
            provenance={name: value for name, value in values.items() if name not in known},
            **rest,
        )
