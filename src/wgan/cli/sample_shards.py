"""`wgan sample RUN --shards K`: write samples in shards, in one process or in several."""

import os
import time
from pathlib import Path

from wgan.base.errors import WganError
from wgan.cli.output import Written
from wgan.cli.progress import bar
from wgan.cli.sample_flags import SampleFlags
from wgan.data.animations import ANIMATIONS
from wgan.data.formats import ARRAYS
from wgan.data.tables.frames import ENDINGS
from wgan.experiments.cluster_shards import write_all_on_cluster
from wgan.models.requested import Request
from wgan.models.sharded import Manifest, Plan, finish_shards, make_plan, write_all
from wgan.runs import RunFolder

OUT = Path("samples")
"""The folder of shards, unless one is given."""
FILES = (*ARRAYS, *ENDINGS, *ANIMATIONS, ".png")
"""Endings of files, which no folder of shards is given by mistake."""


def sample_shards(run: RunFolder, how: SampleFlags, shards: int, number: int) -> Written:
    """Write the samples of a run in shards; return what was written.

    Under torchrun, rank r of k writes the shards r, r + k, r + 2 k, ... It does not wait for the
    others, and the last one writes the manifest.

    Args:
        run: the run's folder.
        how: the flags.
        shards: number of shards.
        number: number of samples.

    Raises:
        WganError: flags that do not fit the model or the folder, or as `write_all` and
            `write_all_on_cluster`.
    """
    out = how.out or OUT
    if out.name.lower().endswith(FILES):
        raise WganError(f"{out}: names a file, and --shards writes a folder: give --out one")
    rank, world_size = ranks()
    if how.cluster is not None and world_size > 1:
        raise WganError(
            "--cluster has workers of its own: run the command without torchrun (RANK and"
            " WORLD_SIZE in the environment)"
        )
    model = run.model()
    request = Request(how.label, tuple(how.where or ()), how.balance)
    plan = make_plan(run.path, model, number, shards, how.seed, request)
    numbers = range(rank, shards, world_size)
    begun = time.monotonic()
    with bar() as progress:
        if how.cluster is None:
            done = write_all(run.path, out, plan, numbers, how.workers or 1, progress)
        else:
            done = write_all_on_cluster(how.cluster, run.path, out, plan, progress)
    seconds = time.monotonic() - begun
    manifest = finish_shards(run.path, out, plan)
    pace = f"{done.drawn} drawn in {seconds:.1f} s, {done.drawn / seconds:.0f} a second"
    if done.kept:
        kept = f"{done.kept} were there already, unchanged"
        pace = f"{pace}; {kept}" if done.drawn else kept
    if manifest is None and world_size == 1:
        raise WganError(
            f"{out}: some written shards cannot be seen here, perhaps because a network file system"
            " is slow: run the same command again in a minute"
        )
    values = {
        "what": "shards",
        "samples": number,
        "out": out,
        "where": request.where,
        "balance": request.balance,
        "rank": rank,
        "world_size": world_size,
        "shards": shards,
        "drawn": done.drawn,
        "kept": done.kept,
        "seconds": seconds,
        "complete": manifest is not None,
    }
    if manifest is None:
        line = (
            f"rank {rank} of {world_size}: {len(numbers)} of {shards} shards are in {out} ({pace});"
            " others are still to come"
        )
        return Written((line,), values)
    counts = ("rows", "bytes", "tried", "satisfied", "redrawn")
    values |= {name: getattr(manifest, name) for name in counts}
    return Written(_manifest_in_words(manifest, plan, out, pace), values)


def ranks() -> tuple[int, int]:
    """Return the number of this process and how many there are, as torchrun says; (0, 1) without.

    Raises:
        WganError: an environment that torchrun does not make.
    """
    given = [os.environ.get(name) for name in ("RANK", "WORLD_SIZE")]
    if given == [None, None]:
        return 0, 1
    try:
        rank, world_size = (int(text or "") for text in given)
    except ValueError:
        rank = world_size = -1
    if not 0 <= rank < world_size:
        raise WganError(
            f"RANK={given[0]} and WORLD_SIZE={given[1]} in the environment: give both, a whole"
            " number from 0 and how many there are, or neither"
        )
    return rank, world_size


def _manifest_in_words(manifest: Manifest, plan: Plan, out: Path, pace: str) -> tuple[str, ...]:
    """Return lines on the contents of the folder, and on the work of this command."""
    lines = [
        f"{manifest.samples} samples{plan.request} in {plan.shards} shards,"
        f" {manifest.bytes / 1e6:.1f} MB, in {out} ({pace})"
    ]
    if manifest.tried > manifest.satisfied:
        acceptance = 100 * manifest.satisfied / manifest.tried
        lines.append(f"acceptance {acceptance:.3g} % of {manifest.tried} drawn")
    if manifest.redrawn:
        share = manifest.redrawn / manifest.tried
        lines.append(f"{share:.1%} of the rows broke a rule and were drawn again")
    return tuple(lines)
