"""Types and shapes in annotations are checked in every test; caches and runs go to temporary
folders.

Not checked: the estimator and the command line, which are given wrong types on purpose and must
answer for themselves.
"""

import os

# The tests say what holds on a CPU; those of CUDA (tests/test_cuda.py) are run with WGAN_CUDA=1.
if os.environ.get("WGAN_CUDA") != "1":
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import pandas as pd
import pytest
import torch
from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

checked = beartype(
    conf=BeartypeConf(is_pep484_tower=True)
)  # an int is a float, as type checkers have it

if os.environ.get("WGAN_CHECK_SHAPES", "1") == "1":
    stages = (
        "distances",
        "objectives",
        "data",
        "networks",
        "evaluation",
        "config",
        "models",
        "runs",
        "training",
        "audit",
        "experiments",
        "report",
    )
    install_import_hook([f"wgan.{stage}" for stage in stages], "conftest.checked")

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def mixed():
    """A function of n to a table with a column of every kind, in which some go together."""
    return mixed_table


def mixed_table(n, seed=0):
    random = np.random.default_rng(seed)
    size = random.choice(["small", "medium", "large"], n, p=[0.6, 0.35, 0.05])
    big = size == "large"
    absent = random.random(n) < np.where(big, 0.5, 0.1)
    return pd.DataFrame(
        {
            "customer_id": [f"C-{i:05d}" for i in range(1, n + 1)],
            "age": random.integers(18, 90, n),
            "price": np.round(np.exp(random.normal(3, 1, n)) + 20 * big, 2),
            "gain": np.where(random.random(n) < 0.8, 0.0, random.exponential(1000, n)),
            "size": size,
            "city": [f"city {k}" for k in random.zipf(1.7, n).clip(max=400)],
            "member": random.random(n) < np.where(big, 0.9, 0.2),
            "code": [f"{k:03d}" for k in random.integers(0, 12, n)],
            "bought": (
                pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1000, n), unit="D")
            ),
            "note": pd.Series(np.where(absent, None, random.choice(["a", "b"], n)), dtype="str"),
            "visits": pd.Series(np.where(absent, np.nan, random.poisson(5, n))),
        }
    )
