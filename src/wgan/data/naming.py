"""Names of sources: those that are built in, a short one for a folder of results, and paths."""

import errno
import re
from pathlib import Path

from wgan.data import stacked
from wgan.data.shards.places import base_of, has_pattern, scheme_of
from wgan.data.toys import TOYS


def named_sources() -> dict[str, str]:
    """Return every name that `load` knows, with what it stands for."""
    return {"digits": "1,797 handwritten digits, 8 x 8 grey, from scikit-learn"} | {
        t.name: t.summary for t in TOYS.values()
    }


def short_name(source: str) -> str:
    """Return the name of a folder for results on a source.

    It is the source's own name, or that of the file without its endings.

    For shards it is the name of their folder, or of the file that lists them.

    Args:
        source: a name, path or address, as `load` takes it.

    >>> short_name("digits"), short_name("photos/cats.zip"), short_name("stacked-mnist:mnist/")
    ('digits', 'cats', 'stacked-mnist')
    >>> short_name("s3://store/cats/part-{000..999}.npy")
    'cats'
    >>> short_name("hf://datasets/user/cats/train")
    'cats'
    """
    on_hub = re.match(r"hf://datasets/[^/]+/([^/@]+)", source)
    if on_hub:
        return on_hub[1]
    if has_pattern(source) and not Path(source).exists():
        source = base_of(source)
    if source.startswith(stacked.PREFIX):
        return stacked.PREFIX[:-1]
    return (Path(source).resolve().name if "/" in source else source).split(".")[0] or "data"


def found_in(folder: str, source: str, must_exist: bool = False) -> str:
    """Return a name or path that is found: a relative path from here, or else from a folder.

    Args:
        folder: where a path is looked up that does not exist from here.
        source: as `load` takes it; what is found nowhere stays as it is.
        must_exist: whether a path that is found nowhere is an error.

    Raises:
        FileNotFoundError: a path that is found nowhere, with the last place.

    >>> found_in("/nowhere", "digits", must_exist=True)
    'digits'
    """
    if source in named_sources():
        return source
    if scheme_of(source):
        return source
    if has_pattern(source) and not Path(source).exists():
        folder_of_shards = found_in(folder, base_of(source), must_exist)
        return f"{folder_of_shards}/{source.removeprefix(base_of(source) + '/')}"
    prefix = stacked.PREFIX if source.startswith(stacked.PREFIX) else ""
    here = Path(source.removeprefix(prefix))
    there = Path(folder) / here
    if here.exists():
        return source
    if there.exists():
        return f"{prefix}{there}"
    if must_exist:
        raise FileNotFoundError(errno.ENOENT, "no such file", str(there.absolute()))
    return source
