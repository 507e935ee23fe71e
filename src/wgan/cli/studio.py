"""`wgan studio FOLDER`: a local page of the runs below a folder."""

import secrets
import webbrowser
from collections.abc import Sequence
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.cli.numbers import COUNT
from wgan.cli.output import Flag, screen

NEEDED = ("fastapi", "uvicorn")
PORT = 8765
LOCAL = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::", "")
"""Addresses that stand for every network of this machine."""
LEAST_TOKEN = 16
"""Characters of a token of one's own: with fewer it could be guessed over a network."""
GIBIBYTE = 2**30
MOST_PORT = 2**16 - 1
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
    """Serve a page of the runs below FOLDER: watch them, begin new ones, play with models.

    Runs are processes of their own: they go on when the page or this command ends.

    Parameters
    ----------
    folder
        The folder of runs; nothing outside is written, nor read but by --data.
    port
        The port; the next free one is taken where it is in use.
    open_
        Open the page in a browser.
    data
        A further folder whose files may be read as the data of runs; may be repeated.
    processes
        How many runs may train at once.
    upload
        The largest file that may be dropped on the page, in GiB.
    host
        The address to listen on. Any but this machine's own opens the studio to a network, and
        takes --token.
    token
        The secret of the address; a random one unless given.
    name
        With --host, the name by which browsers reach this machine, if not by that address.
    quiet
        Print the address alone.
    """
    check_installed()
    _check_host(host, token, name)
    _check_range("--port", port, 1, MOST_PORT)
    _check_range("--processes", processes, 1, MOST_PROCESSES)
    _check_range("--upload", upload, 1, MOST_UPLOAD)
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


def check_installed(packages: Sequence[str] = NEEDED) -> None:
    """Refuse to start without the packages of the extra.

    Args:
        packages: their names.

    Raises:
        WganError: one is missing.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise WganError(
            f"wgan studio needs {' and '.join(missing)}: install them with"
            " `pip install 'wgan[studio]'`"
        )


def _check_range(flag: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise WganError(f"{flag} {value}: give a whole number from {least} to {most}")


def _check_host(host: str, token: str | None, name: str | None) -> None:
    """Refuse a network without a token of its own, or without an address that a browser has."""
    if token is not None and (len(token) < LEAST_TOKEN or not token.isascii() or " " in token):
        raise WganError(f"--token: give {LEAST_TOKEN} or more ASCII characters without spaces")
    if not is_local(host) and token is None:
        raise WganError(
            f"--host {host}: whoever reaches this port could read and train below the folder: give"
            " --token too, a secret of 16 or more characters, and mind that the traffic is not"
            " encrypted; an SSH tunnel to 127.0.0.1 is safer"
        )
    if host in EVERYWHERE and name is None:
        raise WganError(
            f"--host {host}: give --name too, the name or address by which browsers reach this"
            " machine: requests for another are refused"
        )


def is_local(host: str) -> bool:
    """Tell whether an address is this machine's own.

    Args:
        host: a name or an address.
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _notes(folder: Path, host: str) -> list[str]:
    """Return what the user should know before opening the address."""
    lines = [f"the studio of {folder}; Ctrl-C ends the page, and runs go on"]
    if not is_local(host):
        where = "every network of this machine" if host in EVERYWHERE else host
        lines.append(
            f"note: open to {where}, unencrypted: whoever has the address below can see the runs"
            f" and data below {folder}, upload files, and start training"
        )
    return lines
