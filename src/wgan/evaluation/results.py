"""Evaluation and its lines: what was measured, beside real samples and broken ones."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.cells import cell_len

from wgan.base.intervals import Mean, decimals, short
from wgan.base.records import typed
from wgan.evaluation.metric import Metric
from wgan.evaluation.metrics import METRICS


@dataclass(frozen=True)
class Line:
    """One figure of generated, of real and of broken samples.

    Attributes:
        metric: name of the metric.
        generated: mean over sets of generated samples, with its interval.
        real: the floor, which is the figure of real samples.
        broken: the ceiling, which is the figure of broken samples.
        n: samples in each set.
        of: the features or column that it was taken on; empty for the data's own coordinates.
        title: name for people; empty where the metric is built in, as `unit` and `read` are.
        unit: unit of the figure.
        read: how to read it.
        more_broken: the figure of each of the further broken samples; None: not taken.
    """

    metric: str
    generated: Mean
    real: float
    broken: float
    n: int
    of: str = ""
    title: str = ""
    unit: str = ""
    read: str = ""
    more_broken: tuple[float | None, ...] = ()

    @property
    def name(self) -> str:
        """Metric, features and number of samples, such as frechet-mobilenetv2-320@96-n2000.

        Only figures of equal names are comparable.
        """
        return "-".join([self.metric, *([self.of] if self.of else []), f"n{self.n}"])

    @property
    def scale(self) -> float:
        """Factor from stored to shown figures: 100 for shares, which are shown in %."""
        return 100.0 if self._words[1] == "%" else 1.0

    @property
    def cells(self) -> tuple[str, ...]:
        """Title, generated with interval, real, broken, further broken ones, and how to read it."""
        title, unit, read = self._words
        value = self.scale * self.generated.value
        half_width = self.scale * self.generated.half_width
        d = decimals(half_width)
        shown = f"{value:.{d}f} +- {half_width:.{d}f}" if half_width > 0 else f"{value:.4g}"
        real = short(self.scale * self.real)
        broken = short(self.scale * self.broken)
        more = ["" if each is None else short(self.scale * each) for each in self.more_broken]
        return f"{title}, {unit}" if unit else title, shown, real, broken, *more, read

    @property
    def _words(self) -> tuple[str, str, str]:
        known = METRICS.get(self.metric)
        if self.title or known is None:
            return self.title or self.metric, self.unit, self.read
        return known.title, known.unit, known.read

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain values; words only where the metric is not built in."""
        values = {"name": self.name, **asdict(self)}
        absent = [] if self.title else ["title", "unit", "read"]
        if not self.more_broken:
            absent.append("more_broken")
        return {name: value for name, value in values.items() if name not in absent}

    def in_full(self) -> dict[str, Any]:
        """Return all figures as plain values, with words; what is shown in % is a share."""
        title, unit, read = self._words
        words = {"title": title, "unit": "share" if unit == "%" else unit, "read": read}
        return self.to_json() | words


def line_of(
    metric: Metric,
    generated: Mean,
    real: float,
    broken: float,
    n: int,
    of: str,
    more_broken: tuple[float | None, ...] = (),
) -> Line:
    """Return the line of a metric; one that is not built in brings its words."""
    built_in = metric.name in METRICS
    title, unit, read = metric.title or metric.name, metric.unit, metric.read
    words = ("", "", "") if built_in else (title, unit, read)
    return Line(metric.name, generated, real, broken, n, of, *words, more_broken)


@dataclass(frozen=True)
class Evaluation:
    """All figures of a generator.

    Attributes:
        protocol: name of the protocol.
        lines: the figures.
        sets: sets of generated samples.
        generated: samples in a set.
        held_out: real samples that each set was compared with.
        broken: words for the broken samples.
        details: figures of each column, pair or mode.
        notes: sentences on how a figure was taken.
        more_broken: words for the further broken samples.
    """

    protocol: str
    lines: tuple[Line, ...]
    sets: int
    generated: int
    held_out: int
    broken: str
    details: dict[str, Any]
    notes: tuple[str, ...] = ()
    more_broken: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings above the cells of the lines."""
        return ("", "generated", "real", self.broken, *self.more_broken, "")

    def __str__(self) -> str:
        """Return all figures as a table, and the notes under it."""
        return "\n".join([self.table(), *self.notes])

    def table(self, compared_with: str = "held-out samples") -> str:
        """Return all figures as lines of text, under a title.

        Args:
            compared_with: the real samples that generated ones were compared with.
        """
        title = (
            f"{self.sets} sets of {self.generated} generated samples against {self.held_out}"
            f" {compared_with}"
        )
        if "target" in self.details:
            title += f"; trained to tell {self.details['target']}"
        if features := self.get("frechet"):
            title += f"; on {features.of}"
        rows = [self.columns, *(line.cells for line in self.lines)]
        widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
        to_the_right = [name != "" for name in self.columns]
        return "\n".join([title, *(_aligned(cells, widths, to_the_right) for cells in rows)])

    def line(self, metric: str) -> Line:
        """Return the figure of that name, which must exist."""
        return next(line for line in self.lines if line.metric == metric)

    def get(self, metric: str) -> Line | None:
        """Return the figure of that name; None if it does not exist."""
        return next((line for line in self.lines if line.metric == metric), None)

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain values."""
        values = asdict(self) | {"lines": [line.to_json() for line in self.lines]}
        if not self.more_broken:
            del values["more_broken"]
        return values


