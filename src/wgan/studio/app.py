"""The application of the studio: its routes, its page, and how errors are answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from wgan.studio import lab, new_run, play, runs
from wgan.studio.context import Studio
from wgan.studio.follow import SEARCH_INTERVAL
from wgan.studio.models import Shelf
from wgan.studio.safety import MOST_UPLOAD, PAGE_POLICY, PROTECTED, UPLOAD, Roots
from wgan.web.answers import answer_errors
from wgan.web.gate import LOOPBACK, Gate, Guard

STATIC = Path(__file__).parent / "static"
"""The page and its scripts, as they are shipped."""


def create_app(
    folder: Path,
    token: str,
    *,
    data: Sequence[Path] = (),
    hosts: Sequence[str] = LOOPBACK,
    most_upload: int = MOST_UPLOAD,
    most_running: int = 2,
) -> FastAPI:
    """Return the studio's application.

    Args:
        folder: the folder of runs, the only one that is written to.
        token: what every request for data must bring.
        data: further folders whose files may be read as the data of runs.
        hosts: names of this server, as a Host writes them.
        most_upload: bytes of an upload at most.
        most_running: runs that may train at once.
    """
    # Nothing about the routes is published, and nothing is measured and sent anywhere.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=_awake)
    root = folder.resolve()
    app.state.studio = Studio.of(Roots(root, tuple(data)), most_running)
    app.state.shelf = Shelf(app.state.studio)
    gate = Gate("wgan studio", token, tuple(hosts), PROTECTED, {UPLOAD: most_upload}, PAGE_POLICY)
    app.add_middleware(Guard, gate=gate)
    for part in (runs, new_run, play, lab):
        app.include_router(part.router())
    answer_errors(
        app, lambda message: message.replace(f"{root}/", "")
    )  # paths as they are below it

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    app.mount("/", StaticFiles(directory=STATIC), name="static")
    return app


@asynccontextmanager
async def _awake(app: FastAPI) -> AsyncIterator[None]:
    """Look at the runs now and then, so that processes that ended are taken note of."""

    async def look() -> None:
        while True:
            with suppress(Exception):  # the next look may find things in order
                await asyncio.to_thread(app.state.studio.follower.look, SEARCH_INTERVAL)
            await asyncio.sleep(SEARCH_INTERVAL)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
