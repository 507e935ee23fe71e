"""What does a demonstration leave behind? Every number as CSV, means with intervals, claims that
held or did not, and a figure.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.base.files import replaced, write_text
from wgan.base.intervals import Mean, mean_of
from wgan.base.progress import Progress

Row = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """What is said of GANs, whether this run shows it, and the figures that decide."""

    text: str
    holds: bool
    figures: str

    def __str__(self) -> str:
        return f"{'seen' if self.holds else 'NOT seen'}: {self.text} ({self.figures})"


@dataclass(frozen=True)
class Result:
    """`rows` are all measurements, a dict each; `table` their means; `draw` paints the figure onto
    a matplotlib one.
    """

    rows: Sequence[Row]
    table: Sequence[Row]
    claims: Sequence[Claim]
    draw: Callable[[Any], None]

    def markdown(self) -> str:
        """Return the table of means and the claims."""
        names = list(self.table[0])
        lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
        lines += [
            "| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in self.table
        ]
        return "\n".join([*lines, "", *map(str, self.claims)])


@dataclass(frozen=True)
class Demo:
    """A claim's experiment: `run(seeds, effort, progress)`; effort multiplies the training steps.
    `seeds` is how many it takes by itself.
    """

    name: str
    summary: str
    run: Callable[[int, float, Progress], Result]
    seeds: int = 3


def means(rows: Sequence[Row], by: Sequence[str], of: Sequence[str]) -> list[Row]:
    """Return one row for each combination of `by`, in order of appearance, with means of the
    columns `of` over seeds.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    return [
        dict(zip(by, key, strict=True)) | {name: mean_of([r[name] for r in group]) for name in of}
        for key, group in groups.items()
    ]


def find(table: Sequence[Row], name: str, **where: Any) -> Mean:
    """Return the one mean in column `name` of the row that matches."""
    (found,) = [row[name] for row in table if all(row[k] == v for k, v in where.items())]
    assert isinstance(found, Mean)
    return found


def check_room(folder: Path) -> None:
    """Refuse what would stop `write`, before anything is trained.

    Raises:
        WganError: the folder holds files already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WganError(
            f"{folder}: is there already, and nothing is overwritten: choose another --out"
        )


def write(result: Result, folder: Path) -> None:
    """Write `numbers.csv`, `summary.md` and `figure.png` into a folder that `check_room` let pass,
    each atomically.
    """
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    with (
        replaced(folder / "numbers.csv") as target,
        target.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(
            file, list(dict.fromkeys(name for row in result.rows for name in row))
        )
        writer.writeheader()
        writer.writerows(result.rows)
    write_text(folder / "summary.md", result.markdown() + "\n")
    figure = Figure(figsize=(10, 4), layout="constrained")
    result.draw(figure)
    with replaced(folder / "figure.png") as target:
        figure.savefig(target, format="png", dpi=110)


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
