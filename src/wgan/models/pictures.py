"""What does a generator make at this step? A picture in the run's folder, always from the same
noise.
"""

from pathlib import Path

import numpy as np

from wgan.base.files import replaced
from wgan.data import ImageCodec, Split, TableCodec
from wgan.data.writers import write_columns, write_grid, write_scatter
from wgan.models.model import Model

GRID_SAMPLES, SCATTER_SAMPLES = 64, 2000
MOST_COLUMNS = 16


def write_snapshot(folder: Path, step: int, model: Model, split: Split, seed: int) -> None:
    """Write `samples/step-N.png`: a grid of pictures, a column a class if there are few; or, over
    held-out samples, a scatter or a panel a column.
    """
    path = folder / "samples" / f"step-{step:07d}.png"
    path.parent.mkdir(exist_ok=True)
    codec, classes = model.codec, len(model.classes)
    with replaced(path) as target:
        if isinstance(codec, ImageCodec):
            columns = classes if 0 < classes <= MOST_COLUMNS else None
            n = GRID_SAMPLES // columns * columns if columns else GRID_SAMPLES
            labels = np.arange(n) % classes if classes else None
            write_grid(codec.to_pixels(model.sample(n, seed, labels)), target, columns)
        else:
            real = split.held_out_sample(0, min(split.n_held_out, SCATTER_SAMPLES))
            fake = model.sample(SCATTER_SAMPLES, seed)
            if isinstance(codec, TableCodec):
                write_columns(codec, fake, target, real)
            else:
                write_scatter(fake.astype(np.float64), target, real.astype(np.float64))
