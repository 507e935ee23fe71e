"""Shards written by one process: those that are not there yet, each noted when it is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.base.version import __version__
from wgan.data.formats import formats_of
from wgan.models.files import load_model, read_layout
from wgan.models.model import Model
from wgan.models.requested import Request
from wgan.models.sharded.drawing import Advance, layout_of, write_part
from wgan.models.sharded.folder import Manifest, ShardFolder, open_folder
from wgan.models.sharded.plan import Part, Plan, generator_digest

PACKAGES = ("torch", "numpy", "pandas", "pyarrow")
"""Packages whose version can change the bytes of a shard."""


@dataclass(frozen=True)
class Done:
    """Work that a process did.

    Attributes:
        drawn: samples that it drew and wrote.
        kept: samples in shards that were there, as they were written.
    """

    drawn: int = 0
    kept: int = 0

    def __add__(self, other: "Done") -> "Done":
        return Done(self.drawn + other.drawn, self.kept + other.kept)


def make_plan(
    folder: Path, model: Model, n: int, shards: int, seed: int = 0, request: Request | None = None
) -> Plan:
    """Return the plan of a model's samples in shards.

    Args:
        folder: of the model.
        model: the model in it.
        n: number of samples in all shards.
        shards: number of shards.
        seed: random seed.
        request: the choices of samples; None: samples as they were learned.

    Raises:
        WganError: more shards than samples, a request that the model cannot meet, no pyarrow for
            a table, or identifiers beyond all types.
    """
    request = request or Request()
    request.check(model)
    ending = ".npy" if formats_of(model.codec).frame is None else ".parquet"
    plan = Plan(
        n,
        shards,
        seed,
        ending,
        generator_digest(folder),
        read_layout(folder).id,
        request,
        _versions(),
    )
    layout_of(model, plan)  # so that what cannot be written is refused before anything is drawn
    return plan


def write_shards(
    model: Path, out: Path, plan: Plan, numbers: Sequence[int], advance: Advance = lambda n: None
) -> Done:
    """Write shards of a plan that are not there yet.

    Args:
        model: the folder of the model.
        out: the folder of the shards.
        plan: of the samples.
        numbers: of the shards.
        advance: is called with a number of samples, when they are written or found to be there.

    Raises:
        WganError: a folder or file that does not belong to the plan, a model other than that of
            the plan, or as `Request.draw`.
    """
    folder = open_folder(out, plan)
    loaded: Model | None = None  # where all shards are there, no model is needed
    done = Done()
    for i in numbers:
        samples = plan.samples(i)
        if folder.written(i) is not None:
            advance(samples)
            done += Done(kept=samples)
        else:
            loaded = loaded or load_planned(model, plan)
            _write(loaded, folder, i, advance)
            done += Done(drawn=samples)
    return done


def missing_shards(out: Path, plan: Plan) -> list[int]:
    """Return the numbers of the shards that are not there yet; every byte of the others is read.

    Args:
        out: the folder of the shards.
        plan: of the samples.

    Raises:
        WganError: a folder or file that does not belong to the plan.
    """
    folder = open_folder(out, plan)
    return [i for i in range(plan.shards) if folder.written(i) is None]


def record_folder(out: Path, plan: Plan) -> Path:
    """Return the folder of records below that of the shards; `finish_shards` removes it again.

    Args:
        out: the folder of the shards.
        plan: of the samples.

    Raises:
        WganError: as `missing_shards`.
    """
    progress = open_folder(out, plan).progress
    progress.mkdir(exist_ok=True)  # there is none beside a manifest
    return progress


def write_shard(model: str, out: str, plan: Mapping[str, Any], i: int) -> dict[str, Any]:
    """Write one shard if it is not there yet, and return what was written.

    It is `write_shards` for one shard, with arguments and a result that any queue of jobs takes.

    Args:
        model: the folder of the model.
        out: the folder of the shards.
        plan: as `Plan.to_json` gives it.
        i: number of the shard.

    Raises:
        WganError: as `write_shards`.
    """
    known = Plan.from_json(plan)
    write_shards(Path(model), Path(out), known, [i])
    part = ShardFolder(Path(out), known).written(i)
    assert part is not None
    return asdict(part)


def finish_shards(model: Path, out: Path, plan: Plan) -> Manifest | None:
    """Write the manifest and return it, where all shards are there; None: some are not.

    Args:
        model: the folder of the model.
        out: the folder of the shards.
        plan: of the samples.

    Raises:
        WganError: as `write_shards`.
    """
    return open_folder(out, plan).finish(lambda: layout_of(load_planned(model, plan), plan))


def load_planned(folder: Path, plan: Plan) -> Model:
    """Return the model of a plan.

    Args:
        folder: of the model.
        plan: of its samples.

    Raises:
        WganError: another model lies there, such as that of a run that was trained further; or
            versions here are not those of the plan.
    """
    here = _versions()
    for name in here | plan.versions:
        if here.get(name) != plan.versions.get(name):
            raise WganError(
                f"{name} is {here.get(name, 'missing')} here, and {plan.versions.get(name, 'none')}"
                " where the samples were planned, which can change bytes: install the same"
            )
    model = load_model(folder)
    if generator_digest(folder) != plan.generator:
        raise WganError(
            f"{folder}: holds another generator than when its samples were begun: sample when"
            " training has ended, into another --out"
        )
    return model


def _versions() -> dict[str, str]:
    """Return the versions here of what can change bytes."""
    found = {name: version(name) for name in PACKAGES if find_spec(name)}
    return {"wgan": __version__, **found}


def _write(model: Model, folder: ShardFolder, i: int, advance: Advance) -> Part:
    """Write a shard and note it."""
    try:
        part = write_part(model, folder.plan, i, folder.path, advance)
    except FileNotFoundError:
        # Another process of the same command wrote it, finished, and removed what was not done.
        found = folder.written(i)
        if found is None:
            raise
        return found
    folder.record(i, part)
    return part
