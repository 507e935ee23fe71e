"""Pages of results: one HTML file, Markdown with plots beside it, or the plots alone."""

import base64
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import numpy as np
import tomli_w
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wgan.base.errors import WganError
from wgan.base.files import inside, write_sealed
from wgan.base.intervals import Mean, short
from wgan.base.places import check_folder, check_replaceable
from wgan.base.printing import markdown, visible
from wgan.base.version import __version__
from wgan.evaluation.learned_words import learned_in_words
from wgan.evaluation.results import Line
from wgan.evaluation.words import sentences
from wgan.models.pictures import pictures_of
from wgan.report.comparison import Group, conclusions, grouped, shared_lines
from wgan.report.drawing import Plot
from wgan.report.plots import plots_of, plots_of_run
from wgan.runs import Finished

Format = Literal["html", "md", "png", "svg"]
SNAPSHOTS = 5
"""Pictures of samples over training that a page shows: they stand beside each other on a screen."""
FINGERPRINT_LENGTH = 16
"""Characters of the data's hash that a page shows: enough to tell data sets apart by eye."""
Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def write_report(runs: Sequence[Finished], out: Path, form: Format = "html") -> None:
    """Write the report of one or several runs.

    Args:
        runs: finished runs on the same data.
        out: the file for `html` and `md`; the folder for `png` and `svg`. Earlier reports are
            replaced.
        form: `html` is one file; `md` has its plots in a folder beside it; `png` and `svg` are the
            plots alone.

    Raises:
        WganError: runs of different data, one run twice, or a place that holds anything but an
            earlier report as it was written.
    """
    groups = grouped(runs)
    # All places are checked before anything is written.
    page = [out] if form in ("html", "md") else []
    for path in page:
        check_replaceable(path)
    folder = out.with_name(f"{out.stem}-figures") if form == "md" else out
    if form != "html":
        check_folder(folder)
    kind = "png" if form == "md" else form
    plots = [] if form == "html" else _all_plots(groups)
    paths = {plot.name: folder / f"{plot.name}.{kind}" for plot in plots}
    for path in paths.values():
        check_replaceable(path)
    (out if form in ("png", "svg") else out.parent).mkdir(parents=True, exist_ok=True)
    if plots:
        folder.mkdir(parents=True, exist_ok=True)
    for plot in plots:
        plot.save(paths[plot.name], kind)
    if page:
        links = {name: quote(os.path.relpath(path, out.parent)) for name, path in paths.items()}
        text = _rendered(f"page.{form}", groups, links)
        write_sealed(out, text.encode())


def _all_plots(groups: Sequence[Group]) -> list[Plot]:
    """Return the plots of the report and, of several runs, those of each run."""
    plots = plots_of(groups)
    if sum(len(group.runs) for group in groups) > 1:
        for place, (group, run) in _numbered(groups):
            plots += _named_plots(place, group, run)
    return plots


def _numbered(groups: Sequence[Group]) -> Iterator[tuple[int, tuple[Group, Finished]]]:
    """Yield each run with its group and a number, since two runs may be of one variant and seed."""
    return enumerate(((group, run) for group in groups for run in group.runs), start=1)


def _named_plots(place: int, group: Group, run: Finished) -> list[Plot]:
    """Return the plots of one of several runs, each with the run in its name and title."""
    suffix = f" ({_title(group, run)})"
    return [
        replace(plot, name=f"run-{place}-{plot.name}", title=plot.title + suffix)
        for plot in plots_of_run(run)
    ]


def _title(group: Group, run: Finished) -> str:
    return f"{group.name}, seed {run.seed}"


