"""Options of `wgan distance`: each has an effect, or is refused with a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wgan.base.errors import WganError

Metric = Literal["auto", "exact", "sliced", "max-sliced", "sinkhorn", "dual"]


@dataclass(frozen=True)
class Options:
    """Options as the user gave them, see `wgan distance --help`; None: not given."""

    metric: Metric
    p: float | None
    epsilon: float | None
    space: str
    number: int | None
    kind: str | None
    columns: str | None
    column_weights: tuple[str, ...]
    circular: tuple[str, ...]
    weights: str | None
    groups: str | None
    permutations: int | None
    subsamples: int | None
    bracket: Literal["population", "samples"] | None
    confidence: float | None
    diameter: float | None
    ranges: tuple[str, ...]
    variant: str | None
    steps: int | None
    plot: Path | None
    seed: int

    def check(self) -> None:
        """Refuse options that would have no effect on two samples.

        Raises:
            WganError: such an option, by its name.
        """
        population = self.bracket == "population"
        trained = self.metric == "dual" or self.bracket is not None
        _refuse(
            {"--diameter": self.diameter, "--range": self.ranges or None},
            population,
            "belongs to --bracket population",
        )
        _refuse(
            {"--confidence": self.confidence},
            population or self.subsamples is not None,
            "belongs to --bracket population and --subsamples",
        )
        if self.diameter is not None and self.ranges:
            raise WganError("--diameter and --range both give the diameter: leave one out")
        _refuse({"--variant": self.variant}, self.metric == "dual", "belongs to --metric dual")
        _refuse({"--steps": self.steps}, trained, "belongs to --metric dual and --bracket")
        _refuse(
            {"--epsilon": self.epsilon},
            self.metric == "sinkhorn",
            "is the weight of the entropy of --metric sinkhorn",
        )
        if self.bracket is not None and (self.metric != "auto" or self.p not in (None, 1)):
            raise WganError("--bracket is of W1 alone: leave out --metric and --p")
        if self.metric == "dual" and self.p not in (None, 1):
            raise WganError("--metric dual reads W1: leave out --p")
        of_distances = {
            "--weights": self.weights,
            "--column-weight": self.column_weights or None,
            "--circular": self.circular or None,
            "--permutations": self.permutations,
            "--subsamples": self.subsamples,
            "--plot": self.plot,
        }
        of = "--metric dual" if self.metric == "dual" else f"--bracket {self.bracket}"
        _refuse(of_distances, not trained, f"is for distances, and {of} is not one")
        _refuse({"--groups": self.groups}, not trained or population, f"does not apply to {of}")
        self._check_solvers()

    def _check_solvers(self) -> None:
        """Refuse options that the chosen metric does not have."""
        has_plan = self.metric in ("auto", "exact")
        _refuse({"--plot": self.plot}, has_plan, "draws the plan of exact transport")
        circular = self.circular or None
        _refuse(
            {"--circular": circular},
            has_plan,
            "belongs to exact transport, not to another --metric",
        )
        beside = {
            "--permutations": self.permutations,
            "--subsamples": self.subsamples,
            "--plot": self.plot,
        }
        _refuse(beside, circular is None, "knows no circular columns")
        in_units = {"--column-weight": self.column_weights or None, "--circular": circular}
        _refuse(
            in_units, self.space == "raw", f"is for columns, and --space {self.space} makes others"
        )
        tested = has_plan or self.metric == "sliced"
        _refuse(
            {"--permutations": self.permutations},
            tested,
            "takes the exact or the sliced distance, not another --metric",
        )

    def check_for_histograms(self) -> None:
        """Refuse options that would have no effect on two histograms.

        Raises:
            WganError: such an option, by its name.
        """
        others = {
            "--metric": None if self.metric == "auto" else self.metric,
            "--p": self.p,
            "--epsilon": self.epsilon,
            "--space": None if self.space == "raw" else self.space,
            "-n": self.number,
            "--kind": self.kind,
            "--columns": self.columns,
            "--column-weight": self.column_weights or None,
            "--circular": self.circular or None,
            "--weights": self.weights,
            "--groups": self.groups,
            "--permutations": self.permutations,
            "--subsamples": self.subsamples,
            "--bracket": self.bracket,
            "--confidence": self.confidence,
            "--diameter": self.diameter,
            "--range": self.ranges or None,
            "--variant": self.variant,
            "--steps": self.steps,
        }
        _refuse(others, False, "is not for histograms")

    @property
    def measured_columns(self) -> tuple[str, ...]:
        """The names of `--columns`."""
        if self.columns is None:
            return ()
        names = tuple(name.strip() for name in self.columns.split(","))
        if not all(names):
            raise WganError(
                f"--columns {self.columns!r}: names an empty column: give names such as age,income"
            )
        return names

    @property
    def column_ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges of `--range`, by the names of their columns."""
        found = {}
        for name, text in _by_column("--range", self.ranges, "age=17:90").items():
            low, _, high = text.partition(":")
            found[name] = (
                _number("--range", name, low, "age=17:90"),
                _number("--range", name, high, "age=17:90"),
            )
        return found

    def numbers_by_column(self, flag: str) -> dict[str, float]:
        """Return the numbers of `--column-weight` or `--circular`, by the names of their columns.

        Args:
            flag: the one or the other.

        Raises:
            WganError: a text that is not a name and number, or a name given twice.
        """
        is_weight = flag == "--column-weight"
        texts = self.column_weights if is_weight else self.circular
        example = "age=2" if is_weight else "hour=24"
        given = _by_column(flag, texts, example)
        return {name: _number(flag, name, text, example) for name, text in given.items()}


def _by_column(flag: str, texts: tuple[str, ...], example: str) -> dict[str, str]:
    """Return the values behind the names of columns, such as 24 in hour=24."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not name or name in found:
            fault = f"names '{name}' twice"
            if not name:
                fault = "names no column" if equals or not text else "has no number after a '='"
            raise WganError(f"{flag} {text}: {fault}: write it like {example}, once per column")
        found[name] = value
    return found


def _number(flag: str, name: str, text: str, example: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise WganError(
            f"{flag} {name}: '{text}' is not a number: write it like {example}"
        ) from None


def _refuse(given: Mapping[str, object], has_effect: bool, why: str) -> None:
    for flag, value in given.items():
        if value is not None and not has_effect:
            raise WganError(f"{flag} {why}: leave it out")
