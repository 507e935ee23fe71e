"""Result of a bracket, with every assumption, as a line, as a table and as JSON."""

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

from wgan.audit.bounds import Lower
from wgan.audit.independence import Independence
from wgan.distances.results import Printed, figures

DIGITS = 4
"""Significant digits of a printed bound, as of a distance (`figures`)."""

LOOSE = 0.5
"""From this share of the transport on, the floor makes the upper end say little: most of the
transport would be read between two samples of one population.
"""

HIDDEN = 0.95
"""From this share of the transport on, the floor hides the distance, and the heuristic is noise:
between equal populations in 16 and 64 dimensions it read up to 0.4 and 0.7, and its standard
deviation was as large as its mean where they were 0.3 apart.
"""


@dataclass(frozen=True)
class Upper:
    """The upper end, in the unit of the samples: `bound` is `transport` + `radius`.

    `bound` and `radius` are None where nothing bounds W1 from above. `transport` is the mean exact
    transport over `batches` of `batch` samples on each side, and `gap` the solver's largest
    relative duality gap. `diameter` is that of the support, and `diameter_from` says how it is
    known. `asymptotic` is a one-sided limit by Student's t over the batches, right in the limit of
    many batches, and not certified.
    """

    bound: float | None
    transport: float
    radius: float | None
    batch: int
    batches: int
    gap: float
    diameter: float | None = None
    diameter_from: str | None = None
    asymptotic: float | None = None


