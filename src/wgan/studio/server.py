"""The server of the studio: a port on this machine, and its end by a signal."""

import errno
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from wgan.base.errors import WganError
from wgan.studio.app import create_app
from wgan.studio.follow import Follower
from wgan.studio.safety import LOOPBACK

TRIES = 20
"""Ports that are tried, one after the other."""
TAKEN = (errno.EADDRINUSE, errno.EACCES)
FAREWELL = 1
"""Seconds that open pages have when the server ends: their streams would last for ever."""


def serve(
    folder: Path,
    token: str,
    host: str,
    port: int,
    ready: Callable[[str], None],
    names: Sequence[str],
    settings: Mapping[str, Any],
) -> int:
    """Serve the studio until a signal comes; return the exit code.

    Args:
        folder: the folder of runs.
        token: the secret of the address.
        host: the address to listen on.
        port: the first port that is tried.
        ready: called with the page's address once the server listens.
        names: further names of this machine.
        settings: more arguments of `create_app`.

    Raises:
        WganError: no free port, or an address that is not this machine's.
    """
    listening = _listen(host, port)
    port = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    hosts = tuple({*LOOPBACK, shown.lower(), *(name.lower() for name in names)})
    app = create_app(folder, token, hosts=hosts, **settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=FAREWELL,
    )
    address = f"http://{names[0] if names else shown}:{port}/"
    server = _Server(config, lambda: ready(address), app.state.studio.follower)
    server.run(sockets=[listening])
    return 128 + int(signal.SIGTERM) if server.ended_by == signal.SIGTERM else 0


class _Server(uvicorn.Server):
    """A server that says when it listens, and ends by a signal without handing it on."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], follower: Follower
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._follower = follower
        self.ended_by: int | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """End at a signal; a second one ends at once."""
        self.ended_by = sig
        self._follower.closed = True
        self.should_exit, self.force_exit = True, self.should_exit


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the first free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for each in range(port, min(port + TRIES, 2**16)):
        found = socket.socket(family, socket.SOCK_STREAM)
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
