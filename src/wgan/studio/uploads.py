"""Uploads: files that are dropped on the page, streamed to disk below the studio's folder."""

import re
import shutil
import tempfile
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from wgan.base.files import inside, is_text
from wgan.studio.safety import Roots
from wgan.web.gate import RefusedError

UPLOADS = "uploads"
"""The folder of uploaded files below that of the runs."""
ENDINGS = (
    ".csv",
    ".tsv",
    ".csv.gz",
    ".tsv.gz",
    ".parquet",
    ".xlsx",
    ".npy",
    ".npz",
    ".zip",
    ".gz",
)
"""Endings of files that are taken. A list of shards is not among them: it may lead anywhere."""
LEAST_FREE = 2**30
"""Bytes that an upload leaves free on the disk, so that runs can still write: 1 GiB."""
CHECK_EVERY = 2**26
"""Bytes of an upload between two looks at what the disk has left: 64 MiB."""
MOST_OF_A_NAME = 100
"""Numbers that are tried behind a name that is taken."""


def safe_name(name: str) -> str:
    """Return the name of a file as it is kept: letters, digits, and a few marks.

    Args:
        name: the name that the browser gave.

    Raises:
        WganError: an ending of no data.

    >>> safe_name("My table (1).CSV"), safe_name("../../x.npy")
    ('My-table-1.csv', 'x.npy')
    """
    last = re.split(r"[/\\\\]", name)[-1]
    ending = next((each for each in ENDINGS if last.lower().endswith(each)), None)
    if ending is None:
        raise RefusedError(
            400, f"{last[:80]!a}: this kind of file is not accepted: give {', '.join(ENDINGS)}"
        )
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", last[: -len(ending)]).strip("-")[:60]
    return f"{stem or 'data'}{ending}"


async def keep(request: Request, roots: Roots, name: str) -> Path:
    """Write the body of a request into a new file among the uploads; return its path.

    Args:
        request: the request; its body is the file.
        roots: the folders of the studio.
        name: the name that the browser gave.

    Raises:
        WganError: an ending of no data, an empty file, or a disk with too little room, at the
            beginning or on the way.
    """
    kept = safe_name(name)
    folder = uploads_of(roots)
    _check_room(folder, int(request.headers.get("content-length", "0")))
    handle, partial_name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=folder)
    partial = Path(partial_name)
    taken = checked = 0
    try:
        with open(handle, "wb") as file:
            async for piece in request.stream():
                taken += len(piece)
                if taken - checked >= CHECK_EVERY:  # its length was not said, or others write too
                    checked = taken
                    _check_room(folder, 0)
                file.write(piece)
        if not taken:
            raise RefusedError(400, f"{kept}: is empty: choose another file")
        place = _new_place(folder, kept)
        partial.chmod(0o644)
        partial.rename(place)
        return place
    except ClientDisconnect:
        raise RefusedError(400, f"{kept}: arrived incomplete: drop it again") from None
    finally:
        partial.unlink(missing_ok=True)


def uploads_of(roots: Roots) -> Path:
    """Return the folder of uploads, which is made.

    Args:
        roots: the folders of the studio.

    Raises:
        WganError: a link that leads elsewhere is in its place.
    """
    folder = roots.folder / UPLOADS
    if not inside(roots.folder, folder):
        raise RefusedError(403, f"{UPLOADS}: is a link out of the studio's folder: remove it")
    folder.mkdir(exist_ok=True)
    return folder


def uploaded(roots: Roots) -> list[str]:
    """Return the names of uploaded files below the studio's folder, the newest first.

    Args:
        roots: the folders of the studio.
    """
    files = [path for path in uploads_of(roots).iterdir() if path.is_file()]
    files = [path for path in files if path.name[0] != "." and path.name.endswith(ENDINGS)]
    files = [path for path in files if is_text(path.name)]
    files.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    return [roots.name(path) for path in files]


def _new_place(folder: Path, name: str) -> Path:
    """Reserve a name that is not taken: nothing is ever written over."""
    stem, dot, ending = name.partition(".")
    for number in range(1, MOST_OF_A_NAME):
        place = folder / (name if number == 1 else f"{stem}-{number}{dot}{ending}")
        try:
            place.touch(exist_ok=False)
        except FileExistsError:
            continue
        return place
    raise RefusedError(409, f"{name}: is there {MOST_OF_A_NAME} times: remove some, or rename it")


def _check_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size + LEAST_FREE > free:
        raise RefusedError(
            507, f"the disk has {free / 2**30:.1f} GiB left, too little for this file: make room"
        )
