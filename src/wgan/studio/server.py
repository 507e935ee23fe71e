"""The server of the studio."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wgan.studio.app import create_app
from wgan.studio.play import remove_leftovers
from wgan.web.server import address_of, listen, names_of, run

FAREWELL = 1
"""Seconds that open pages have when the server ends: their streams would last for ever."""


def serve(
    folder: Path,
    token: str,
    host: str,
    port: int,
    ready: Callable[[str], None],
    name: str | None,
    settings: Mapping[str, Any],
) -> int:
    """Serve the studio until a signal comes; return the exit code.

    Args:
        folder: the folder of runs.
        token: the secret of the address.
        host: the address to listen on.
        port: the first port that is tried.
        ready: called with the page's address once the server listens.
        name: a further name of this machine, or none.
        settings: more arguments of `create_app`.

    Raises:
        WganError: no free port, or an address that is not this machine's.
    """
    listening = listen(host, port)
    app = create_app(folder, token, hosts=names_of(host, name), **settings)

    remove_leftovers(app.state.studio.processes.folder)

    def close() -> None:
        app.state.studio.follower.closed = True

    address = address_of(listening, host, name)
    return run(app, listening, lambda: ready(address), close, FAREWELL)
