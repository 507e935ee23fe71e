"""The folder of a run. This is the only file that knows the names of a run's files.

config.toml             the resolved configuration
run.json                data, versions, commit, hardware, when begun
metrics.jsonl           one line a logged step
checkpoint.safetensors  the whole state, to go on from
schema.toml             for a table: what its columns were inferred to be
generator.safetensors   the averaged generator, with generator.json: all that sampling needs
critic.safetensors      the critic, for scores
samples/                pictures of samples at steps
finish.json             what the run ended with: the held-out distance, the diagnosis
evaluation.json, .png   what `wgan evaluate` measured; results.jsonl, a line a figure

Every file is written whole, or not at all, and what is read comes back in types. Files of older
versions are read too: `verdict.json` for finish.json, the section `optimiser` for `optimizer`.
"""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, TypeVar

import torch

from wgan.base.errors import WganError
from wgan.base.files import PARTIAL, append_line, remove_partial, write_text
from wgan.base.progress import Progress, silent
from wgan.base.provenance import provenance
from wgan.base.tensors import read_header
from wgan.config import Config, from_file, resolve
from wgan.config.layers import renamed
from wgan.data import Dataset, short_name
from wgan.distances.results import finite
from wgan.models import Model, load_model
from wgan.runs.records import About, DataFacts, Evaluated, Finish, labels_digest

CONFIG = "config.toml"
ABOUT = "run.json"
METRICS = "metrics.jsonl"
CHECKPOINT = "checkpoint.safetensors"
SCHEMA = "schema.toml"
SAMPLES = "samples"
FINISH, OLD_FINISH = "finish.json", "verdict.json"
EVALUATION = "evaluation.json"
RESULTS = "results.jsonl"
PICTURE = "evaluation.png"
LOCK = "run.lock"
SAME_BY_CONTENT = ("data.source", "data.labels", "data.schema")
"""Settings that are paths: what lies there is compared by its hash, not by where it lies."""

Metrics = dict[str, int | float]
Record = TypeVar("Record")


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, to read from; and to write to for the process that holds its `lock`."""

    path: Path
    lock: IO[str] | None = None

    def exists(self) -> bool:
        """Tell whether the folder holds a run."""
        return (self.path / CONFIG).exists() and (self.path / ABOUT).exists()

    def check(self) -> None:
        """Refuse a folder without a run.

        Raises:
            WganError: no run there.
        """
        if not self.exists():
            raise WganError(
                f"{self.path}: holds no run (no {CONFIG} and {ABOUT}): give a folder that `wgan"
                " train` made"
            )

    # What a run was begun with

    def config(self) -> Config:
        """Return the configuration.

        Raises:
            WganError: no run there, or a damaged file.
        """
        self.check()
        return resolve([from_file(self.path / CONFIG)])

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return the configuration as nested plain values, as it was written."""
        self.check()
        return renamed(*from_file(self.path / CONFIG))

    def about(self) -> About:
        """Return what the run was begun with.

        Raises:
            WganError: no run there, or a damaged file.
        """
        self.check()
        is_table = (self.path / SCHEMA).exists()
        return self._read(ABOUT, lambda values: About.from_json(values, is_table))

    def schema(self) -> str | None:
        """Return what was inferred of a table, as TOML; None for other data."""
        path = self.path / SCHEMA
        return path.read_text(encoding="utf-8") if path.exists() else None

    def load(self, progress: Progress = silent) -> tuple[Config, Dataset]:
        """Return the configuration and the data that the run was begun on.

        Raises:
            WganError: no run there, or its data are gone or have changed.
        """
        config = self.config()
        dataset = config.data.load(progress=progress)
        self._check_same_data(config, dataset)
        return config, dataset

    def holds_data(self, dataset: Dataset) -> bool:
        """Tell whether a data set is the one that the run was begun on, labels aside."""
        return self.about().data.fingerprint == dataset.fingerprint

    def _check_same_data(self, config: Config, dataset: Dataset) -> About:
        about = self.about()
        about.data.check_coding(self.path, dataset)
        same = about.data.fingerprint == dataset.fingerprint
        if not same or about.data.labels != labels_digest(config, dataset):
            raise WganError(f"{self.path}: was begun on other data: choose another --out")
        return about

    # What happens while it trains

    @property
    def checkpoint(self) -> Path:
        """The file of the whole state."""
        return self.path / CHECKPOINT

    def step(self) -> int:
        """Return after how many steps the generator in the folder was written.

        Raises:
            WganError: no run or no checkpoint there, or a damaged one.
        """
        if not (self.path / CONFIG).exists():
            self.check()
        if not self.checkpoint.exists():
            raise WganError(
                f"{self.path}: holds no checkpoint, so which step its generator is of cannot be"
                " told: give a run's folder, whole"
            )
        return int(read_header(self.checkpoint).get("step", 0))

    def append_metrics(self, metrics: Metrics) -> None:
        """Add a line to the metrics."""
        path = self.path / METRICS
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(metrics) + "\n")
        except OSError as error:
            error.filename = str(path)
            raise

    def metrics(self) -> list[Metrics]:
        """Return the lines of the metrics.

        Raises:
            WganError: a damaged file.
        """
        path = self.path / METRICS
        if not path.exists():
            return []
        with _damage_named(path):
            lines = path.read_text(encoding="utf-8").splitlines()
            return [json.loads(line) for line in lines]

    def forget_metrics_after(self, step: int) -> None:
        """Drop lines written after the checkpoint at `step`, and a line cut short."""
        path = self.path / METRICS
        if path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            kept = [line for line in lines if _step_of(line) <= step]
            write_text(path, "".join(line + "\n" for line in kept))

    def model(self, device: torch.device | None = None) -> Model:
        """Return the model that was written last; errors as `load_model`."""
        return load_model(self.path, device)

    def snapshot(self, step: int) -> Path:
        """Return the path of the picture of samples at a step; its folder is made."""
        path = self.path / SAMPLES / f"step-{step:07d}.png"
        path.parent.mkdir(exist_ok=True)
        return path

    def snapshots(self) -> list[tuple[int, Path]]:
        """Return (step, picture of samples), by step."""
        found = sorted((self.path / SAMPLES).glob("step-*.png"))
        return [(int(path.stem.rpartition("-")[2]), path) for path in found]

    # What came out

    def write_finish(self, finish: Finish) -> None:
        """Write what the run ended with."""
        self._write(FINISH, finish.to_json())

    def finish(self) -> Finish | None:
        """Return what the run ended with; None where it has not come to its end.

        Raises:
            WganError: a damaged file.
        """
        for name in (FINISH, OLD_FINISH):
            if (self.path / name).exists():
                return self._read(name, Finish.from_json)
        return None

    def write_evaluation(self, evaluated: Evaluated) -> None:
        """Write an evaluation, and add a line for each of its figures to the results."""
        text = "\n".join(json.dumps(finite(line)) for line in evaluated.results())
        append_line(self.path / RESULTS, text)
        self._write(EVALUATION, finite(evaluated.to_json()))

    def evaluation(self) -> Evaluated | None:
        """Return the last evaluation; None where there is none.

        Raises:
            WganError: a damaged file.
        """
        if not (self.path / EVALUATION).exists():
            return None
        return self._read(EVALUATION, Evaluated.from_json)

    @property
    def picture(self) -> Path:
        """The picture of generated samples beside real ones."""
        return self.path / PICTURE

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        write_text(self.path / name, json.dumps(values, indent=2) + "\n")

    def _read(self, name: str, build: Callable[[dict[str, Any]], Record]) -> Record:
        path = self.path / name
        with _damage_named(path):
            return build(json.loads(path.read_text(encoding="utf-8")))


