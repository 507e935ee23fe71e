"""What must a reader know of a bracket? The one result type: as a line, as a table, as JSON; every
assumption is in it.
"""

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

from wgan.audit.bounds import Lower
from wgan.distances.results import Printed, figures

DIGITS = 4
LOOSE = 0.5
"""From this share of the transport on, the floor makes the upper end say little."""


@dataclass(frozen=True)
class Upper:
    """The upper end. `bound` is `transport` + `radius`, or none where nothing bounds W1 from above.

    `transport` is the mean exact transport over `batches` of `batch` samples on each side, `gap`
    the solver's largest relative duality gap, `diameter` that of the support, known as
    `diameter_from` says. `asymptotic` is a one-sided limit by Student's t over the batches: right
    for many batches, certified for none.
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
    """W1 in [lower, upper], with everything that was assumed.

    `certifies` says of what: "population" with probability `confidence`, or these "samples" for
    certain (`confidence` none). `lower_ends` are the bounds of each critic, of which the largest
    counts, `layers` the auditor's Lipschitz factors. `floor` is the transport between two batches
    of x, what sampling alone reads; `heuristic` takes it off. Neither is certified. `held_out`
    counts the samples of each side that the bounds rest on; `split` names how they were set apart;
    `repeated` counts rows of each side that occur again.
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

    @property
    def best(self) -> Lower:
        """The lower bound that won."""
        return max(self.lower_ends, key=lambda low: low.bound)

    @property
    def lower(self) -> float:
        return self.best.bound

    @property
    def upper(self) -> float | None:
        return self.upper_end.bound if self.upper_end else None

    def interval(self) -> str:
        """Return the two ends, rounded outwards."""
        return (
            f">= {rounded(self.lower, down=True)}"
            if self.upper is None
            else f"in [{rounded(self.lower, down=True)}, {rounded(self.upper)}]"
        )

    @property
    def note(self) -> str:
        """What the reader should know or do where the samples repeat rows, or sampling alone makes
        the upper end loose.
        """
        notes = []
        if any(self.repeated) and self.confidence:
            notes.append(
                f"{self.repeated[0]} rows of x and {self.repeated[1]} of y occur again: right for"
                " data of few values, but if rows were copied (oversampling), drop the copies, for"
                " the bracket does not hold with them"
            )
        if (
            self.upper is not None
            and self.upper_end
            and self.floor is not None
            and self.floor >= LOOSE * self.upper_end.transport
        ):
            parts = f"{figures(self.floor)} of the transport of {figures(self.upper_end.transport)}"
            notes.append(
                f"the upper end is loose: sampling alone makes {parts}; fewer coordinates say more"
                " (--space pca-16)"
            )
        return "\n".join(notes)

    def __str__(self) -> str:
        of, scope = (
            ("P,Q", f"{100 * (self.confidence or 0):g} %, population")
            if self.confidence
            else ("x,y", "these samples alone")
        )
        u = self.upper_end
        parts = [
            scope,
            *([f"R={u.diameter:g} {u.diameter_from}"] if u and u.diameter else []),
            f"lower: {self._lower_words()}",
        ]
        parts += [f"upper: {self._upper_words()}", self.units]
        aside = {
            "asymptotic upper": u.asymptotic if u else None,
            "floor": self.floor,
            "heuristic": self.heuristic,
        }
        words = [
            f"{name} {figures(v)}" + ("" if name == "floor" else ", not certified")
            for name, v in aside.items()
            if v is not None
        ]
        return " | ".join(
            [
                (
                    f"W1({of}{'' if self.space == 'raw' else f'; {self.space}'}) {self.interval()}"
                    f" ({'; '.join(parts)})"
                ),
                *words,
            ]
        )

    def facts(self) -> dict[str, str]:
        u = self.upper_end
        rows = {
            "W1": self.interval(),
            "holds of": (
                f"the populations, with probability {100 * self.confidence:g} %, if the samples are"
                " independent and trained neither side"
                if self.confidence
                else (
                    "these two samples, for certain; what they were drawn from may lie nearer or"
                    " farther"
                )
            ),
            "lower": self._lower_words(),
        }
        for low in self.lower_ends:
            ends = (
                f"scores clamped to [{low.clamp[0]:.4g}, {low.clamp[1]:.4g}]"
                if low.clamp
                else "scores as they are"
            )
            rows[f"  {low.critic}"] = (
                f"({figures(low.gap)} - {figures(low.radius)}) / {low.lipschitz:.6f} ="
                f" {rounded(low.bound, down=True)}; {ends}"
            )
        if self.layers:
            rows["  L by layer"] = ", ".join(
                f"{name}: {factor:.9f}" for name, factor in self.layers
            )
        rows["upper"] = self._upper_words()
        if u:
            rows["  solver"] = f"network simplex, largest relative duality gap {u.gap:.1e}"
            if u.diameter:
                rows["  diameter"] = f"{u.diameter:g}, {u.diameter_from}"
            if u.asymptotic is not None:
                rows["  asymptotic"] = (
                    f"{figures(u.asymptotic)} by Student's t over {u.batches} batches, not"
                    " certified"
                )
        if self.floor is not None and u:
            rows["floor"] = (
                f"{figures(self.floor)}, transport between two batches of x, n={u.batch}"
            )
        if self.heuristic is not None:
            rows["heuristic"] = (
                f"{figures(self.heuristic)}, the transport with its floor taken off, not certified"
            )
        if self.note:
            rows["note"] = self.note
        rows["samples"] = (
            f"{self.n} and {self.m} of {self.d} dimensions, {self.held_out[0]} and"
            f" {self.held_out[1]} of them used for the bounds"
        )
        rows["split"] = self.split
        rows["space"] = f"{self.space}, in {self.units}"
        return rows

    def to_json(self) -> dict[str, Any]:
        ends = {"metric": f"w1-bracket-{self.certifies}", "lower": self.lower, "upper": self.upper}
        return {**ends, **super().to_json()}

    def _lower_words(self) -> str:
        counts = f"{self.held_out[0]}+{self.held_out[1]}"
        return (
            f"{self.best.critic} L={self.best.lipschitz:.6f}, {counts}"
            f" {'held out' if self.confidence else 'in-sample'}"
        )

    def _upper_words(self) -> str:
        u = self.upper_end
        if u is None:
            return "none, too many pairs for exact transport"
        if self.confidence is None:
            return f"exact transport, n={self.n}, m={self.m}"
        if u.radius is None:
            return "none, since no diameter is known"
        return f"transport {figures(u.transport)} + {figures(u.radius)}, n={u.batches}x{u.batch}"


def rounded(value: float, down: bool = False) -> str:
    """Return a bound in four significant digits, rounded away from the bracket's inside, so that it
    stays true.

    >>> rounded(1.23456, down=True), rounded(1.23456), rounded(0.0)
    ('1.234', '1.235', '0')
    """
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    places = DIGITS - 1 - floor(log10(abs(value)))
    step = 10.0**-places
    return f"{(floor if down else ceil)(value / step) * step:.{max(0, places)}f}"
