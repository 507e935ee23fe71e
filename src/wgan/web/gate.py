"""Guarding of a server: who may ask, how large a body may be, and what every answer says.

A request needs the Host of this server, so that a foreign name that leads here by DNS rebinding is
refused. Its Origin, if any, must be this server's. Protected paths need the token, if there is one.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from anyio import BrokenResourceError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wgan.base.errors import WganError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine, as a Host writes them."""
TOKEN_HEADER = b"x-wgan-token"
AUTHORIZATION = b"authorization"
"""The usual header of a token, as `Bearer TOKEN`."""
TOKEN_PARAMETER = "token"
"""Pictures, downloads and event streams of a page cannot send a header, so their address may have
the token.
"""
READING = ("GET", "HEAD")
"""Methods that change nothing."""
MOST_BODY = 2**20
"""Bytes of a body but an upload's: a schema of a wide table takes a tenth of it."""
NOTHING_LOADED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Policy of an answer that is not a page: it may load nothing."""
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
class Gate:
    """Requirements on a request.

    Attributes:
        command: what was started, for messages, such as `wgan studio`.
        token: the secret that protected paths need; empty: none.
        hosts: names in the Host that are this server's; empty: any, where all that counts needs the
            token, which no foreign page has.
        protected: beginnings of the paths that need the token.
        bodies: bytes of a body at most, by path; those of other paths may have `MOST_BODY`.
        policy: what an answer may load, unless it says so itself.
    """

    command: str
    token: str
    hosts: tuple[str, ...] = LOOPBACK
    protected: tuple[str, ...] = ("/",)
    bodies: Mapping[str, int] = field(default_factory=dict)
    policy: str = NOTHING_LOADED

    def check(self, scope: Scope) -> None:
        """Refuse a request without what it must bring.

        Args:
            scope: the request, as ASGI describes it.

        Raises:
            RefusedError: a foreign Host or Origin, no token or a wrong one.
        """
        headers = scope["headers"]
        hosts = _values(headers, b"host")
        known = not self.hosts or _without_port(hosts[0] if hosts else "") in self.hosts
        if len(hosts) != 1 or not known:
            raise RefusedError(
                421,
                f"this is not a name of this server: use the address that `{self.command}` printed",
            )
        is_protected = any(scope["path"].startswith(path) for path in self.protected)
        for origin in _values(headers, b"origin"):
            if _host_of(origin) != hosts[0].lower():
                raise RefusedError(403, f"a page of another origin may not use `{self.command}`")
        for site in _values(headers, b"sec-fetch-site"):
            foreign = site not in ("same-origin", "none")
            if foreign and (scope["method"] not in READING or is_protected):
                raise RefusedError(403, f"a page of another site may not use `{self.command}`")
        if is_protected and self.token and not self._has_token(scope):
            raise RefusedError(
                401, f"the token is missing or wrong: use that of the running `{self.command}`"
            )

    def _has_token(self, scope: Scope) -> bool:
        """Return whether a request has the token: in a header, or in the path if it only reads."""
        given = _values(scope["headers"], TOKEN_HEADER)
        bearer = [value.split() for value in _values(scope["headers"], AUTHORIZATION)]
        given += [words[1] for words in bearer if len(words) == 2 and words[0].lower() == "bearer"]
        if not given and scope["method"] in READING:
            query = scope.get("query_string", b"").decode("latin-1")
            try:
                given = parse_qs(query, max_num_fields=100).get(TOKEN_PARAMETER, [])
            except ValueError:  # more fields than any request of a page has
                given = []
        return len(given) == 1 and hmac.compare_digest(given[0].encode(), self.token.encode())

    def most_body(self, scope: Scope) -> int:
        """Return how many bytes the body of a request may have."""
        return self.bodies.get(scope["path"], MOST_BODY)


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
                own = _missing_headers(message, self.gate.policy)
                message["headers"] = [*message.get("headers", []), *own]
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


def _missing_headers(message: Message, policy: str) -> list[tuple[bytes, bytes]]:
    """Return the headers that an answer lacks."""
    there = {key.lower() for key, _ in message.get("headers", [])}
    own = {**HEADERS, "content-security-policy": policy}
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
