"""Result of a bracket, with every assumption, as a line, as a table and as JSON."""

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

from wgan.audit.bounds import Lower, Reading
from wgan.audit.independence import Independence
from wgan.audit.upper import Heuristic, Upper
from wgan.distances.results import Printed, figures, percent

DIGITS = 4
"""Significant digits of a printed bound, as of a distance (`figures`)."""

LOOSE = 0.5
"""Share of the transport from which on the floor makes the upper end say little. Most of the
transport would be read between two samples of one population.
"""

HIDDEN = 0.9
"""Share of the transport from which on the upper end says nothing. If both populations were equal,
the transport would be at most a tenth lower.
"""


@dataclass(frozen=True)
class Bracket(Printed):
    """W1 in [lower, upper], in the unit of the samples, with everything that was assumed.

    `certifies` is "population" (then the bracket holds with probability `confidence`), or "samples"
    (then it holds for certain, and `confidence` is None). `lower_end` holds the readings of
    each critic. `layers` are the last auditor's Lipschitz factors.

    `floor` is the transport between two batches of x: sampling alone makes as much. `heuristic` is
    the transport minus its floor. Neither is certified. `held_out` counts the samples of each side
    on which the bounds rest, and `split` says how they were set apart. `repeated` counts rows of
    each side that occur again. `independence` holds the tests of a population bracket's assumption.
    `groups` counts the held-out groups of each side, where groups are the unit of independence: the
    population is then that of a random row of a random group.
    """

    certifies: str
    confidence: float | None
    lower_end: Lower
    layers: tuple[tuple[str, float], ...]
    upper_end: Upper | None
    floor: float | None
    heuristic: Heuristic | None
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
    def lower(self) -> float:
        """The lower end."""
        return self.lower_end.bound

    @property
    def upper(self) -> float | None:
        """The upper end; None if nothing bounds W1 from above."""
        return self.upper_end.bound if self.upper_end else None

    @property
    def floor_share(self) -> float:
        """The share of the transport that sampling alone makes; 0 if nothing is known of it."""
        u = self.upper_end
        if u is None or self.floor is None or u.transport == 0:
            return 0.0
        return self.floor / u.transport

    def interval(self) -> str:
        """Return the two ends in words, rounded outwards; the lower alone if the other is idle."""
        low = rounded(self.lower, down=True)
        if self.upper is None or self.floor_share >= HIDDEN:
            return f">= {low}"
        return f"in [{low}, {rounded(self.upper)}]"

    @property
    def note(self) -> str:
        """Advice if rows repeat, or if sampling alone makes the upper end loose."""
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
        if u is not None and u.bound is not None and self.floor_share >= LOOSE:
            assert self.floor is not None
            parts = f"{figures(self.floor)} of the transport of {figures(u.transport)}"
            verdict = (
                f"W1 <= {rounded(u.bound)} does not show a difference: it would be much the same if"
                " both populations were equal"
            )
            if self.floor_share < HIDDEN:
                verdict = "is loose"
            notes.append(
                f"the upper end {verdict}: sampling alone makes {parts}; fewer coordinates say more"
                " (--space pca-16)"
            )
        return "\n".join(notes)

    def __str__(self) -> str:
        u = self.upper_end
        scope = "these samples alone"
        if self.confidence:
            scope = f"{percent(self.confidence)}, population{self._unit_words()}"
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
            words.append(f"heuristic {_heuristic_words(self.heuristic)}")
        return words

    def facts(self) -> dict[str, str]:
        """Return the rows of the table; see `Printed`."""
        rows = {
            "W1": self.interval(),
            "holds of": self._scope_words(),
            "lower": self._lower_words(),
            **{
                f"  {each.critic}, stage {each.stage}": _reading_words(each)
                for each in self.lower_end.readings
            },
        }
        if self.layers:
            rows["  L by layer"] = ", ".join(
                f"{name}: {factor:.9f}" for name, factor in self.layers
            )
        rows |= self._upper_facts()
        if self.heuristic is not None:
            rows["heuristic"] = (
                f"{_heuristic_words(self.heuristic)}; it is the transport minus its floor"
            )
        if self.independence:
            rows |= self.independence.facts()
        if self.note:
            rows["note"] = self.note
        rows["samples"] = (
            f"{self.n} and {self.m} of {self.d} dimensions, {self.held_out[0]} and"
            f" {self.held_out[1]} of them used for the lower end"
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
                f"the populations{self._unit_words()}, with probability {percent(self.confidence)}"
                f", if the {'groups' if any(self.groups) else 'samples'} are independent and"
                " trained neither side"
            )
        return "these two samples, for certain; what they were drawn from may lie nearer or farther"

    def _unit_words(self) -> str:
        """Return words for the unit that is drawn if a side has groups."""
        sides = [side for side, count in zip("xy", self.groups, strict=True) if count]
        return f" of a random row of a random group of {' and '.join(sides)}" if sides else ""

    def _lower_words(self) -> str:
        units = zip(self.held_out, self.groups, strict=True)
        counts = "+".join(f"{n} in {groups} groups" if groups else f"{n}" for n, groups in units)
        use = "held out" if self.confidence else "in-sample"
        best = self.lower_end.leading
        return f"{best.critic} L={best.lipschitz:.6f}, {counts} {use}"

    def _upper_words(self) -> str:
        u = self.upper_end
        if u is None:
            return "none, too many pairs for exact transport"
        if self.confidence is None:
            return f"exact transport, n={self.n}, m={self.m}"
        if u.radius is None:
            return "none, since no diameter is known"
        words = f"transport {figures(u.transport)} + {figures(u.radius)}, n={u.batches}x{u.batch}"
        if self.floor_share < HIDDEN:
            return words
        return f"{words}, of no use: the floor is {self.floor_share:.0%} of the transport"

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
                f"{figures(u.asymptotic)} by the normal law of the potentials, not certified"
            )
        if self.floor is not None:
            rows["floor"] = (
                f"{figures(self.floor)}, transport between two batches of x, n={u.batch}"
            )
        return rows


def _heuristic_words(heuristic: Heuristic) -> str:
    """Return words on the value of the heuristic; noise has no standard error."""
    error = heuristic.standard_error
    if error is None:
        return "withheld: what the floor leaves is no more than noise"
    return f"{figures(heuristic.value)} (standard error {error:.2g}), not certified"


def _reading_words(reading: Reading) -> str:
    """Return words on the reading of a critic."""
    ends = "scores as they are"
    if reading.clamp:
        ends = f"scores clamped to [{reading.clamp[0]:.4g}, {reading.clamp[1]:.4g}]"
    return (
        f"{figures(reading.gap)} / {reading.lipschitz:.6f} = {figures(reading.value)} on"
        f" {reading.pairs} pairs; {ends}"
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
