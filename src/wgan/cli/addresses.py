"""Addresses that servers listen on: which are this machine's own, and what others need."""

from collections.abc import Sequence
from importlib.util import find_spec
from ipaddress import ip_address

from wgan.base.errors import WganError

NEEDED = ("fastapi", "uvicorn")
LOCAL = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::", "")
"""Addresses that stand for every network of this machine."""
LEAST_TOKEN = 16
"""Characters of a token of one's own: with fewer it could be guessed over a network."""
MOST_PORT = 2**16 - 1


def check_installed(command: str, packages: Sequence[str] = NEEDED) -> None:
    """Refuse to start without the packages of the extra that is called as the command.

    Args:
        command: what is started, such as `wgan serve`.
        packages: their names.

    Raises:
        WganError: one is missing.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise WganError(
            f"{command} needs {' and '.join(missing)}: install them with"
            f" `pip install 'wgan[{command.split()[1]}]'`"
        )


def check_range(flag: str, value: int, least: int, most: int) -> None:
    """Refuse a number out of its range.

    Args:
        flag: where it was given.
        value: the number.
        least: the smallest.
        most: the largest.

    Raises:
        WganError: it is out of range.
    """
    if not least <= value <= most:
        raise WganError(f"{flag} {value}: give a whole number from {least} to {most}")


def check_address(host: str, port: int, token: str | None, risk: str) -> None:
    """Refuse a network without a token of its own.

    Args:
        host: the address to listen on.
        port: the port.
        token: the secret of requests, or none.
        risk: what anyone who reaches the port could do.

    Raises:
        WganError: such a network, or a port or token that cannot be.
    """
    check_range("--port", port, 1, MOST_PORT)
    if token is not None and (len(token) < LEAST_TOKEN or not token.isascii() or " " in token):
        raise WganError(f"--token: give {LEAST_TOKEN} or more ASCII characters without spaces")
    if not is_local(host) and token is None:
        raise WganError(
            f"--host {host}: whoever reaches this port {risk}: give --token too, a secret of 16 or"
            " more characters, and mind that the traffic is not encrypted; an SSH tunnel to"
            " 127.0.0.1 is safer"
        )


def is_local(host: str) -> bool:
    """Return whether an address is this machine's own.

    Args:
        host: a name or an address.
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
