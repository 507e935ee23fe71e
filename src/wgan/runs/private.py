"""Runs with differential privacy: the noise that they need, their promise, and their data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wgan.base import secret
from wgan.base.accountant import Noise, noise_for
from wgan.base.errors import SettingError, WganError
from wgan.config import Config
from wgan.data import Dataset, Split, codec_from_json
from wgan.data.kinds import find_kind
from wgan.data.shards.dataset import ShardedDataset
from wgan.models import holds_model, read_layout


@dataclass(frozen=True)
class Guarantee:
    """Promise of a private run for each training row.

    Attributes:
        epsilon: the epsilon that was spent.
        delta: the probability that is left.
    """

    epsilon: float
    delta: float

    def __str__(self) -> str:
        return f"({self.epsilon:.3g}, {self.delta:.3g})-differential privacy of each training row"


def promised(settings: Mapping[str, Mapping[str, Any]]) -> Guarantee | None:
    """Return the promise of a run after any number of its steps; None without privacy.

    Args:
        settings: its configuration, as nested plain values.
    """
    privacy = settings.get("privacy", {})
    if privacy.get("epsilon") is None:
        return None
    return Guarantee(float(privacy["epsilon"]), float(privacy["delta"]))


def protected(config: Config, dataset: Dataset, folder: Path | None) -> Dataset:
    """Return a data set in the form for a private run; without privacy, as it is.

    Args:
        config: the resolved configuration.
        dataset: the data as they were read.
        folder: the run's folder, whose codec is taken if it has one, since counts are taken once;
            None: the run has no folder.

    Raises:
        WganError: data or settings that a private run does not allow.
    """
    if not config.private:
        return dataset
    private = find_kind(dataset.codec.kind).private
    if private is None:
        raise WganError(
            f"privacy.epsilon is for tables, and {dataset.name} holds {dataset.codec.kind}: leave"
            " it out"
        )
    if isinstance(dataset, ShardedDataset):
        raise WganError(
            f"privacy.epsilon is not for shards, and {dataset.name} names some: give the table as"
            " one file, or a folder of .parquet files"
        )
    _check(config)
    split = Split(dataset, config.data.held_out, config.data.split_seed)
    noise = noise_of(config, split.n_train)
    known = None
    if folder is not None and holds_model(folder):
        known = codec_from_json(read_layout(folder).codec)
    schema = config.data.schema
    return private(dataset, schema, split.is_train(), noise.counts, secret.normals, known)


def _check(config: Config) -> None:
    """Refuse settings that depend on rows without noise, or have no effect in private runs."""
    wrong = {
        "training.stop_when_converged": config.training.stop_when_converged,
        "training.compile": config.training.compile,
        "training.warmup_critic_steps": config.training.warmup_critic_steps > 0,
        "data.labels": bool(config.data.labels),
    }
    for key, is_set in wrong.items():
        if is_set:
            raise SettingError(key, "is not for runs with privacy.epsilon: leave it out")
    if not config.objective.likelihood_weight:
        raise SettingError(
            "objective.likelihood_weight",
            "= 0: with privacy.epsilon the likelihood alone trains the generator: leave it out",
        )


def noise_of(config: Config, n_train: int) -> Noise:
    """Return the noise of a private run.

    Args:
        config: of the run.
        n_train: the number of training rows, which is public.

    Raises:
        WganError: a delta that protects no row, or an epsilon that no noise reaches.
    """
    privacy = config.privacy
    assert privacy.epsilon is not None
    if privacy.delta * n_train >= 1:
        raise SettingError(
            "privacy.delta",
            f"= {privacy.delta:g}: even a model that reveals one of {n_train} rows would satisfy"
            f" it: give less than {1 / n_train:.1g}",
        )
    rate = min(1.0, config.optimizer.batch / n_train)
    return noise_for(privacy.epsilon, privacy.delta, rate, config.training.steps)


def guarantee(config: Config, n_train: int, steps: int) -> Guarantee | None:
    """Return the promise of a run after this many steps; None without privacy."""
    if not config.private:
        return None
    noise = noise_of(config, n_train)
    return Guarantee(noise.spent(steps), noise.delta)
