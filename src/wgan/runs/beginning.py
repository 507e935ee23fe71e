"""The start of a run in a folder, new or continued; no file of others is replaced."""

import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Any

from wgan.base.errors import WganError
from wgan.base.files import PARTIAL, remove_partial, write_text
from wgan.base.provenance import provenance
from wgan.base.records import digest_of
from wgan.config import Config, resolve
from wgan.data import Dataset, short_name
from wgan.models.files import ID_LENGTH
from wgan.runs.folder import (
    ABOUT,
    CONFIG,
    FILES,
    FINISH,
    LOCK,
    OLD_FINISH,
    RESULTING,
    SAME_BY_CONTENT,
    SAMPLES,
    SCHEMA,
    SNAPSHOTS,
    RunFolder,
)
from wgan.runs.records import About, DataFacts, labels_digest

WITHOUT_EFFECT = (
    *SAME_BY_CONTENT,
    "training.steps",
    "training.log_every",
    "training.measure_every",
    "training.snapshot_every",
    "training.checkpoint_every",
    "optimizer.microbatches",
)
"""Settings that do not name a run. They are paths, how often it writes, and in how many parts it
computes a batch. Its length and measurements belong to them too, if nothing that a step does
depends on them.
"""


def default_folder(config: Config) -> Path:
    """Return runs/<data>-<variant>-<seed>.

    <data> is a name, or that of the file without its endings.
    """
    name = f"{short_name(config.data.source)}-{config.objective.variant}-{config.training.seed}"
    return Path("runs") / name


def as_begun(config: Config, folder: Path) -> Config:
    """Return the settings with the precision that the run in a folder began in, if there is one.

    What `auto` chooses depends on the machine.
    """
    begun = begun_config(folder)
    if begun is None:
        return config
    return replace(config, training=replace(config.training, precision=begun.training.precision))


def begun_config(folder: Path) -> Config | None:
    """Return the settings of the run in a folder that has a checkpoint; None: it begins anew."""
    run = RunFolder(folder)
    if not (run.exists() and run.checkpoint.exists()):
        return None
    with warnings.catch_warnings(action="ignore"):  # the file is read again, and warns then
        return run.config()


def begin_run(
    path: Path,
    config: Config,
    dataset: Dataset,
    restore: Callable[[RunFolder], None] | None = None,
    patience: float = 0.0,
) -> RunFolder:
    """Begin a run in a folder, or continue the same one; the folder is locked for others.

    A folder is a run's if it holds a `run.json` of ours. Any other must be new or empty.

    Args:
        path: the folder.
        config: the resolved configuration.
        dataset: the data.
        restore: loads the checkpoint, if there is one; it is called before anything is written, so
            that a folder whose checkpoint is refused stays as it was.
        patience: seconds to wait for another process that trains there.

    Raises:
        WganError: the folder holds something else, another configuration, other data, results
            without their checkpoint, links, or a process trains in it now.
    """
    folder = RunFolder(path, claim(path, patience))
    try:
        return _begun(folder, config, dataset, restore)
    except BaseException:
        assert folder.lock is not None
        folder.lock.close()
        raise


def claim(path: Path, patience: float = 0.0) -> IO[str]:
    """Make a folder for a run, and return its lock.

    Until the lock is closed, no other process works there.

    Args:
        path: the folder.
        patience: seconds to wait for another process that works there.

    Raises:
        WganError: the folder holds something else, or another process works there now.
    """
    if path.exists() and not path.is_dir():
        raise WganError(f"{path}: is a file, not a folder: choose another --out")
    if path.is_dir() and not (path / ABOUT).is_file():
        _refuse_foreign(path)
    path.mkdir(parents=True, exist_ok=True)
    return _lock(path, patience)


def _refuse_foreign(path: Path) -> None:
    """Refuse a folder with any file but those of a run that was killed while it began."""
    ours = [LOCK, *(f".{name}.*{PARTIAL}" for name in FILES)]
    names = (each.name for each in path.iterdir())
    foreign = sorted(name for name in names if not any(fnmatch(name, own) for own in ours))
    if foreign:
        raise WganError(
            f"{path}: holds files that are not a run's ({foreign[0]}, and no {ABOUT}): choose"
            " another --out"
        )


