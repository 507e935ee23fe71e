"""Sources that are measured, as rows of numbers.

A source is data, known by name or path, or the generator of a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from wgan.audit.columns import Columns, Table, read_tables
from wgan.audit.coordinates import coordinates
from wgan.audit.groups import first_codes
from wgan.audit.parts import halves
from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.base.seeding import derive, numpy_generator
from wgan.data import Codec, Dataset, load
from wgan.data.kinds import find_kind
from wgan.data.sources import is_table
from wgan.models import Model, holds_model
from wgan.models.hub import located
from wgan.runs import RunFolder

GENERATED = 2000
"""Samples of a generator where the other side does not say how many."""


@dataclass(frozen=True)
class Source:
    """Samples `[n, d]`, flattened; `words` say what they are.

    `range` is what became [0, 1] of pixels, and `diameter` is known where no sample of the kind
    can leave that range; None for other data. `names` are those of columns in their own units, none
    for other coordinates. `weights` and `groups` `[n]` are those of the rows, where a column of the
    table holds them. `fitted` is that of `Coordinates`.
    """

    values: Float[np.ndarray, "n d"]
    words: str
    units: str
    shape: tuple[int, ...]
    range: tuple[float, float] | None
    diameter: float | None
    names: tuple[str, ...] = ()
    weights: Float[np.ndarray, " n"] | None = None
    groups: np.ndarray | None = None
    fitted: bool = False


def read_pair(
    a: str,
    b: str,
    number: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
    population: bool = False,
    columns: Columns | None = None,
    kind: str = "auto",
) -> tuple[Source, Source]:
    """Return the samples of two sources, at most `number` of each.

    A source is anything that `wgan.data.load` takes, a run's folder or a model on the Hub. The last
    two stand for fresh samples of their generator, as many as the other side has. If the other side
    is the data that the run was trained on, only their held-out part is taken. They are then read
    as for the run: resized, without labels and so on. A table of numbers alone is measured in its
    own units. Other tables are coded as the columns of the run, or else of the first table;
    identifiers are left out. For a population bracket, codes are fitted to the half of the first
    table that trains its critics.

    Args:
        a: the first source.
        b: the second source.
        number: samples of each side at most; None: all, and as many of a generator as of the other
            side.
        seed: random seed of what is drawn.
        progress: listener to reading the data.
        population: whether a population bracket of this seed is taken of them.
        columns: columns of two tables that are measured, or are weights or groups; None: all are
            measured.
        kind: the kind of data that arrays are read as; beside a run, it is that of the run.

    Raises:
        WganError: as `load`, `RunFolder.model` and `read_tables`; samples of different shapes;
            fewer than 1 requested; columns beside a run.
    """
    if number is not None and number < 1:
        raise WganError(f"-n {number}: give 1 or more")
    folders = {source: located(source) for source in (a, b)}
    models = {s: RunFolder(at).model() for s, at in folders.items() if holds_model(at)}
    if columns is not None and columns.flags:
        if kind != "auto":
            raise WganError(
                f"--kind {kind} is for arrays, and {columns.flags} for tables: leave one out"
            )
        _refuse_models(models, columns)
        tables = read_tables(sorted({a, b}), columns, progress)
    else:
        tables = {
            source: Table(_loaded(source, other, models.get(other), kind, progress))
            for source, other in ((a, b), (b, a))
            if source not in models
        }
    data = {source: table.dataset for source, table in tables.items()}
    parts = {
        source: _part(source, data[source], other, number, seed)
        for source, other in ((a, b), (b, a))
        if source in data
    }
    codecs = [model.codec for model in models.values()]
    codecs += [_codec(tables[s], part, seed, population) for s, part in parts.items()]
    measured = {
        source: _with_columns(
            _source(data[source].rows[part.rows], data[source].codec, part.words, codecs),
            tables[source],
            part,
        )
        for source, part in parts.items()
    }
    counts = (len(part.rows) for part in parts.values())
    count = number or min(counts, default=GENERATED)
    sides = [
        measured.get(source)
        or _of_model(source, models[source], count, derive(seed, "distance", i), codecs)
        for i, source in enumerate((a, b))
    ]
    _check_comparable(a, sides[0], b, sides[1])
    return sides[0], sides[1]


def _refuse_models(models: Mapping[str, Model], columns: Columns) -> None:
    for source in models:
        raise WganError(
            f"{source} is a run, and {columns.flags} takes two tables: write its samples with `wgan"
            f" sample {source} -o samples.csv` and give that file"
        )


def _with_columns(source: Source, table: Table, part: "_Part") -> Source:
    """Return a source with the weights and groups of its rows, and words that name them."""
    weights = None if table.weights is None else table.weights[part.rows]
    groups = None if table.groups is None else table.groups[part.rows]
    words = source.words
    if weights is not None:
        words += ", weighted"
    if groups is not None:
        words += f", {len(np.unique(groups))} groups"
    return replace(source, words=words, weights=weights, groups=groups)


def _check_comparable(a: str, first: Source, b: str, second: Source) -> None:
    if first.shape != second.shape:
        raise WganError(
            f"{a} has samples of shape {first.shape} and {b} of {second.shape}: both need the same"
        )
    if first.range != second.range:
        raise WganError(
            f"{a} holds pixels in {first.range} and {b} in {second.range}: bring both to one range,"
            " such as whole numbers up to 255"
        )


def _loaded(source: str, other: str, model: Model | None, kind: str, progress: Progress) -> Dataset:
    """Return the data of a source; beside a run on the same file, as the run read them."""
    run = RunFolder(Path(other))
    if run.exists():
        data = run.config().data
        if Path(data.source).name == Path(source).name:
            return data.load(source, progress)
    as_numbers = model is None or not model.codec.names
    if model is not None and find_kind(model.codec.kind).read and not is_table(source):
        kind = model.codec.kind
    return load(source, as_numbers=as_numbers, kind=kind, progress=progress)


class _Part(NamedTuple):
    """The rows of a data set that are measured, and what messages call them."""

    rows: np.ndarray
    words: str


def _codec(table: Table, part: _Part, seed: int, population: bool) -> Codec:
    """Return the codec of the data; for a population bracket as the first side's half fits it."""
    dataset = table.dataset
    if not population:
        return dataset.codec
    n = len(part.rows)
    codes = None if table.groups is None else first_codes(table.groups[part.rows], n, "x")
    train, _ = halves(n, seed, "x", codes)
    chosen = np.zeros(n, dtype=bool)
    chosen[train] = True
    return dataset.codec.fitted(dataset.rows[part.rows], chosen)


