"""Runs that are short enough for a test: settled by strings, trained, stopped, gone on with."""

from pathlib import Path

from wgan.cli import main
from wgan.config import Config, configure, from_settings
from wgan.data import Dataset
from wgan.training import Measure, Record, Run


def settled(*settings: str, data: Dataset | None = None) -> tuple[Config, Dataset]:
    """Return the configuration and data of `section.field=value` strings."""
    return configure([from_settings(settings)], data=data)


def wgan(command: str, *more: str) -> int:
    """Call the command line; return its exit code."""
    return main([*command.split(), *more])


def flags(settings: list[str]) -> list[str]:
    """Return settings as the command line takes them."""
    return [part for setting in settings for part in ("--set", setting)]


def trained(config: Config, dataset: Dataset, watch: Measure | None = None) -> Run:
    """Return a run after its last step; nothing is written."""
    run = Run.start(config, dataset, watch=watch)
    for _ in run.records():
        pass
    return run


def run_to_end(
    folder: Path,
    config: Config,
    dataset: Dataset,
    stop_at: int | None = None,
    watch: Measure | None = None,
) -> list[Record]:
    """Begin the run in a folder, or go on with it, to its end or a step; return its records."""
    run = Run.start(config, dataset, folder, watch)
    try:
        return list(run.records(lambda: stop_at is not None and run.state.step >= stop_at))
    finally:
        run.close()
