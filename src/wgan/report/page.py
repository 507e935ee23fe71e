"""Pages of results: one HTML file that needs nothing else, Markdown with plots beside it, or plots
alone.
"""

import base64
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import numpy as np
import tomli_w
from jinja2 import Environment, PackageLoader, StrictUndefined

from wgan.base.errors import WganError
from wgan.base.files import replaced, write_text
from wgan.base.intervals import short
from wgan.base.version import __version__
from wgan.distances.results import finite
from wgan.evaluation.results import Line
from wgan.evaluation.words import sentences
from wgan.models.pictures import pictures_of
from wgan.report.comparison import Group, conclusions, differences, grouped
from wgan.report.plot import Plot
from wgan.report.plots import column_errors, diagnostics, mode_shares, plots_of
from wgan.runs import Finished

Format = Literal["html", "md", "png", "svg"]
SNAPSHOTS = 5
Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def write_report(runs: Sequence[Finished], out: Path, form: Format = "html") -> None:
    """Write the report of one or several runs: `html` and `md` as a file `out`, with the figures of
    `md` in a folder beside it; `png` and `svg` are figures in a folder `out`.

    Raises:
        WganError: runs of different data, the same twice, or a place that holds something else.
    """
    groups = grouped(runs)
    if out.is_dir() if form in ("html", "md") else out.is_file():
        raise WganError(
            f"{out}: is there already as {'a folder' if out.is_dir() else 'a file'}: choose another"
            " --out"
        )
    if form == "html":
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, _rendered("page.html", groups, {}))
        return
    folder = out if form != "md" else out.with_name(f"{out.stem}-figures")
    folder.mkdir(parents=True, exist_ok=True)
    kind = "png" if form == "md" else form
    paths = {}
    for plot in _all_plots(groups):
        path = folder / f"{plot.name}.{kind}"
        with replaced(path) as target:
            plot.save(target, kind)
        paths[plot.name] = quote(os.path.relpath(path, out.parent))
    if form == "md":
        write_text(out, _rendered("page.md", groups, paths))


def _all_plots(groups: Sequence[Group]) -> list[Plot]:
    several = sum(len(group.runs) for group in groups) > 1
    each = [
        plot
        for place, (group, run) in _numbered(groups)
        for plot in _plots_of_run(place, group, run)
    ]
    return [*plots_of(groups), *(each if several else [])]


def _numbered(groups: Sequence[Group]) -> Iterator[tuple[int, tuple[Group, Finished]]]:
    """Yield each run with its group and a number: two groups may be of one variant and seed."""
    return enumerate(((group, run) for group in groups for run in group.runs), start=1)


def _plots_of_run(place: int, group: Group, run: Finished) -> list[Plot]:
    found = (mode_shares(run), column_errors(run), diagnostics(run))
    return [
        replace(plot, name=f"run-{place}-{plot.name}", title=f"{plot.title} ({_title(group, run)})")
        for plot in found
        if plot
    ]


def _title(group: Group, run: Finished) -> str:
    return f"{group.name}, seed {run.seed}"


