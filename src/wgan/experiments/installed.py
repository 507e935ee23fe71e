"""Installed packages: what wgan requires, which extras are there, and how the others are added.

The requirements are read from the metadata of the installed package, so they are written once.
"""

import importlib
import platform
import re
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from wgan.base.errors import WganError
from wgan.base.version import __version__

NAME = "wgan"
MODULES = {"pot": "ot", "scikit-learn": "sklearn", "pillow": "PIL"}
"""Modules whose name is not that of their package with an underscore for each hyphen."""
DEVELOPMENT = "dev"
"""The extra of those who change wgan, which runs need nothing of."""
REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[\w,.-]*\])?\s*(?:>=\s*(?P<least>[\d.]+))?"
    r"(?:\s*;\s*extra\s*==\s*['\"](?P<extra>[\w-]+)['\"])?"
)


@dataclass(frozen=True)
class Package:
    """A package that runs need.

    Attributes:
        name: as pip knows it.
        least: the lowest version that is taken.
        version: the installed one; None: it is missing.
        fault: what is wrong with it, and the remedy; empty: nothing.
    """

    name: str
    least: str
    version: str | None
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Extra:
    """An extra of wgan.

    Attributes:
        name: as in `pip install 'wgan[NAME]'`.
        versions: its packages, with their versions; None: missing.
    """

    name: str
    versions: dict[str, str | None]

    @property
    def missing(self) -> list[str]:
        """Packages that are not there."""
        return [name for name, version in self.versions.items() if version is None]

    @property
    def install(self) -> str:
        """The command that adds it."""
        return f"pip install '{NAME}[{self.name}]'"

    def __str__(self) -> str:
        if self.missing:
            return f"missing {', '.join(self.missing)}: {self.install}"
        return ", ".join(f"{name} {version}" for name, version in self.versions.items())

    def to_json(self) -> dict[str, Any]:
        """Return the fields, what is missing and the command as plain values."""
        more = {"present": not self.missing, "missing": self.missing, "install": self.install}
        return asdict(self) | more


def python_version() -> dict[str, Any]:
    """Return the versions of Python and of wgan, and where this Python lies."""
    return {"version": platform.python_version(), "executable": sys.executable, "wgan": __version__}


def check_packages() -> list[Package]:
    """Return the packages that every run needs, each imported to see whether it works.

    Raises:
        WganError: wgan is not installed as a package.
    """
    return [_checked(name, least) for name, least, extra in _requirements() if extra is None]


def extras_there() -> list[Extra]:
    """Return the extras and which of their packages are there; none is imported.

    Raises:
        WganError: wgan is not installed as a package.
    """
    found: dict[str, dict[str, str | None]] = {}
    for name, _, extra in _requirements():
        if extra not in (None, DEVELOPMENT):
            found.setdefault(str(extra), {})[name] = _version(name)
    return [Extra(name, dict(sorted(found[name].items()))) for name in sorted(found)]


def _requirements() -> list[tuple[str, str, str | None]]:
    """Return name, lowest version and extra of each requirement."""
    try:
        texts = metadata.requires(NAME)
    except metadata.PackageNotFoundError:
        raise WganError(
            "wgan is not installed as a package, so its requirements are unknown: pip install it"
        ) from None
    found = []
    for text in texts or ():
        match = REQUIREMENT.fullmatch(text.strip())
        if match is not None:
            found.append((match["name"], match["least"] or "0", match["extra"]))
    return found


def _checked(name: str, least: str) -> Package:
    version = _version(name)
    again = f"pip install '{name}>={least}'"
    if version is None:
        return Package(name, least, None, f"{name} is missing: {again}")
    if _numbers(version) < _numbers(least):
        return Package(name, least, version, f"{name} {version} is older than {least}: {again}")
    try:
        importlib.import_module(MODULES.get(name.lower(), name.replace("-", "_")))
    except Exception as error:  # a broken package may raise anything
        lines = str(error).strip().splitlines()
        reason = f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
        fault = f"{name} {version} cannot be imported ({reason}): install it again"
        return Package(name, least, version, fault)
    return Package(name, least, version)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, without zeros at their end.

    >>> _numbers("2.13.0+cpu") < _numbers("2.14"), _numbers("3.0") == _numbers("3")
    (True, True)
    """
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
