"""Packs: the files of a folder as bytes, each with its SHA-256, to be sent to another machine."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

from wgan.base.errors import WganError
from wgan.base.files import PARTIAL, inside, replaced


@dataclass(frozen=True)
class Pack:
    """Files of a folder by their names, which are relative paths with `/`.

    Attributes:
        digests: the SHA-256 of every file of the folder.
        files: contents of those files that the receiver does not have.
    """

    digests: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all contents."""
        return sum(map(len, self.files.values()))

    def only(self, keep: Callable[[str], bool]) -> "Pack":
        """Return a pack of those files alone whose names are kept."""
        digests = {name: digest for name, digest in self.digests.items() if keep(name)}
        return Pack(digests, {name: self.files[name] for name in digests if name in self.files})


def pack(folder: Path, names: Iterable[str], known: Mapping[str, str] | None = None) -> Pack:
    """Read files of a folder.

    Another process may write there meanwhile, as long as it replaces whole files or adds lines.

    Args:
        folder: the folder.
        names: of the files, in the order in which they are read; those that are gone are left out.
        known: digests of files that the receiver has; their contents are left out.

    >>> _ = Path("a.txt").write_text("a")
    >>> pack(Path("."), ["a.txt", "b.txt"]).files
    {'a.txt': b'a'}
    """
    files: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    for name in names:
        try:
            content = (folder / name).read_bytes()
        except FileNotFoundError:  # replaced or removed since it was listed
            continue
        digests[name] = sha256(content).hexdigest()
        if (known or {}).get(name) != digests[name]:
            files[name] = content
    return Pack(digests, files)


def names_below(folder: Path, first: str = "") -> list[str]:
    """Return the names of the files of a folder and of those below it, in order.

    Links and temporary files are left out. A folder that does not exist has no files.

    Args:
        folder: the folder.
        first: a file that comes first. If files are read in this order, the others are as new as
            it, or newer.
    """
    names = []
    for place, _, here in os.walk(folder):  # does not follow links to folders
        for name in here:
            path = Path(place) / name
            if not name.endswith(PARTIAL) and path.is_file() and not path.is_symlink():
                names.append(path.relative_to(folder).as_posix())
    return sorted(names, key=lambda each: (each != first, each))


def unpack(packed: Pack, folder: Path, order: Sequence[str] = ()) -> None:
    """Write the files of a pack, each whole; all are checked before the first is written.

    Args:
        packed: the files.
        folder: where to; it is made.
        order: names of files that are written last, in this order: a process that ends in between
            leaves the earlier ones.

    Raises:
        WganError: a file that arrived damaged, one that is missing here, or a name that leads out
            of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in packed.digests.items():
        path = folder / name
        if ".." in PurePosixPath(name).parts or not inside(folder, path):
            raise WganError(f"{name}: a file that was sent leads out of {folder}")
        content = packed.files.get(name)
        if content is None:
            content = path.read_bytes() if path.is_file() else b""
        if sha256(content).hexdigest() != digest:
            raise WganError(f"{path}: arrived damaged or was changed: run the same command again")
    places = {name: place for place, name in enumerate(order)}
    for name in sorted(packed.files, key=lambda each: (places.get(each, -1), each)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as target:
            target.write_bytes(packed.files[name])
