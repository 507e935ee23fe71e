"""`wgan sample RUN`: write samples of a trained generator."""

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.cli.numbers import NUMBER, SEED
from wgan.cli.output import screen
from wgan.data.formats import check_place, formats_of, write_samples
from wgan.models import Model, sample_where
from wgan.runs import RunFolder


def sample_command(
    run: Path,
    /,
    *,
    number: Annotated[int, NUMBER] = 64,
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None,
    label: str | None = None,
    where: Annotated[list[str] | None, Parameter(negative="")] = None,
    balance: str | None = None,
    seed: Annotated[int, SEED] = 0,
) -> int:
    """Write samples of the generator in RUN; the same seed gives the same samples.

    Parameters
    ----------
    run
        A run's folder, or one that `WGAN.save` wrote.
    number
        How many.
    out
        The ending chooses: .png (one grid, a scatter, or a panel a column), .npy, .npz (samples x,
        labels y), none (a folder of PNGs, a folder a class), of tables .csv, .tsv (.gz too) or
        .parquet; samples.png unless given, of tables samples.csv.
    label
        The class, of a generator trained with --labels; otherwise classes are as frequent as among
        its training samples.
    where
        Of tables: a condition that every row satisfies, such as education=Masters, 'age>=30' or
        workclass= (missing); may be repeated.
    balance
        Of tables: a column whose levels, or few numbers, are to be equally frequent.
    seed
        Random seed; the same seed gives the same samples.
    """
    if number < 1:
        raise WganError(f"-n {number}: give 1 or more")
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
    return 0


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
    if where and rows.tried > 2 * number:
        waited = f", the first that satisfy this of {rows.tried} drawn"
    screen.print(f"{number} samples {' and '.join(words)} in {out}{waited}")
    _print_redrawn(rows.redrawn, rows.tried)
