"""How do results become something that people read? One HTML file that needs nothing else, Markdown with figures beside it, or the figures alone."""

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import tomli_w
from jinja2 import Environment, PackageLoader, StrictUndefined

import wgan
from wgan.distances.results import finite
from wgan.errors import WganError
from wgan.files import replaced, write_text
from wgan.report.comparison import Group, conclusions, differences, grouped
from wgan.report.figures import Plot, column_errors, diagnostics, mode_shares, plots_of
from wgan.report.runs import Finished
from wgan.report.words import sentences

Format = Literal["html", "md", "png", "svg"]
SNAPSHOTS = 5
Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def write_report(runs: Sequence[Finished], out: Path, form: Format = "html") -> None:
    """Write the report of one or several runs: `html` and `md` as a file `out`, figures of `md`, `png` and `svg` into a folder.

    Raises:
        WganError: runs of different data, the same twice, or a place that holds something else.
    """
    groups = grouped(runs)
    if out.is_dir() if form in ("html", "md") else out.is_file():
        raise WganError(f"{out}: is there already as {'a folder' if out.is_dir() else 'a file'}: choose another --out")
    if form == "html":
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, _rendered("page.html", groups, {}))
        return
    folder = out if form != "md" else out.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    kind = "png" if form == "md" else form
    paths = {}
    for plot in _all_plots(groups):
        path = folder / f"{plot.name}.{kind}"
        with replaced(path) as target:
            plot.save(target, kind)
        paths[plot.name] = os.path.relpath(path, out.parent)
    if form == "md":
        write_text(out, _rendered("page.md", groups, paths))


def _all_plots(groups: Sequence[Group]) -> list[Plot]:
    several = sum(len(group.runs) for group in groups) > 1
    return [*plots_of(groups), *(plot for group in groups for run in group.runs for plot in _plots_of_run(run) if several)]


def _plots_of_run(run: Finished) -> list[Plot]:
    found = (mode_shares(run), column_errors(run), diagnostics(run))
    return [replace(plot, name=f"{run.variant}-{run.seed}-{plot.name}", title=f"{plot.title} ({_title(run)})") for plot in found if plot]


def _title(run: Finished) -> str:
    return f"{run.variant}, seed {run.seed}"


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
        title=f"{runs[0].about['data']['name']}: {', '.join(group.name for group in groups)}",
        version=wgan.__version__,
        data=runs[0].about["data"],
        sentences=verdict_in_words(groups),
        results=results_table(groups),
        plots=plots_of(groups),
        runs=[_of_run(run, first=run is group.runs[0], single=len(runs) == 1) for group in groups for run in group.runs],
        single=len(runs) == 1,
        paths=paths,
    )


def verdict_in_words(groups: Sequence[Group]) -> list[str]:
    """Return the verdict: of several runs how they compare, of one what its evaluation and its end say."""
    if sum(len(group.runs) for group in groups) > 1:
        return conclusions(groups)
    run = groups[0].runs[0]
    v = run.verdict
    first = (
        f"W1 {v['w1']:.4g} +- {v['half_width']:.2g} to held-out samples, where real ones read {v['floor']:.4g} (exact, n = {v['n']}, {v['units']})"
    )
    return [*(sentences(run.evaluation) if run.evaluation else [first]), *v["diagnosis"]]


def results_table(groups: Sequence[Group]) -> Table:
    """Return a table of results: of one run a line for each figure, of several a line for each group with means over seeds."""
    runs = [run for group in groups for run in group.runs]
    if len(runs) == 1:
        evaluation = runs[0].evaluation
        if not evaluation:
            return ("", "value"), [["W1", f"{runs[0].verdict['w1']:.4g}"], ["W1 of real samples", f"{runs[0].verdict['floor']:.4g}"]]
        return ("", "generated", "real", evaluation.broken, "", "name"), [[*line.cells, line.name] for line in evaluation.lines]
    names = [line.name for line in runs[0].evaluation.lines] if runs[0].evaluation else []
    shared = [name for name in names if not name.startswith("w1-exact") and all(group.metric(name) for group in groups)]  # the verdict is W1
    titles = {line.name: line.cells[0] for run in runs if run.evaluation for line in run.evaluation.lines}
    real = {line.name: line.cells[2] for line in runs[0].evaluation.lines} if runs[0].evaluation else {}
    scale = {name: 100 if titles[name].endswith(", %") else 1 for name in shared}
    head = ("settings", "runs", "W1", "seconds a run", *(titles[name] for name in shared))
    rows = [
        [group.name, str(len(group.runs)), str(group.w1), f"{sum(run.verdict['seconds'] for run in group.runs) / len(group.runs):.0f}"]
        + [_scaled(group, name, scale[name]) for name in shared]
        for group in groups
    ]
    floor = sum(run.verdict["floor"] for run in runs) / len(runs)
    return head, [*rows, ["real samples", "", f"{floor:.3g}", "", *(real[name] for name in shared)]]


def _scaled(group: Group, name: str, scale: int) -> str:
    mean = group.metric(name)
    assert mean is not None
    return str(replace(mean, value=scale * mean.value, half_width=scale * mean.half_width))


def _of_run(run: Finished, first: bool, single: bool) -> dict[str, Any]:
    """Return what the page shows of one run; pictures over time of the first of each group, of others the last alone."""
    shots = run.snapshots
    picked = sorted({round(i * (len(shots) - 1) / (SNAPSHOTS - 1)) for i in range(SNAPSHOTS)}) if shots else []
    kept = [shots[i] for i in picked] if first else shots[-1:]
    near = run.folder / "evaluation.png"
    return {
        "title": _title(run),
        "anchor": f"{run.variant}-{run.seed}",
        "folder": str(run.folder),
        "said": [*(sentences(run.evaluation) if run.evaluation else []), *run.verdict["diagnosis"]] if not single else [],
        "snapshots": [{"step": int(path.stem.rpartition("-")[2]), "path": str(path), "data": _data(path)} for path in kept],
        "nearest": {"path": str(near), "data": _data(near)} if near.exists() and run.evaluation else None,
        "shape": run.about["data"]["shape"],
        "plots": [] if single else _plots_of_run(run),
        "config": tomli_w.dumps(run.settings),
        "provenance": [*_flat(run.about["sittings"][-1]), ["fingerprint of the data", run.about["data"]["fingerprint"][:16]]],
        "notes": list(run.evaluation.notes) if run.evaluation else [],
    }


def _flat(values: dict[str, Any], prefix: str = "") -> list[list[str]]:
    found = []
    for name, value in values.items():
        found += _flat(value, f"{prefix}{name}: ") if isinstance(value, dict) else [[f"{prefix}{name}", str(value)]]
    return found


def _data(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def comparison_json(groups: Sequence[Group]) -> str:
    """Return all figures of a comparison as JSON."""
    values = {
        "metric": "w1-exact-held-out",
        "runs": [
            {
                "folder": str(run.folder),
                "settings": group.name,
                "seed": run.seed,
                **{k: run.verdict[k] for k in ("w1", "half_width", "floor", "n", "step", "seconds")},
            }
            for group in groups
            for run in group.runs
        ],
        "differences": [
            {"better": d.better, "worse": d.worse, "value": d.mean.value, "half_width": d.mean.half_width, "paired": d.paired, "seen": d.seen}
            for d in differences(groups)
        ],
        "said": conclusions(groups),
    }
    return json.dumps(finite(values), indent=2) + "\n"
