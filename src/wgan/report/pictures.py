"""What does a generator make, and is it copied? Generated samples, each above its nearest training
sample; of points and tables, beside real ones.
"""

from pathlib import Path

import numpy as np

from wgan.base.files import replaced
from wgan.base.seeding import derive
from wgan.data import ImageCodec, Split, TableCodec
from wgan.data.writers import write_columns, write_grid, write_scatter
from wgan.evaluation.metrics.nearest import nearest_rows
from wgan.models import Model

PAIRS, ACROSS, POINTS = 40, 10, 2000
BYTES = 2**29


def write_picture(path: Path, model: Model, split: Split, seed: int) -> None:
    """Write generated pictures row by row, each row above the nearest training pictures (of those
    that fit into 512 MiB); others as snapshots are.
    """
    codec, seed = model.codec, derive(seed, "picture")
    with replaced(path) as target:
        if isinstance(codec, ImageCodec):
            fake = model.sample(PAIRS, seed)
            known = min(split.n_train, max(PAIRS, BYTES // (8 * int(np.prod(codec.shape)))))
            train = split.train_sample(0, known)
            near = train[nearest_rows(codec.measure(fake), codec.measure(train))[0]]
            rows = np.stack(
                [
                    fake.reshape(-1, ACROSS, *fake.shape[1:]),
                    near.reshape(-1, ACROSS, *fake.shape[1:]),
                ],
                axis=1,
            )
            write_grid(codec.to_pixels(rows.reshape(2 * PAIRS, *fake.shape[1:])), target, ACROSS)
            return
        real, fake = (
            split.held_out_sample(0, min(split.n_held_out, POINTS)),
            model.sample(POINTS, seed),
        )
        if isinstance(codec, TableCodec):
            write_columns(codec, fake, target, real)
        else:
            write_scatter(
                np.asarray(fake, dtype=np.float64), target, np.asarray(real, dtype=np.float64)
            )
