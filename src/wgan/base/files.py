"""How is a file written so that nobody ever sees half of it? Beside its place, synced to disk, then
renamed over it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial"


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`, on any error it is
    removed.

    >>> with replaced(Path("note.txt")) as target:
    ...     _ = target.write_text("whole")
    >>> Path("note.txt").read_text()
    'whole'
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent)
    os.close(handle)
    target = Path(name)
    try:
        yield target
        target.chmod(0o666 & ~_umask())
        with target.open("rb+") as file:
            os.fsync(file.fileno())
        target.replace(path)
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)  # a full disk names no file by itself
        raise
    finally:
        target.unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Remove what a process that was killed while writing left in a folder that nobody else writes
    to.
    """
    for path in folder.rglob(f".*{PARTIAL}"):
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with replaced(path) as target:
        target.write_text(text, encoding="utf-8")


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file, atomically: what was in it stays."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    write_text(path, before + line + "\n")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
