"""Samples that requests ask for: few are drawn at once, and files of them are sent and removed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from wgan.base.errors import WganError
from wgan.data.formats import formats_of, write_samples
from wgan.models import Model
from wgan.models.requested import Request
from wgan.web.gate import RefusedError

DOWNLOAD = "download-"
"""Beginning of the names of folders with files that are sent."""


class Turns:
    """Requests that are served at once, and those that may wait for it.

    Args:
        at_once: requests that are served at once.
        waiting: requests that wait at most; further ones are refused.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._serving = BoundedSemaphore(at_once)
        self._places = BoundedSemaphore(at_once + waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and have it within.

        Raises:
            RefusedError: too many wait already.
        """
        if not self._places.acquire(blocking=False):
            raise RefusedError(503, "too many requests wait already: try again in a second")
        try:
            with self._serving:
                yield
        finally:
            self._places.release()


def endings_of(model: Model) -> list[str]:
    """Return the endings of files that samples of a model can be sent as.

    Args:
        model: the model.
    """
    return [ending for ending in formats_of(model.codec).endings if ending]


def as_file(
    model: Model,
    wanted: Request,
    n: int,
    seed: int,
    ending: str,
    folder: Path | None,
    name: str,
) -> FileResponse:
    """Draw samples into a file, which is sent piece by piece and then removed.

    The bytes are those that `wgan sample` writes with the same seed.

    Args:
        model: the model.
        wanted: what samples are asked for.
        n: number of samples.
        seed: random seed.
        ending: of the file.
        folder: where the file is kept meanwhile; None: the system's folder of temporary files.
        name: the name that the receiver sees, without its ending.

    Raises:
        WganError: an ending that does not fit the samples, or as `Request.draw`.
    """
    if ending not in endings_of(model):
        raise WganError(f"{ending[:20]!a}: choose one of {', '.join(endings_of(model))}")
    drawn = wanted.draw(model, n, seed)
    labels = None if drawn.labels is None else [model.classes[y] for y in drawn.labels]
    place = Path(tempfile.mkdtemp(prefix=DOWNLOAD, dir=folder))
    try:
        path = place / f"samples{ending}"
        write_samples(drawn.raw, model.codec, path, labels)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    gone = BackgroundTask(shutil.rmtree, place, ignore_errors=True)
    return FileResponse(
        path,
        filename=f"{name}{ending}",
        media_type="application/octet-stream",
        background=gone,
    )
