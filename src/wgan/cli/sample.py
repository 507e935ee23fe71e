"""`wgan sample RUN`: write samples of a trained generator."""

from pathlib import Path
from typing import Annotated

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
        The ending chooses: .png (one grid, or a scatter), .npy, or none (a folder of PNGs).
    seed
        Names the noise.
    """
    if number < 1:
        raise WganError(f"-n {number}: give 1 or more")
    model = load_model(run)
    write_samples(model.sample(number, seed), model.codec, out)
    screen.print(f"{number} samples in {out}")
    return 0