def default_folder(config: Config) -> Path:
    """Return runs/<data>-<variant>-<seed>, where <data> is a name or the file's without its
    endings.
    """
    name = f"{short_name(config.data.source)}-{config.objective.variant}-{config.training.seed}"
    return Path("runs") / name


def as_begun(config: Config, folder: Path) -> Config:
    """Return the settings with the precision that the run in a folder began in, if there is one:
    what `auto` chooses depends on the machine.
    """
    if not (folder / CONFIG).exists():
        return config
    with warnings.catch_warnings(action="ignore"):  # the file is read again, and warns then
        begun = resolve([from_file(folder / CONFIG)])
    return replace(config, training=replace(config.training, precision=begun.training.precision))


def begin_run(path: Path, config: Config, dataset: Dataset) -> RunFolder:
    """Begin a run in a folder, or go on with the same one; the folder is locked for others.

    Raises:
        WganError: the folder holds something else, another configuration, other data, or a process
            trains in it now.
    """
    if path.exists() and not path.is_dir():
        raise WganError(f"{path}: is a file, not a folder: choose another --out")
    if (path / CONFIG).exists():
        _check_same(path, config)
    elif path.is_dir() and any(p.name != LOCK and p.suffix != PARTIAL for p in path.iterdir()):
        raise WganError(f"{path}: holds files that are not a run's: choose another --out")
    path.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(path, _lock(path))
    remove_partial(path)
    periods: tuple[dict[str, Any], ...] = ()
    if folder.checkpoint.exists() and folder.exists():
        periods = folder._check_same_data(config, dataset).periods
    write_text(path / CONFIG, config.to_toml())  # first: it is what marks the folder as a run
    schema = dataset.codec.schema()
    if schema is not None:
        write_text(path / SCHEMA, schema)
    about = About(DataFacts.of(config, dataset), config.training.seed, (*periods, provenance()))
    folder._write(ABOUT, about.to_json())
    return folder


def _check_same(path: Path, config: Config) -> None:
    """Refuse other settings, once there is a checkpoint to lose.

    Settings that are paths do not count; hashes decide instead. More steps may be requested where
    nothing that was done depends on them.
    """
    before = resolve([from_file(path / CONFIG)])
    ignored = {"data.source"}
    for key in ("labels", "schema"):
        if getattr(before.data, key) and getattr(config.data, key):
            ignored.add(f"data.{key}")
    steady = before.optimizer.decay == "none" and not before.training.stop_when_converged
    if steady and config.training.steps > before.training.steps:
        ignored.add("training.steps")
    differences = [d for d in before.differences(config) if d.key not in ignored]
    if differences and (path / CHECKPOINT).exists():
        raise WganError(
            f"{path}: holds a run of another configuration ({'; '.join(map(str, differences))}):"
            " choose another --out or the same settings"
        )


def _lock(path: Path) -> IO[str]:
    lock = (path / LOCK).open("a")
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # not on Windows
        pass
    except OSError:
        remedy = "wait for it, or choose another --out"
        raise WganError(f"{path}: another process trains here: {remedy}") from None
    return lock


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Within, a fault in what a file holds becomes an error that names the file."""
    try:
        yield
    except WganError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WganError(
            f"{path}: damaged ({error}): restore it, or train again in another folder"
        ) from None