def _shown(value: object) -> object:
    """Return the form in which a page shows a value.

    Text is shown without control characters, the package's own markup as it is.
    """
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _rendered(template: str, groups: Sequence[Group], paths: dict[str, str]) -> str:
    """Return a page; `paths` are the files of its plots, by name."""
    html = template.endswith(".html")
    environment = Environment(
        loader=PackageLoader("wgan.report"),
        autoescape=html,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["markdown"] = markdown
    runs = [run for group in groups for run in group.runs]
    return environment.get_template(template).render(
        title=f"{runs[0].about.data.name}: {', '.join(group.name for group in groups)}",
        version=__version__,
        data=runs[0].about.data,
        sentences=verdict_in_words(groups),
        results=results_table(groups),
        plots=plots_of(groups),
        runs=[
            _of_run(place, group, run, single=len(runs) == 1)
            for place, (group, run) in _numbered(groups)
        ],
        single=len(runs) == 1,
        paths=paths,
    )


def verdict_in_words(groups: Sequence[Group]) -> list[str]:
    """Return the verdict in sentences.

    Several runs are compared; of a single run, its evaluation and its diagnosis are told.

    Args:
        groups: runs by settings.
    """
    if sum(len(group.runs) for group in groups) > 1:
        return conclusions(groups)
    run = groups[0].runs[0]
    h = run.finish.held_out
    distance = (
        f"W1 {h.w1:.4g} +- {h.half_width:.2g} to held-out samples, where real ones read"
        f" {h.floor:.4g} (exact, n = {h.n}, {h.units})"
    )
    more = "This run was not evaluated: `wgan evaluate` measures more than the distance."
    looks = [learned_in_words(line, h.broken) for line in h.figures]
    evaluation = sentences(run.evaluation) if run.evaluation else [distance, *looks, more]
    return [*evaluation, *run.finish.diagnosis]


def results_table(groups: Sequence[Group]) -> Table:
    """Return a table of results: the names of its columns, and its rows.

    A single run has a row for each metric. Several have a column for each group, with means over
    seeds.

    Args:
        groups: runs by settings.
    """
    runs = [run for group in groups for run in group.runs]
    return _table_of_run(runs[0]) if len(runs) == 1 else _table_of_groups(groups)


def _table_of_run(run: Finished) -> Table:
    evaluation = run.evaluation
    if not evaluation:
        return ("", "value"), [list(row) for row in run.finish.held_out.rows]
    columns = (*evaluation.columns, "name")
    return columns, [[*line.cells, line.name] for line in evaluation.lines]


def _table_of_groups(groups: Sequence[Group]) -> Table:
    runs = [run for group in groups for run in group.runs]
    rows = [
        [
            "W1",
            *(str(group.w1) for group in groups),
            short(float(np.mean([run.finish.held_out.floor for run in runs]))),
            f"w1-exact-n{runs[0].finish.held_out.n}",
        ]
    ]
    for line in shared_lines(groups):
        means = [_scaled(group, line) for group in groups]
        rows.append([line.cells[0], *means, line.cells[2], line.name])
    rows.append(["runs", *(str(len(group.runs)) for group in groups), "", ""])
    seconds = [np.mean([run.finish.seconds for run in group.runs]) for group in groups]
    rows.append(["seconds of training", *(f"{each:.0f}" for each in seconds), "", ""])
    return ("", *(group.name for group in groups), "real samples", "name"), rows


def _scaled(group: Group, line: Line) -> str:
    """Return a group's mean of a metric, in the unit that its title names."""
    mean = group.metric(line.name)
    assert mean is not None
    return str(Mean(line.scale * mean.value, line.scale * mean.half_width))


def _of_run(place: int, group: Group, run: Finished, single: bool) -> dict[str, Any]:
    """Return the values of one run that the page shows.

    The first run of each group has pictures over time, the others the last picture alone. What the
    page says of a single run stands in its verdict, and is not repeated.
    """
    evaluation = run.evaluation
    verdict: list[str] = []
    if not single:
        verdict = [*(sentences(evaluation) if evaluation else []), *run.finish.diagnosis]
    fingerprint = run.about.data.fingerprint[:FINGERPRINT_LENGTH]
    return {
        "title": _title(group, run),
        "anchor": f"run-{place}",
        "folder": str(run.path),
        "sentences": verdict,
        "snapshots": _snapshots(run, over_time=run is group.runs[0]),
        "beside": _beside(run) if evaluation else None,
        "plots": [] if single else _named_plots(place, group, run),
        "config": tomli_w.dumps(run.settings),
        "provenance": [*_provenance(run), ["fingerprint of the data", fingerprint]],
        "notes": list(evaluation.notes) if evaluation else [],
    }


def _snapshots(run: Finished, over_time: bool) -> list[dict[str, Any]]:
    """Return pictures of samples: a few, even over training, or the last."""
    snapshots = run.folder.snapshots()
    if snapshots and over_time:
        last = len(snapshots) - 1
        places = sorted({round(i * last / (SNAPSHOTS - 1)) for i in range(SNAPSHOTS)})
        snapshots = [snapshots[i] for i in places]
    else:
        snapshots = snapshots[-1:]
    return [{"step": step, "path": str(path), "data": _data(path, run)} for step, path in snapshots]


def _beside(run: Finished) -> dict[str, str] | None:
    """Return the picture of generated samples beside real ones, if there is one."""
    path = run.folder.picture
    if not path.exists():
        return None
    pictures = pictures_of(run.about.data.kind)
    return {"data": _data(path, run), "title": pictures.title, "alt": pictures.alt}


def _provenance(run: Finished) -> list[list[str]]:
    """Return the versions and machine that a run began with, and each time it was continued."""
    first, *later = run.about.periods
    rows = _flat(first)
    for each in later:
        versions = f"wgan {each.get('wgan')}, commit {each.get('commit')}"
        rows.append(["opened again", f"{each.get('begun')}, {versions}"])
    return rows


def _flat(values: dict[str, Any], prefix: str = "") -> list[list[str]]:
    """Return nested values as rows of a name and a value."""
    rows: list[list[str]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}: ")
        else:
            rows.append([f"{prefix}{name}", str(value)])
    return rows


def _data(path: Path, run: Finished) -> str:
    """Return a picture in a run's folder as a URL that holds its contents.

    A page may be handed on, so it holds nothing that a link in the folder leads to elsewhere.
    """
    if not inside(run.path, path):
        raise WganError(
            f"{path}: is a link out of the run's folder, which is not followed: put the picture"
            " itself there"
        )
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
