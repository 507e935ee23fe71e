"""Recorded runs of `tables.py` as Markdown: a table of figures, and sentences on time and on rows
under conditions. Every figure comes from the records.
"""

import json
from pathlib import Path
from textwrap import fill
from typing import Any

from wgan.base.intervals import Mean, decimals, mean_of, short
from wgan.evaluation.results import Line, evaluation_from_json

BEGIN = "<!-- results: begin; `benchmarks/tables.py docs` writes what stands here -->"
END = "<!-- results: end -->"
TITLES = {"adult": "Adult", "housing": "California housing", "orders": "orders"}
"""Names of tables in the page, in its order; others come last, as they are called."""
COLUMNS = 100
"""Columns of a line of the page that is no row of a table."""
LEFT_OUT = ("c2st-score", "tstr-f1", "w1-exact")
"""Figures that another one gives already: detection and usefulness in a second form, and W1, which
is mostly its floor.
"""
AGAINST_TRAIN = {
    "shape-error": "shape error against training rows, %",
    "trend-error-own-bins": "trend error, own bins, against training rows, %",
}
"""Figures of published tables. The trend in real bins is none of them."""
Record = dict[str, Any]


def read_lines(path: Path) -> list[Record]:
    """Return the records of a file, one in each line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(page: str, text: str) -> str:
    """Return a page with a text, its lines wrapped, in the place of what stood between its markers.

    Raises:
        SystemExit: a page without the two markers, or with several.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise SystemExit(f"the page needs the lines {BEGIN} and {END}, once each, in this order")
    before, rest = page.split(BEGIN)
    lines = text.split("\n")
    wrapped = "\n".join(
        x if x.startswith("|") else fill(x, COLUMNS, break_on_hyphens=False) for x in lines
    )
    return f"{before}{BEGIN}\n{wrapped}\n{END}{rest.split(END)[1]}"


def markdown(runs: list[Record], conditions: list[Record]) -> str:
    """Return what the records say.

    Args:
        runs: records of `tables.py run`.
        conditions: records of `tables.py conditions`.

    Raises:
        SystemExit: runs of one table that no mean can be taken over.
    """
    tables = by_table(runs)
    rows = ["| table | figure | generated | real | shuffled |", "|---|---|---|---|---|"]
    for name, of_table in tables.items():
        rows += table_rows(name, of_table)
    parts = [
        "\n".join(
            [*(trained(name, of_table) for name, of_table in tables.items()), machines(runs)]
        ),
        "\n".join(rows),
        times(tables),
        *(under_conditions(record) for record in conditions),
    ]
    return "\n\n".join(parts)


def by_table(runs: list[Record]) -> dict[str, list[Record]]:
    """Return the runs of each table, in the order of the page.

    Raises:
        SystemExit: a seed that occurs twice, or runs that measure different things.
    """
    order = list(TITLES)
    names = dict.fromkeys(run["table"] for run in runs)
    tables = {}
    for name in sorted(names, key=lambda n: order.index(n) if n in TITLES else len(order)):
        of_table = [run for run in runs if run["table"] == name]
        seeds = [run["seed"] for run in of_table]
        if len(set(seeds)) < len(seeds):
            raise SystemExit(f"{name}: a seed was run twice ({seeds}): keep one line of each")
        if len({fingerprint(run) for run in of_table}) > 1:
            raise SystemExit(
                f"{name}: the runs differ in steps, settings, rows or protocol: keep those that are"
                " alike"
            )
        tables[name] = of_table
    return tables


def fingerprint(run: Record) -> str:
    """Return what runs must have in common for a mean over them."""
    keys = ("steps", "settings", "training_rows", "own_test_rows")
    of_evaluation = [run["evaluation"][key] for key in ("protocol", "held_out")]
    return json.dumps([*of_evaluation, *(run[key] for key in keys)])


def table_rows(name: str, runs: list[Record]) -> list[str]:
    """Return the rows of one table: means over seeds, beside figures of real and shuffled rows."""
    rows: list[tuple[str, ...]] = []
    by_name: dict[str, list[Line]] = {}
    for run in runs:
        for line in evaluation_from_json(run["evaluation"]).lines:
            by_name.setdefault(line.name, []).append(line)
    for same in by_name.values():
        if same[0].metric not in LEFT_OUT:
            title, *cells = figure_cells(same)
            # a split may lack what a figure is of, such as a pair of equal numbers
            missed = f" ({counted(len(same), 'seed')})" if len(same) < len(runs) else ""
            rows.append((title + missed, *cells))
    for metric, title in AGAINST_TRAIN.items():
        mean = mean_of([100 * run["against_train"][metric] for run in runs])
        rows.append((title, shown(mean.value, mean), "", ""))
    first = [f"{title_of(name)}, {counted(len(runs), 'seed')}", *[""] * (len(rows) - 1)]
    return [
        "| " + " | ".join(cells) + " |"
        for cells in ((start, *row) for start, row in zip(first, rows, strict=True))
    ]


