"""Small shards in folders, for tests."""

import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = (37, 5, 90, 64, 1, 128, 30)


def write_arrays(folder: Path, sizes=SIZES, first: int = 0) -> np.ndarray:
    """Write a shard of `[n, 2]` for each size; return all rows, which are their own numbers."""
    folder.mkdir(exist_ok=True)
    start = 0
    for i, size in enumerate(sizes):
        rows = np.arange(start, start + size, dtype=np.float32)
        np.save(folder / f"s-{first + i:03d}.npy", np.stack([rows, -rows], axis=1))
        start += size
    numbers = np.arange(start, dtype=np.float32)
    return np.stack([numbers, -numbers], axis=1)


def png(pixels: np.ndarray) -> bytes:
    """Return a picture file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    """Write a tar file of members."""
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def write_pictures(folder: Path, sizes=(12, 7, 20), side: int = 6) -> tuple[np.ndarray, list[str]]:
    """Write tar files of random grey pictures with classes; return all pictures and classes."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    pictures = []
    classes = []
    for i, size in enumerate(sizes):
        members = {}
        for j in range(size):
            pictures.append(random.integers(0, 256, (side, side), dtype=np.uint8))
            classes.append(str(j % 3))
            members[f"{j:04d}.png"] = png(pictures[-1])
            members[f"{j:04d}.cls"] = classes[-1].encode()
        write_tar(folder / f"p-{i}.tar", members)
    return np.stack(pictures)[..., None], classes
