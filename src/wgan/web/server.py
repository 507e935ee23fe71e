"""A server of this machine: a free port, its address, and its end by a signal."""

import errno
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI

from wgan.base.errors import WganError
from wgan.web.gate import LOOPBACK

TRIES = 20
"""Ports that are tried, one after the other."""
TAKEN = (errno.EADDRINUSE, errno.EACCES)


def names_of(host: str, name: str | None) -> tuple[str, ...]:
    """Return the names in a Host that are this server's.

    Args:
        host: the address that it listens on.
        name: a further name of this machine, or none.
    """
    return tuple({*LOOPBACK, _shown(host).lower(), *([_shown(name).lower()] if name else [])})


def run(
    app: FastAPI,
    listening: socket.socket,
    ready: Callable[[], None],
    closing: Callable[[], None],
    farewell: int,
) -> int:
    """Serve an application until a signal comes; return the exit code.

    Args:
        app: the application.
        listening: the socket that it listens on.
        ready: called once it listens.
        closing: called when the signal comes.
        farewell: seconds that open requests have then.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=farewell,
    )
    server = _Server(config, ready, closing)
    server.run(sockets=[listening])
    return 128 + int(signal.SIGTERM) if server.ended_by == signal.SIGTERM else 0


class _Server(uvicorn.Server):
    """A server that says when it listens, and ends by a signal without handing it on."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], closing: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._closing = closing
        self.ended_by: int | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """End at a signal; a second one ends at once."""
        self.ended_by = sig
        self._closing()
        self.should_exit, self.force_exit = True, self.should_exit


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the first free port.

    Args:
        host: the address.
        port: the first port that is tried.

    Raises:
        WganError: no free port, or an address that is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for each in range(port, min(port + TRIES, 2**16)):
        # By its protocol asyncio sees that answers need not wait to be filled up (TCP_NODELAY).
        found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, each))
            found.listen()
            return found
        except OSError as error:
            found.close()
            if isinstance(error, socket.gaierror) or error.errno not in TAKEN:
                raise WganError(
                    f"--host {host}: {error.strerror}: give an address of this machine"
                ) from None
    raise WganError(f"--port {port}: this port and the next are in use: give another")


def address_of(listening: socket.socket, host: str, name: str | None) -> str:
    """Return the address of a server, as a browser takes it.

    Args:
        listening: its socket.
        host: the address that it listens on.
        name: a further name of this machine, or none.
    """
    return f"http://{_shown(name or host)}:{listening.getsockname()[1]}/"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
