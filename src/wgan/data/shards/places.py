"""Places of shards: a folder, a pattern, a list of names or an address becomes names and places.

A shard's name is its place below the folder that all of them share. It stays the same where that
folder is moved or copied, so that the split of the rows stays too.
"""

import glob
import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wgan.base.errors import WganError
from wgan.data.decoding import SUFFIXES

ARRAYS, PICTURES, TABLES = "npy", "tar", "parquet"
ENDINGS = {".npy": ARRAYS, ".tar": PICTURES, ".parquet": TABLES}
"""Endings of shards, and the form that each stands for."""
LISTS = (".txt", ".json")
"""Endings of files that list shards."""
SCHEMES = ("http", "https", "s3", "hf")
"""Addresses that are read, the last by `ecosystem.hub`. fsspec knows more, which are not tested."""
BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
HEAD_BYTES = 2**16
"""Bytes of a text in which names of shards are looked for: enough for a long remark above them."""
MOST_SHARDS = 10_000_000
"""Most names: more are an error in a range, and would not fit in memory."""


@dataclass(frozen=True)
class Place:
    """Place of a shard.

    Attributes:
        name: its name, by which rows are split.
        url: a local path or an address.
    """

    name: str
    url: str


def scheme_of(source: str) -> str:
    """Return the scheme of an address; empty for a local path.

    Raises:
        WganError: a scheme that is not read.
    """
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", source)
    if not found:
        return ""
    if found[1].lower() not in SCHEMES:
        raise WganError(
            f"{source}: addresses that begin with {found[1]}:// are not read: give"
            f" {', '.join(f'{each}://' for each in SCHEMES)} or a local path"
        )
    return found[1].lower()


def is_sharded(source: str | Path) -> bool:
    """Return whether a source is read as shards.

    These sources are:

    - an address;
    - a pattern with `*`, `?`, `[` or `{0..9}` that is no file's own name;
    - a `.txt` or `.json` that lists shards;
    - a folder with `.npy` or `.tar` files, and without pictures or other folders.

    Args:
        source: a name or path.
    """
    text = str(source)
    if scheme_of(text):
        return True
    path = Path(source)
    if path.is_dir():
        return _is_folder_of_shards(path)
    if path.exists():
        return path.is_file() and path.suffix.lower() in LISTS and _names_shards(path)
    return has_pattern(text) and form_of(text) is not None


def _is_folder_of_shards(folder: Path) -> bool:
    """Return whether a folder holds arrays or tar files, and neither pictures nor other folders.

    Beside pictures, such files describe them.
    """
    names = [name for name in os.listdir(folder) if not name.startswith(".")]
    endings = {PurePosixPath(name).suffix.lower() for name in names}
    if not endings & {".npy", ".tar"} or endings & SUFFIXES:
        return False
    return not any(entry.is_dir() for entry in os.scandir(folder) if entry.name[0] != ".")


def _names_shards(path: Path) -> bool:
    """Return whether a text names files with endings of shards near its top."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES).lower()
    return any(ending.encode() in head for ending in ENDINGS)


def has_pattern(source: str) -> bool:
    """Return whether a source has `*`, `?`, `[` or a range in braces."""
    return bool(glob.has_magic(source) or BRACES.search(source))


def form_of(name: str) -> str | None:
    """Return the form that a name's ending stands for; None: it is not a shard's."""
    return ENDINGS.get(PurePosixPath(name).suffix.lower())


def base_of(source: str) -> str:
    """Return the folder that all shards of a source share, as it is written."""
    if re.search(r"[*?\[{]", source) and not Path(source).exists():
        head = re.split(r"[*?\[{]", source, maxsplit=1)[0]
        return head.rpartition("/")[0] or ("/" if source.startswith("/") else ".")
    if PurePosixPath(source).suffix.lower() in (*LISTS, *ENDINGS):
        return source.rpartition("/")[0] or "."
    return source.rstrip("/") or source


def expanded(pattern: str) -> list[str]:
    """Return the names that ranges in braces stand for.

    >>> expanded("a-{08..10}.npy")
    ['a-08.npy', 'a-09.npy', 'a-10.npy']

    Args:
        pattern: a name with ranges `{first..last}` of whole numbers.

    Raises:
        WganError: a range that counts down, or too many names.
    """
    found = BRACES.search(pattern)
    if not found:
        return [pattern]
    first, last = int(found[1]), int(found[2])
    if last < first:
        raise WganError(f"{pattern}: the range {found[0]} counts down: give the smaller one first")
    rest = expanded(pattern[found.end() :])
    if (last - first + 1) * len(rest) > MOST_SHARDS:
        raise WganError(f"{pattern}: stands for more than {MOST_SHARDS:,} names: fix the range")
    digits = len(found[1])
    head = pattern[: found.start()]
    return [f"{head}{i:0{digits}d}{tail}" for i in range(first, last + 1) for tail in rest]


def listed(text: str, where: str) -> list[str]:
    """Return the names in a list of shards.

    Args:
        text: a name a line, `#` before a remark; or JSON: an array of names, or an object with
            such an array as `shards`, whose entries may be objects with a `name`.
        where: what messages call it.

    Raises:
        WganError: JSON of another form.
    """
    if PurePosixPath(where).suffix.lower() != ".json":
        lines = [line.strip() for line in text.splitlines()]
        return [each for line in lines if line and line[0] != "#" for each in expanded(line)]
    try:
        found = json.loads(text)
    except ValueError as error:
        raise WganError(f"{where}: not readable JSON ({error}): write it again") from None
    entries = found.get("shards") if isinstance(found, dict) else found
    if isinstance(entries, list):
        names = [each.get("name") if isinstance(each, dict) else each for each in entries]
        if all(isinstance(name, str) for name in names):
            return [str(name) for name in names]
    raise WganError(
        f'{where}: no list of shards: give ["a.npy", ...] or {{"shards": ["a.npy", ...]}}'
    )


def placed(names: list[str], base: str) -> list[Place]:
    """Return the places of names below a folder, in the order of names.

    Args:
        names: paths below the folder, or whole ones.
        base: the folder, or its address.
    """
    prefix = base.rstrip("/") + "/"
    places = []
    for name in names:
        whole = bool(scheme_of(name)) or name.startswith("/")
        url = name if whole or base == "." else prefix + name
        short = url.removeprefix(prefix).removeprefix("./")
        places.append(Place(short, url))
    return sorted(places, key=lambda place: place.name)


def checked(places: list[Place], source: str) -> str:
    """Return the one form of all shards.

    Args:
        places: the shards.
        source: what messages call them.

    Raises:
        WganError: no shards, a shard twice, a name of another ending, or several forms.
    """
    if not places:
        raise WganError(f"{source}: no shards found; give files that end in {', '.join(ENDINGS)}")
    # A row of a shard under two names could be trained on and held out.
    files = [p.url if scheme_of(p.url) else os.path.realpath(p.url) for p in places]
    counts = Counter(files)
    for place, file in zip(places, files, strict=True):
        if counts[file] > 1:
            raise WganError(f"{source}: lists {place.name} more than once: give each shard once")
    for place in places:
        if form_of(place.name) is None:
            raise WganError(
                f"{place.url}: no shard that is read; give files that end in {', '.join(ENDINGS)}"
            )
    first = places[0]
    for place in places:
        if form_of(place.name) != form_of(first.name):
            raise WganError(
                f"{source}: holds {place.name} beside {first.name}: give shards of one form, such"
                f" as {base_of(source)}/*{PurePosixPath(first.name).suffix}"
            )
    return str(form_of(first.name))