def _begun(
    folder: RunFolder,
    config: Config,
    dataset: Dataset,
    restore: Callable[[RunFolder], None] | None,
) -> RunFolder:
    path = folder.path
    folder.check_links()
    periods: tuple[dict[str, Any], ...] = ()
    identity = None
    if (path / ABOUT).exists():
        about = folder.about()  # whatever else is there: a damaged or foreign one is refused
        _check_whole(folder)
        if folder.checkpoint.exists():
            _check_same(folder, about, config)
            folder.check_same_data(config, dataset)
            periods = about.periods
            identity = about.id
    folder = replace(folder, id=identity or run_id(config, dataset))
    if restore is not None and folder.checkpoint.exists():
        restore(folder)
    finished = folder.finish() if folder.checkpoint.exists() else None
    if finished is not None and is_steady(config) and config.training.steps > finished.step:
        for name in (FINISH, OLD_FINISH):
            (path / name).unlink(missing_ok=True)
    remove_partial(path, FILES)
    remove_partial(path / SAMPLES, [SNAPSHOTS])
    if not folder.checkpoint.exists():
        for _, picture in folder.snapshots():  # of another beginning
            picture.unlink()
    about = About(
        DataFacts.of(config, dataset),
        config.training.seed,
        (*periods, provenance()),
        folder.id,
        str(Path.cwd()),
        _plain(config),
    )
    folder.write_about(about)  # first: it is what marks the folder as a run
    schema = dataset.codec.schema()
    if schema is not None:
        write_text(path / SCHEMA, schema)
    write_text(path / CONFIG, config.to_toml())
    return folder


def is_steady(config: Config) -> bool:
    """Return whether a step does not depend on the number of steps to come.

    The noise of a private run is that of all its steps.
    """
    steady = config.optimizer.decay == "none" and not config.training.stop_when_converged
    return steady and not config.private


def run_id(config: Config, dataset: Dataset) -> str:
    """Return the id of a run, a digest of everything that decides its numbers.

    The same settings on the same data give the same id, and the same files to the bit.
    """
    settings = {
        f"{section}.{name}": value
        for section, values in _plain(config).items()
        for name, value in values.items()
    }
    without = set(WITHOUT_EFFECT)
    if not is_steady(config):
        without -= {"training.steps", "training.measure_every"}
    named = {key: value for key, value in settings.items() if key not in without}
    labels = labels_digest(config, dataset)
    return digest_of([named, dataset.fingerprint, labels, dataset.codec.schema()])[:ID_LENGTH]


def _plain(config: Config) -> dict[str, dict[str, Any]]:
    """Return the settings that are set, as plain values."""
    return {
        section: {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value is not None
        }
        for section, values in asdict(config).items()
    }


def _check_whole(folder: RunFolder) -> None:
    """Refuse to begin again if a run left results and lost its checkpoint."""
    left = _present(folder.path, RESULTING)
    if left and not folder.checkpoint.exists():
        raise WganError(
            f"{folder.path}: holds {left[0]} of a run without its checkpoint, so it cannot be"
            " continued; nothing is overwritten: choose another --out"
        )


def _present(path: Path, names: Iterable[str]) -> list[str]:
    return [name for name in names if (path / name).exists()]


def _check_same(folder: RunFolder, about: About, config: Config) -> None:
    """Refuse other settings.

    Settings that are paths do not count; hashes decide instead. More steps may be requested if
    nothing that was done depends on them.
    """
    if about.settings:
        before = resolve([(str(folder.path / ABOUT), about.settings)])
        if (folder.path / CONFIG).exists():
            folder.config()  # refuses one that was changed
    else:
        before = folder.config()
    ignored = {"data.source", "optimizer.microbatches"}
    for key in ("labels", "schema"):
        if getattr(before.data, key) and getattr(config.data, key):
            ignored.add(f"data.{key}")
    if is_steady(before) and config.training.steps > before.training.steps:
        ignored.add("training.steps")
    differences = [d for d in before.differences(config) if d.key not in ignored]
    if differences:
        raise WganError(
            f"{folder.path}: holds a run of another configuration"
            f" ({'; '.join(map(str, differences))}): choose another --out or the same settings"
        )


def _lock(path: Path, patience: float = 0.0) -> IO[str]:
    place = path / LOCK
    if place.is_symlink() or (place.exists() and not place.is_file()):
        raise WganError(f"{place}: is not a regular file: choose another --out")
    lock = place.open("a")
    try:
        import fcntl

        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= end:
                    raise
                time.sleep(0.1)  # a small part of what a process takes to begin
    except ImportError:  # not on Windows
        pass
    except OSError:
        lock.close()
        remedy = "wait for it, or choose another --out"
        raise WganError(f"{path}: another process trains here: {remedy}") from None
    return lock
