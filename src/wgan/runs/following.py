"""Following of runs while they train: the list of runs, and news in their folders.

Nothing here waits for a run, and nothing is written.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wgan.base.errors import WganError
from wgan.base.files import inside, is_text
from wgan.base.records import damage_named
from wgan.models.files import GENERATOR
from wgan.runs.folder import (
    ABOUT,
    CHECKPOINT,
    CONFIG,
    EVALUATION,
    FINISH,
    LOCK,
    METRICS,
    OLD_FINISH,
    SAMPLES,
)
from wgan.runs.metrics import Metrics, parsed_line

DEPTH = 4
"""Folders within folders in which runs are looked for: a comparison has its runs two below."""
MOST_RUNS = 2000
"""Most runs that are found: a page of more would not be read."""
PARTS = (CONFIG, ABOUT, FINISH, OLD_FINISH, EVALUATION, CHECKPOINT, GENERATOR, SAMPLES)
"""Parts of a run that change, besides its metrics."""
MOST_READ = 2**24
"""Bytes of metrics that are read at one look, so that a long file does not hold up the others."""

Stamp = tuple[tuple[int, int] | None, ...]


def find_runs(root: Path, depth: int = DEPTH) -> list[Path]:
    """Return the folders of runs below a folder, sorted.

    Links, hidden folders, and names that are not UTF-8 are skipped.

    Args:
        root: the folder.
        depth: how deep to look.
    """
    found = []
    for path in _folders(root, depth):
        found.append(path)
        if len(found) == MOST_RUNS:
            break
    return sorted(found)


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the folders of runs; a run holds no other."""
    try:
        with os.scandir(folder) as entries:
            below = [each for each in entries if each.is_dir(follow_symlinks=False)]
    except OSError:  # gone since, or not to be read
        return
    for entry in below:
        if entry.name.startswith(".") or not is_text(entry.name):
            continue
        path = folder / entry.name
        if (path / ABOUT).is_file() and (path / CONFIG).is_file():
            yield path
        elif depth > 1:
            yield from _folders(path, depth - 1)


def settings_file(path: Path) -> Path:
    """Return the file of a run's settings, which `wgan train --config` takes.

    Args:
        path: the run's folder.
    """
    return path / CONFIG


def stamp_of(path: Path) -> Stamp:
    """Return a value that changes whenever a file of a run does, its metrics aside.

    Args:
        path: the run's folder.
    """
    return tuple(_mark(path / name) for name in PARTS)


def begun_at(path: Path) -> int:
    """Return the time when a process last began to train a run, in nanoseconds; 0 if none did.

    Args:
        path: the run's folder.
    """
    mark = _mark(path / ABOUT)  # it is written whenever one begins, and at no other time
    return mark[0] if mark else 0


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def is_training(path: Path) -> bool:
    """Return whether a process trains in a folder now: it holds the folder's lock.

    If files cannot be locked, no process is seen.

    Args:
        path: the run's folder.
    """
    try:
        import fcntl

        if not inside(path, path / LOCK) or not (path / LOCK).is_file():  # a pipe is waited for
            return False
        with (path / LOCK).open("rb") as lock:
            # Shared, and given back at once: a run that begins in this moment would be refused.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (ImportError, FileNotFoundError):
        return False
    except OSError:
        return True
    return False


@dataclass
class MetricsTail:
    """The metrics of a run, read as they are written.

    Attributes:
        path: the run's folder.
        lines: the lines that were read until now.
        readings: how often reading started from the first line; a run that continues from an
            earlier step drops lines.
    """

    path: Path
    lines: list[Metrics] = field(default_factory=list)
    readings: int = 0
    _offset: int = 0
    _file: int = 0

    def read(self) -> bool:
        """Read new whole lines; return whether anything changed.

        Raises:
            WganError: a damaged line.
        """
        place = self.path / METRICS
        if not inside(self.path, place) or (place.exists() and not place.is_file()):
            raise WganError(f"{place}: is a link out of the run's folder, or no file: remove it")
        try:
            with place.open("rb") as file:
                about = os.fstat(file.fileno())
                changed = False
                if about.st_ino != self._file or about.st_size < self._offset:
                    changed = bool(self.lines)
                    self.lines, self._offset, self._file = [], 0, about.st_ino
                    self.readings += 1
                file.seek(self._offset)
                new = file.read(MOST_READ)
        except FileNotFoundError:
            return self._forget()
        # The last line may be in the middle of being written.
        whole = new[: new.rfind(b"\n") + 1]
        with damage_named(place):
            self.lines += [parsed_line(line) for line in whole.decode().splitlines()]
        self._offset += len(whole)
        return changed or bool(whole)

    def _forget(self) -> bool:
        """Drop the lines of a file that is gone, such as that of a run that is begun again."""
        if not self._file:
            return False
        self.lines, self._offset, self._file = [], 0, 0
        self.readings += 1
        return True
