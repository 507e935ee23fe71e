"""`wgan sample RUN`: write samples of a trained generator."""

import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.cli.numbers import NUMBER, SEED
from wgan.cli.output import screen
from wgan.data.encodings import UTF_8
from wgan.data.formats import check_place, formats_of, write_samples
from wgan.models import Model, complete_file, sample_where
from wgan.runs import RunFolder
from wgan.runs.private import promised

SAMPLES = 64
"""Samples unless a number is given: a grid of 8 x 8 pictures."""
COMPLETED = Path("completed.csv")
"""The file of completed rows, unless one is given."""


def sample_command(
    run: Path,
    /,
    *,
    number: Annotated[int | None, NUMBER] = None,
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None,
    label: str | None = None,
    where: Annotated[list[str] | None, Parameter(negative="")] = None,
    balance: str | None = None,
    complete: Path | None = None,
    encoding: str | None = None,
    seed: Annotated[int, SEED] = 0,
) -> int:
    """Write samples of the generator in RUN; the same seed gives the same samples.

    Parameters
    ----------
    run
        A run's folder, or one that `WGAN.save` wrote.
    number
        How many, 64 unless given; with --complete, completions of each row, 1 unless given.
    out
        The ending chooses: .png (one grid, a scatter, or a panel a column), .npy, .npz (samples x,
        labels y), none (a folder of PNGs, a folder a class), of tables .csv, .tsv (.gz too),
        .parquet or .xlsx; samples.png unless given, of tables samples.csv, with --complete
        completed.csv.
    label
        The class, of a generator trained with --labels; otherwise classes are as frequent as among
        its training samples.
    where
        Of tables: a condition that every row satisfies, such as education=Masters, 'sex!=Male',
        'education in Masters, Doctorate', 'age>=30', workclass= (missing), 'workclass!=' (not
        missing); may be repeated.
    balance
        Of tables: a column whose levels, or few numbers, are to be equally frequent.
    complete
        A table file: its rows come back with missing cells drawn, given the cells that they have.
    encoding
        How the text of --complete is encoded, such as utf-16 or cp1252; as the run's data, unless
        given.
    seed
        Random seed; the same seed gives the same samples.
    """
    if number is not None and number < 1:
        raise WganError(f"-n {number}: give 1 or more")
    if complete is not None:
        if label is not None or where or balance is not None:
            raise WganError(
                "--complete draws what its rows lack, given what they have: leave out --label,"
                " --where and --balance"
            )
        _complete(RunFolder(run), complete, out or COMPLETED, number or 1, seed, encoding)
        _print_promise(RunFolder(run))
        return 0
    if encoding is not None:
        raise WganError("--encoding says how the text of --complete is encoded: give both")
    number = number or SAMPLES
    model = RunFolder(run).model()
    out = out or Path(formats_of(model.codec).default)
    check_place(out, model.codec)
    if where or balance is not None:
        if label is not None:
            raise WganError(
                "--label is for models of classes, and --where and --balance for models of tables:"
                " give one or the other"
            )
        _sample_where(model, number, seed, where or [], balance, out)
        _print_promise(RunFolder(run))
        return 0
    labels = None
    if label is not None:
        labels = np.full(number, model.label(label))
    elif model.classes:
        labels = model.draw_labels(number, seed)
    names = None if labels is None else [model.classes[y] for y in labels]
    drawn = model.draw(number, seed, labels)
    write_samples(drawn.raw, model.codec, out, names)
    screen.print(f"{number} samples{'' if label is None else f' of class {label}'} in {out}")
    _print_redrawn(drawn.redrawn, number)
    _print_promise(RunFolder(run))
    return 0


def _print_promise(run: RunFolder) -> None:
    """Say what a private run promises; what `WGAN.save` wrote does not tell."""
    promise = promised(run.about().settings) if run.exists() else None
    if promise is not None:
        screen.print(f"its generator was trained with {promise}")


def _print_redrawn(redrawn: int, drawn: int) -> None:
    if redrawn:
        screen.print(f"{redrawn / drawn:.1%} of the rows broke a rule and were drawn again")


def _sample_where(
    model: Model, number: int, seed: int, where: list[str], balance: str | None, out: Path
) -> None:
    rows = sample_where(model, number, seed, where, balance)
    write_samples(rows.raw, model.codec, out)
    words = [f"with {' and '.join(where)}"] if where else []
    if balance is not None:
        words.append(f"with {balance} balanced")
    waited = ""
    if rows.tried > rows.satisfied:
        waited = f" (acceptance {100 * rows.acceptance:.3g} % of {rows.tried} drawn)"
    screen.print(f"{number} samples {' and '.join(words)} in {out}{waited}")
    _print_redrawn(rows.redrawn, rows.tried)


def _complete(
    run: RunFolder, source: Path, out: Path, copies: int, seed: int, encoding: str | None
) -> None:
    model = run.model()
    check_place(out, model.codec)
    # What `WGAN.save` wrote does not say how the data lay in their file.
    data = run.config().data if run.exists() else None
    key = None if data is None else data.key
    encoding = encoding or (UTF_8 if data is None else data.encoding)
    completed = complete_file(model, source, out, copies, seed, encoding, key)
    for note in completed.notes:
        warnings.warn(f"{source}: {note}", stacklevel=2)
    each = f", {copies} completions of each" if copies > 1 else ""
    screen.print(f"{len(completed.frame)} rows{each}, {completed.filled} cells drawn, in {out}")
