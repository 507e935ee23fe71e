"""Files below a folder: links are followed, and nothing is found twice or without end."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Found:
    """Files below a folder or in a zip.

    Attributes:
        names: their paths from there, with `/`.
        passed_over: how many entries of each sort were left out.
    """

    names: list[str]
    passed_over: dict[str, int]


def files_below(folder: Path) -> Found:
    """Return all regular files below a folder, and those that links lead to.

    A folder or file that several paths lead to counts once, under its own name where it lies below
    `folder`: so links may form circles. Pipes, sockets and devices are skipped, because reading
    them may never end. Names that begin with a dot are skipped, folders too.

    Args:
        folder: the folder.

    Raises:
        OSError: a folder that may not be read.
    """
    names: list[str] = []
    passed: Counter[str] = Counter()
    seen_folders: set[str] = set()
    seen_files: set[str] = set()
    linked_files: list[os.DirEntry[str]] = []
    # What is there itself comes before what is linked, level by level of links.
    folders = [str(folder)]
    while folders:
        linked_folders: list[str] = []
        while folders:
            here = folders.pop()
            real = os.path.realpath(here)
            if real in seen_folders:
                passed["links to folders already read"] += 1
                continue
            seen_folders.add(real)
            for entry in sorted(os.scandir(here), key=lambda each: each.name):
                if entry.name.startswith("."):
                    continue
                if os.path.isdir(entry.path):  # not an error where a link leads to itself
                    (linked_folders if entry.is_symlink() else folders).append(entry.path)
                elif entry.is_symlink():
                    linked_files.append(entry)
                elif entry.is_file():
                    names.append(os.path.relpath(entry.path, folder))
                    seen_files.add(os.path.join(real, entry.name))
                else:
                    passed["pipes and devices"] += 1
        folders = sorted(linked_folders, reverse=True)
    for entry in sorted(linked_files, key=lambda each: each.path):
        real = os.path.realpath(entry.path)
        if not os.path.exists(real):
            passed["links to nothing"] += 1
        elif not os.path.isfile(real):
            passed["pipes and devices"] += 1
        elif real in seen_files:
            passed["links to files already read"] += 1
        else:
            seen_files.add(real)
            names.append(os.path.relpath(entry.path, folder))
    return Found([name.replace(os.sep, "/") for name in names], dict(passed))