@dataclass(frozen=True)
class Bracket(Printed):
    """W1 in [lower, upper], in the unit of the samples, with everything that was assumed.

    `certifies` is "population" (then the bracket holds with probability `confidence`), or "samples"
    (then it holds for certain, and `confidence` is None). `lower_ends` are the bounds of each
    critic, of which the largest counts. `layers` are the auditor's Lipschitz factors.

    `floor` is the transport between two batches of x: sampling alone makes as much. `heuristic` is
    the transport with its floor taken off. Neither is certified. `held_out` counts the samples of
    each side on which the bounds rest, and `split` says how they were set apart. `repeated` counts
    rows of each side that occur again. `independence` holds the tests of a population bracket's
    assumption. `groups` counts the held-out groups of each side, where groups are the unit of
    independence: the population is then that of a random row of a random group.
    """

    certifies: str
    confidence: float | None
    lower_ends: tuple[Lower, ...]
    layers: tuple[tuple[str, float], ...]
    upper_end: Upper | None
    floor: float | None
    heuristic: float | None
    n: int
    m: int
    d: int
    held_out: tuple[int, int]
    repeated: tuple[int, int]
    split: str
    space: str
    units: str
    independence: Independence | None = None
    groups: tuple[int | None, int | None] = (None, None)

    @property
    def best(self) -> Lower:
        """The largest of the lower bounds."""
        return max(self.lower_ends, key=lambda low: low.bound)

    @property
    def lower(self) -> float:
        """The lower end."""
        return self.best.bound

    @property
    def upper(self) -> float | None:
        """The upper end; None where nothing bounds W1 from above."""
        return self.upper_end.bound if self.upper_end else None

    def interval(self) -> str:
        """Return the two ends in words, rounded outwards."""
        low = rounded(self.lower, down=True)
        return f">= {low}" if self.upper is None else f"in [{low}, {rounded(self.upper)}]"

    @property
    def note(self) -> str:
        """Advice where rows repeat, or where sampling alone makes the upper end loose."""
        notes = []
        if self.independence and self.independence.failed:
            notes.append(self.independence.note())
        if any(self.repeated) and self.confidence:
            notes.append(
                f"{self.repeated[0]} rows of x and {self.repeated[1]} of y occur again: right for"
                " data of few values, but if rows were copied (oversampling), drop the copies, for"
                " the bracket does not hold with them"
            )
        u = self.upper_end
        if u is None or u.bound is None or self.floor is None:
            return "\n".join(notes)
        if self.floor >= LOOSE * u.transport:
            parts = f"{figures(self.floor)} of the transport of {figures(u.transport)}"
            notes.append(
                f"the upper end is loose: sampling alone makes {parts}; fewer coordinates say more"
                " (--space pca-16)"
            )
        return "\n".join(notes)

    def __str__(self) -> str:
        u = self.upper_end
        scope = "these samples alone"
        if self.confidence:
            scope = f"{100 * self.confidence:g} %, population{self._unit_words()}"
        assumptions = [
            scope,
            *([f"R={u.diameter:g} {u.diameter_from}"] if u and u.diameter else []),
            f"lower: {self._lower_words()}",
            f"upper: {self._upper_words()}",
            self.units,
        ]
        sides = "P,Q" if self.confidence else "x,y"
        space = "" if self.space == "raw" else f"; {self.space}"
        line = f"W1({sides}{space}) {self.interval()} ({'; '.join(assumptions)})"
        tested = [self.independence.line()] if self.independence else []
        return " | ".join([line, *tested, *self._aside()])

    def _aside(self) -> list[str]:
        """Return in words the numbers beside the bracket."""
        asymptotic = self.upper_end.asymptotic if self.upper_end else None
        words = []
        if asymptotic is not None:
            words.append(f"asymptotic upper {figures(asymptotic)}, not certified")
        if self.floor is not None:
            words.append(f"floor {figures(self.floor)}")
        if self.heuristic is not None:
            words.append(f"heuristic {figures(self.heuristic)}, {self._heuristic_words()}")
        return words

    def _heuristic_words(self) -> str:
        """Return in words what the heuristic is worth."""
        u = self.upper_end
        if u is None or self.floor is None or self.floor < HIDDEN * u.transport:
            return "not certified"
        return f"noise: the floor is {self.floor / u.transport:.0%} of the transport"

    def facts(self) -> dict[str, str]:
        """Return the rows of the table; see `Printed`."""
        rows = {
            "W1": self.interval(),
            "holds of": self._scope_words(),
            "lower": self._lower_words(),
            **{f"  {low.critic}": _lower_sum(low) for low in self.lower_ends},
        }
        if self.layers:
            rows["  L by layer"] = ", ".join(
                f"{name}: {factor:.9f}" for name, factor in self.layers
            )
        rows |= self._upper_facts()
        if self.heuristic is not None:
            rows["heuristic"] = (
                f"{figures(self.heuristic)}, the transport with its floor taken off,"
                f" {self._heuristic_words()}"
            )
        if self.independence:
            rows |= self.independence.facts()
        if self.note:
            rows["note"] = self.note
        rows["samples"] = (
            f"{self.n} and {self.m} of {self.d} dimensions, {self.held_out[0]} and"
            f" {self.held_out[1]} of them used for the bounds"
        )
        rows["split"] = self.split + (", whole groups" if any(self.groups) else "")
        rows["space"] = f"{self.space}, in {self.units}"
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return the ends and all fields as plain values for JSON."""
        ends = {"metric": f"w1-bracket-{self.certifies}", "lower": self.lower, "upper": self.upper}
        return {**ends, **super().to_json()}

    def _scope_words(self) -> str:
        if self.confidence:
            return (
                f"the populations{self._unit_words()}, with probability {100 * self.confidence:g}"
                f" %, if the {'groups' if any(self.groups) else 'samples'} are independent and"
                " trained neither side"
            )
        return "these two samples, for certain; what they were drawn from may lie nearer or farther"

    def _unit_words(self) -> str:
        """Return what is drawn where a side has groups."""
        sides = [side for side, count in zip("xy", self.groups, strict=True) if count]
        return f" of a random row of a random group of {' and '.join(sides)}" if sides else ""

    def _lower_words(self) -> str:
        units = zip(self.held_out, self.groups, strict=True)
        counts = "+".join(f"{n} in {groups} groups" if groups else f"{n}" for n, groups in units)
        use = "held out" if self.confidence else "in-sample"
        return f"{self.best.critic} L={self.best.lipschitz:.6f}, {counts} {use}"

    def _upper_words(self) -> str:
        u = self.upper_end
        if u is None:
            return "none, too many pairs for exact transport"
        if self.confidence is None:
            return f"exact transport, n={self.n}, m={self.m}"
        if u.radius is None:
            return "none, since no diameter is known"
        return f"transport {figures(u.transport)} + {figures(u.radius)}, n={u.batches}x{u.batch}"

    def _upper_facts(self) -> dict[str, str]:
        u = self.upper_end
        rows = {"upper": self._upper_words()}
        if u is None:
            return rows
        rows["  solver"] = f"network simplex, largest relative duality gap {u.gap:.1e}"
        if u.diameter:
            rows["  diameter"] = f"{u.diameter:g}, {u.diameter_from}"
        if u.asymptotic is not None:
            rows["  asymptotic"] = (
                f"{figures(u.asymptotic)} by Student's t over {u.batches} batches, not certified"
            )
        if self.floor is not None:
            rows["floor"] = (
                f"{figures(self.floor)}, transport between two batches of x, n={u.batch}"
            )
        return rows


def _lower_sum(low: Lower) -> str:
    """Return in words how a lower bound is computed."""
    ends = "scores as they are"
    if low.clamp:
        ends = f"scores clamped to [{low.clamp[0]:.4g}, {low.clamp[1]:.4g}]"
    return (
        f"({figures(low.gap)} - {figures(low.radius)}) / {low.lipschitz:.6f} ="
        f" {rounded(low.bound, down=True)}; {ends}"
    )


def rounded(value: float, down: bool = False) -> str:
    """Return a bound in four significant digits, rounded outwards so that it stays true.

    Args:
        value: the bound.
        down: round towards minus infinity, as for a lower end.

    >>> rounded(1.23456, down=True), rounded(1.23456), rounded(0.0)
    ('1.234', '1.235', '0')
    """
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    places = DIGITS - 1 - floor(log10(abs(value)))
    step = 10.0**-places
    return f"{(floor if down else ceil)(value / step) * step:.{max(0, places)}f}"
