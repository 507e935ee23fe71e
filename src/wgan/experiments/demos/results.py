"""Results of a demonstration: every number as CSV, means with intervals, claims, and a figure."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wgan.base.figures import figure
from wgan.base.files import replaced, write_text
from wgan.base.intervals import CONFIDENCE, Mean, mean_of
from wgan.base.places import check_new
from wgan.base.progress import Progress

Row = dict[str, Any]
"""One measurement, or the means of several: values by the names of columns."""
FIGURE_INCHES = (10, 4)
"""Width and height of a figure: wide and low, since up to four panels stand side by side."""
FIGURE_DPI = 110
"""Pixels an inch: a figure is 1,100 across, which trades sharpness on a page for a small file."""


@dataclass(frozen=True)
class Claim:
    """A statement about GANs, and whether a run shows it.

    Attributes:
        text: the statement.
        holds: whether the run shows it.
        figures: the figures that decide.
    """

    text: str
    holds: bool
    figures: str

    def __str__(self) -> str:
        return f"{'seen' if self.holds else 'NOT seen'}: {self.text} ({self.figures})"


@dataclass(frozen=True)
class Result:
    """Measurements of a demonstration.

    Attributes:
        rows: all measurements.
        table: their means, as printed.
        claims: the claims, each with its figures.
        draw: draws the result onto a figure of matplotlib.
    """

    rows: Sequence[Row]
    table: Sequence[Row]
    claims: Sequence[Claim]
    draw: Callable[[Any], None]

    def markdown(self) -> str:
        """Return the table of means and the claims."""
        names = list(self.table[0])
        header = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
        lines = ["| " + " | ".join(cell(row[name]) for name in names) + " |" for row in self.table]
        return "\n".join([*header, *lines, "", *map(str, self.claims)])

    def to_json(self) -> dict[str, Any]:
        """Return the table of means and the claims as plain values."""
        means = [
            {name: asdict(v) if isinstance(v, Mean) else v for name, v in row.items()}
            for row in self.table
        ]
        claims = [asdict(claim) for claim in self.claims]
        return {"confidence": CONFIDENCE, "means": means, "claims": claims}


@dataclass(frozen=True)
class Demo:
    """The experiment behind a claim.

    Attributes:
        name: as in `wgan demo NAME`.
        summary: one line for the list of demonstrations.
        run: `run(seeds, effort, progress)`, where `effort` multiplies the training steps.
        seeds: seeds where nothing else is requested. 3 are the fewest that give a useful interval:
            with 2, Student's t is 12.7.
    """

    name: str
    summary: str
    run: Callable[[int, float, Progress], Result]
    seeds: int = 3


def scaled(steps: int, effort: float) -> int:
    """Return training steps times an effort, at least 1.

    >>> scaled(300, 0.5), scaled(300, 0.001)
    (150, 1)
    """
    return max(1, int(steps * effort))


def means(rows: Sequence[Row], by: Sequence[str], of: Sequence[str]) -> list[Row]:
    """Return means over seeds, with their intervals.

    Args:
        rows: measurements.
        by: columns that stay: one mean is taken for each combination of their values.
        of: columns of which means are taken.

    Returns:
        One row for each combination, in order of appearance.

    >>> means([{"d": 2, "x": 1.0}, {"d": 2, "x": 1.0}], by=["d"], of=["x"])
    [{'d': 2, 'x': Mean(value=1.0, half_width=0.0)}]
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    table = []
    for key, group in groups.items():
        labels = dict(zip(by, key, strict=True))
        table.append(labels | {name: mean_of([row[name] for row in group]) for name in of})
    return table


def find(table: Sequence[Row], name: str, **where: Any) -> Mean:  # noqa: D417
    """Return one mean of a table, from the one row whose other columns are as in `where`.

    Args:
        table: rows of means.
        name: column of the mean.
    """
    (mean,) = [row[name] for row in table if all(row[k] == v for k, v in where.items())]
    assert isinstance(mean, Mean)
    return mean


def plot_means(
    axes: Any,
    x: Sequence[float],
    points: Sequence[Mean],
    label: str,
    fmt: str = "o",
    markersize: float | None = None,
    capsize: float = 3,
) -> None:
    """Plot means with their intervals.

    Args:
        axes: of matplotlib.
        x: place of each mean.
        points: the means.
        label: name in the legend.
        fmt: marker and line, as in matplotlib.
        markersize: size of a marker in points; none: matplotlib's own.
        capsize: half the width of an interval's ends in points.
    """
    axes.errorbar(
        x,
        [mean.value for mean in points],
        [mean.half_width for mean in points],
        fmt=fmt,
        markersize=markersize,
        capsize=capsize,
        label=label,
    )


def check_room(folder: Path) -> None:
    """Refuse a folder that `write` could not use, before anything is trained.

    Args:
        folder: the folder for the result.

    Raises:
        WganError: the folder holds files already.
    """
    check_new(folder, folder=True)


def write(result: Result, folder: Path) -> None:
    """Write `numbers.csv`, `summary.md` and `figure.png`, each atomically.

    Args:
        result: what was measured.
        folder: a folder that `check_room` let pass; it is made if there is none.

    Raises:
        WganError: the folder holds files already.
    """
    check_room(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in result.rows for name in row))
    with (
        replaced(folder / "numbers.csv") as target,
        target.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(result.rows)
    write_text(folder / "summary.md", result.markdown() + "\n")
    with figure(FIGURE_INCHES, {}) as drawn, replaced(folder / "figure.png") as target:
        result.draw(drawn)
        drawn.savefig(target, format="png", dpi=FIGURE_DPI)


def cell(value: object) -> str:
    """Return a value as it stands in a table of results.

    Args:
        value: a number, a mean with its interval, or a word.

    >>> cell(0.12345), cell("wgan")
    ('0.123', 'wgan')
    """
    return f"{value:.3g}" if isinstance(value, float) else str(value)