def _part(source: str, dataset: Dataset, other: str, number: int | None, seed: int) -> _Part:
    rows = np.arange(len(dataset))
    part = "rows"
    run = RunFolder(Path(other))
    if run.exists():
        held_out = _held_out(dataset, run)
        part = "rows held out of the run"
        if held_out is None:
            part = "rows, not known to be held out of the run"
        else:
            rows = held_out
    total = len(rows)
    if number is not None and number < total:
        order = numpy_generator(seed, "distance", source).permutation(rows)
        rows = np.sort(order[:number])
        part = f"of {total} {part}, by seed {seed}"
    return _Part(rows, f"{source} ({len(rows)} {part})")


def _held_out(dataset: Dataset, run: RunFolder) -> np.ndarray | None:
    """Return the rows that a run did not train on, if it was trained on the same file.

    None if it was trained on others, or on the same in another form.
    """
    if not run.holds_data(dataset):
        return None
    config = run.config()
    split = config.split(dataset)
    return split.held_out_rows(np.arange(split.n_held_out))


def _of_model(source: str, model: Model, n: int, seed: int, codecs: list[Codec]) -> Source:
    return _source(model.sample(n, seed), model.codec, f"{source} ({n} generated)", codecs)


def _source(raw: np.ndarray, codec: Codec, words: str, codecs: list[Codec]) -> Source:
    """Measure samples in coordinates that both sources share."""
    c = coordinates(raw, codec, words, codecs)
    return Source(c.values, words, c.units, c.shape, c.range, c.diameter, c.names, fitted=c.fitted)
