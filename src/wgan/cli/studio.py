"""`wgan studio FOLDER`: a local page of the runs below a folder."""

import secrets
import webbrowser
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.cli.addresses import (
    EVERYWHERE,
    LOCAL,
    check_address,
    check_installed,
    check_range,
    is_local,
)
from wgan.cli.numbers import COUNT
from wgan.cli.output import Flag, screen

PORT = 8765
GIBIBYTE = 2**30
MOST_PROCESSES = 64
MOST_UPLOAD = 1024
"""GiB of an upload: more than a disk of today is sent through a browser."""


def studio_command(
    folder: Path = Path("runs"),
    /,
    *,
    port: Annotated[int, COUNT] = PORT,
    open_: Annotated[bool, Parameter(name="--open", negative="")] = False,
    data: Annotated[list[Path] | None, Parameter(negative="")] = None,
    processes: Annotated[int, COUNT] = 2,
    upload: Annotated[int, COUNT] = 2,
    host: str = LOCAL,
    token: str | None = None,
    name: str | None = None,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Serve a page of the runs below FOLDER: watch them, start new ones, try models.

    Runs are separate processes: they continue when the page or this command ends.

    Parameters
    ----------
    folder
        Folder of runs. Nothing outside is written, and nothing outside is read except through
        --data.
    port
        Port to listen on; if it is in use, the next free one is taken.
    open_
        Open the page in a browser.
    data
        Another folder whose files may be read as the data of runs; may be repeated.
    processes
        Most runs that may train at once.
    upload
        Largest file that may be dropped on the page, in GiB.
    host
        Address to listen on. Any but this machine's own opens the studio to a network, and needs
        --token.
    token
        Secret in the address of the page; by default a random one.
    name
        With --host: name by which browsers reach this machine, if not by that address.
    quiet
        Print only the address.
    """
    check_installed("wgan studio")
    check_address(host, port, token, "could read and train below the folder")
    if host in EVERYWHERE and name is None:
        raise WganError(
            f"--host {host}: give --name too, the name or address by which browsers reach this"
            " machine: requests for another are refused"
        )
    check_range("--processes", processes, 1, MOST_PROCESSES)
    check_range("--upload", upload, 1, MOST_UPLOAD)
    from wgan.studio.server import serve

    folder.mkdir(parents=True, exist_ok=True)
    secret = token or secrets.token_urlsafe(24)

    def ready(address: str) -> None:
        if not quiet:
            for line in _notes(folder, host):
                screen.print(line)
        page = f"{address}#token={quote(secret, safe='')}"
        screen.print(page)
        if open_:
            webbrowser.open(page)

    settings: dict[str, Any] = {"data": data or [], "most_running": processes}
    settings["most_upload"] = upload * GIBIBYTE
    return serve(folder, secret, host, port, ready, name, settings)


def _notes(folder: Path, host: str) -> list[str]:
    """Return lines for the user to read before opening the address."""
    lines = [f"the studio of {folder}; Ctrl-C ends the page, and runs continue"]
    if not is_local(host):
        where = "every network of this machine" if host in EVERYWHERE else host
        lines.append(
            f"note: open to {where}, unencrypted: whoever has the address below can see the runs"
            f" and data below {folder}, upload files, and start training"
        )
    return lines
