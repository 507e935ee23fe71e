"""Finished runs of every kind of data below one folder, small enough for a test."""

from pathlib import Path

import numpy as np
from mixed_tables import mixed_table
from short_runs import settled

from wgan.training import Run

SMALL = (
    "network.width=8",
    "network.depth=1",
    "optimizer.batch=16",
    "optimizer.critic_steps=1",
    "training.steps=6",
    "training.log_every=1",
    "training.measure_every=3",
    "training.snapshot_every=3",
)
"""Settings of a run that takes a second."""


def sources(folder: Path) -> dict[str, list[str]]:
    """Write data below a folder; return settings that read them, by kind."""
    uploads = folder / "uploads"
    uploads.mkdir(parents=True)
    mixed_table(120).to_csv(uploads / "mixed.csv", index=False)
    steps = np.random.default_rng(0).normal(size=(60, 8, 2)).cumsum(axis=1)
    np.save(uploads / "walks.npy", steps)
    return {
        "images": ["data.source=digits", "data.labels=own", "network.latent=4"],
        "tables": [f"data.source={uploads}/mixed.csv"],
        "series": [f"data.source={uploads}/walks.npy", "data.kind=series"],
        "vectors": ["data.source=swiss-roll"],
    }


def small_run(folder: Path, *settings: str) -> Path:
    """Train a small run to its end; return its folder."""
    config, dataset = settled(*SMALL, *settings)
    run = Run.start(config, dataset, folder)
    for _ in run.records():
        pass
    run.finish()
    run.close()
    return folder


def small_runs(folder: Path) -> dict[str, str]:
    """Train a run of each kind below a folder; return their names there, by kind."""
    for kind, settings in sources(folder).items():
        small_run(folder / f"{kind}-0", *settings)
    return {kind: f"{kind}-0" for kind in ("images", "tables", "series", "vectors")}
