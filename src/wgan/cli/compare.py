"""`wgan compare DATA`: which variant does better, by more than the noise between seeds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.cli.data_flags import AS_THEY_ARE, DataFlags, DataName
from wgan.cli.json_output import Json, print_json
from wgan.cli.numbers import COUNT
from wgan.cli.output import Flag, print_table, screen
from wgan.cli.progress import bar
from wgan.experiments.compare import COMPARISON, DEFAULT_VARIANTS, REPORT, Plan, compare
from wgan.report import (
    Group,
    comparison_json,
    comparison_values,
    conclusions,
    grouped,
    results_table,
    write_report,
)
from wgan.runs import read_finished


def compare_command(
    data: DataName = "digits",
    /,
    *,
    how: DataFlags = AS_THEY_ARE,
    variants: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    seeds: Annotated[int, COUNT] = 3,
    steps: Annotated[int | None, COUNT] = None,
    equal_time: Annotated[bool, Flag] = False,
    features: Path | None = None,
    out: Path | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", negative="")] = None,
    jobs: Annotated[int | None, COUNT] = None,
    threads: Annotated[int | None, COUNT] = None,
    cluster: str | None = None,
    json_: Json = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Train variants from several seeds, and say which differences are larger than the noise.

    Each run is trained and evaluated. The same command again continues.

    Parameters
    ----------
    data
        Data as `wgan train` takes them.
    how
        How the data are read.
    variants
        Names from `wgan variants`; by default gan, wgan and wgan-gp.
    seeds
        Number of runs of each variant, with the random seeds 0, 1, ...
    steps
        Generator steps of every run; by default half of those of `wgan train`.
    equal_time
        Give every variant the time that the first one needs for --steps. A short trial of each
        measures this beforehand.
    features
        For images: features to compare them on, as in `wgan evaluate`.
    out
        Folder for the runs, comparison.json and report.html; by default runs/compare-DATA.
    set_
        A single setting of every run, section.field=value; may be repeated.
    jobs
        Runs at a time; by default one for each core, at most 8; on a cluster, one for each thread
        of a worker.
    threads
        Threads of each run; the last bits of results depend on them. By default its share of the
        cores; on a cluster, one.
    cluster
        Train and evaluate on the workers of a Dask cluster: the address of its scheduler, such as
        tcp://host:8786. The folders of the runs stay here.
    json_
        Print one JSON document instead of text.
    quiet
        No progress bar.
    """
    if variants is not None and not variants:
        raise WganError("--variants: names none: give one or more, see `wgan variants`")
    plan = Plan(
        str(data),
        tuple(variants or DEFAULT_VARIANTS),
        seeds,
        steps,
        equal_time,
        features,
        out,
        tuple(set_ or ()),
        jobs,
        how.given(),
        cluster,
        threads,
    )
    with bar(quiet) as progress:
        folders = compare(plan, progress)
    finished = [read_finished(folder) for folder in folders]
    groups = grouped(finished)
    write_text(plan.folder / COMPARISON, comparison_json(groups))
    write_report(finished, plan.folder / REPORT)
    if json_:
        about = {"data": data, "seeds": seeds, "folder": plan.folder}
        places = {"comparison": plan.folder / COMPARISON, "report": plan.folder / REPORT}
        print_json("compare", about | places | comparison_values(groups))
        return 0
    screen.print(f"{data}: means +- 95 % over {seeds} seeds")
    _print_groups(groups)
    screen.print(f"runs, {COMPARISON} and {REPORT} in {plan.folder}")
    return 0


def _print_groups(groups: Sequence[Group]) -> None:
    """Print the means of each setting, and what follows."""
    head, rows = results_table(groups)
    table = Table(box=None)
    for name in head[:-1]:  # the full names of the metrics are in the page
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row[:-1])
    print_table(table)
    for sentence in conclusions(groups):
        screen.print(sentence)
