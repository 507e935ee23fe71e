"""Safety of the studio: which paths may be read and written, and what its pages may load.

Who may ask is the gate's: see `wgan.web.gate`. Static files hold no data and need no token.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from wgan.base.files import is_text
from wgan.config.sections import DataConfig
from wgan.data.naming import found_in, named_sources
from wgan.data.shards.places import LISTS, base_of, has_pattern, scheme_of
from wgan.data.stacked import PREFIX
from wgan.web.gate import RefusedError

PROTECTED = ("/api/", "/report")
"""Paths that need the token: all that hold data."""
UPLOAD = "/api/upload"
"""The one path whose body may be large."""
MOST_UPLOAD = 2**31
"""Bytes of an upload unless the command says otherwise: 2 GiB."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Policy of the studio's page: it may load its own files, and pictures."""
REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; sandbox allow-popups"
)
"""Policy of a report: it loads nothing; it holds its pictures and its style, and runs no script."""


@dataclass(frozen=True)
class Roots:
    """The folder of the studio, and further ones from which data may be read.

    Attributes:
        folder: the folder of runs: all that is written lies below it.
        data: further folders whose files may be read as data.
    """

    folder: Path
    data: tuple[Path, ...] = ()

    def inside(self, name: str) -> Path:
        """Return the path below the folder that a relative name stands for.

        Args:
            name: a relative path; links are followed, and must not lead out.

        Raises:
            WganError: a name that leads out of the folder, or is none.
        """
        path = self.folder / _clean(name)
        real = Path(os.path.realpath(path))
        root = Path(os.path.realpath(self.folder))
        if Path(name).is_absolute() or real == root or not real.is_relative_to(root):
            raise RefusedError(403, f"{name}: lies outside the studio's folder")
        return path

    def name(self, path: Path) -> str:
        """Return the relative name of a path below the folder."""
        return path.relative_to(self.folder).as_posix()

    def check_readable(self, path: str) -> None:
        """Refuse a file of data that lies outside all folders.

        Args:
            path: the path of a file or folder.

        Raises:
            WganError: it does; the message says how to allow it.
        """
        real = Path(os.path.realpath(_clean(path)))
        if not self._may_read(path):
            raise RefusedError(
                403,
                f"{path}: lies outside the studio's folder, so it is not read: start"
                f" `wgan studio --data {real.parent}` to allow it",
            )
        for here, folders, files in os.walk(real):
            for link in (os.path.join(here, name) for name in (*folders, *files)):
                if os.path.islink(link) and not self._may_read(link):
                    raise RefusedError(
                        403, f"{link}: leads out of the studio's folder: put the files there"
                    )

    def _may_read(self, path: str) -> bool:
        """Return whether a path lies below one of the folders once all links are followed."""
        real = Path(os.path.realpath(path))
        return any(real.is_relative_to(os.path.realpath(r)) for r in (self.folder, *self.data))

    def check_source(self, source: str) -> None:
        """Refuse data that lie outside all folders, or that lead there.

        Args:
            source: a name or path, as `wgan.data.load` takes it.

        Raises:
            WganError: such data.
        """
        if source in named_sources():
            return
        if scheme_of(source) or Path(source).suffix.lower() in LISTS:
            raise RefusedError(
                403, f"{source}: an address or a list of files, which the studio does not follow"
            )
        path = source.removeprefix(PREFIX)
        is_pattern = has_pattern(path) and not Path(path).exists()
        if is_pattern and ".." in Path(path).parts:  # behind a wildcard it may lead anywhere
            raise RefusedError(403, f"{source}: a pattern with '..': write it without")
        self.check_readable(base_of(path) if is_pattern else path)

    def check_data(self, begun_in: str, data: DataConfig) -> None:
        """Refuse data of a run that lie outside all folders, or labels or a schema that do.

        Args:
            begun_in: the folder that the run was begun in.
            data: the settings of its data.

        Raises:
            WganError: such data.
        """
        self.check_source(found_in(begun_in, data.source))
        for value in (data.labels, data.schema):
            self.check_beside(None if value is None else found_in(begun_in, value))

    def check_beside(self, value: str | None) -> None:
        """Refuse labels or a schema in a file that lies outside all folders.

        Args:
            value: the path of a file, or the name of a column or array; None: there is none.

        Raises:
            WganError: such a file.
        """
        if value is not None and Path(_clean(value)).exists():
            self.check_readable(value)


def _clean(name: str) -> str:
    """Return a name that a file can have."""
    if not is_text(name):
        raise RefusedError(400, "a path that is not UTF-8: rename the file")
    if "\0" in name or not name or len(name) > 4096:  # PATH_MAX of Linux
        raise RefusedError(400, "a path that no file can have")
    return name
