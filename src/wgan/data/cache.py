"""Where do decoded files go? Into a folder of the user's cache, named by what they were made from;
written whole or not at all.
"""

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
    """Return the cache file for `digest`; `make(path)` writes it if it is not there yet."""
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
