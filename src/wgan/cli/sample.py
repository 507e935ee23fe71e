"""`wgan sample RUN`: write samples of a trained generator."""

import warnings
from pathlib import Path

from wgan.base.printing import counted
from wgan.cli.output import screen
from wgan.cli.sample_flags import AS_LEARNED, SampleFlags
from wgan.cli.sample_latents import sample_grid, sample_loop, sample_nearest
from wgan.cli.sample_shards import sample_shards
from wgan.data.encodings import UTF_8
from wgan.data.formats import check_place, formats_of, write_samples
from wgan.models import Model, complete_file, truncated
from wgan.models.continued import continue_file
from wgan.models.requested import Request
from wgan.runs import RunFolder
from wgan.runs.private import promised

SAMPLES = 64
"""Samples unless a number is given: a grid of 8 x 8 pictures."""
COMPLETED = Path("completed.csv")
"""The file of completed rows, unless one is given."""


def sample_command(run: Path, /, *, how: SampleFlags = AS_LEARNED) -> int:
    """Write samples of the generator in RUN; the same seed gives the same samples.

    Parameters
    ----------
    run
        A run's folder, or one that `WGAN.save` wrote.
    how
        The flags.
    """
    how.check()
    folder = RunFolder(run)
    if how.complete is not None:
        _complete(folder, how.complete, how)
    elif how.given is not None:
        _continue(folder, how.given, how)
    elif how.interpolate is not None:
        sample_grid(_model(folder, how), how, how.interpolate)
    elif how.walk is not None:
        sample_loop(_model(folder, how), how, how.walk)
    elif how.invert:
        sample_nearest(folder, _model(folder, how), how, how.invert)
    elif how.shards is not None:
        sample_shards(folder, how, how.shards, how.number or SAMPLES)
    else:
        _sample(folder, how, how.number or SAMPLES)
    promise = promised(folder.about().settings) if folder.exists() else None
    if promise is not None:  # what `WGAN.save` wrote does not tell
        screen.print(f"its generator was trained with {promise}")
    return 0


def _model(run: RunFolder, how: SampleFlags) -> Model:
    """Return the model, truncated as the flags say."""
    model = run.model()
    return model if how.truncation is None else truncated(model, how.truncation)


def _sample(run: RunFolder, how: SampleFlags, number: int) -> None:
    model = _model(run, how)
    out = how.out or Path(formats_of(model.codec).default)
    check_place(out, model.codec, how.sheet)
    request = Request(how.label, tuple(how.where or ()), how.balance)
    rows = request.draw(model, number, how.seed)
    names = None if rows.labels is None else [model.classes[y] for y in rows.labels]
    write_samples(rows.raw, model.codec, out, names, how.sheet)
    waited = ""
    if rows.tried > rows.satisfied:
        waited = f" (acceptance {100 * rows.acceptance:.3g} % of {rows.tried} drawn)"
    shrunk = "" if how.truncation is None else f" with truncation {how.truncation:g}"
    screen.print(f"{number} samples{request}{shrunk} in {out}{waited}")
    if rows.redrawn:
        screen.print(
            f"{rows.redrawn / rows.tried:.1%} of the rows broke a rule and were drawn again"
        )


def _complete(run: RunFolder, source: Path, how: SampleFlags) -> None:
    model = run.model()
    out = how.out or COMPLETED
    copies = how.number or 1
    check_place(out, model.codec)
    # What `WGAN.save` wrote does not say how the data lay in their file.
    data = run.config().data if run.exists() else None
    key = None if data is None else data.key
    encoding = how.encoding or (UTF_8 if data is None else data.encoding)
    completed = complete_file(model, source, out, copies, how.seed, encoding, key)
    for note in completed.notes:
        warnings.warn(f"{source}: {note}", stacklevel=2)
    each = f", {copies} completions of each" if copies > 1 else ""
    screen.print(f"{len(completed.frame)} rows{each}, {completed.filled} cells drawn, in {out}")


def _continue(run: RunFolder, source: Path, how: SampleFlags) -> None:
    model = run.model()
    out = how.out or Path(formats_of(model.codec).default)
    copies = how.number or 1
    check_place(out, model.codec)
    # What `WGAN.save` wrote does not say how the data lay in their file.
    config = run.config() if run.exists() else None
    continued = continue_file(model, source, copies, how.seed, config)
    continued.write(out)
    each = f", {copies} continuations of each" if copies > 1 else ""
    beginnings = counted(continued.given, "beginning")
    steps = counted(continued.steps, "new step")
    screen.print(f"{beginnings}{each}, {steps}, in {out}")