def _aligned(cells: Sequence[str], widths: Sequence[int], to_the_right: Sequence[bool]) -> str:
    """Return a line of cells of those widths, in columns of a terminal, where 幅 takes two."""
    padded = []
    for cell, width, right in zip(cells, widths, to_the_right, strict=True):
        space = " " * (width - cell_len(cell))
        padded.append(f" {space}{cell} " if right else f" {cell}{space} ")
    return "".join(padded).rstrip()


def evaluation_from_json(values: Mapping[str, Any]) -> Evaluation:
    """Return the evaluation that `to_json` turned into plain values.

    Metrics that this version does not know are read too.

    Args:
        values: the plain values.

    Raises:
        KeyError: a value is missing.
        TypeError: values of another form.
        ValueError: a value of another type, or out of range.
    """
    lines = [line_values(each) for each in values["lines"]]
    found = typed({**values, "lines": lines, "notes": values["notes"]}, Evaluation)
    if min([found.sets, found.generated, found.held_out, *(line.n for line in found.lines)]) < 1:
        raise ValueError("sets, generated, held_out, n: below 1")
    details = typed(found.details, _Details)
    if details.modes is not None and not details.modes.fit:
        raise ValueError("details.modes: out of range")
    return found


@dataclass(frozen=True)
class _Modes:
    """Details of modes: names, shares of generated samples and true shares, among `n` samples."""

    names: tuple[str, ...]
    generated: tuple[float, ...]
    true: tuple[float, ...]
    n: int

    @property
    def fit(self) -> bool:
        """Whether there is a share of each mode."""
        counts = {len(self.names), len(self.generated), len(self.true)}
        return len(counts) == 1 and counts != {0} and self.n > 0 and min(self.true) > 0


@dataclass(frozen=True)
class _Levels:
    """Levels of a table that are lost or far too frequent or rare, by name, and the number of all.

    `numbers` counts those of each sort, also those that are not named.
    """

    number: int
    lost: tuple[str, ...]
    inflated: tuple[str, ...]
    deflated: tuple[str, ...]
    numbers: dict[str, int] | None = None


@dataclass(frozen=True)
class _Round:
    """A round step, and the shares of generated and of held-out rows at its multiples."""

    step: float
    generated: float
    held_out: float


@dataclass(frozen=True)
class _Shares:
    """A figure of generated and of training rows."""

    generated: float
    training: float


@dataclass(frozen=True)
class _Tail:
    """The weight of a tail, over that of held-out rows, and whether it is surely off."""

    ratio: float
    off: bool = False


@dataclass(frozen=True)
class _End:
    """Rows at a training extreme, and whether they are surely too many."""

    generated: float
    training: float
    repeated: bool = False


@dataclass(frozen=True)
class _Curves:
    """Points of a curve for each channel, of generated, held-out and sets of training series."""

    generated: tuple[tuple[float, ...], ...]
    held_out: tuple[tuple[float, ...], ...]
    training: tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True)
class _Series:
    """Curves of the first channels of series; `length` is that of the series they are of."""

    channels: tuple[str, ...]
    length: int
    autocorrelation: _Curves
    spectrum: _Curves


@dataclass(frozen=True)
class _Details:
    """Details that reports show; a kind of data may have others."""

    modes: _Modes | None = None
    columns: dict[str, float] | None = None
    pairs: dict[str, float] | None = None
    target: str | None = None
    levels: _Levels | None = None
    round: dict[str, _Round] | None = None
    equalities: dict[str, _Shares] | None = None
    dependences: dict[str, float] | None = None
    inequalities: dict[str, float] | None = None
    tails: dict[str, _Tail] | None = None
    ends: dict[str, _End] | None = None
    conditions: dict[str, dict[str, float]] | None = None
    membership: dict[str, float] | None = None
    numbers: dict[str, int] | None = None
    redrawn: float | None = None
    series: _Series | None = None


def line_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line as plain values, with numbers in the place of names of numbers.

    Args:
        values: what `Line.to_json` gave.

    Raises:
        KeyError: a value is missing.
        ValueError: a half-width below 0, or a value that is not a number.
    """
    generated = {name: number(values["generated"][name]) for name in ("value", "half_width")}
    if generated["half_width"] < 0:
        raise ValueError("half_width below 0")
    ends = {name: number(values[name]) for name in ("real", "broken")}
    more = [None if each is None else number(each) for each in values.get("more_broken", ())]
    return {**values, "generated": generated, **ends, "more_broken": more}


def number(value: Any) -> float:
    """Return a number as JSON holds it, where NaN and infinities may be names or null.

    Raises:
        ValueError: neither a number nor one of these names.

    >>> number("inf"), number(2)
    (inf, 2.0)
    """
    if value is None or value in ("nan", "inf", "-inf"):
        return float(value or "nan")
    return typed(value, float)
