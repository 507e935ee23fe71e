"""A studio that listens on a port of its own, in a thread of this process."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from fastapi import FastAPI
from studio_client import TOKEN

from wgan.studio import lab
from wgan.studio.app import create_app
from wgan.studio.lab_session import Sessions


@contextmanager
def serving(app: FastAPI, **settings: Any) -> Iterator[int]:
    """Yield the port on which an application is served.

    Args:
        app: the application.
        settings: of uvicorn.
    """
    usual = {"log_level": "error", "ws": "none", "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(app, port=0, **(usual | settings)))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended before it listened"
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


def app_with(sessions: Sessions, folder: Path) -> FastAPI:
    """Return a studio whose Lab keeps its processes where a test can look."""
    router = lab.router
    lab.router = lambda: router(sessions)
    try:
        return create_app(folder, TOKEN)
    finally:
        lab.router = router
