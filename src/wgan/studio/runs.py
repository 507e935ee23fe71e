"""Routes of the tab `Runs`: the list, live; one run in full; stop, go on, and the report."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

import tomli_w
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.sse import EventSourceResponse
from pydantic import Field

from wgan.base.errors import WganError
from wgan.base.files import inside
from wgan.distances.results import finite
from wgan.evaluation import Watch
from wgan.evaluation.watch import measurements, noise_of, trend
from wgan.report import grouped, results_table, write_report
from wgan.report.page import verdict_in_words
from wgan.runs import RunFolder, read_finished
from wgan.studio.commands import go_on_arguments, shown
from wgan.studio.context import Studio, studio_of
from wgan.studio.followed import Followed, Lines
from wgan.studio.safety import REPORT_POLICY
from wgan.training.diagnosis import diagnose
from wgan.web.answers import Strict
from wgan.web.gate import RefusedError

MOST_LINES = 2000
"""Lines of metrics that a page is sent of a run at first: more than a screen has pixels."""
MOST_COMPARED = 20
"""Runs of one report: a plot of more has colours twice."""
NORMAL_QUANTILE = 1.96
"""Half-width of a measurement's 95 % interval in standard deviations, as in reports."""
LONGEST_NAME = 500

Name = Annotated[str, Query(min_length=1, max_length=LONGEST_NAME)]


