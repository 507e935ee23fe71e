"""Options of `wgan distance`: each has an effect, or is refused with a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wgan.base.errors import WganError

Metric = Literal["auto", "exact", "sliced", "max-sliced", "sinkhorn", "dual"]


@dataclass(frozen=True)
class Options:
    """What was asked for, as `wgan distance --help` explains it; None: not given."""

    metric: Metric
    p: float | None
    epsilon: float | None
    space: str
    number: int | None
    columns: str | None
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
            "--permutations": self.permutations,
            "--subsamples": self.subsamples,
            "--plot": self.plot,
        }
        of = "--metric dual" if self.metric == "dual" else f"--bracket {self.bracket}"
        _refuse(of_distances, not trained, f"is for distances, and {of} is none")
        _refuse({"--groups": self.groups}, not trained or population, f"has no part in {of}")
        self._check_solvers()

    def _check_solvers(self) -> None:
        """Refuse what the chosen metric does not have."""
        has_plan = self.metric in ("auto", "exact")
        _refuse({"--plot": self.plot}, has_plan, "draws the plan of exact transport")
        tested = has_plan or self.metric == "sliced"
        _refuse(
            {"--permutations": self.permutations},
            tested,
            "tests by the exact or the sliced distance, by no other --metric",
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
            "--columns": self.columns,
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
                f"--columns {self.columns}: names an empty column: give names such as age,income"
            )
        return names

    @property
    def column_ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges of `--range`, by the names of their columns."""
        found: dict[str, tuple[float, float]] = {}
        for text in self.ranges:
            name, _, ends = text.rpartition("=")
            low, _, high = ends.partition(":")
            try:
                ends_as_numbers = float(low), float(high)
            except ValueError:
                raise WganError(
                    f"--range {text}: give COLUMN=LOW:HIGH, such as age=17:90"
                ) from None
            if not name or name in found:
                fault = f"names '{name}' twice" if name else "names no column"
                raise WganError(f"--range {text}: {fault}: give COLUMN=LOW:HIGH once a column")
            found[name] = ends_as_numbers
        return found


def _refuse(given: Mapping[str, object], has_effect: bool, why: str) -> None:
    for flag, value in given.items():
        if value is not None and not has_effect:
            raise WganError(f"{flag} {why}: leave it out")
