"""The server of `wgan serve`."""

from collections.abc import Callable

from wgan.models import Model
from wgan.serving.app import create_app
from wgan.web.gate import LOOPBACK
from wgan.web.server import address_of, listen, run

FAREWELL = 10
"""Seconds that requests have to be answered once the server is told to end."""


def serve(
    model: Model,
    name: str,
    promise: str,
    token: str,
    host: str,
    port: int,
    most: int,
    ready: Callable[[str], None],
) -> int:
    """Serve a model until a signal comes; return the exit code.

    Args:
        model: the model.
        name: what it is called.
        promise: what its training promised about privacy.
        token: what requests must bring; empty: nothing.
        host: the address to listen on.
        port: the first port that is tried.
        most: samples of a request at most.
        ready: called with the address once the server listens.

    Raises:
        WganError: no free port, or an address that is not this machine's.
    """
    listening = listen(host, port)
    # With a token the name does not count: behind a proxy it may be any.
    hosts = () if token else LOOPBACK
    app = create_app(model, name, promise, token=token, hosts=hosts, most=most)
    address = address_of(listening, host, None)
    return run(app, listening, lambda: ready(address), lambda: None, FAREWELL)
