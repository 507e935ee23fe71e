"""Finished runs: everything that a report reads from a folder, read once."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.base.records import damage_named
from wgan.evaluation import Evaluation
from wgan.runs.folder import CONFIG, SAME_BY_CONTENT, RunFolder
from wgan.runs.metrics import Metrics
from wgan.runs.records import About, Finish


@dataclass(frozen=True)
class Finished:
    """A finished run.

    It holds the run's configuration, its start record, its metrics, its result, and its evaluation
    if there is one.
    """

    folder: RunFolder
    settings: dict[str, dict[str, Any]]
    about: About
    metrics: list[Metrics]
    finish: Finish
    evaluation: Evaluation | None

    @property
    def path(self) -> Path:
        """The folder."""
        return self.folder.path

    @property
    def variant(self) -> str:
        """The variant's name."""
        return str(self.settings["objective"]["variant"])

    @property
    def seed(self) -> int:
        """The random seed."""
        return int(self.settings["training"]["seed"])

    @cached_property
    def other_settings(self) -> dict[str, Any]:
        """All settings but the seed; the contents of files count, and not their places."""
        flat = {
            f"{section}.{name}": value
            for section, values in self.settings.items()
            for name, value in values.items()
        }
        contents = {"labels": self.about.data.labels, "schema": self.folder.schema()}
        digests = {
            name: sha256(text.encode()).hexdigest()[:8] if text else None
            for name, text in contents.items()
        }
        ignored = ("training.seed", *SAME_BY_CONTENT)
        return {name: value for name, value in flat.items() if name not in ignored} | digests

    @property
    def held_out(self) -> tuple[Any, ...]:
        """Facts about the held-out samples, and how many of them the held-out distance takes."""
        data = self.settings["data"]
        return data["held_out"], data["split_seed"], self.finish.held_out.n


def read_finished(path: Path) -> Finished:
    """Read a run that has ended.

    Raises:
        WganError: a folder without a run, a run that has not ended, or damaged files.
    """
    folder = RunFolder(path)
    settings = folder.settings()
    finish = folder.finish()
    if finish is None and settings.get("privacy", {}).get("epsilon") is not None:
        raise WganError(
            f"{path}: is a private run, which records no held-out distance, and nothing else that"
            " is measured on rows without noise: `wgan evaluate` measures it"
        )
    if finish is None:
        raise WganError(
            f"{path}: holds no held-out distance, so the run has not ended: run the same `wgan"
            " train` again to continue it"
        )
    evaluated = folder.evaluation()
    fresh = evaluated is not None and evaluated.step == finish.step  # else of an earlier step
    evaluation = evaluated.evaluation if evaluated is not None and fresh else None
    found = Finished(folder, settings, folder.about(), folder.metrics(), finish, evaluation)
    with damage_named(path / CONFIG):
        if {found.seed, found.about.seed} != {finish.seed}:
            raise ValueError(f"training.seed {found.seed}, the run ended with seed {finish.seed}")
        _ = found.variant, found.held_out
    return found
