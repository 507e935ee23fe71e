"""Data sets of the Hugging Face Hub: `hf://datasets/USER/NAME`, with a split, a folder or a file.

The files of the repository are downloaded into the cache of `huggingface_hub`, and read here:
Parquet as tables or as pictures with their classes, and texts of tables. Which of them make a split
is told by their names alone: `data/train-00000-of-00002.parquet` is of `train`. Nothing that the
repository holds is run.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from wgan.base.errors import WganError
from wgan.base.hub import told
from wgan.base.printing import counted
from wgan.base.progress import Progress, silent
from wgan.data.dataset import Dataset
from wgan.data.ecosystem.parquet_pictures import from_parquet_pictures, picture_columns
from wgan.data.options import refuse_other_kind
from wgan.data.shards.places import TABLES, Place
from wgan.data.shards.stores import Store
from wgan.data.tables.frames import TEXTS, from_file
from wgan.data.tables.parquet import need_pyarrow, opened_parquet
from wgan.data.tables.parquet_files import ENDING as PARQUET
from wgan.data.tables.sharded import from_table_shards

PREFIX = "hf://"
KIND_OF_REPOSITORY, NOUN = "dataset", "data set"
PART = r"\w(?:[\w.-]{0,94}\w)?"
"""A user or a name: the Hub allows 96 characters, and no more kinds of characters."""
REVISION = r"(?:refs/(?:convert|pr)/)?[A-Za-z0-9][\w.-]*"
"""A branch, tag or commit, or the Hub's names of converted files and of proposed changes."""
ADDRESS = re.compile(rf"hf://datasets/({PART}/{PART})(?:@({REVISION}))?((?:/[^/]+)*)/?")
NUMBERED = re.compile(r"(?:^|-)(\d{4,6})-of-(\d{4,6})(?:-[0-9a-f]+)?$|^(0\d{3})$")
"""The end of a file's name that numbers the parts of a split, as the Hub writes it; or all of the
name, in its converted files. Other numbers, such as years, are of the name.
"""
TIMEOUT = 30.0
"""Seconds that the Hub may take to list a repository; it takes well under one."""
LISTED = 8
"""Splits that a message lists: more would not fit on a line."""


@dataclass(frozen=True)
class Address:
    """The address of a data set.

    Attributes:
        repo: `user/name`.
        revision: a branch, tag or commit; None: the default branch.
        rest: what follows: a split, folders or a file; empty: nothing.
    """

    repo: str
    revision: str | None
    rest: str

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"{PREFIX}datasets/{self.repo}{revision}"


def is_on_hub(source: str | Path) -> bool:
    """Return whether a source is the address of the Hub."""
    return str(source).lower().startswith(PREFIX)


def address_of(source: str) -> Address:
    """Return the parts of an address.

    >>> address_of("hf://datasets/user/name@v1/train")
    Address(repo='user/name', revision='v1', rest='train')

    Args:
        source: the address.

    Raises:
        WganError: another form.
    """
    found = ADDRESS.fullmatch(source)
    if not found:
        raise WganError(
            f"{source}: no address of a data set: give hf://datasets/USER/NAME, with @REVISION and"
            " a split, a folder or a file behind it if need be"
        )
    return Address(found[1], found[2], found[3].strip("/"))


def from_hub(
    source: str,
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    kind: str = "auto",
    labels: str | None = None,
    schema: str | None = None,
    progress: Progress = silent,
) -> Dataset:
    """Return a data set of the Hub.

    Args:
        source: its address.
        resize: (height, width) of pictures in pixels.
        mode: `auto`, `L`, `RGB` or `RGBA` for pictures.
        kind: the kind of data; `auto`: tables, or images where a column holds pictures.
        labels: of pictures, `own` or the column of their classes; None: those of the only one.
        schema: a file that corrects what is inferred of a table's columns.
        progress: listener.

    Raises:
        WganError: `huggingface_hub` is not installed, an address without such data, several splits,
            no connection, or files that cannot be read.
    """
    address = address_of(source)
    files, commit = _listed(address)
    names = chosen_files(files, address)
    paths = _downloaded(address, names, commit, progress)
    if names[0].lower().endswith(PARQUET):
        need_pyarrow(Path(names[0]))
        with _named(paths, names, address), opened_parquet(paths[0]) as file:
            columns = picture_columns(file.schema_arrow)
        if columns.pictures:
            if schema:
                raise WganError(f"{source}: data.schema applies to tables: leave it out")
            with _named(paths, names, address):
                return from_parquet_pictures(
                    source, paths, columns, labels, (resize, mode, kind, progress)
                )
    beside = {"resize": resize, "mode": None if mode == "auto" else mode, "labels": labels}
    for name, value in beside.items():
        if value is not None:
            raise WganError(f"{source}: data.{name} is not for tables: leave it out")
    corrections = Path(schema) if schema else None
    refuse_other_kind(source, kind, "tables")
    with _named(paths, names, address):
        if len(paths) == 1:
            return replace(from_file(paths[0], corrections, progress), name=source)
        places = [Place(name, str(path)) for name, path in zip(names, paths, strict=True)]
        found = (Store(str(paths[0].parent)), places, TABLES)
        return from_table_shards(source, found, corrections, "auto", progress)


