"""Command lines of runs: what the page shows, and what the studio starts, in the same words."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wgan.data.naming import found_in
from wgan.runs import RunFolder
from wgan.runs.following import settings_file
from wgan.studio.safety import Roots


def shown(arguments: Sequence[str]) -> str:
    """Return a command as it is typed into a shell.

    Args:
        arguments: its words, without `wgan`.
    """
    return shlex.join(["wgan", *arguments])


def typed(path: Path) -> str:
    """Return a path as it is typed where the studio was started: relative where it lies below.

    Args:
        path: the path.
    """
    here = Path.cwd()
    text = str(path.relative_to(here) if path.is_relative_to(here) else path)
    return f"./{text}" if text.startswith("-") else text


def flag(name: str, value: str) -> list[str]:
    """Return the words of a flag; a value that looks like a flag is joined to it.

    Args:
        name: the flag.
        value: its value.

    >>> flag("--labels", "own"), flag("--labels", "--out=x")
    (['--labels', 'own'], ['--labels=--out=x'])
    """
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


def given_flags(values: Mapping[str, Any]) -> list[str]:
    """Return the words that give settings of `data`.

    Args:
        values: the settings by name; those that have no flag are given by `--set`.
    """
    words: list[str] = []
    for name, value in values.items():
        if isinstance(value, tuple | list):
            words += ["--set", f"data.{name}=[{', '.join(map(str, value))}]"]
        else:
            words += flag(f"--{name}", str(value))
    return words


def go_on_arguments(roots: Roots, path: Path, check: bool = True) -> list[str]:
    """Return the words of the command that goes on with a run.

    Args:
        roots: the folders of the studio.
        path: the run's folder.
        check: whether data that may not be read are refused.

    Raises:
        WganError: a damaged run, or data that lie where nothing may be read.
    """
    run = RunFolder(path)
    config = run.config()
    begun_in = run.about().folder
    source = found_in(begun_in, config.data.source)
    source = f"./{source}" if source.startswith("-") else source
    words = ["train", source, "--config", typed(settings_file(path)), "--out", typed(path)]
    given = {"--labels": config.data.labels, "--schema": config.data.schema}
    beside = {name: found_in(begun_in, value) for name, value in given.items() if value is not None}
    for name, value in beside.items():
        words += flag(name, value)
    if check:
        roots.check_data(begun_in, config.data)
    return words
