"""Safety of the studio: who may ask, what a page may load, which paths may be read and written.

A request needs the token of the address that `wgan studio` printed, a Host that is this server's
(so that a foreign name that leads here, by DNS rebinding, is refused), and no Origin but this
page's. Static files hold no data and need no token.
"""

import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from anyio import BrokenResourceError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wgan.base.errors import WganError
from wgan.data.naming import named_sources
from wgan.data.shards.places import base_of, has_pattern, scheme_of
from wgan.data.stacked import PREFIX

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine, as a Host writes them."""
TOKEN_HEADER = b"x-wgan-token"
TOKEN_PARAMETER = "token"
"""Pictures, downloads and event streams cannot send a header, so their address has the token."""
PROTECTED = ("/api/", "/report")
"""Paths that need the token: all that hold data."""
READING = ("GET", "HEAD")
"""Methods that change nothing."""
UPLOAD = "/api/upload"
"""The one path whose body may be large."""
MOST_BODY = 2**20
"""Bytes of a body but an upload's: a schema of a wide table takes a tenth of it."""
MOST_UPLOAD = 2**31
"""Bytes of an upload unless the command says otherwise: 2 GiB."""
LISTS = (".txt", ".json")
"""Endings of files that list shards, which may lie anywhere."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the studio's page may load: its own files, and pictures."""
REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; sandbox allow-popups"
)
"""What a report may load: nothing; it holds its pictures and its style, and runs no script."""
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""Headers of every answer. The referrer would hand on the token."""


class RefusedError(WganError):
    """A request that is refused; `status` is the code of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Roots:
    """The folder of the studio, and further ones from which data may be read.

    Attributes:
        folder: the folder of runs: all that is written lies below it.
        data: further folders whose files may be read as data.
    """

    folder: Path
    data: tuple[Path, ...] = ()

    def inside(self, name: str) -> Path:
        """Return the path below the folder that a relative name stands for.

        Args:
            name: a relative path; links are followed, and must not lead out.

        Raises:
            WganError: a name that leads out of the folder, or is none.
        """
        path = self.folder / _clean(name)
        real = Path(os.path.realpath(path))
        root = Path(os.path.realpath(self.folder))
        if Path(name).is_absolute() or real == root or not real.is_relative_to(root):
            raise RefusedError(403, f"{name}: lies outside the studio's folder")
        return path

    def name(self, path: Path) -> str:
        """Return the relative name of a path below the folder."""
        return path.relative_to(self.folder).as_posix()

    def check_readable(self, path: str) -> None:
        """Refuse a file of data that lies outside all folders.

        Args:
            path: the path of a file or folder.

        Raises:
            WganError: it does; the message says how to allow it.
        """
        real = Path(os.path.realpath(_clean(path)))
        if not self._may_read(path):
            raise RefusedError(
                403,
                f"{path}: lies outside the studio's folder, so it is not read: start"
                f" `wgan studio --data {real.parent}` to allow it",
            )
        for here, folders, files in os.walk(real):
            for link in (os.path.join(here, name) for name in (*folders, *files)):
                if os.path.islink(link) and not self._may_read(link):
                    raise RefusedError(
                        403, f"{link}: leads out of the studio's folder: put the files there"
                    )

    def _may_read(self, path: str) -> bool:
        """Tell whether a path lies below one of the folders once all links are followed."""
        real = Path(os.path.realpath(path))
        return any(real.is_relative_to(os.path.realpath(r)) for r in (self.folder, *self.data))

    def check_source(self, source: str) -> None:
        """Refuse data that lie outside all folders, or that lead there.

        Args:
            source: a name or path, as `wgan.data.load` takes it.

        Raises:
            WganError: such data.
        """
        if source in named_sources():
            return
        if scheme_of(source) or Path(source).suffix.lower() in LISTS:
            raise RefusedError(
                403, f"{source}: an address or a list of files, which the studio does not follow"
            )
        path = source.removeprefix(PREFIX)
        is_pattern = has_pattern(path) and not Path(path).exists()
        self.check_readable(base_of(path) if is_pattern else path)

    def check_beside(self, value: str | None) -> None:
        """Refuse labels or a schema in a file that lies outside all folders.

        Args:
            value: the path of a file, or the name of a column or array; None: there is none.

        Raises:
            WganError: such a file.
        """
        if value is not None and Path(_clean(value)).exists():
            self.check_readable(value)


