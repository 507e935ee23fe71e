"""Good inputs that the cases spoil: data in every format, and small finished runs and models."""

import gzip
import shutil
import struct
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from wgan.cli import main

SMALL = ["--set", "network.width=8", "--set", "optimizer.batch=8", "--steps", "2", "--quiet"]
"""Flags of the smallest training that writes all that a run holds."""
MATERIAL: list[Path] = []
"""The folder of the material, once `make` has made it."""


@cache
def points() -> np.ndarray:
    """Return 120 points in the plane."""
    return np.random.default_rng(0).normal(size=(120, 2)).astype(np.float32)


@cache
def pictures() -> np.ndarray:
    """Return 150 grey pictures of 8 x 8 bytes."""
    return np.random.default_rng(0).integers(0, 256, (150, 8, 8)).astype(np.uint8)


@cache
def people() -> pd.DataFrame:
    """Return a table of 300 rows with numbers, categories, dates, gaps and identifiers."""
    random = np.random.default_rng(0)
    n = 300
    ages = random.integers(18, 90, n).astype(float)
    ages[::9] = np.nan
    return pd.DataFrame(
        {
            "id": np.arange(1, n + 1),
            "age": ages,
            "income": np.round(random.lognormal(3, 1, n), 2),
            "city": random.choice(["Oslo", "Rome", "Lima"], n),
            "member": random.random(n) < 0.3,
            "joined": pd.date_range("2020-01-01", periods=n, freq="D").strftime("%Y-%m-%d"),
        }
    )


def npy(array: np.ndarray, path: Path) -> Path:
    """Write an array; return the path."""
    with path.open("wb") as file:
        np.save(file, array)
    return path


def picture_folder(folder: Path, count: int = 20) -> Path:
    """Write a folder of PNGs in two classes; return it."""
    for i, pixels in enumerate(pictures()[:count]):
        place = folder / "ab"[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{i}.png")
    return folder


def idx(array: np.ndarray) -> bytes:
    """Return an array of bytes in the idx format."""
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


def make(folder: Path) -> None:
    """Write the material: good.* in every format; runs of points, pictures and a table."""
    MATERIAL[:] = [folder]
    npy(points(), folder / "good.npy")
    npy(pictures(), folder / "pictures.npy")
    np.savez(folder / "good.npz", x=points())
    (folder / "good.idx").write_bytes(idx(pictures()))
    (folder / "good.idx.gz").write_bytes(gzip.compress(idx(pictures())))
    people().to_csv(folder / "good.csv", index=False)
    people().to_parquet(folder / "good.parquet", index=False)
    picture_folder(folder / "pictures")
    with zipfile.ZipFile(folder / "good.zip", "w") as archive:
        for path in sorted((folder / "pictures").rglob("*.png")):
            archive.write(path, path.relative_to(folder / "pictures").as_posix())
    for data, name in (("good.npy", "points"), ("pictures.npy", "images"), ("good.csv", "table")):
        train = ["train", str(folder / data), "--out", str(folder / "runs" / name), *SMALL]
        if main(train) != 0:
            raise RuntimeError(f"the run of {data} failed")
        if main(["evaluate", str(folder / "runs" / name), "--quiet"]) != 0:
            raise RuntimeError(f"the evaluation of {data} failed")


def material() -> Path:
    """Return the folder of the material."""
    return MATERIAL[0]


def copied(name: str, folder: Path, to: str | None = None) -> Path:
    """Copy a file or folder of the material into a case's folder; return its path there."""
    source = material() / name
    target = folder / (to or source.name)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)
    return target