class Named(Strict):
    """A request about one run."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)


def router() -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    _add_reading(routes)
    _add_acting(routes)
    return routes


def _add_reading(routes: APIRouter) -> None:
    """Add the routes that tell of runs."""
    floors: dict[tuple[str, str], dict[str, Any]] = {}

    @routes.get("/api/runs")
    def all_runs(request: Request) -> dict[str, Any]:
        studio = studio_of(request)
        found = {"folder": studio.roots.folder.name, "runs": studio.follower.summaries()}
        return finite(found | {"complete": studio.follower.complete})

    @routes.get("/api/events", response_class=EventSourceResponse)
    async def events(request: Request) -> AsyncIterator[dict[str, Any]]:
        async for news in studio_of(request).follower.news():
            yield finite(news)

    @routes.get("/api/run")
    def one_run(request: Request, name: Name) -> dict[str, Any]:
        return finite(details(studio_of(request), name))

    @routes.get("/api/run/metrics")
    def metrics(request: Request, name: Name) -> dict[str, Any]:
        return finite({"lines": thinned(studio_of(request).follower.find(name).lines)})

    @routes.get("/api/run/floor")
    def floor(request: Request, name: Name) -> dict[str, Any]:
        about = RunFolder(studio_of(request).follower.find(name).path).about()
        key = (name, f"{about.id} {about.data.fingerprint}")
        if key not in floors:
            floors[key] = _floor(studio_of(request), name)
        return finite(floors[key])

    @routes.get("/api/run/picture")
    def picture(request: Request, name: Name, step: Annotated[int, Query(ge=0)]) -> FileResponse:
        run = RunFolder(studio_of(request).follower.find(name).path)
        path = dict(run.snapshots()).get(step)
        if path is None or not inside(run.path, path):
            raise RefusedError(404, f"{name}: has no picture of step {step}")
        return FileResponse(path, media_type="image/png")


def _add_acting(routes: APIRouter) -> None:
    """Add the routes that stop a run, go on with it, and write its report."""
    drawing = Lock()  # matplotlib is not for several threads

    @routes.post("/api/run/stop")
    def stop(request: Request, run: Named) -> dict[str, Any]:
        studio = studio_of(request)
        studio.roots.inside(run.name)  # it may have no folder yet
        studio.processes.stop(run.name)
        return {"name": run.name}

    @routes.post("/api/run/go-on")
    def go_on(request: Request, run: Named) -> dict[str, Any]:
        studio = studio_of(request)
        found = studio.follower.find(run.name)
        if found.locked:
            raise RefusedError(409, f"{run.name}: another process trains it")
        studio.processes.begin(run.name, go_on_arguments(studio.roots, found.path))
        studio.follower.search_soon()
        return {"name": run.name}

    @routes.post("/api/run/forget")
    def forget(request: Request, run: Named) -> dict[str, Any]:
        studio = studio_of(request)
        studio.roots.inside(run.name)
        studio.processes.forget(run.name)
        studio.follower.search_soon()
        return {"name": run.name}

    @routes.get("/report")
    def report(
        request: Request,
        name: Annotated[list[str], Query(min_length=1, max_length=MOST_COMPARED)],
    ) -> HTMLResponse:
        studio = studio_of(request)
        paths = [studio.follower.find(each).path for each in name]
        with drawing, tempfile.TemporaryDirectory(dir=studio.processes.folder) as folder:
            page = Path(folder) / "report.html"
            write_report([read_finished(path) for path in paths], page)
            text = page.read_text(encoding="utf-8")
        return HTMLResponse(text, headers={"content-security-policy": REPORT_POLICY})


def thinned(lines: Lines) -> Lines:
    """Return at most as many lines as a page draws, with all measured ones.

    Args:
        lines: the metrics of a run.
    """
    every = -(-len(lines) // MOST_LINES)
    if every <= 1:
        return lines
    last = len(lines) - 1
    return [
        line for i, line in enumerate(lines) if i % every == 0 or i == last or "held_out_w1" in line
    ]


def details(studio: Studio, name: str) -> dict[str, Any]:
    """Return the values of one run that the page shows.

    Args:
        studio: the studio.
        name: the run's name.

    Raises:
        WganError: no such run, or a damaged one.
    """
    found = studio.follower.find(name)
    run = RunFolder(found.path)
    said, rows = _words(found)
    distances = [w1 for _, w1 in _measured(found.lines)]
    return {
        "summary": found.summary,
        "diagnosis": said,
        "results": rows,
        "noise": NORMAL_QUANTILE * noise_of(distances) if len(distances) > 1 else None,
        "snapshots": [step for step, _ in run.snapshots()],
        "settings": tomli_w.dumps(run.settings()),
        "go_on": shown(go_on_arguments(studio.roots, found.path, check=False)),
        "log": studio.processes.log(name),
    }


def _measured(lines: Lines) -> list[tuple[int, float]]:
    """Return the measurements on the samples that the last one was made on."""
    watched = next((m.get("watched", 0) for m in reversed(lines) if "held_out_w1" in m), 0)
    return measurements(lines, watched)


def _words(found: Followed) -> tuple[list[str], dict[str, Any] | None]:
    """Return the diagnosis in sentences, and the table of results where the run has ended."""
    if found.finish is not None:
        groups = grouped([read_finished(found.path)])
        columns, rows = results_table(groups)
        return verdict_in_words(groups), {"columns": list(columns), "rows": [*map(list, rows)]}
    if not found.lines:
        return [], None
    run = RunFolder(found.path)
    config = run.config()
    measured = _measured(found.lines)
    steps, distances = zip(*measured, strict=True) if measured else ((), ())
    variant = config.objective.chosen()
    return diagnose(variant, config, found.lines, trend(steps, distances), None), None


def _floor(studio: Studio, name: str) -> dict[str, Any]:
    """Return the floor of the distances while a run trains.

    Real samples take the place of generated ones.

    Raises:
        WganError: data that are gone, or lie where nothing may be read; or a private run.
    """
    found = studio.follower.find(name)
    run = RunFolder(found.path)
    config = run.config()
    if config.private:
        raise WganError(f"{name}: is a private run, whose rows are not measured here")
    if not measurements(found.lines, 0) and not _measured(found.lines):
        raise WganError(f"{name}: has measured nothing yet")
    studio.roots.check_data(run.about().folder, config.data)
    config, dataset = run.load()
    watch = Watch(config.split(dataset))
    return {"floor": watch.floor(), "n": watch.n, "units": dataset.codec.units}
