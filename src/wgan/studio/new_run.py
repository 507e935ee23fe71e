"""Routes of the tab `New run`: data, what was inferred of them, the command, and its start."""

import re
import tomllib
from hashlib import sha256
from threading import BoundedSemaphore
from typing import Annotated, Any

import tomli_w
from fastapi import APIRouter, Query, Request
from pydantic import Field

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.config import Config, from_settings, resolve
from wgan.data import KINDS, Dataset, named_sources, short_name
from wgan.data.kinds import find_kind
from wgan.distances.results import finite
from wgan.objectives.variants import VARIANTS
from wgan.studio.commands import flag, given_flags, shown, typed
from wgan.studio.context import Studio, studio_of
from wgan.studio.safety import Roots
from wgan.studio.uploads import ENDINGS, keep, uploaded, uploads_of
from wgan.web.answers import Strict
from wgan.web.gate import RefusedError

NOTED = 512
"""Samples that notes on the values are of, as many as a run looks at before it trains."""
AT_ONCE = 2
"""Data sets that are read at once: each may take much memory."""
MOST_COLUMNS = 2000
"""Columns whose kinds may be corrected in one request."""
OUT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Names of folders of new runs."""
SCHEMA_DIGITS = 8
"""Digits of a schema's hash in its name: one that a run was begun with is never replaced."""
OWN_SECTION = "data"
"""The section of settings that the form has fields for; a path in it could lead anywhere."""

Word = Annotated[str, Field(min_length=1, max_length=200)]


class Reading(Strict):
    """Settings of `data`, by which data are read. Each is a flag or a setting of the command.

    Missing ones are inferred.
    """

    kind: Word | None = None
    key: Word | None = None
    labels: Word | None = None
    encoding: Word | None = None
    series: Word | None = None
    time: Word | None = None
    window: int | None = Field(default=None, ge=1, le=10**6)
    stride: int | None = Field(default=None, ge=1, le=10**6)
    context: int | None = Field(default=None, ge=0, le=10**6)
    resize: tuple[int, int] | None = None


class Data(Strict):
    """Data, and how they are read.

    Attributes:
        source: a name that is known, or that of a file below the studio's folder.
        reading: how it is read.
        schema_text: a schema that corrects what is inferred of a table; None: none.
        kinds: column -> what it holds instead of what is inferred.
    """

    source: Annotated[str, Field(min_length=1, max_length=500)]
    reading: Reading = Reading()
    schema_text: str | None = Field(default=None, max_length=2**19)
    kinds: dict[str, Word] = Field(default={}, max_length=MOST_COLUMNS)


class Plan(Data):
    """A run that may begin: its data, and the choices of the form.

    Attributes:
        variant: the variant; None: what suits the data.
        minutes: a time for the whole run.
        steps: generator steps; None: as many as fit the minutes, or the preset's.
        seed: the random seed.
        out: the name of its folder; None: a new one that says what it is.
        settings: more settings, `section.field=value` each.
    """

    variant: Word | None = None
    minutes: float | None = Field(default=None, gt=0, le=100_000, allow_inf_nan=False)
    steps: int | None = Field(default=None, ge=1, le=10**9)
    seed: int = Field(default=0, ge=0, lt=2**63)
    out: Word | None = None
    settings: list[Word] = Field(default=[], max_length=100)


def router() -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    reading = BoundedSemaphore(AT_ONCE)

    @routes.get("/api/new")
    def choices(request: Request) -> dict[str, Any]:
        return {
            "named": named_sources(),
            "uploads": uploaded(studio_of(request).roots),
            "endings": ENDINGS,
            "kinds": ["auto", *KINDS],
            "variants": {name: each.when for name, each in VARIANTS.items()},
        }

    @routes.post("/api/upload")
    async def upload(
        request: Request, name: Annotated[str, Query(min_length=1, max_length=1000)]
    ) -> dict[str, Any]:
        roots = studio_of(request).roots
        return {"source": roots.name(await keep(request, roots, name))}

    @routes.post("/api/data")
    def data(request: Request, given: Data) -> dict[str, Any]:
        with reading:
            return finite(described(studio_of(request).roots, given))

    @routes.post("/api/plan")
    def plan(request: Request, given: Plan) -> dict[str, Any]:
        with reading:  # a schema is made of the data
            name, words = arguments_of(studio_of(request), given)
        return {"name": name, "command": shown(words)}

    @routes.post("/api/start")
    def start(request: Request, given: Plan) -> dict[str, Any]:
        studio = studio_of(request)
        with reading:
            name, words = arguments_of(studio, given)
        if (studio.roots.folder / name).exists():
            raise RefusedError(409, f"{name}: already exists: give the run another name")
        studio.processes.begin(name, words)
        studio.follower.search_soon()
        return {"name": name, "command": shown(words)}

    return routes


def described(roots: Roots, given: Data) -> dict[str, Any]:
    """Return the facts inferred from data, as plain values.

    Args:
        roots: the folders of the studio.
        given: the data, and corrections.

    Raises:
        WganError: data that cannot be read, or corrections that do not fit them.
    """
    schema = _schema(roots, given)
    config, dataset = _load(roots, given, schema)
    split = config.split(dataset)
    known = split.dataset.codec
    some = split.train_sample(0, min(split.n_train, NOTED))
    inferred = dataset.codec.schema()
    return {
        "name": dataset.name,
        "kind": dataset.codec.kind,
        "samples": len(dataset),
        "in_words": dataset.codec.samples_in_words,
        "train": split.n_train,
        "held_out": split.n_held_out,
        "units": dataset.codec.units,
        "origin": list(dataset.origin),
        "lines": dataset.codec.describe(),
        "notes": known.notes(some),
        "proposals": [each.words for each in dataset.codec.proposals(dataset.at_hand)],
        "classes": list(dataset.classes),
        "columns": _columns(inferred),
        "column_kinds": list(find_kind(dataset.codec.kind).column_kinds),
        "schema": inferred,
        "corrected": schema,
    }


