"""Shards of samples written by the workers of a cluster, into a folder that all of them share."""

from functools import partial
from pathlib import Path

from wgan.base.progress import Progress, silent
from wgan.experiments.cluster_calls import map_on_cluster
from wgan.models.files import GENERATOR, LAYOUT
from wgan.models.sharded import Done, Plan, missing_shards, record_folder, write_shard


def write_all_on_cluster(
    address: str, model: Path, out: Path, plan: Plan, progress: Progress = silent
) -> Done:
    """Write the shards of a plan that are not there yet, each by a call on a worker.

    Args:
        address: of Dask's scheduler.
        model: the folder of the model, which all workers read.
        out: the folder of the shards, which all workers share.
        plan: of the samples.
        progress: listener to the number of shards that are written.

    Raises:
        WganError: as `missing_shards` and `map_on_cluster`.
    """
    # Workers have working folders of their own.
    model, out = model.absolute(), out.absolute()
    missing = missing_shards(out, plan)
    drawn = sum(map(plan.samples, missing))
    if missing:
        map_on_cluster(
            address,
            partial(write_shard, str(model), str(out), plan.to_json()),
            missing,
            what="shards",
            paths=[str(model / name) for name in (LAYOUT, GENERATOR)],
            folder=record_folder(out, plan),
            progress=progress,
        )
    return Done(drawn, plan.n - drawn)
