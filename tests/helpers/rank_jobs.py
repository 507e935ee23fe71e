"""Jobs of ranks: short runs of every kind and variant, whose weights are written down."""

import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from shard_sets import write_pictures
from short_runs import settled

import wgan.cli.train  # noqa: F401 (what ranks would each import)
import wgan.training.steps as steps_module
from wgan.cli.process import run_process
from wgan.data import load
from wgan.objectives import VARIANTS
from wgan.training import Ranks, Run

__all__ = ["run_process"]

load("digits")  # what is imported for it is imported once, before ranks are forked

SMALL = ["network.width=8", "training.device=cpu", "training.log_every=2"]
SMALL += ["optimizer.critic_steps=2"]
POINTS = [*SMALL, "data.source=8-gaussians", "optimizer.batch=16", "network.depth=2"]
DIGITS = [*SMALL, "data.source=digits", "network.width=4", "optimizer.batch=8"]
DIGITS += ["training.precision=float32"]
CHANGED = ["augment.mode=fixed", "augment.flips=true"]
TABLE = [*SMALL, "optimizer.batch=40"]
SERIES = [*SMALL, "network.width=4", "optimizer.batch=8"]


def mixed(n):
    """Return a table of mixed columns."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(17, 90, n),
            "wage": rng.lognormal(3, 1, n).round(2),
            "job": rng.choice(["cook", "clerk", "none"], n, p=[0.6, 0.3, 0.1]),
        }
    )


def table():
    """Return a table of mixed columns as data."""
    return load(mixed(300))


def series():
    """Return series with beginnings that a generator can be given."""
    steps = np.random.default_rng(0).normal(size=(60, 12, 2))
    return load(steps.cumsum(axis=1), kind="series")


def shards(write, **how):
    """Return data in shards, which a function writes to a folder of this process alone."""
    cache = Path(os.environ["WGAN_CACHE"])
    cache.mkdir(parents=True, exist_ok=True)
    return load(write(Path(tempfile.mkdtemp(dir=cache)) / "data"), **how)


def array_shards(folder):
    """Write points in shards of several sizes."""
    points = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    folder.mkdir()
    for i, part in enumerate(np.split(points, [30, 90, 95, 300])):
        np.save(folder / f"{i}.npy", part)
    return str(folder)


def picture_shards(folder):
    """Write pictures with classes in shards."""
    write_pictures(folder, sizes=(40, 25, 60), side=8)
    return str(folder)


def table_shards(folder):
    """Write a table in shards."""
    frame = mixed(300)
    folder.mkdir()
    for i, part in enumerate((frame[:50], frame[50:180], frame[180:])):
        part.to_parquet(folder / f"{i}.parquet", index=False)
    return f"{folder}/*.parquet"


CASES = {
    **{f"points, {name}": ([*POINTS, f"objective.variant={name}"], None) for name in VARIANTS},
    "digits": (DIGITS, None),
    "digits, dropout": ([*DIGITS, "objective.variant=wgan-ct"], None),
    "digits, spectral norm": ([*DIGITS, "objective.variant=wgan-sn"], None),
    "digits, bfloat16": ([*DIGITS, "training.precision=bfloat16"], None),
    "digits, augmented": ([*DIGITS, *CHANGED, "augment.probability=0.7"], None),
    "digits, augmented pairs": (
        [*DIGITS, *CHANGED, "objective.variant=r3gan", "data.labels=own"],
        None,
    ),
    "digits, labels": ([*DIGITS, "data.labels=own"], None),
    "digits, labels and dropout": (
        [*DIGITS, "data.labels=own", "objective.variant=wgan-ct"],
        None,
    ),
    "digits, bottlenecks in packs": (
        [*DIGITS, "network.kind=bottleneck", "network.depth=1", "network.pack=2"],
        None,
    ),
    "digits, adaptive": (
        [*DIGITS, "augment.mode=adaptive", "augment.probability=0.5", "augment.flips=true"],
        None,
    ),
    "points, lazy penalty": ([*POINTS, "objective.penalty_every=4"], None),
    "points, warm-up": ([*POINTS, "training.warmup_critic_steps=3"], None),
    "points, rmsprop": ([*POINTS, "optimizer.name=rmsprop", "training.ema=0.5"], None),
    "points, packs": ([*POINTS, "network.pack=2"], None),
    "digits, packs": ([*DIGITS, "network.pack=2"], None),
    "digits, packs and labels": ([*DIGITS, "network.pack=2", "data.labels=own"], None),
    "digits, packs and dropout": (
        [*DIGITS, "network.pack=2", "objective.variant=wgan-ct"],
        None,
    ),
    "digits, packs and bfloat16": (
        [*DIGITS, "network.pack=2", "training.precision=bfloat16"],
        None,
    ),
    "series, packs": ([*SERIES, "network.pack=2"], series),
    "table": (TABLE, table),
    "table, packs": ([*TABLE, "network.pack=2", "optimizer.batch=80"], table),
    "table, pairs": (
        [*TABLE, "objective.variant=r3gan", "optimizer.generator_batch=8"],
        table,
    ),
    "table, no likelihood": ([*TABLE, "objective.likelihood_weight=0"], table),
    "series": (SERIES, series),
    "shards": ([*POINTS, "optimizer.batch=24"], partial(shards, array_shards)),
    "shards of pictures, labels": (
        [*DIGITS, "data.labels=own"],
        partial(shards, picture_shards, labels="own"),
    ),
    "shards of a table": (TABLE, partial(shards, table_shards)),
}


def case(name, steps, *more):
    """Return configuration and data of a case."""
    settings, data = CASES[name]
    length = f"training.steps={steps}"
    return settled(*settings, length, *more, data=data() if data else None)


def weights(run):
    """Return all weights and buffers of a run by name, in double precision."""
    nets = {name: getattr(run.state, name) for name in ("generator", "critic", "average")}
    return {
        f"{name}/{key}": value.double().clone()
        for name, net in nets.items()
        for key, value in net.state_dict().items()
    }


def trained(name, steps, ranks, *more):
    """Return weights after so many steps, and the metrics."""
    run = Run.start(*case(name, steps, *more), watch=None, ranks=ranks)
    for _ in run.records():
        pass
    metrics = [{k: v for k, v in line.items() if k != "seconds"} for line in run.history]
    return weights(run), metrics


def save_cases(names, steps, folder, *more):
    """Train cases on these ranks; the first writes the weights down, and all check theirs."""
    ranks = Ranks.join()
    for name in names:
        found, metrics = trained(name, steps, ranks, *more)
        same = ranks.broadcast(found)
        assert all(torch.equal(found[key], same[key]) for key in found), f"{name}: ranks differ"
        if ranks.first:
            torch.save(found, Path(folder) / f"{name}.pt")
            (Path(folder) / f"{name}.json").write_text(json.dumps(metrics))
    ranks.leave()


def go_on(folder, steps):
    """Train in a folder to a step, on these ranks; return the run."""
    ranks = Ranks.join()
    setting = case("points, wgan-gp", steps, "optimizer.decay=none", "optimizer.batch=24")
    run = Run.start(*setting, folder and Path(folder), None, ranks=ranks)
    for _ in run.records():
        pass
    run.close()
    ranks.leave()
    return run


def gone_on(folder, steps):
    """Train in a folder to a step, as a job."""
    go_on(folder, steps)


class ConvergedAtTwo:
    """Measures nothing, and lets the first rank's run end after two steps."""

    converged = False

    def __call__(self, sample, step):
        self.converged = step >= 2
        return {"measured": step}


def stopped_when_converged(folder):
    """Train until the first rank, which alone measures, finds that the run may end."""
    ranks = Ranks.join()
    stop = ("training.stop_when_converged=true", "training.measure_every=1")
    run = Run.start(*case("points, wgan-gp", 9, *stop), watch=ConvergedAtTwo(), ranks=ranks)
    last = [record.step for record in run.records()][-1]
    (Path(folder) / f"{ranks.rank}.txt").write_text(f"{last} {run.watch.converged}")
    ranks.leave()


def surprised(folder, unlucky):
    """Train by the command line, with a fault of ours on one rank at the third step."""

    def step(state, *arguments, real=steps_module.train_step):
        if state.step == 2 and os.environ["RANK"] == str(unlucky):
            raise KeyError("surprise")
        return real(state, *arguments)

    steps_module.train_step = step
    small = ["--set", "network.width=8", "--set", "optimizer.batch=12"]
    return run_command("train", f"{folder}.npy", "--steps", "9", "--out", folder, *small)


def run_command(*words):
    """Call the command line as a process of its own would."""
    sys.argv[1:] = words
    return run_process()
