"""What lies in a run directory? Everything needed to tell, go on with, or use a run.

config.toml             the resolved configuration
run.json                data, versions, commit, hardware, when begun
metrics.jsonl           one line a logged step
checkpoint.safetensors  the whole state, to go on from
schema.toml             of a table: what its columns were taken for
generator.safetensors   the averaged generator, with generator.json: all that sampling needs
critic.safetensors      the critic, for scores
samples/                pictures of samples at steps
verdict.json            the distance to held-out data
evaluation.json, .png   what `wgan evaluate` found; results.jsonl, a line a figure
"""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from wgan.base.errors import WganError
from wgan.base.files import PARTIAL, remove_partial, write_text
from wgan.base.provenance import provenance
from wgan.data import Dataset, TableCodec, short_name
from wgan.data.tables.infer import to_toml
from wgan.config.layers import from_file, resolve
from wgan.config.sections import Config
from wgan.base.tensors import read_header

NO_RUN = "{}: holds no run (no config.toml and run.json): give a folder that `wgan train` made"


@dataclass(frozen=True)
class Run:
    """A run directory, held by one process at a time."""

    folder: Path
    lock: IO[str]

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    def append_metrics(self, metrics: dict[str, int | float]) -> None:
        """Add a line to `metrics.jsonl`."""
        path = self.folder / "metrics.jsonl"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(metrics) + "\n")
        except OSError as error:
            error.filename = str(path)
            raise

    def metrics(self) -> list[dict[str, int | float]]:
        """Return the lines of `metrics.jsonl`."""
        path = self.folder / "metrics.jsonl"
        return (
            [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if path.exists()
            else []
        )

    def forget_metrics_after(self, step: int) -> None:
        """Drop lines written after the checkpoint at `step`, and a line cut short."""
        path = self.folder / "metrics.jsonl"
        if path.exists():
            kept = [
                line
                for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
                if _step_of(line) <= step
            ]
            write_text(path, "".join(line + "\n" for line in kept))

    def write_json(self, name: str, values: dict[str, Any]) -> None:
        """Write a JSON file of the run."""
        write_text(self.folder / name, json.dumps(values, indent=2) + "\n")


def default_folder(config: Config) -> Path:
    """Return runs/<data>-<variant>-<seed>, where <data> is a name or the file's without its
    endings.
    """
    return (
        Path("runs")
        / f"{short_name(config.data.source)}-{config.objective.variant}-{config.training.seed}"
    )


def as_begun(config: Config, folder: Path) -> Config:
    """Return the settings with the precision that the run in a folder began in, if there is one:
    what `auto` chooses depends on the machine.
    """
    settings = folder / "config.toml"
    if not settings.exists():
        return config
    return replace(
        config,
        training=replace(
            config.training, precision=resolve([from_file(settings)]).training.precision
        ),
    )


def open_run(folder: Path, config: Config, dataset: Dataset) -> Run:
    """Begin a run in `folder`, or go on with the same one.

    Raises:
        WganError: the folder holds something else, another configuration, other data, or a process
            trains in it now.
    """
    about, settings = folder / "run.json", folder / "config.toml"
    if folder.exists() and not folder.is_dir():
        raise WganError(f"{folder}: is a file, not a folder: choose another --out")
    if settings.exists():
        _check_same(folder, settings, config)
    elif folder.is_dir() and any(
        p.name != "run.lock" and p.suffix != PARTIAL for p in folder.iterdir()
    ):
        raise WganError(f"{folder}: holds files that are not a run's: choose another --out")
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder, _lock(folder))
    remove_partial(folder)
    begun = about.exists() and run.checkpoint.exists()
    sittings = _sittings(about, config, dataset) if begun else []
    write_text(settings, config.to_toml())  # first: it is what marks the folder as a run
    if isinstance(dataset.codec, TableCodec):
        write_text(folder / "schema.toml", to_toml(dataset.codec.columns))
    run.write_json("run.json", _about(config, dataset) | {"sittings": [*sittings, provenance()]})
    return run


def read_run(folder: Path, progress: bool = False) -> tuple[Config, Dataset]:
    """Return the configuration of a run and the data that it was begun on.

    Raises:
        WganError: no run there, or its data are gone or have changed.
    """
    settings, about = folder / "config.toml", folder / "run.json"
    if not settings.exists() or not about.exists():
        raise WganError(NO_RUN.format(folder))
    config = resolve([from_file(settings)])
    dataset = config.data.load(progress=progress)
    _sittings(about, config, dataset)  # refuses other data
    return config, dataset


def steps_done(folder: Path) -> int:
    """Return after how many steps the generator in a run's folder was written.

    Raises:
        WganError: no run or no checkpoint there, or a damaged one.
    """
    path = folder / "checkpoint.safetensors"
    if not (folder / "config.toml").exists():
        raise WganError(NO_RUN.format(folder))
    if not path.exists():
        raise WganError(
            f"{folder}: holds no checkpoint, so which step its generator is of cannot be told: give"
            " a run's folder, whole"
        )
    return int(read_header(path).get("step", 0))


def _check_same(folder: Path, settings: Path, config: Config) -> None:
    """Refuse other settings, once there is a checkpoint to lose. The data, a file of labels, a
    schema are paths; hashes decide instead.

    More steps may be asked for where nothing that was done depends on them.
    """
    before = resolve([from_file(settings)])
    passed = ["data.source:"]
    passed += [
        f"data.{name}:"
        for name in ("labels", "schema")
        if getattr(before.data, name) and getattr(config.data, name)
    ]
    if (
        before.optimizer.decay == "none"
        and not before.training.stop_when_converged
        and config.training.steps > before.training.steps
    ):
        passed.append("training.steps:")
    differences = [d for d in before.differences(config) if not d.startswith(tuple(passed))]
    if differences and (folder / "checkpoint.safetensors").exists():
        raise WganError(
            f"{folder}: holds a run of another configuration ({'; '.join(differences)}): choose"
            " another --out or the same settings"
        )


def _lock(folder: Path) -> IO[str]:
    lock = (folder / "run.lock").open("a")
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # not on Windows
        pass
    except OSError:
        raise WganError(
            f"{folder}: another process trains here: wait for it, or choose another --out"
        ) from None
    return lock


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _sittings(about: Path, config: Config, dataset: Dataset) -> list[dict[str, Any]]:
    """Return the sittings that `run.json` tells of, after checking that the data are the same."""
    try:
        before = json.loads(about.read_text(encoding="utf-8"))
        same = before["data"]["fingerprint"] == dataset.fingerprint and before["data"].get(
            "labels"
        ) == _labels_digest(config, dataset)
        sittings = list(before["sittings"])
    except (ValueError, KeyError, TypeError) as error:
        raise WganError(
            f"{about}: damaged ({error}): restore it, or choose another --out"
        ) from None
    if not same:
        raise WganError(f"{about.parent}: was begun on other data: choose another --out")
    return sittings


def _about(config: Config, dataset: Dataset) -> dict[str, Any]:
    split = dataset.split(config.data.held_out, config.data.split_seed)
    return {
        "data": {
            "name": dataset.name,
            "shape": list(dataset.shape),
            "samples": len(dataset),
            "train": split.n_train,
            "held_out": split.n_held_out,
            "fingerprint": dataset.fingerprint,
            "labels": _labels_digest(config, dataset),
        },
        "seed": config.training.seed,
    }


def _labels_digest(config: Config, dataset: Dataset) -> str | None:
    if not config.data.labels or dataset.labels is None:
        return None
    return sha256(repr(dataset.classes).encode() + dataset.labels.tobytes()).hexdigest()