def figure_cells(same: list[Line]) -> tuple[str, str, str, str]:
    """Return the title and the figures of one metric, over seeds."""
    mean = mean_of([line.scale * line.generated.value for line in same])
    # real and shuffled rows are the same for all seeds but for the split, which the seed draws
    real, broken = (
        mean_of([line.scale * value for line, value in zip(same, side, strict=True)]).value
        for side in ([line.real for line in same], [line.broken for line in same])
    )
    title = same[0].cells[0].replace("|", "\\|")  # a bar would end the cell
    return title, shown(mean.value, mean), place(real, mean), place(broken, mean)


def shown(value: float, mean: Mean) -> str:
    """Return a mean with its interval, where it has one."""
    number = place(value, mean)
    return f"{number} +- {place(mean.half_width, mean)}" if mean.half_width >= 0 else number


def place(value: float, mean: Mean) -> str:
    """Return a number with as many decimals as the mean beside it, which are those of the mean's
    half-width.
    """
    text = f"{value:.{decimals(mean.half_width)}f}" if mean.half_width > 0 else short(value)
    return text.removeprefix("-") if float(text) == 0 else text


def trained(name: str, runs: list[Record]) -> str:
    """Return how long and on how much a table was trained, as an item of a list."""
    first = runs[0]
    rows = f"{first['evaluation']['held_out']:,}"
    compared = f"its own {rows} test rows" if first["own_test_rows"] else f"{rows} held-out rows"
    settings = f" with {', '.join(first['settings'])}" if first["settings"] else ""
    return (
        f"- {title_of(name)}: {first['steps']:,} steps{settings} on {first['training_rows']:,}"
        f" rows, compared with {compared}."
    )


def machines(runs: list[Record]) -> str:
    """Return the versions and machines of runs, as items of a list."""
    words = [
        f"- Run with torch {p['packages']['torch']}, wgan {p['wgan']}"
        + (f" ({p['commit'][:7]}{'+' * p['commit'].endswith('+')})" if p["commit"] else "")
        + f", {counted(p['machine']['threads'], 'thread')} of"
        f" {p['machine']['gpu'] or p['machine']['processor']}"
        f" with {counted(p['machine']['cores'], 'core')}."
        for p in (run["provenance"] for run in runs)
    ]
    return "\n".join(dict.fromkeys(words))


def times(tables: dict[str, list[Record]]) -> str:
    """Return the processor times of runs, as a table."""
    rows = [
        "| processor time | training, minutes | evaluation, minutes | a million rows, seconds |",
        "|---|---|---|---|",
    ]
    for name, runs in tables.items():
        used = [run["processor_seconds"] for run in runs]
        training = spread([each["training"] / 60 for each in used])
        evaluation = spread([each["evaluation"] / 60 for each in used])
        million = spread([each["a million rows"] for each in used])
        rows.append(f"| {title_of(name)} | {training} | {evaluation} | {million} |")
    return "\n".join(rows)


def under_conditions(record: Record) -> str:
    """Return how good rows under conditions are, and what they cost: words around a table."""
    about = (
        f"Rows under conditions ({title_of(record['table'])}, seed {record['seed']};"
        f" {record['rows']:,} for each) are compared with unconditional rows of the same generator"
        " that happen to satisfy them. Errors are divided by theirs. In brackets are the errors of"
        " other unconditional rows, which differ by chance alone. Acceptance is the share of the"
        " draws that satisfy the conditions."
    )
    least = record["least_training_rows"]
    rows = [
        f"| conditions | figure | median | worst | above {record['worse']:g} |",
        "|---|---|---|---|---|",
    ]
    for group, figures in record["groups"].items():
        cost, accepted = figures["seconds"], figures["acceptance"]
        cells = [
            *(over_filtered(figures, name) for name in ("shape", "trend")),
            ("processor time, s", short(cost["median"]), f"{short(cost['worst'])} ({cost['of']})"),
            ("acceptance, %", *(f"{100 * accepted[each]:.3g}" for each in ("median", "worst"))),
        ]
        first = f"{figures['number']} {group} of at least {least} training rows"
        for i, each in enumerate(cells):
            padded = (first if i == 0 else "", *each, "")[:5]
            rows.append(f"| {' | '.join(padded)} |")
    levels = record["levels"]
    lost = levels["lost"]
    which = "None" if not lost else f"{len(lost)} ({'; '.join(lost)})"
    missing = (
        f"{which} of the {levels['number']} levels of {levels['least_training_rows']} or more"
        f" training rows {'is' if len(lost) < 2 else 'are'} missing in {levels['rows']:,} rows."
    )
    return "\n\n".join([about, "\n".join(rows), missing])


def over_filtered(figures: Record, name: str) -> tuple[str, str, str, str]:
    """Return errors of rows under conditions over those of filtered rows, as cells."""
    found, chance = figures[name], figures[f"{name} of other filtered rows"]
    return (
        f"{name} error",
        f"{found['median']:.2f} ({chance['median']:.2f})",
        f"{found['worst']:.2f} ({chance['worst']:.2f}; {found['of']})",
        f"{found['above']} ({chance['above']})",
    )


def spread(values: list[float]) -> str:
    """Return a mean, and the least and largest where they are shown as different."""
    mean, low, high = (short(value) for value in (mean_of(values).value, min(values), max(values)))
    return mean if low == high else f"{mean} ({low} to {high})"


def title_of(name: str) -> str:
    """Return what the page calls a table."""
    return TITLES.get(name, name)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