def _rendered(template: str, groups: Sequence[Group], paths: dict[str, str]) -> str:
    html = template.endswith(".html")
    environment = Environment(
        loader=PackageLoader("wgan.report"),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    runs = [run for group in groups for run in group.runs]
    return environment.get_template(template).render(
        title=f"{runs[0].about.data.name}: {', '.join(group.name for group in groups)}",
        version=__version__,
        data=runs[0].about.data,
        samples=pictures_of(runs[0].about.data.kind).samples_in_words(runs[0].about.data.shape),
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
    """Return what came out: for several runs how they compare, for one its evaluation and its
    diagnosis.
    """
    if sum(len(group.runs) for group in groups) > 1:
        return conclusions(groups)
    run = groups[0].runs[0]
    h = run.finish.held_out
    first = (
        f"W1 {h.w1:.4g} +- {h.half_width:.2g} to held-out samples, where real ones read"
        f" {h.floor:.4g} (exact, n = {h.n}, {h.units})"
    )
    said = sentences(run.evaluation) if run.evaluation else [first]
    return [*said, *run.finish.diagnosis]


def results_table(groups: Sequence[Group]) -> Table:
    """Return a table of results: of one run a line for each figure, of several a column for each
    group with means over seeds.
    """
    runs = [run for group in groups for run in group.runs]
    if len(runs) == 1:
        evaluation = runs[0].evaluation
        if not evaluation:
            return ("", "value"), [
                ["W1", f"{runs[0].finish.held_out.w1:.4g}"],
                ["W1 of real samples", f"{runs[0].finish.held_out.floor:.4g}"],
            ]
        return ("", "generated", "real", evaluation.broken, "", "name"), [
            [*line.cells, line.name] for line in evaluation.lines
        ]
    first = runs[0].evaluation
    shared = (
        [
            line
            for line in first.lines
            if line.metric != "w1-exact" and all(group.metric(line.name) for group in groups)
        ]
        if first
        else []
    )
    floor, seconds = (
        np.mean([run.finish.held_out.floor for run in runs]),
        [np.mean([run.finish.seconds for run in group.runs]) for group in groups],
    )
    rows = [
        [
            "W1",
            *(str(group.w1) for group in groups),
            short(float(floor)),
            f"w1-exact-n{runs[0].finish.held_out.n}",
        ],
        *(
            [line.cells[0], *(_scaled(group, line) for group in groups), line.cells[2], line.name]
            for line in shared
        ),
        ["runs", *(str(len(group.runs)) for group in groups), "", ""],
        ["seconds of training", *(f"{each:.0f}" for each in seconds), "", ""],
    ]
    return ("", *(group.name for group in groups), "real samples", "name"), rows


def _scaled(group: Group, line: Line) -> str:
    """Return a group's mean of a figure, in the unit that its title names."""
    mean = group.metric(line.name)
    assert mean is not None
    value, half_width = line.scale * mean.value, line.scale * mean.half_width
    return str(replace(mean, value=value, half_width=half_width))


def _of_run(place: int, group: Group, run: Finished, single: bool) -> dict[str, Any]:
    """Return what the page shows of one run: pictures over time for the first run of each group,
    the last picture alone for the others.
    """
    evaluation = run.evaluation
    said = []
    if not single:
        said = [*(sentences(evaluation) if evaluation else []), *run.finish.diagnosis]
    fingerprint = ["fingerprint of the data", run.about.data.fingerprint[:16]]
    return {
        "title": _title(group, run),
        "anchor": f"run-{place}",
        "folder": str(run.path),
        "said": said,
        "snapshots": _snapshots(run, over_time=run is group.runs[0]),
        "beside": _beside(run) if evaluation else None,
        "plots": [] if single else _plots_of_run(place, group, run),
        "config": tomli_w.dumps(run.settings),
        "provenance": [*_provenance(run), fingerprint],
        "notes": list(evaluation.notes) if evaluation else [],
    }


def _snapshots(run: Finished, over_time: bool) -> list[dict[str, Any]]:
    """Return pictures of samples: a few over time, or the last."""
    shots = run.folder.snapshots()
    if shots and over_time:
        last = len(shots) - 1
        places = sorted({round(i * last / (SNAPSHOTS - 1)) for i in range(SNAPSHOTS)})
        shots = [shots[i] for i in places]
    else:
        shots = shots[-1:]
    return [{"step": step, "path": str(path), "data": _data(path)} for step, path in shots]


def _beside(run: Finished) -> dict[str, str] | None:
    """Return the picture of generated samples beside real ones, if there is one."""
    path = run.folder.picture
    if not path.exists():
        return None
    pictures = pictures_of(run.about.data.kind)
    return {"data": _data(path), "title": pictures.title, "alt": pictures.alt}


def _provenance(run: Finished) -> list[list[str]]:
    """Return the versions and machine that a run was begun with, and each time it was continued."""
    first, *later = run.about.periods
    again = [
        f"{each.get('begun')}, wgan {each.get('wgan')}, commit {each.get('commit')}"
        for each in later
    ]
    return [*_flat(first), *(["opened again", text] for text in again)]


def _flat(values: dict[str, Any], prefix: str = "") -> list[list[str]]:
    rows: list[list[str]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}: ")
        else:
            rows.append([f"{prefix}{name}", str(value)])
    return rows


def _data(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def _ending(group: Group, run: Finished) -> dict[str, Any]:
    held_out = run.finish.held_out
    return {
        "folder": str(run.path),
        "settings": group.name,
        "seed": run.seed,
        "w1": held_out.w1,
        "half_width": held_out.half_width,
        "floor": held_out.floor,
        "n": held_out.n,
        "step": run.finish.step,
        "seconds": run.finish.seconds,
    }


def comparison_json(groups: Sequence[Group]) -> str:
    """Return all figures of a comparison as JSON."""
    values = {
        "metric": "w1-exact-held-out",
        "runs": [_ending(group, run) for group in groups for run in group.runs],
        "differences": [
            {
                "figure": d.figure,
                "better": d.better,
                "worse": d.worse,
                "value": d.mean.value,
                "half_width": d.mean.half_width,
                "paired": d.paired,
                "seen": d.seen,
            }
            for d in differences(groups)
        ],
        "said": conclusions(groups),
    }
    return json.dumps(finite(values), indent=2) + "\n"
