"""The cache of decoded files: a folder of the user, in which content names each file."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from wgan.base.files import replaced


def cache_folder() -> Path:
    """Return `$WGAN_CACHE`, or `wgan` in the user's cache folder."""
    if chosen := os.environ.get("WGAN_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wgan"


def cached(digest: str, make: Callable[[Path], object], suffix: str = "") -> Path:
    """Return the file of the cache with a digest, made first if it is not there.

    A file is written whole or not at all.

    Args:
        digest: a hash of all that the file is made from.
        make: writes the file to the path that it is called with.
        suffix: ending of the file's name.
    """
    path = cache_folder() / (digest + suffix)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as target:
            make(target)
    return path


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()
