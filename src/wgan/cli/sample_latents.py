"""`wgan sample RUN` with latents of choice: between samples, along a loop, near given samples."""

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from wgan.base.errors import WganError
from wgan.base.intervals import short
from wgan.cli.output import Written
from wgan.cli.progress import bar
from wgan.cli.sample_flags import SampleFlags
from wgan.data import Split
from wgan.data.drawing import Sheet
from wgan.data.formats import ARRAYS, check_place, formats_of, read_sample, write_samples
from wgan.models import Inverted, Model, compare, grid, invert, loop
from wgan.models.inversion import Comparison
from wgan.models.latents import check_continuous
from wgan.runs import RunFolder

LEG = 16
"""Samples from one latent of a loop to the next: 0.8 seconds of an animation."""
LOOP = Path("samples.gif")
"""The file of a loop of pictures, unless one is given."""
NEAREST = Path("nearest.npy")
"""The file of nearest samples that are not pictures, unless one is given."""


def sample_grid(model: Model, how: SampleFlags, side: int) -> Written:
    """Write samples between four samples in the corners of a grid; return what was written.

    Args:
        model: the model.
        how: the flags.
        side: samples in a row.

    Raises:
        WganError: as `models.grid`, or a place that does not fit.
    """
    out = how.out or Path(formats_of(model.codec).default)
    check_place(out, model.codec, how.sheet)
    raw = grid(model, side, how.seed, how.class_of(model))
    write_samples(raw, model.codec, out, sheet=Sheet(side, how.scale))
    line = f"{side} x {side} samples between four{how.words} in {out}"
    return Written((line,), {"what": "grid", "side": side, "samples": side**2, "out": out})


def sample_loop(model: Model, how: SampleFlags, keys: int) -> Written:
    """Write samples along a closed loop; return what was written.

    Args:
        model: the model.
        how: the flags.
        keys: latents that the loop passes through.

    Raises:
        WganError: as `models.loop`, or a place that does not fit.
    """
    formats = formats_of(model.codec)
    out = how.out or (LOOP if formats.pictures else Path(formats.default))
    check_place(out, model.codec, how.sheet)
    n = how.number or LEG * keys
    raw = loop(model, keys, n, how.seed, how.class_of(model))
    write_samples(raw, model.codec, out, sheet=how.sheet)
    line = f"{n} samples along a loop through {keys}{how.words} in {out}"
    return Written((line,), {"what": "loop", "latents": keys, "samples": n, "out": out})


def sample_nearest(run: RunFolder, model: Model, how: SampleFlags, given: list[Path]) -> Written:
    """Write the generated samples nearest to given ones; return how near they are.

    Args:
        run: the run's folder.
        model: its model.
        how: the flags.
        given: files of the given samples.

    Raises:
        WganError: files that hold no such samples, as `models.invert`, or a place that does not
            fit.
    """
    formats = formats_of(model.codec)
    out = how.out or (Path(formats.default) if formats.pictures else NEAREST)
    check_place(out, model.codec, how.sheet)
    if not formats.pictures and not out.name.lower().endswith(ARRAYS):
        raise WganError(f"{out}: nearest {model.codec.kind} are written as {' or '.join(ARRAYS)}")
    check_continuous(model, "--invert")
    read = [read_sample(path, model.codec) for path in given]
    names = [
        str(path) if len(rows) == 1 else f"{path}, sample {i}"
        for path, rows in zip(given, read, strict=True)
        for i in range(len(rows))
    ]
    raw = np.concatenate(read)
    with bar() as progress:
        found = invert(model, raw, how.seed, how.class_of(model), progress=progress)
        split = _data(run)
        beside = None if split is None else compare(model, raw, split, how.seed, progress)
    rows = [raw, found.raw] if beside is None else [raw, found.raw, beside.train]
    if out.suffix.lower() == ".png":
        side_by_side = np.stack(rows, axis=1).reshape(-1, *raw.shape[1:])
        sheet = Sheet(len(rows), how.scale)
        write_samples(side_by_side, model.codec, out, sheet=sheet)
    else:
        write_samples(found.raw, model.codec, out, sheet=how.sheet)
    lines = _nearest_in_words(model, names, found, beside)
    columns = ["given", "nearest generated", "nearest training"][: len(rows)]
    held = f"columns: {', '.join(columns)}" if out.suffix.lower() == ".png" else "nearest generated"
    lines.append(f"in {out}: {held}; distances: root mean square, {model.codec.units}")
    values = _nearest_values(model, names, found, beside)
    return Written(tuple(lines), {"what": "nearest", "samples": len(raw), "out": out} | values)


def _data(run: RunFolder) -> Split | None:
    """Return the data of a run, or print that they cannot be read."""
    if not run.exists():  # what `WGAN.save` wrote has none
        return None
    try:
        config, dataset = run.load()
        return config.split(dataset)
    except WganError:
        warnings.warn(
            f"{run.path}: its data are not where they were, or have changed: no distances to real"
            " samples are printed",
            stacklevel=2,
        )
        return None


def _nearest_in_words(
    model: Model, names: list[str], found: Inverted, beside: Comparison | None
) -> list[str]:
    """Return words on the distances of generated samples and of real ones."""
    lines = []
    for i, name in enumerate(names):
        words = f"{name}: nearest generated sample {short(found.distance[i])}"
        if found.labels is not None:
            words += f" of class {model.classes[found.labels[i]]}"
        if beside is not None:
            words += f", nearest training sample {short(beside.train_distance[i])}"
        lines.append(words)
    if beside is not None:
        classes = " of all classes" if model.classes else ""
        lines.append(
            f"{beside.n_held_out} held-out samples{classes}: nearest generated {beside.held_out},"
            f" nearest training {beside.held_out_train}"
        )
    return lines


def _nearest_values(
    model: Model, names: list[str], found: Inverted, beside: Comparison | None
) -> dict[str, Any]:
    """Return the same distances as plain values."""
    trains = [None] * len(names) if beside is None else beside.train_distance.tolist()
    classes = [None] * len(names)
    if found.labels is not None:
        classes = [model.classes[label] for label in found.labels]
    columns = zip(names, found.distance.tolist(), classes, trains, strict=True)
    nearest = [
        {"given": name, "distance": near, "class": of, "training_distance": train}
        for name, near, of, train in columns
    ]
    held_out = None
    if beside is not None:
        held_out = {
            "samples": beside.n_held_out,
            "distance": asdict(beside.held_out),
            "training_distance": asdict(beside.held_out_train),
        }
    units = f"root mean square, {model.codec.units}"
    return {"units": units, "nearest": nearest, "held_out": held_out}
