"""`wgan report RUN...`: results of runs, for people to read."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.cli.json_output import Json, print_json
from wgan.cli.output import screen
from wgan.report import Format, comparison_values, grouped, write_report
from wgan.runs import read_finished


def report_command(
    *runs: Path,
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None,
    form: Annotated[Format, Parameter(name="--format")] = "html",
    json_: Json = False,
) -> int:
    """Write a report of one run, or a comparison of several.

    It holds the verdict in words, figures, samples, configuration and provenance.

    Parameters
    ----------
    runs
        Folders of finished runs on the same data; runs that differ by their seed alone are grouped.
    out
        File for html or md, folder for png or svg. Earlier reports there are replaced, other or
        edited files never. By default report.html, report.md or figures; for a single run in its
        folder.
    form
        Format: html, one file that needs no network; md, for a README, with figures beside it; png
            or svg, only the figures, for a paper.
    json_
        Print one JSON document too: where the report is, and all numbers of the comparison.
    """
    if not runs:
        raise WganError(
            "no run: give the folder of one, such as runs/digits-wgan-gp-0, or of several"
        )
    name = {"html": "report.html", "md": "report.md"}.get(form, "figures")
    place = out or (runs[0] / name if len(runs) == 1 else Path(name))
    finished = [read_finished(run) for run in runs]
    write_report(finished, place, form)
    if json_:
        about = {"report": place, "format": form}
        print_json("report", about | comparison_values(grouped(finished)))
        return 0
    screen.print(f"{'report' if form in ('html', 'md') else 'figures'} in {place}")
    return 0
