"""The start of a run: its classes, and its folder if it has one."""

import os
from pathlib import Path

from wgan.base.errors import WganError
from wgan.config import Config
from wgan.data import Dataset
from wgan.models.files import described
from wgan.runs import RunFolder, begin_run
from wgan.training import state as states
from wgan.training.state import State

RESTARTED = "TORCHELASTIC_RESTART_COUNT"
"""The variable of the environment with which torchrun counts its restarts."""
PATIENCE = 60.0
"""Seconds for which a restarted process waits for the folder. Launchers such as torchrun kill the
previous process 30 seconds after telling it to end. On another host that may take as long again.
"""


def in_folder(
    out: Path, config: Config, dataset: Dataset, state: State, own_pair: bool
) -> RunFolder:
    """Begin a run in a folder, or continue the one there, whose state is loaded.

    Args:
        out: the folder.
        config: resolved.
        dataset: the data.
        state: as created.
        own_pair: whether the networks are the user's.

    Raises:
        WganError: networks that cannot be saved, or a folder that holds something else.
    """
    for net in (state.generator, state.critic):
        described(net, own_pair)  # refuses what could not be saved
    folder = begin_run(
        out,
        config,
        dataset,
        lambda f: states.load(state, f.checkpoint, f.marks, config.training.steps),
        PATIENCE if os.environ.get(RESTARTED, "0") != "0" else 0.0,
    )
    folder.forget_metrics_after(state.step)
    return folder


def classes_of(config: Config, dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the classes that a run is conditioned on; none without labels.

    Args:
        config: the run's configuration.
        dataset: the run's data.

    Raises:
        WganError: labels are configured, and the data have none.
    """
    if not config.data.labels:
        return ()
    if dataset.labels is None:
        raise WganError(
            f"data.labels = '{config.data.labels}', and {dataset.name} came without labels: load it"
            " with labels, or leave them out"
        )
    return dataset.classes
