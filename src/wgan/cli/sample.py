"""`wgan sample RUN`: write samples of a trained generator."""

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from wgan.cli.app import app, screen
from wgan.data.writers import write_samples
from wgan.errors import WganError
from wgan.training import load_model


@app.command
def sample(
    run: Path,
    /,
    *,
    number: Annotated[int, Parameter(name=["-n", "--number"])] = 64,
    out: Annotated[Path, Parameter(name=["-o", "--out"])] = Path("samples.png"),
    label: str | None = None,
    seed: int = 0,
) -> int:
    """Write samples of the generator in RUN; the same seed gives the same samples.

    Parameters
    ----------
    run
        A run's folder, or one that `WGAN.save` wrote.
    number
        How many.
    out
        The ending chooses: .png (one grid, or a scatter), .npy, .npz (samples x, labels y), or none (a folder of PNGs, a folder a class).
    label
        The class, of a generator trained with --labels; otherwise classes are as frequent as among its training samples.
    seed
        Names the noise.
    """
    if number < 1:
        raise WganError(f"-n {number}: give 1 or more")
    model = load_model(run)
    labels = np.full(number, model.label(label)) if label is not None else model.draw_labels(number, seed) if model.classes else None
    names = None if labels is None else [model.classes[y] for y in labels]
    write_samples(model.sample(number, seed, labels), model.codec, out, names)
    screen.print(f"{number} samples{'' if label is None else f' of class {label}'} in {out}")
    return 0
