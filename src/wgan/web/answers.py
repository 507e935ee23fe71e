"""Strict bodies of requests, and answers to those that fail: one line of JSON."""

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from wgan.base.errors import WganError
from wgan.web.gate import RefusedError, error_body


class Strict(BaseModel):
    """The body of a request, without fields that are not known."""

    model_config = ConfigDict(extra="forbid")


def answer_errors(app: FastAPI, shown: Callable[[str], str] = str) -> None:
    """Answer every error of an application as one line of JSON, `{"error": ...}`.

    Args:
        app: the application.
        shown: what is shown of a message, such as without the path of a folder.
    """

    @app.exception_handler(WganError)
    def wrong_input(request: Request, error: WganError) -> JSONResponse:
        status = error.status if isinstance(error, RefusedError) else 400
        headers = {"Retry-After": "1"} if status == 503 else None
        return JSONResponse(error_body(shown(str(error))), status, headers)

    @app.exception_handler(OSError)
    def no_file(request: Request, error: OSError) -> JSONResponse:
        where = error.filename or "a file"
        return JSONResponse(error_body(shown(f"{where}: {error.strerror or error}")), 400)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return JSONResponse(error_body(f"{place}: {first['msg']}"), 422)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(error_body(error.detail), error.status_code, error.headers)
