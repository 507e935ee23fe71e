"""Agreement of ranks: the same data and settings on each, and a run that can be divided."""

from dataclasses import asdict
from typing import Any

import torch
from torch import nn

import wgan
from wgan.base.errors import WganError
from wgan.config import Config
from wgan.data import Batches, Dataset, Split
from wgan.objectives import Variant
from wgan.runs.folder import SAME_BY_CONTENT
from wgan.runs.records import labels_digest
from wgan.training.draws import Draws, dropped_share
from wgan.training.parallel import Ranks
from wgan.training.state import State


def check_same(ranks: Ranks, config: Config, dataset: Dataset) -> None:
    """Refuse a rank with other data, settings or versions than the first has.

    Args:
        ranks: this one, and the others.
        config: resolved.
        dataset: what this rank has read.

    Raises:
        WganError: it names the rank, and what differs.
    """
    versions = {"version of wgan": wgan.__version__, "version of torch": torch.__version__}
    settings: dict[str, Any] = {
        f"{section}.{name}": value
        for section, values in asdict(config).items()
        for name, value in values.items()
    }
    # Where a path leads may differ from host to host: what lies there is compared below.
    for name in SAME_BY_CONTENT:
        del settings[name]
    data = {
        "number of samples": len(dataset),
        "data set": dataset.fingerprint,
        "set of labels": labels_digest(config, dataset),
        "schema": dataset.codec.schema(),
    }
    ranks.check_same(
        [
            (versions, "install the same on each host"),
            (settings, "give each the same command, with --precision where it differs"),
            (data, "let each read the same files"),
        ]
    )


def check_divided(
    ranks: Ranks, config: Config, variant: Variant, split: Split, state: State
) -> None:
    """Refuse a run that cannot be divided into parts which together do what one process does.

    Args:
        ranks: this one, and the others.
        config: resolved.
        variant: of the run.
        split: the data.
        state: the networks.

    Raises:
        WganError: it names what cannot be divided.
    """
    parts = ranks.world_size * config.optimizer.microbatches
    if parts == 1:
        return
    where = f"on {ranks.world_size} processes" if ranks.world_size > 1 else "in microbatches"
    if config.private:
        raise WganError(
            f"privacy.epsilon: a private run is not trained {where}, since its noise is drawn once"
            " for a whole batch: use one process, and leave optimizer.microbatches out"
        )
    if config.training.compile and (variant.layers == "dropout" or dropped_share(config)):
        raise WganError(
            f"training.compile: dropout cannot be compiled {where}, where each part keeps its rows"
            " of the whole batch's mask: leave out --compile"
        )
    for net in (state.generator, state.critic):
        for name, layer in net.named_modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                raise WganError(
                    f"the layer {name} is {type(layer).__name__}, whose statistics are those of a"
                    f" whole batch, and so is not trained {where}: use another network.kind, or one"
                    " process without microbatches"
                )
    device = next(state.generator.parameters()).device
    if device.type == "cuda" and ranks.local_rank >= torch.cuda.device_count():
        raise WganError(
            f"rank {ranks.rank} is number {ranks.local_rank} on its host, which has"
            f" {torch.cuda.device_count()} GPUs: start at most so many with --nproc-per-node"
        )
    batches = Batches(split, config.training.seed, device, ranks.rank, ranks.world_size)
    Draws(batches, config, device, microbatches=config.optimizer.microbatches)
