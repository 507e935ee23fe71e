"""Routes of the tab `Play`: samples of a model, by seed, by class or condition, by latents."""

import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import Field

from wgan.data.formats import formats_of
from wgan.distances.results import finite
from wgan.models import Model, truncated
from wgan.models.latents import between_corners, check_continuous, grid, prior_latents
from wgan.models.requested import Request as Wanted
from wgan.networks.pairs import find_pair
from wgan.runs import RunFolder
from wgan.runs.private import promised
from wgan.studio.models import Shelf, columns_of, scores_of, shelf_of, with_nearest
from wgan.studio.runs import LONGEST_NAME, Name
from wgan.web.answers import Strict
from wgan.web.drawing import DOWNLOAD, Turns, as_file, endings_of

AT_ONCE = 2
"""Requests that draw samples at once: each takes a core."""
WAITING = 30
"""Requests that wait for it: a page that is moved by sliders sends some."""
MOST_SHOWN = 64
"""Samples of a page: a grid of 8 x 8."""
MOST_DOWNLOADED = 1_000_000
"""Samples of a download; `wgan sample` writes more."""
SLIDERS = 12
"""Latents that have a slider: the first ones, since all are alike."""
FARTHEST = 8.0
"""Largest latent: beyond, no standard normal number lies."""
MOST_SIDE = 12
"""Samples in a row of a plane."""

LONGEST_DOWNLOAD = 3600
"""Seconds after which a download has ended, or its server has."""
DRAWN_TOGETHER = 500
"""Samples of the picture of all, where single ones are shown as rows: few show no law."""
NOT_CONTINUOUS = (
    "the noise of this kind of data decides levels, gaps or lengths one by one, so that there is"
    " nothing between two samples"
)

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Label = Annotated[str | None, Field(max_length=500)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Latent = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]


