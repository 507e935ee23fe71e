"""`wgan serve RUN`: a server that draws samples of a model."""

import os
from pathlib import Path
from typing import Annotated

from wgan.cli.addresses import LOCAL, check_address, check_installed, check_range, is_local
from wgan.cli.data_flags import DataName
from wgan.cli.numbers import COUNT
from wgan.cli.output import Flag, screen

PORT = 8000
TOKEN = "WGAN_TOKEN"
"""The variable of the environment that may hold the token: a flag is seen by all of a machine."""
MOST_SAMPLES = 10_000_000
"""The largest limit of a request's samples; `wgan sample --shards` writes more."""


def serve_command(
    run: DataName,
    /,
    *,
    port: Annotated[int, COUNT] = PORT,
    host: str = LOCAL,
    token: str | None = None,
    most: Annotated[int, COUNT] = 100_000,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Serve samples of the generator in RUN: `POST /sample` draws some, `GET /model` describes it.

    Parameters
    ----------
    run
        Folder of a run, one that `WGAN.save` wrote, or hf://user/name on the Hugging Face Hub.
    port
        Port to listen on; if it is in use, the next free one is taken.
    host
        Address to listen on. Any but this machine's own needs a token.
    token
        Secret that requests must bring, as `Authorization: Bearer TOKEN`; by default WGAN_TOKEN of
        the environment. Without either, requests from this machine need none.
    most
        Most samples in a request.
    quiet
        Print only the address.
    """
    check_installed("wgan serve")
    token = os.environ.get(TOKEN) if token is None else token
    check_address(host, port, token, "could draw samples")
    check_range("--most", most, 1, MOST_SAMPLES)
    from wgan.models.hub import is_address, located
    from wgan.runs import RunFolder
    from wgan.runs.private import promised
    from wgan.serving.server import serve

    folder = RunFolder(located(run))
    model = folder.model()
    promise = promised(folder.about().settings) if folder.exists() else None

    def ready(address: str) -> None:
        if not quiet:
            brings = f"with {TOKEN} or --token" if token else "from this machine, without a token"
            screen.print(f"serves {model.codec.samples_in_words} of {run}, to requests {brings}")
            if not is_local(host):
                screen.print("note: the traffic is not encrypted: put a proxy with TLS before it")
        screen.print(address)

    name = str(run) if is_address(run) else Path(run).resolve().name
    return serve(model, name, str(promise or ""), token or "", host, port, most, ready)
