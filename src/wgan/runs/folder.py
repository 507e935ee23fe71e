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

Every file is written whole, or not at all, and is read into typed values. Files that belong to
another run, or were changed, are refused, and no link is followed out of the folder. Files of older
versions are read: `verdict.json` for finish.json, the section `optimiser` for `optimizer`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, TypeVar

import torch

from wgan.base.errors import WganError
from wgan.base.files import append_line, inside
from wgan.base.progress import Progress, silent
from wgan.base.records import RESTORE, damage_named, read_json, read_text, typed, write_json
from wgan.base.tensors import read_header, step_of
from wgan.config import Config, from_file, resolve
from wgan.config.layers import renamed
from wgan.config.sections import DataConfig
from wgan.data import Dataset
from wgan.data.naming import found_in
from wgan.distances.results import finite
from wgan.models import Model, holds_model, load_model, read_layout
from wgan.models.files import CRITIC, GENERATOR, ID, LAYOUT
from wgan.runs import metrics
from wgan.runs.metrics import Metrics
from wgan.runs.private import protected
from wgan.runs.records import About, Evaluated, Finish, check_rules, labels_digest

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
RESULTING = (LAYOUT, GENERATOR, CRITIC, FINISH, OLD_FINISH, EVALUATION, RESULTS, PICTURE)
"""Files that a run leaves."""
FILES = (CONFIG, ABOUT, METRICS, CHECKPOINT, SCHEMA, LOCK, *RESULTING)
"""All files of a run but its snapshots."""
SNAPSHOTS = "step-*.png"
SAME_BY_CONTENT = ("data.source", "data.labels", "data.schema")
MAY_CHANGE = (*SAME_BY_CONTENT, "training.steps", "optimizer.microbatches")
"""Settings that may change: paths, which are compared by the hash of their contents."""

