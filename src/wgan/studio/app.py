"""The application of the studio: its routes, its page, and how errors are answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from wgan.base.errors import WganError
from wgan.studio import lab, new_run, play, runs
from wgan.studio.context import Studio, studio_of
from wgan.studio.follow import SEARCH_INTERVAL
from wgan.studio.models import Shelf
from wgan.studio.safety import LOOPBACK, MOST_UPLOAD, Gate, Guard, RefusedError, Roots, error_body

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
    app.state.studio = Studio.of(Roots(folder.resolve(), tuple(data)), most_running)
    app.state.shelf = Shelf(app.state.studio)
    app.add_middleware(Guard, gate=Gate(token, tuple(hosts), most_upload))
    for part in (runs, new_run, play, lab):
        app.include_router(part.router())
    _answer_errors(app)

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
            await asyncio.to_thread(app.state.studio.follower.look, SEARCH_INTERVAL)
            await asyncio.sleep(SEARCH_INTERVAL)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()


def _answer_errors(app: FastAPI) -> None:
    """Answer every error as one line of JSON."""

    @app.exception_handler(WganError)
    def wrong_input(request: Request, error: WganError) -> JSONResponse:
        status = error.status if isinstance(error, RefusedError) else 400
        return JSONResponse(error_body(_within(request, str(error))), status)

    @app.exception_handler(OSError)
    def no_file(request: Request, error: OSError) -> JSONResponse:
        where = error.filename or "a file"
        message = f"{where}: {error.strerror or error}"
        return JSONResponse(error_body(_within(request, message)), 400)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return JSONResponse(error_body(f"{place}: {first['msg']}"), 422)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(error_body(error.detail), error.status_code, error.headers)


def _within(request: Request, message: str) -> str:
    """Return a message with paths as they are below the folder."""
    with suppress(AttributeError):
        return message.replace(f"{studio_of(request).roots.folder}/", "")
    return message