class Asked(Strict):
    """Fields of every request for samples: the run, the seed, the class."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    seed: Seed = 0
    label: Label = None
    truncation: Share = 1.0


class Samples(Asked):
    """Samples of a model: how many, of which class or under which conditions."""

    n: Annotated[int, Field(ge=1, le=MOST_SHOWN)] = 16
    where: Annotated[list[Text], Field(max_length=20, default_factory=list)]
    nearest: bool = False


class Latents(Asked):
    """One sample: the first of the seed, with some of its latents set."""

    values: Annotated[list[Latent], Field(max_length=SLIDERS, default_factory=list)]


class Plane(Asked):
    """A plane of samples between the first four of the seed."""

    side: Annotated[int, Field(ge=2, le=MOST_SIDE)] = 7


class Point(Asked):
    """A point of such a plane: `u` to the right, `v` down."""

    u: Share
    v: Share


def router() -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/play")
    turns = Turns(AT_ONCE, WAITING)

    @routes.get("")
    def info(request: Request, name: Name) -> dict[str, Any]:
        return finite(about(shelf_of(request), name))

    @routes.post("/samples")
    def samples(request: Request, asked: Samples) -> dict[str, Any]:
        with turns.turn():
            return finite(_samples(shelf_of(request), asked))

    @routes.post("/latents")
    def latents(request: Request, asked: Latents) -> dict[str, Any]:
        with turns.turn():
            return finite(_of_latents(shelf_of(request), asked))

    @routes.post("/plane")
    def plane(request: Request, asked: Plane) -> dict[str, Any]:
        shelf = shelf_of(request)
        with turns.turn():
            model = _model(shelf, asked)
            label = None if asked.label is None else model.label(asked.label)
            raw = grid(model, asked.side, asked.seed, label)
            return {"picture": shelf.picture(raw, model, asked.side)}

    @routes.post("/point")
    def point(request: Request, asked: Point) -> dict[str, Any]:
        with turns.turn():
            return finite(_of_point(shelf_of(request), asked))

    @routes.get("/download")
    def download(
        request: Request,
        name: Name,
        n: Annotated[int, Query(ge=1, le=MOST_DOWNLOADED)],
        ending: Annotated[str, Query(max_length=20)],
        seed: Annotated[int, Query(ge=0, lt=2**63)] = 0,
        label: Annotated[str | None, Query(max_length=500)] = None,
        where: Annotated[list[Text], Query(max_length=20)] = [],  # noqa: B006
        truncation: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)] = 1.0,
    ) -> FileResponse:
        shelf = shelf_of(request)
        with turns.turn():
            model = _truncated(shelf.model(name), truncation)
            wanted = Wanted(label, tuple(where))
            folder = shelf.studio.processes.folder
            stem = f"{name.replace('/', '-')}-seed{seed}"
            return as_file(model, wanted, n, seed, ending, folder, stem)

    return routes


def about(shelf: Shelf, name: str) -> dict[str, Any]:
    """Return a description of a model for the page, as plain values.

    Args:
        shelf: models and data.
        name: the run's name.

    Raises:
        WganError: no such run, or none with a model.
    """
    model = shelf.model(name)
    formats = formats_of(model.codec)
    continuous = find_pair(model.codec).continuous(model.codec)
    promise = promised(RunFolder(shelf.studio.follower.find(name).path).about().settings)
    return {
        "name": name,
        "kind": model.codec.kind,
        "in_words": model.codec.samples_in_words,
        "variant": model.variant,
        "classes": list(model.classes),
        "blends": bool(getattr(model.generator, "blends", False)),
        "noise": model.noise,
        "sliders": min(SLIDERS, model.noise),
        "not_continuous": "" if continuous else NOT_CONTINUOUS,
        "pictures": formats.pictures,
        "columns": columns_of(model),
        "described": model.codec.describe(),
        "takes_conditions": formats.frame is not None,
        "endings": endings_of(model),
        "default_ending": Path(formats.default).suffix,
        "units": model.codec.units,
        "promise": str(promise) if promise else "",
    }


def _model(shelf: Shelf, asked: Asked) -> Model:
    """Return the model, truncated as it was asked for."""
    return _truncated(shelf.model(asked.name), asked.truncation)


def _truncated(model: Model, psi: float) -> Model:
    """Return the model, truncated where less than all is asked for."""
    return model if psi == 1 else truncated(model, psi)


def _samples(shelf: Shelf, asked: Samples) -> dict[str, Any]:
    """Return samples one by one, with scores and neighbours, and all of them in one picture."""
    model = _model(shelf, asked)
    wanted = Wanted(asked.label, tuple(asked.where))
    drawn = wanted.draw(model, asked.n, asked.seed)
    found = shelf.shown(drawn.raw, model)
    scores, no_scores = scores_of(model, drawn.raw, drawn.labels)
    together = drawn.raw
    if columns_of(model) is not None and not asked.where:
        together = wanted.draw(model, max(asked.n, DRAWN_TOGETHER), asked.seed).raw
    near, not_near = None, ""
    if asked.nearest:
        near, not_near = with_nearest(shelf, asked.name, model, drawn.raw)
    for i, each in enumerate(found):
        each["score"] = scores[i] if scores else None
        each["label"] = None if drawn.labels is None else model.classes[drawn.labels[i]]
        each["nearest"] = near[i] if near else None
    return {
        "samples": found,
        "together": shelf.picture(together, model),
        "n_together": len(together),
        "no_scores": no_scores,
        "no_neighbours": not_near,
        "acceptance": drawn.acceptance if asked.where else None,
        "tried": drawn.tried,
    }


def _of_latents(shelf: Shelf, asked: Latents) -> dict[str, Any]:
    """Return one sample, and the latents that its sliders stand at."""
    model = _model(shelf, asked)
    check_continuous(model, "latents")
    z = prior_latents(model, 1, asked.seed)
    z[0, : len(asked.values)] = asked.values[: z.shape[1]]
    labels = model.draw_labels(1, asked.seed) if model.classes else None
    if asked.label is not None:
        labels = np.full(1, model.label(asked.label))
    return _single(shelf, model, z, asked.seed, labels) | {
        "latents": z[0, :SLIDERS].tolist(),
    }


def _of_point(shelf: Shelf, asked: Point) -> dict[str, Any]:
    """Return the sample at a point between four, as `models.grid` has it there."""
    model = _model(shelf, asked)
    check_continuous(model, "latents")
    label = None if asked.label is None else model.label(asked.label)
    u, v = np.array([asked.u]), np.array([asked.v])
    z, labels = between_corners(model, u, v, asked.seed, label)
    return _single(shelf, model, z, asked.seed, labels)


def _single(
    shelf: Shelf, model: Model, z: np.ndarray, seed: int, labels: np.ndarray | None
) -> dict[str, Any]:
    """Return the sample of a latent, of a class or of a blend of some, which has no score."""
    raw = model.draw(1, seed, labels, z, rules=False).raw
    blended = labels is not None and labels.ndim == 2
    scores, no_scores = (None, "") if blended else scores_of(model, raw, labels)
    (found,) = shelf.shown(raw, model)
    return found | {"score": scores[0] if scores else None, "no_scores": no_scores}


def remove_leftovers(folder: Path) -> None:
    """Remove files of downloads that a server which ended left behind.

    Args:
        folder: the studio's own folder.
    """
    for path in folder.glob(f"{DOWNLOAD}*"):
        if not path.is_symlink() and time.time() - path.stat().st_mtime > LONGEST_DOWNLOAD:
            shutil.rmtree(path, ignore_errors=True)