Record = TypeVar("Record")


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, to read from, and to write to for the holder of its `lock` and `id`."""

    path: Path
    lock: IO[str] | None = None
    id: str | None = None

    def exists(self) -> bool:
        """Return whether it holds a run."""
        return all((self.path / name).is_file() for name in (CONFIG, ABOUT))

    def check(self) -> None:
        """Refuse a folder without a run, or with links where its files should be.

        Raises:
            WganError: no run there, or a link that leads out of the folder.
        """
        if not self.exists():
            raise WganError(
                f"{self.path}: holds no run (no {CONFIG} and {ABOUT}): give a folder that `wgan"
                " train` made"
            )
        self.check_links()

    def check_links(self) -> None:
        """Refuse links out of the folder, and pipes and folders in the place of files.

        Raises:
            WganError: one of them.
        """
        for name in (*FILES, SAMPLES):
            path = self.path / name
            if not inside(self.path, path):
                raise WganError(f"{path}: is a link out of the run's folder: put the file there")
            if path.exists() and not (path.is_dir() if name == SAMPLES else path.is_file()):
                raise WganError(f"{path}: is not the file or folder that a run has there")

    # What a run was begun with

    def config(self) -> Config:
        """Return the configuration.

        Raises:
            WganError: no run there, or a file that is damaged or was changed.
        """
        return resolve([(str(self.path / CONFIG), self.settings())])

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return the configuration as nested plain values, as it was written.

        Raises:
            WganError: no run there, or a file that is damaged or was changed.
        """
        self.check()
        path = self.path / CONFIG
        with damage_named(path):
            values = typed(renamed(*from_file(path)), dict[str, dict[str, Any]])
        self._refuse_changed(values)
        return values

    def _refuse_changed(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Refuse settings that the run was not begun with, where they may not change."""
        for section, begun in self.about().settings.items():
            for name, value in begun.items():
                key = f"{section}.{name}"
                now = values.get(section, {}).get(name)
                if now != value and key not in MAY_CHANGE:
                    raise WganError(
                        f"{self.path / CONFIG}: {key} = {now}, but the run was begun with {value}:"
                        f" {RESTORE}"
                    )

    def about(self) -> About:
        """Return the record of the run's start.

        Raises:
            WganError: no run there, or a damaged file.
        """
        path = self.path / ABOUT
        if not path.is_file():
            self.check()
        values = read_json(path)
        with damage_named(path):
            return About.from_json(values, is_table=(self.path / SCHEMA).exists())

    def schema(self) -> str | None:
        """Return the inferred schema of a table, as TOML; None for other data."""
        path = self.path / SCHEMA
        with damage_named(path):
            return read_text(path) if path.exists() else None

    def load(self, progress: Progress = silent, data: str | None = None) -> tuple[Config, Dataset]:
        """Return the configuration and the data that the run was begun on.

        Relative paths are looked up from the working folder, then from the one in which the run was
        begun.

        Args:
            progress: listener to reading the data.
            data: the present place of the data; None: the earlier one.

        Raises:
            WganError: a folder without a run, or data that are gone or have changed.
        """
        config = self.config()
        begun_in = self.about().folder
        source = data or self._source(config.data, begun_in)
        labels, schema = (
            value and found_in(begun_in, value)
            for value in (config.data.labels, config.data.schema)
        )
        where = replace(config.data, source=source, labels=labels, schema=schema)
        config = replace(config, data=where)
        dataset = protected(config, where.load(progress=progress), self.path)
        self.check_same_data(config, dataset, f"give those at {source} as they were then")
        return config, dataset

    def _source(self, data: DataConfig, begun_in: str) -> str:
        """Return the place of the data, or name the earlier one in the error."""
        try:
            return found_in(begun_in, data.source, must_exist=True)
        except FileNotFoundError as error:
            raise WganError(
                f"{self.path}: its data, {data.source}, are not here, nor at {error.filename}: say"
                " where they are with --data"
            ) from None

    def holds_data(self, dataset: Dataset) -> bool:
        """Return whether a data set is the one that the run was begun on, labels aside."""
        return self.about().data.fingerprint == dataset.fingerprint

    def check_same_data(
        self, config: Config, dataset: Dataset, remedy: str = "choose another --out"
    ) -> About:
        """Refuse data other than those that the run was begun on, or other rules of a schema.

        Raises:
            WganError: other data or rules.
        """
        about = self.about()
        about.data.check_coding(self.path, dataset)
        if not self.holds_data(dataset) or about.data.labels != labels_digest(config, dataset):
            raise WganError(f"{self.path}: was begun on other data: {remedy}")
        check_rules(self.path / SCHEMA, self.schema(), dataset)
        return about

    # What happens while it trains

    @property
    def checkpoint(self) -> Path:
        """The file of the whole state."""
        return self.path / CHECKPOINT

    @property
    def marks(self) -> dict[str, str]:
        """Marks in the headers of the run's files, so that no other run takes them."""
        return {ID: self.id} if self.id else {}

    def step(self) -> int:
        """Return the step after which the generator in the folder was written.

        Raises:
            WganError: no run or no checkpoint there, or a damaged one.
        """
        self.check()
        for path in (self.path / GENERATOR, self.checkpoint):
            header = read_header(path) if path.exists() else {}
            if "step" in header:  # older versions wrote it into the checkpoint alone
                with damage_named(path):
                    return step_of(header)
        raise WganError(
            f"{self.path}: holds no checkpoint, so the step of its generator is unknown: give the"
            " whole folder of a run"
        )

    def append_metrics(self, line: Metrics) -> None:
        """Add a line to the metrics."""
        metrics.append(self.path / METRICS, line)

    def metrics(self) -> list[Metrics]:
        """Return the lines of the metrics.

        Raises:
            WganError: a damaged file.
        """
        return metrics.read(self.path / METRICS)

    def forget_metrics_after(self, step: int) -> None:
        """Drop lines written after the checkpoint at `step`, and a line cut short."""
        metrics.cut(self.path / METRICS, step)

    def model(self, device: torch.device | None = None) -> Model:
        """Return the model that was written last.

        Raises:
            WganError: as `load_model`, or a model of another run.
        """
        if self.exists() and holds_model(self.path):
            self.check_links()
            found = read_layout(self.path).id
            if found not in (None, self.about().id):
                raise WganError(
                    f"{self.path / LAYOUT}: is of another run than {ABOUT} beside it: copy the"
                    " folder again"
                )
        return load_model(self.path, device)

    def snapshot(self, step: int) -> Path:
        """Return the path of the picture of samples at a step; its folder is made."""
        path = self.path / SAMPLES / f"step-{step:07d}.png"
        path.parent.mkdir(exist_ok=True)
        return path

    def snapshots(self) -> list[tuple[int, Path]]:
        """Return (step, picture of samples), by step."""
        found = []
        for path in (self.path / SAMPLES).glob(SNAPSHOTS):
            name = re.fullmatch(r"step-([0-9]{1,15})\.png", path.name)
            if name and path.is_file():
                found.append((int(name[1]), path))
        return sorted(found)

    # What came out

    def write_finish(self, finish: Finish) -> None:
        """Write the result of the run."""
        self._write(FINISH, finish.to_json())

    def finish(self) -> Finish | None:
        """Return the result of the run; None if it has not ended.

        Raises:
            WganError: a damaged file.
        """
        for name in (FINISH, OLD_FINISH):
            if (self.path / name).exists():
                return self._read(name, Finish.from_json, all_finite=False)
        return None

    def write_evaluation(self, evaluated: Evaluated) -> None:
        """Write an evaluation, and add a line for each of its figures to the results."""
        text = "\n".join(json.dumps(finite(line)) for line in evaluated.results())
        append_line(self.path / RESULTS, text)
        self._write(EVALUATION, finite(evaluated.to_json()))

    def evaluation(self) -> Evaluated | None:
        """Return the last evaluation; None if there is none.

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

    def write_about(self, about: About) -> None:
        """Write the record of the run's start."""
        write_json(self.path / ABOUT, about.to_json())

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        """Write a record with the id of its run."""
        found = self.id or self.about().id
        write_json(self.path / name, ({ID: found} if found else {}) | dict(values))

    def _read(
        self, name: str, build: Callable[[dict[str, Any]], Record], all_finite: bool = True
    ) -> Record:
        """Return a record of this run."""
        path = self.path / name
        values = read_json(path, all_finite=all_finite)
        if values.pop(ID, None) not in (None, self.about().id):
            raise WganError(f"{path}: is of another run than {ABOUT} beside it: restore it")
        with damage_named(path):
            return build(values)
