"""Types and shapes in annotations are checked in every test; caches and runs go to temporary
folders.

Not checked: the estimator and the command line, which are given wrong types on purpose and must
answer for themselves.
"""

import os

# The tests say what holds on a CPU; those of CUDA (tests/test_cuda.py) are run with WGAN_CUDA=1.
if os.environ.get("WGAN_CUDA") != "1":
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

# Workers share the cores: small models with a thread a core in each take five times as long.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch
from jaxtyping import install_import_hook
from mixed_tables import mixed_table

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
    install_import_hook([f"wgan.{stage}" for stage in stages], "annotations.checked")

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def mixed():
    """A function of n to a table with a column of every kind, in which some go together."""
    return mixed_table