def table_on_hub(source: str, progress: Progress = silent) -> Path:
    """Return the place in the cache of the one file of a table that series are cut from.

    Args:
        source: the address of a data set.
        progress: listener.

    Raises:
        WganError: several files, or as `from_hub`.
    """
    address = address_of(source)
    files, commit = _listed(address)
    names = chosen_files(files, address)
    if len(names) > 1:
        raise WganError(
            f"{source}: {len(names)} files, and series are cut from one: give {address}/{names[0]}"
        )
    return _downloaded(address, names, commit, progress)[0]


def chosen_files(files: Sequence[str], address: Address) -> list[str]:
    """Return the files of one split, by their names.

    >>> files = ["README.md", "data/test-00000-of-00001.parquet", "data/train.parquet"]
    >>> chosen_files(files, Address("user/name", None, "train"))
    ['data/train.parquet']

    Args:
        files: all files of the repository.
        address: what is asked for.

    Raises:
        WganError: no such file or split, or several.
    """
    tables = [name for name in files if name.lower().endswith((PARQUET, *TEXTS))]
    if address.rest in tables:
        return [address.rest]
    if not tables:
        such = f", {counted(len(files), 'file')} such as {files[0]}" if files else ""
        raise WganError(
            f"{address}: holds no {PARQUET} or {TEXTS[0]}{such}: give another, or what"
            " datasets.load_dataset returns in Python"
        )
    # A repository with both holds the same rows twice.
    if any(name.lower().endswith(PARQUET) for name in tables):
        tables = [name for name in tables if name.lower().endswith(PARQUET)]
    asked = [part for part in address.rest.split("/") if part]
    found = sorted(name for name in tables if set(asked) <= _words(name))
    splits = sorted({_split(name) for name in (found or tables)})
    shown = ", ".join(splits[:LISTED]) + (", ..." if len(splits) > LISTED else "")
    if not found:
        raise WganError(f"{address}/{address.rest}: no such split or file: give {shown}")
    if len(splits) > 1:
        raise WganError(f"{address}: holds {shown}: give one, {address}/{splits[-1]}")
    if len(found) > 1 and not found[0].lower().endswith(PARQUET):
        raise WganError(
            f"{address}: {splits[0]} is {len(found)} texts: give one, {address}/{found[0]}"
        )
    _check_parts(found, address)
    return found


def _check_parts(names: Sequence[str], address: Address) -> None:
    """Refuse files that are not the parts of one whole, or not all of them."""
    wholes, numbers, said = set(), set(), None
    for name in names:
        path = PurePosixPath(name)
        found = NUMBERED.search(path.name.split(".")[0])
        if found is None:
            wholes.add(name)
            continue
        wholes.add(str(path.parent / path.name[: found.start()]) + f"-of-{found[2]}")
        numbers.add(int(found[1] or found[3]))
        said = found[2]
    if len(wholes) > 1 or (numbers and len(numbers) < len(names)):
        raise WganError(
            f"{address}: {names[0]} and {names[-1]} are no parts of one table: give one,"
            f" {address}/{names[0]}"
        )
    if not numbers:
        return
    first = min(numbers)
    if said is not None:  # some count from 1 on
        first = 1 if first == 1 and max(numbers) == int(said) else 0
    count = max(numbers) + 1 - first if said is None else int(said)
    missing = sorted(set(range(first, first + count)) - numbers)
    if missing:
        raise WganError(
            f"{address}: holds {len(numbers)} of {count} parts of {_split(names[0])}, without"
            f" number {missing[0]}: give one for that part alone, {address}/{names[0]}"
        )


def _split(name: str) -> str:
    """Return the split that a file is of, with the folders that tell it from others."""
    path = PurePosixPath(name)
    stem = NUMBERED.sub("", path.name.split(".")[0])
    folders = [part for part in path.parent.parts if part != "data"]
    return "/".join([*folders, *([stem] if stem else [])]) or "data"


def _words(name: str) -> set[str]:
    """Return the words by which a file is chosen: its folders, and its name without its number."""
    path = PurePosixPath(name)
    stem = path.name.split(".")[0]
    return {*path.parent.parts, stem, NUMBERED.sub("", stem)}


def _listed(address: Address) -> tuple[list[str], str]:
    """Return the names of all files of a repository, and the commit that has them."""
    if find_spec("huggingface_hub") is None:
        raise WganError(f"{address}: needs huggingface_hub: pip install 'wgan[hub]'")
    import huggingface_hub

    with told(str(address), NOUN):
        info = huggingface_hub.HfApi().dataset_info(
            address.repo, revision=address.revision, timeout=TIMEOUT
        )
    return sorted(file.rfilename for file in info.siblings or ()), str(info.sha)


def _downloaded(
    address: Address, names: Sequence[str], commit: str, progress: Progress
) -> list[Path]:
    """Return files of a repository in the cache of the library."""
    import huggingface_hub

    paths = []
    for i, name in enumerate(names):
        progress("downloading", i, len(names))
        with told(str(address), NOUN):
            path = huggingface_hub.HfApi().hf_hub_download(
                address.repo, name, revision=commit, repo_type=KIND_OF_REPOSITORY
            )
        paths.append(Path(path))
    progress("downloading", len(names), len(names))
    return paths


@contextmanager
def _named(paths: Sequence[Path], names: Sequence[str], address: Address) -> Iterator[None]:
    """Within, errors name files by their addresses, and not by their places in the cache."""
    try:
        yield
    except WganError as error:
        words = str(error)
        for path, name in zip(paths, names, strict=True):
            words = words.replace(str(path), f"{address}/{name}")
        raise WganError(words) from None
