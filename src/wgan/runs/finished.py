"""What does a finished run's folder say? Everything that a report tells of, read once."""

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.evaluation import Evaluation, evaluation_from_json

Metrics = dict[str, Any]
NEEDED = ("w1", "half_width", "floor", "n", "repeats", "step", "seconds", "units", "diagnosis")


@dataclass(frozen=True)
class Finished:
    """A run that came to its end: its configuration, what it was begun with, its metrics and
    verdict, and its evaluation, where there is one.
    """

    folder: Path
    settings: dict[str, dict[str, Any]]
    about: dict[str, Any]
    metrics: list[Metrics]
    verdict: dict[str, Any]
    evaluation: Evaluation | None

    @property
    def variant(self) -> str:
        return str(self.settings["objective"]["variant"])

    @property
    def seed(self) -> int:
        return int(self.settings["training"]["seed"])

    @cached_property
    def what_else(self) -> dict[str, Any]:
        """All settings but the seed; of files their contents count, and not where they lie."""
        flat = {
            f"{section}.{k}": v
            for section, values in self.settings.items()
            for k, v in values.items()
        }
        paths = ("training.seed", "data.source", "data.labels", "data.schema")
        schema = self.folder / "schema.toml"
        contents = [
            self.about["data"].get("labels"),
            schema.read_text(encoding="utf-8") if schema.exists() else None,
        ]
        digests = [sha256(text.encode()).hexdigest()[:8] if text else None for text in contents]
        return {k: v for k, v in flat.items() if k not in paths} | dict(
            zip(("labels", "schema"), digests, strict=True)
        )

    @property
    def held_out(self) -> tuple[Any, ...]:
        """Which samples are held out, and how many of them the verdict takes."""
        data = self.settings["data"]
        return data["held_out"], data["split_seed"], self.verdict["n"]

    @property
    def snapshots(self) -> list[Path]:
        """The pictures of samples, by step."""
        return sorted((self.folder / "samples").glob("step-*.png"))


def read_finished(folder: Path) -> Finished:
    """Read a run that has come to its end.

    Raises:
        WganError: no run there, one that has not come to its end, or damaged files.
    """
    if not (folder / "config.toml").exists() or not (folder / "run.json").exists():
        raise WganError(
            f"{folder}: holds no run (no config.toml and run.json): give a folder that `wgan train`"
            " made"
        )
    if not (folder / "verdict.json").exists():
        raise WganError(
            f"{folder}: holds no verdict, so the run has not come to its end: give the same `wgan"
            " train` again, and it goes on"
        )
    path = folder
    try:
        path = folder / "config.toml"
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        path = folder / "run.json"
        about = json.loads(path.read_text(encoding="utf-8"))
        path = folder / "metrics.jsonl"
        metrics = (
            [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if path.exists()
            else []
        )
        path = folder / "verdict.json"
        verdict = json.loads(path.read_text(encoding="utf-8"))
        path = folder / "evaluation.json"
        evaluated = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        fresh = evaluated.get("step") == verdict["step"]  # otherwise of an earlier stand of the run
        evaluation = evaluation_from_json(evaluated["evaluation"]) if fresh else None
        found = Finished(folder, settings, about, metrics, verdict, evaluation)
        _ = (
            found.variant,
            found.seed,
            found.what_else,
            found.held_out,
            [verdict[name] for name in NEEDED],
        )  # all there?
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WganError(
            f"{path}: damaged ({error}): restore it, or train again in another folder"
        ) from None
    return found