def _schema(roots: Roots, given: Data) -> str | None:
    """Return the schema with its corrections; None where nothing is corrected."""
    if not given.kinds:
        return given.schema_text
    schema = given.schema_text or _load(roots, given, None)[1].codec.schema()
    if schema is None:
        raise WganError("these data have no columns whose kinds could be corrected")
    return with_kinds(schema, given.kinds)


def with_kinds(schema: str, kinds: dict[str, str]) -> str:
    """Return a schema in which columns hold something else.

    What else the schema says of such a column fits its old kind, so that it is inferred again.

    Args:
        schema: as TOML.
        kinds: column -> its new kind.

    Raises:
        WganError: a schema that is none, or a column that it does not have.
    """
    try:
        document = tomllib.loads(schema)
    except tomllib.TOMLDecodeError as error:
        raise WganError(f"the schema is not valid TOML: {error}") from None
    except RecursionError:
        raise WganError("the schema is not valid TOML: brackets nested too deep") from None
    columns = document.get("columns", {})
    for name, kind in kinds.items():
        if not isinstance(columns, dict) or not isinstance(columns.get(name), dict):
            raise WganError(f"the schema has no column {name!r}")
        if columns[name].get("kind") != kind:
            missing = {key: value for key, value in columns[name].items() if key == "missing"}
            columns[name] = {"kind": kind, **missing}
    return tomli_w.dumps(document)


def _columns(schema: str | None) -> list[dict[str, Any]]:
    """Return name and kind of each column that a schema has."""
    if schema is None:
        return []
    columns = tomllib.loads(schema).get("columns", {})
    return [{"name": name, "kind": each.get("kind")} for name, each in columns.items()]


def _load(roots: Roots, given: Data, schema: str | None) -> tuple[Config, Dataset]:
    """Return the configuration and the data set, read as the form says."""
    values = _data_settings(roots, given, schema)
    config = resolve([("the form", {"data": values})])
    return config, config.data.load()


def _data_settings(roots: Roots, given: Data, schema: str | None) -> dict[str, Any]:
    """Return the settings of `data`; the schema is written into a file of its own."""
    values = {key: each for key, each in given.reading.model_dump().items() if each is not None}
    roots.check_beside(values.get("labels"))
    values["source"] = source_of(roots, given.source)
    if schema is not None:
        values["schema"] = _schema_file(roots, given.source, schema)
    return values


def source_of(roots: Roots, name: str) -> str:
    """Return a source as the command line takes it.

    Args:
        roots: the folders of the studio.
        name: a name that is known, or that of a file below the studio's folder.

    Raises:
        WganError: neither.
    """
    if name in named_sources():
        return name
    path = roots.inside(name)
    roots.check_source(str(path))
    if not path.is_file():
        raise RefusedError(404, f"{name}: no such file below the studio's folder")
    return typed(path)


def _schema_file(roots: Roots, source: str, schema: str) -> str:
    """Write a schema beside the uploads, under a name that says its content."""
    digest = sha256(schema.encode()).hexdigest()[:SCHEMA_DIGITS]
    path = uploads_of(roots) / f"{short_name(source)}-schema-{digest}.toml"
    if path.is_symlink():
        raise RefusedError(403, f"{path.name}: is a link: remove it")
    if not path.exists():
        write_text(path, schema)
    return typed(path)


def arguments_of(studio: Studio, plan: Plan) -> tuple[str, list[str]]:
    """Return the name of a new run, and the words of the command that trains it.

    Args:
        studio: the studio.
        plan: the choices of the form.

    Raises:
        WganError: choices that do not go together, or a name that no folder may have.
    """
    schema = _schema(studio.roots, plan)
    values = _data_settings(studio.roots, plan, schema)
    section, more = from_settings(plan.settings)
    if OWN_SECTION in more:
        raise WganError("settings of `data` have fields of their own: leave them out of the others")
    own = {"objective": {"variant": plan.variant}} if plan.variant else {}
    resolve([(section, more), ("the form", {"data": values, **own})])
    name = plan.out or _new_name(studio.roots, plan)
    if not OUT.fullmatch(name) or name == uploads_of(studio.roots).name:
        raise WganError(
            f"{name!a}: a run's name has letters, digits, '.', '_' and '-', and begins with a"
            " letter or a digit"
        )
    studio.roots.inside(name)  # a link that leads out may have that name
    source = values.pop("source")
    words = ["train", source, *given_flags(values)]
    own_flags = {"--variant": plan.variant, "--minutes": plan.minutes, "--steps": plan.steps}
    for key, value in own_flags.items():
        if value is not None:
            words += [key, f"{value:g}" if isinstance(value, float) else str(value)]
    words += ["--seed", str(plan.seed), "--out", typed(studio.roots.folder / name)]
    for setting in plan.settings:
        words += flag("--set", setting)
    return name, words


def _new_name(roots: Roots, plan: Plan) -> str:
    """Return a name that no run has yet: the data, the variant where one is chosen, the seed."""
    parts = [short_name(plan.source), *([plan.variant] if plan.variant else []), str(plan.seed)]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts)).strip("-.") or "run"
    number = 1
    while (roots.folder / (name if number == 1 else f"{name}-run{number}")).exists():
        number += 1
    return name if number == 1 else f"{name}-run{number}"
