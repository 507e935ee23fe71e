"""`wgan sample RUN`: write samples of a trained generator."""

import warnings
from dataclasses import asdict
from pathlib import Path

from wgan.base.printing import counted
from wgan.cli.data_flags import DataName
from wgan.cli.json_output import print_json
from wgan.cli.output import Written, screen
from wgan.cli.sample_flags import AS_LEARNED, SampleFlags
from wgan.cli.sample_latents import sample_grid, sample_loop, sample_nearest
from wgan.cli.sample_shards import sample_shards
from wgan.data.encodings import UTF_8
from wgan.data.formats import check_place, formats_of, write_samples
from wgan.models import Model, complete_file, truncated
from wgan.models.continued import continue_file
from wgan.models.hub import located
from wgan.models.requested import Request
from wgan.runs import RunFolder
from wgan.runs.private import promised

SAMPLES = 64
"""Samples unless a number is given: a grid of 8 x 8 pictures."""
COMPLETED = Path("completed.csv")
"""The file of completed rows, unless one is given."""


def sample_command(run: DataName, /, *, how: SampleFlags = AS_LEARNED) -> int:
    """Write samples of the generator in RUN; the same seed gives the same samples.

    Parameters
    ----------
    run
        Folder of a run, one that `WGAN.save` wrote, or hf://user/name on the Hugging Face Hub.
    how
        The flags.
    """
    how.check()
    folder = RunFolder(located(run))
    written = _written(folder, how)
    # What `WGAN.save` wrote does not tell.
    promise = promised(folder.about().settings) if folder.exists() else None
    if how.json_:
        about = {"run": run, "seed": how.seed, "label": how.label, "truncation": how.truncation}
        privacy = {"privacy": None if promise is None else asdict(promise)}
        print_json("sample", about | written.values | privacy)
        return 0
    for line in written.lines:
        screen.print(line)
    if promise is not None:
        screen.print(f"its generator was trained with {promise}")
    return 0


def _written(folder: RunFolder, how: SampleFlags) -> Written:
    """Write the samples that the flags request."""
    if how.complete is not None:
        return _complete(folder, how.complete, how)
    if how.given is not None:
        return _continue(folder, how.given, how)
    if how.interpolate is not None:
        return sample_grid(_model(folder, how), how, how.interpolate)
    if how.walk is not None:
        return sample_loop(_model(folder, how), how, how.walk)
    if how.invert:
        return sample_nearest(folder, _model(folder, how), how, how.invert)
    if how.shards is not None:
        return sample_shards(folder, how, how.shards, how.number or SAMPLES)
    return _sample(folder, how, how.number or SAMPLES)


def _model(run: RunFolder, how: SampleFlags) -> Model:
    """Return the model, truncated as the flags say."""
    model = run.model()
    return model if how.truncation is None else truncated(model, how.truncation)


def _sample(run: RunFolder, how: SampleFlags, number: int) -> Written:
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
    lines = [f"{number} samples{request}{shrunk} in {out}{waited}"]
    if rows.redrawn:
        share = rows.redrawn / rows.tried
        lines.append(f"{share:.1%} of the rows broke a rule and were drawn again")
    values = {
        "what": "samples",
        "samples": number,
        "out": out,
        "where": request.where,
        "balance": request.balance,
        "tried": rows.tried,
        "satisfied": rows.satisfied,
        "redrawn": rows.redrawn,
    }
    return Written(tuple(lines), values)


def _complete(run: RunFolder, source: Path, how: SampleFlags) -> Written:
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
    rows = len(completed.frame)
    line = f"{rows} rows{each}, {completed.filled} cells drawn, in {out}"
    values = {"what": "completed", "rows": rows, "copies": copies, "filled": completed.filled}
    return Written((line,), values | {"out": out})


def _continue(run: RunFolder, source: Path, how: SampleFlags) -> Written:
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
    line = f"{beginnings}{each}, {steps}, in {out}"
    values = {"what": "continued", "beginnings": continued.given, "copies": copies}
    return Written((line,), values | {"steps": continued.steps, "out": out})
