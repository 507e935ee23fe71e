"""The folder of sharded samples: which command it belongs to, what is written, and the manifest.

While samples are written, `.progress-<hash of the plan>` holds the plan and a record of each shard
that is there. In the end `_manifest.json` takes their place. Several processes may write at once,
on several machines with one file system: each file is written whole, and none is written to again.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.base.files import PARTIAL, remove_partial
from wgan.base.places import check_special
from wgan.base.records import damage_named, read_json, typed, write_json
from wgan.data.cache import file_digest
from wgan.models.sharded.drawing import LABELS
from wgan.models.sharded.plan import Part, Plan, WrittenFile

FORMAT = "wgan-shards-1"
MANIFEST = "_manifest.json"
"""The underscore hides it from what reads a folder of Parquet files whole: pandas, Arrow, Spark."""
PROGRESS = ".progress-"
"""Beginning of the name of the folder of records; readers of tables pass over hidden names."""
PLAN = "plan.json"
TOTALS = ("samples", "rows", "bytes", "tried", "satisfied", "redrawn")
"""Counts of shards that the manifest adds up."""
DIGITS = 16
"""Digits of the plan's hash in that name: two of 64 bits do not meet by chance."""
OWN_PARTIAL = (".part-", f".{MANIFEST}.")
"""Beginnings of the names of files that a killed process has not written whole."""
ANOTHER = "choose another --out"


@dataclass(frozen=True)
class Manifest:
    """Contents of `_manifest.json`: the plan, the contents of the files, and the written shards.

    Attributes:
        format: name of the format.
        plan: all that the bytes depend on.
        layout: columns, or shape and type.
        samples: number of samples in all shards.
        rows: rows of all files.
        bytes: size of all files.
        tried: samples that were drawn for them.
        satisfied: those among them that satisfied the conditions.
        redrawn: those of them that broke a rule of the data and were drawn again.
        parts: what was written of each shard.
    """

    format: str
    plan: Plan
    layout: dict[str, Any]
    samples: int
    rows: int
    bytes: int
    tried: int
    satisfied: int
    redrawn: int
    parts: tuple[Part, ...]


class ShardFolder:
    """The folder of the shards of a plan, which `open_folder` found to be this plan's.

    Args:
        path: the folder.
        plan: of the samples.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path = path
        self.plan = plan
        self.progress = path / f"{PROGRESS}{plan.digest[:DIGITS]}"
        self._manifest: Manifest | None = None

    def manifest(self) -> Manifest | None:
        """Return the contents of the manifest; None while there is none.

        Raises:
            WganError: a damaged manifest.
        """
        path = self.path / MANIFEST
        if self._manifest is None and path.exists():
            remedy = f"remove it and what lies beside it, or {ANOTHER}"
            with damage_named(path, remedy):
                self._manifest = typed(read_json(path, remedy), Manifest)
        return self._manifest

    def written(self, i: int) -> Part | None:
        """Return what was written of shard i; None: it is not there, or nothing says that it is.

        Every byte of its files is read.

        Raises:
            WganError: a file that was changed after it was written.
        """
        part = self._recorded(i)
        if part is None:
            return None
        for file in part.files:
            path = self.path / file.name
            if not path.exists():
                return None
            if file_digest(path) != file.sha256:
                raise WganError(
                    f"{path}: was changed after it was written: remove it, and the same command"
                    " writes it again"
                )
        return part

    def record(self, i: int, part: Part) -> None:
        """Note that shard i is written.

        Raises:
            WganError: the manifest says that other bytes belong there.
        """
        if self.manifest() is None:
            try:
                write_json(self._record_path(i), asdict(part))
                return
            except FileNotFoundError:
                # Another process of the same command may have finished everything meanwhile.
                if self.manifest() is None:
                    raise
        if self._recorded(i) != part:
            for file in part.files:
                (self.path / file.name).unlink()
            raise WganError(
                f"{self.path / self.plan.name(i)}: was missing, and drawn again it has other bytes"
                f" than {MANIFEST} says, as on another kind of processor: draw it on the first, or"
                f" {ANOTHER}"
            )

    def finish(self, layout: Callable[[], dict[str, Any]]) -> Manifest | None:
        """Write the manifest and return it, where all shards are there; None: some are not.

        Args:
            layout: returns what the files hold.

        Raises:
            WganError: a damaged record or manifest.
        """
        parts = []
        for i in range(self.plan.shards):
            part = self._recorded(i)
            if part is None or not all(map(self._is_there, part.files)):
                return None
            parts.append(part)
        manifest = self.manifest()
        if manifest is None:
            totals = {name: sum(getattr(part, name) for part in parts) for name in TOTALS}
            manifest = Manifest(FORMAT, self.plan, layout(), **totals, parts=tuple(parts))
            try:
                write_json(self.path / MANIFEST, asdict(manifest))
            except FileNotFoundError:
                if self.manifest() is None:  # which another process has written, and cleaned up
                    raise
        # What killed processes left: all that is to be written is there.
        remove_partial(self.path, ["part-*", MANIFEST])
        remove_partial(self.path / LABELS, ["part-*"])
        shutil.rmtree(self.progress, ignore_errors=True)
        return manifest

    def _is_there(self, file: WrittenFile) -> bool:
        path = self.path / file.name
        return path.is_file() and path.stat().st_size == file.bytes

    def _recorded(self, i: int) -> Part | None:
        """Return the manifest's facts about shard i, or, until there is a manifest, its record."""
        path = self._record_path(i)
        if self.manifest() is None and path.exists():
            remedy = "remove it, and the same command writes the shard again"
            try:
                with damage_named(path, remedy):
                    return typed(read_json(path, remedy), Part)
            except WganError:
                if path.exists():
                    raise
        manifest = self.manifest()  # which may have taken the record's place meanwhile
        return None if manifest is None else manifest.parts[i]

    def _record_path(self, i: int) -> Path:
        return self.progress / f"{Path(self.plan.name(i)).stem}.json"