def is_text(name: str) -> bool:
    """Tell whether a name can be sent as UTF-8: those of files may be any bytes.

    Args:
        name: the name.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clean(name: str) -> str:
    """Return a name that a file can have."""
    if not is_text(name):
        raise RefusedError(400, "a path that is not UTF-8: rename the file")
    if "\0" in name or not name or len(name) > 4096:  # PATH_MAX of Linux
        raise RefusedError(400, "a path that no file can have")
    return name


@dataclass(frozen=True)
class Gate:
    """What a request must bring.

    Attributes:
        token: the secret of the address.
        hosts: names in the Host that are this server's.
        most_upload: bytes of an upload at most.
    """

    token: str
    hosts: tuple[str, ...] = LOOPBACK
    most_upload: int = MOST_UPLOAD

    def check(self, scope: Scope) -> None:
        """Refuse a request without what it must bring.

        Args:
            scope: the request, as ASGI describes it.

        Raises:
            RefusedError: a foreign Host or Origin, no token or a wrong one.
        """
        headers = scope["headers"]
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or _without_port(hosts[0]) not in self.hosts:
            raise RefusedError(
                421, "this address is not the studio's: open the one that `wgan studio` printed"
            )
        for origin in _values(headers, b"origin"):
            if _host_of(origin) != hosts[0].lower():
                raise RefusedError(403, "a page of another origin may not use the studio")
        for site in _values(headers, b"sec-fetch-site"):
            foreign = site not in ("same-origin", "none")
            if foreign and (scope["method"] not in READING or _is_protected(scope)):
                raise RefusedError(403, "a page of another site may not use the studio")
        if _is_protected(scope) and not self._has_token(scope):
            raise RefusedError(
                401, "the token is missing or wrong: open the address that `wgan studio` printed"
            )

    def _has_token(self, scope: Scope) -> bool:
        """Tell whether a request has the token: in its header, or where it only reads, its path."""
        given = _values(scope["headers"], TOKEN_HEADER)
        if not given and scope["method"] in READING:
            query = scope.get("query_string", b"").decode("latin-1")
            try:
                given = parse_qs(query, max_num_fields=100).get(TOKEN_PARAMETER, [])
            except ValueError:  # more fields than any request of the page has
                given = []
        return len(given) == 1 and hmac.compare_digest(given[0].encode(), self.token.encode())

    def most_body(self, scope: Scope) -> int:
        """Return how many bytes the body of a request may have."""
        return self.most_upload if scope["path"] == UPLOAD else MOST_BODY


class Guard:
    """Middleware: refuses what the gate refuses, bounds bodies, and adds headers to answers."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app = app
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", []), *_own_headers(message)]
            await send(message)

        try:
            self.gate.check(scope)
            most = self.gate.most_body(scope)
            lengths = _values(scope["headers"], b"content-length")
            if any(not length.isdecimal() or int(length) > most for length in lengths):
                raise _too_large(most)
            await self.app(scope, _bounded(receive, most), with_headers)
        except RefusedError as error:
            if started:  # too late for an answer: the connection ends
                raise
            await answer(with_headers, error.status, str(error))
        except ExceptionGroup as errors:
            # A page left that had not read all of its stream: nobody is there to be told.
            if not started or errors.split(BrokenResourceError)[1] is not None:
                raise


def _is_protected(scope: Scope) -> bool:
    return any(scope["path"].startswith(path) for path in PROTECTED)


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def _host_of(origin: str) -> str:
    """Return the host and port of an origin; nothing where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # brackets that do not close
        return ""


def _without_port(host: str) -> str:
    """Return the name in a Host, which may have a port."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()


def _own_headers(message: Message) -> list[tuple[bytes, bytes]]:
    """Return the headers that an answer lacks."""
    there = {key.lower() for key, _ in message.get("headers", [])}
    own = {**HEADERS, "content-security-policy": PAGE_POLICY}
    found = ((name.encode(), value.encode()) for name, value in own.items())
    return [(name, value) for name, value in found if name not in there]


def _bounded(receive: Receive, most: int) -> Receive:
    """Return a receiver that refuses a body once it is larger than it may be."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise _too_large(most)
        return message

    return bounded


def _too_large(most: int) -> RefusedError:
    return RefusedError(413, f"the request is larger than {most / 2**20:,.0f} MiB")


async def answer(send: Send, status: int, message: str) -> None:
    """Send an error as JSON.

    Args:
        send: takes the parts of the answer.
        status: the code of HTTP.
        message: what was wrong, in one line.
    """
    body = json.dumps(error_body(message)).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def error_body(message: str) -> dict[str, Any]:
    """Return the form in which every error is answered."""
    text = message.encode("utf-8", "backslashreplace").decode()  # names of files may be any bytes
    return {"error": " ".join(text.split())}
