"""What does a source stand for when it is measured? Samples as rows of numbers: of data known by
name or path, or of a run's generator.
"""

import json
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
from jaxtyping import Float

from wgan.base.errors import WganError
from wgan.base.seeding import derive, numpy_generator
from wgan.config import from_file, resolve
from wgan.data import Codec, Dataset, ImageCodec, TableCodec, load
from wgan.models import load_model
from wgan.models.model import Model

GENERATED = 2000
"""Samples of a generator where the other side does not say how many."""


@dataclass(frozen=True)
class Source:
    """Samples `[n, d]`, flattened; `words` say what they are.

    Of pictures `range` is what became [0, 1], and `diameter` is known where no picture of the kind
    can leave that range.
    """

    values: Float[np.ndarray, "n d"]
    words: str
    units: str
    shape: tuple[int, ...]
    range: tuple[float, float] | None
    diameter: float | None


def read_pair(
    a: str, b: str, number: int | None = None, seed: int = 0, progress: bool = False
) -> tuple[Source, Source]:
    """Return the samples of two sources, at most `number` of each.

    A source is anything that `wgan.data.load` takes, or a run's folder, which stands for fresh
    samples of its generator: as many as the other side has. Beside a run, the data that it was
    trained on are read as they were for it (without their labels, resized and so on), and stand for
    their held-out part alone. Tables of numbers alone are measured in their own units, others as
    the columns of the run, or else of the first table, are coded; identifiers are left out.

    Raises:
        WganError: as `load` and `load_model`; samples of different shapes; fewer than 1 asked for.
    """
    if number is not None and number < 1:
        raise WganError(f"-n {number}: give 1 or more")
    models = {
        source: load_model(Path(source))
        for source in (a, b)
        if (Path(source) / "generator.json").exists()
    }
    data = {
        source: _loaded(source, other, models.get(other), progress)
        for source, other in ((a, b), (b, a))
        if source not in models
    }
    codecs = [
        *(model.codec for model in models.values()),
        *(dataset.codec for dataset in data.values()),
    ]
    common = next((codec for codec in codecs if isinstance(codec, TableCodec)), None)
    read = {
        source: _of_data(source, data[source], other, number, seed, common)
        for source, other in ((a, b), (b, a))
        if source in data
    }
    count = number or min((len(s.values) for s in read.values()), default=GENERATED)
    sides = [
        read.get(source)
        or _of_model(source, models[source], count, derive(seed, "distance", i), common)
        for i, source in enumerate((a, b))
    ]
    first, second = sides
    if first.shape != second.shape:
        raise WganError(
            f"{a} has samples of shape {first.shape} and {b} of {second.shape}: both need the same"
        )
    if first.range != second.range:
        raise WganError(
            f"{a} holds pixels in {first.range} and {b} in {second.range}: bring both to one range,"
            " such as whole numbers up to 255"
        )
    return first, second


def _loaded(source: str, other: str, model: Model | None, progress: bool) -> Dataset:
    settings = Path(other) / "config.toml"
    if settings.exists():
        d = resolve([from_file(settings)]).data
        if Path(d.source).name == Path(source).name:
            return d.load(source, progress)
    return load(
        source, as_numbers=model is None or model.codec.kind != TableCodec.kind, progress=progress
    )


def _of_data(
    source: str,
    dataset: Dataset,
    other: str,
    number: int | None,
    seed: int,
    common: TableCodec | None,
) -> Source:
    rows, part = np.arange(len(dataset)), "rows"
    if (Path(other) / "run.json").exists():
        held_out = _held_out(dataset, Path(other))
        rows, part = (
            (rows, "rows, not known to be held out of the run")
            if held_out is None
            else (held_out, "rows held out of the run")
        )
    total = len(rows)
    if number is not None and number < total:
        rows = np.sort(numpy_generator(seed, "distance", source).permutation(rows)[:number])
        part = f"of {total} {part}, by seed {seed}"
    return _source(dataset.rows[rows], dataset.codec, f"{source} ({len(rows)} {part})", common)


def _held_out(dataset: Dataset, run: Path) -> np.ndarray | None:
    """Return the rows that a run did not train on, where it was trained on the same file; none: on
    others, or the same in another form.
    """
    about, settings = run / "run.json", run / "config.toml"
    try:
        fingerprint = json.loads(about.read_text(encoding="utf-8"))["data"]["fingerprint"]
    except (ValueError, KeyError, TypeError) as error:
        raise WganError(f"{about}: damaged ({error}): restore it") from None
    if fingerprint != dataset.fingerprint:
        return None
    config = resolve([from_file(settings)])
    split = dataset.split(config.data.held_out, config.data.split_seed)
    return split.held_out_rows(np.arange(split.n_held_out))


def _of_model(source: str, model: Model, n: int, seed: int, common: TableCodec | None) -> Source:
    return _source(model.sample(n, seed), model.codec, f"{source} ({n} generated)", common)


def _source(raw: np.ndarray, codec: Codec, words: str, common: TableCodec | None) -> Source:
    """Measure samples in coordinates that two sources share: pixels in [0, 1], numbers as they are
    stored, or coded columns.
    """
    if common is not None:
        if not isinstance(codec, TableCodec):
            raise WganError(
                f"{words} is no table, and what it is compared with is: give two tables of the same"
                " columns"
            )
        rows = raw if codec == common else common.matrix(codec.frame(raw))
        plain = all(column.kind == "numeric" and not column.missing for column in common.learned)
        values = rows if plain else common.measure(rows)
        return Source(
            values,
            words,
            "data coordinates" if plain else common.units,
            values.shape[1:],
            None,
            None,
        )
    if codec.kind == "vectors":
        return Source(
            np.asarray(raw, dtype=np.float64), words, "data coordinates", codec.shape, None, None
        )
    assert isinstance(codec, ImageCodec)
    values, ends, dtype = codec.measure(raw), (codec.low, codec.high), np.dtype(codec.dtype)
    ends = (
        (0.0, 255.0) if dtype.kind in "fb" and ends == (0, 1) else ends
    )  # the same picture as whole numbers
    bounded = dtype.kind == "b" or (
        dtype == np.uint8 and ends == (0, 255)
    )  # of other kinds the ends were read off the samples
    return Source(
        values, words, codec.units, codec.shape, ends, sqrt(values.shape[1]) if bounded else None
    )