def open_folder(path: Path, plan: Plan) -> ShardFolder:
    """Return the folder of a plan's shards, which is made if it does not exist.

    Args:
        path: the folder.
        plan: of the samples.

    Raises:
        WganError: no folder, or one that holds samples of another plan, or anything else.
    """
    check_special(path)
    if path.exists() and not path.is_dir():
        raise WganError(f"{path}: is a file, and shards are written into a folder: {ANOTHER}")
    folder = ShardFolder(path, plan)
    path.mkdir(parents=True, exist_ok=True)
    if _is_complete(folder):
        return folder
    _check_content(folder)
    try:
        folder.progress.mkdir()
    except FileExistsError:
        pass  # this command began here before, or does so in another process
    else:
        # Of two commands that begin at once, one at least sees what the other made.
        try:
            _check_content(folder)
        except WganError:
            with suppress(OSError):
                folder.progress.rmdir()
            raise
    if not (folder.progress / PLAN).exists():
        with suppress(FileNotFoundError):  # another process may finish everything meanwhile
            write_json(folder.progress / PLAN, plan.to_json())
    return folder


def _is_complete(folder: ShardFolder) -> bool:
    """Return whether the manifest of the plan is there.

    Raises:
        WganError: that of another plan.
    """
    manifest = folder.manifest()
    if manifest is not None:
        _refuse_other(folder, manifest.plan)
    return manifest is not None


def _check_content(folder: ShardFolder) -> None:
    """Refuse a folder that holds anything but shards of the plan, and what belongs to them."""
    labels = folder.path / LABELS
    of_arrays = folder.plan.ending == ".npy" and labels.is_dir()
    for path in sorted([*folder.path.iterdir(), *(labels.iterdir() if of_arrays else ())]):
        name = path.name
        if name.startswith(PROGRESS) and name != folder.progress.name:
            _refuse_other(folder, _plan_in(folder.path / name))
        partial = name.startswith(OWN_PARTIAL) and name.endswith(PARTIAL)
        if partial or name in (folder.progress.name, MANIFEST) or (of_arrays and path == labels):
            continue
        if not folder.plan.is_name(name):
            raise WganError(f"{path.parent}: holds {name}, which is not a shard: {ANOTHER}")
        # Asked here, and not before the names were listed: another process may write meanwhile.
        if not folder.progress.exists() and folder.manifest() is None:
            raise WganError(
                f"{path.parent}: holds {name}, and nothing says of which command: {ANOTHER}"
            )


def _plan_in(progress: Path) -> Plan | None:
    """Return the plan in a folder of records; None: it is not there yet."""
    path = progress / PLAN
    if not path.exists():
        return None
    with damage_named(path, ANOTHER):
        return typed(read_json(path, ANOTHER), Plan)


def _refuse_other(folder: ShardFolder, other: Plan | None) -> None:
    """Refuse samples of another plan, and say in what it differs."""
    if other is None:
        raise WganError(f"{folder.path}: another command writes there: {ANOTHER}")
    here, there = (_flat(plan.to_json()) for plan in (folder.plan, other))
    for name in here | there:
        if here.get(name) != there.get(name):
            raise WganError(
                f"{folder.path}: holds samples with {name} = {there.get(name)}, and this command"
                f" has {here.get(name)}: {ANOTHER}, or remove that folder"
            )


def _flat(values: Mapping[str, Any]) -> dict[str, str]:
    """Return plain values in words, with those of nested ones beside them."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            flat[name] = " and ".join(value) or "none"
        else:
            flat[name] = "none" if value is None else str(value)
    return flat
