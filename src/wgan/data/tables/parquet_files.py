"""The files of a table in Parquet: one, or those of a folder, also below folders `key=value`."""

import os
import re
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from wgan.base.errors import WganError
from wgan.data.decoding import SUFFIXES

ENDING = ".parquet"
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""The value in a folder's name that stands for a missing one, as Hive writes it."""
WHOLE = r"-?(?:0|[1-9]\d{0,17})"
"""Values of keys that are numbers: whole ones that 64 bits hold, spelled as numbers are."""
HIDDEN = (".", "_")
"""Beginnings of names that are not data, such as `_SUCCESS`."""
MOST_LISTED = 5
"""Most endings of skipped files that a note lists: more would bury the count."""

Value = int | str | None


@dataclass(frozen=True)
class Part:
    """A file of a table.

    Attributes:
        path: the file.
        keys: the columns that its folders name, with their value in all of its rows.
    """

    path: Path
    keys: dict[str, Value]


@dataclass
class _Walk:
    """Findings below a folder."""

    files: list[Path] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    def below(self, folder: Path) -> None:
        """Take note of the files of a folder, and of those of folders `key=value` in it."""
        real = os.path.realpath(folder)
        if real in self.seen:  # a link may lead back
            return
        self.seen.add(real)
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(HIDDEN):
                continue
            if entry.is_dir():
                if "=" in entry.name:
                    self.below(entry)
                else:
                    self.passed["folder"] += 1
            elif entry.suffix.lower() == ENDING and entry.is_file():
                self.files.append(entry)
            else:
                self.passed[entry.suffix.lower() or "without ending"] += 1


def is_parquet_folder(folder: Path) -> bool:
    """Return whether a folder holds a table in Parquet files.

    It is not a table if pictures, or other folders than `key=value`, lie beside the files, which
    then say something of pictures.

    Args:
        folder: the folder.
    """
    # A million pictures are no table, and are not looked at one by one to tell.
    names = (name for name in os.listdir(folder) if not name.startswith(HIDDEN))
    if not any(name.lower().endswith(ENDING) or "=" in name for name in names):
        return False
    found = _Walk()
    found.below(folder)
    return bool(found.files) and not any(found.passed[each] for each in ("folder", *SUFFIXES))


def parts_of(path: Path) -> list[Part]:
    """Return the files of a table, in the order of their names.

    What is no part of it is counted in a note.

    Args:
        path: a Parquet file, or a folder of them.

    Raises:
        WganError: files below folders of different keys.
    """
    if not path.is_dir():
        return [Part(path, {})]
    found = _Walk()
    found.below(path)
    if found.passed:
        listed = [f"{name} {count}" for name, count in found.passed.most_common(MOST_LISTED)]
        more = ", ..." if len(found.passed) > MOST_LISTED else ""
        total = found.passed.total()
        noun = "file" if total == 1 else "files"
        warnings.warn(
            f"{path}: passed over {total} {noun} ({', '.join(listed)}{more})", stacklevel=2
        )
    texts = [_keys(path, file) for file in found.files]
    for file, keys in zip(found.files, texts, strict=True):
        if list(keys) != list(texts[0]):
            raise WganError(
                f"{file}: lies below folders of {_named(keys)}, and {found.files[0].name} below"
                f" those of {_named(texts[0])}: give all files the same keys"
            )
    values = [dict[str, Value](keys) for keys in texts]
    for key in texts[0] if texts else ():
        present = [keys[key] for keys in texts if keys[key] is not None]
        if all(re.fullmatch(WHOLE, str(value)) for value in present):
            for part in values:
                part[key] = None if part[key] is None else int(str(part[key]))
    return [Part(file, keys) for file, keys in zip(found.files, values, strict=True)]


def _keys(folder: Path, file: Path) -> dict[str, str | None]:
    """Return the keys and values that the folders of a file name."""
    pairs = [part.partition("=") for part in file.relative_to(folder).parts[:-1]]
    return {unquote(key): None if text == NO_VALUE else unquote(text) for key, _, text in pairs}


def _named(keys: dict[str, str | None]) -> str:
    return ", ".join(f"'{key}'" for key in keys) or "no keys"
