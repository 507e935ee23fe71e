"""Does the data keep up with training? The share of a step that is spent drawing its batches, for each way that data are stored.

Makes the data in a temporary folder: pictures of 64 x 64 in colour as a folder of PNG files, as a memory-mapped `.npy` too large to
be kept on the device, and in memory; 28 x 28 pictures in memory; rows of numbers, memory-mapped; a table of mixed columns.
The presets' own networks are trained, with one critic step each. A step asks for its batches twice: once for the critic, and, where labels
or a table's states go into the generator, once more. Files are in the system's cache, as they are from the second epoch on;
`--cold` drops them from it before each draw.

    python benchmarks/loading.py [--rounds 15] [--threads 2] [--cold] [--out loading.json]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

import wgan
from wgan.data import Batches, Dataset, load
from wgan.training import configure, from_settings, prepare, row_of
from wgan.training.draws import Draws
from wgan.training.losses import build_losses
from wgan.training.step import train_step

PNGS, LARGE, SMALL, ROWS, RECORDS = 2_000, 40_000, 20_000, 4_000_000, 50_000


def pictures(n: int, side: int, channels: int, seed: int = 0) -> np.ndarray:
    """Random pictures, `[n, side, side, channels]` of bytes."""
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


def folder_of_pictures(folder: Path) -> Path:
    """Write PNG files of 64 x 64 pixels in colour."""
    place = folder / "pictures"
    place.mkdir()
    for i, picture in enumerate(pictures(PNGS, 64, 3)):
        Image.fromarray(picture).save(place / f"{i:05}.png", compress_level=1)
    return place


def mapped_pictures(folder: Path) -> Path:
    """Write a `.npy` of pictures of 64 x 64 in colour."""
    np.save(folder / "pictures.npy", pictures(LARGE, 64, 3))
    return folder / "pictures.npy"


def mapped_rows(folder: Path) -> Path:
    """Write a `.npy` of rows of 32 numbers."""
    np.save(folder / "rows.npy", np.random.default_rng(0).standard_normal((ROWS, 32), dtype=np.float32))
    return folder / "rows.npy"


def table(folder: Path) -> Path:
    """Write a table of 8 categories and 6 numbers."""
    rng = np.random.default_rng(0)
    columns = {f"kind {i}": rng.choice(list("abcdefgh"), RECORDS) for i in range(8)} | {f"number {i}": rng.normal(size=RECORDS) for i in range(6)}
    pd.DataFrame(columns).to_parquet(folder / "table.parquet")
    return folder / "table.parquet"


CASES: dict[str, Callable[[Path], Any]] = {
    "64x64x3, a folder of PNG": folder_of_pictures,
    "64x64x3, .npy mapped": mapped_pictures,
    "64x64x3, in memory": lambda folder: pictures(PNGS, 64, 3),
    "28x28x1, in memory": lambda folder: pictures(SMALL, 28, 1),
    "32 numbers, .npy mapped": mapped_rows,
    "table of 14 columns": table,
}


def clocked(draw: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    """Return a function that does the same and notes its seconds."""

    def run(*arguments: Any) -> Any:
        start = time.perf_counter()
        out = draw(*arguments)
        seconds.append(time.perf_counter() - start)
        return out

    return run


def drop_from_cache(source: Any) -> None:
    """Ask the system to forget what it holds of a file."""
    for path in [source] if isinstance(source, Path) and source.is_file() else []:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(data: Dataset, source: Any, rounds: int, cold: bool) -> dict[str, Any]:
    """Time whole steps, and within them the draws."""
    config, _ = configure([from_settings(["optimiser.critic_steps=1"])], data=data)
    state, row = prepare(config, data), row_of(config)
    device = next(state.critic.parameters()).device
    draws = Draws(Batches(data.split(), 0, device), config, device)
    losses = build_losses(state, row, config)
    seconds: list[float] = []
    for name in ("critic", "generator"):
        object.__setattr__(draws, name, clocked(getattr(draws, name), seconds))
    train_step(state, losses, row, draws, config)
    steps, waits = [], []
    for _ in range(rounds):
        if cold:
            drop_from_cache(source)
        seconds.clear()
        start = time.perf_counter()
        train_step(state, losses, row, draws, config)
        steps.append(time.perf_counter() - start)
        waits.append(sum(seconds))
    return {
        "precision": config.training.precision,
        "batch": config.optimiser.batch,
        "step, s": statistics.median(steps),
        "draws, s": statistics.median(waits),
        "share": statistics.median(wait / step for wait, step in zip(waits, steps, strict=True)),
    }


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--cold", action="store_true", help="drop files from the system's cache before each step")
    parser.add_argument("--out", default=None, help="a JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"wgan {wgan.__version__}, torch {torch.__version__}, {arguments.threads} threads, files {'cold' if arguments.cold else 'cached'}")
    rows = []
    for name, make in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            source = make(Path(folder))
            row = {"case": name} | measure(load(source), source, arguments.rounds, arguments.cold)
        rows.append(row)
        print(
            f"{name:26} batch {row['batch']:4} {row['precision']:9} step {row['step, s'] * 1e3:8.1f} ms  draws {row['draws, s'] * 1e3:6.2f} ms"
            f"  waiting {row['share']:6.2%}",
            flush=True,
        )
    if arguments.out:
        Path(arguments.out).write_text(json.dumps({"torch": torch.__version__, "threads": arguments.threads, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
