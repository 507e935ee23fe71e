"""Types and shapes in annotations are checked in every test; caches and runs go to temporary folders.

Not checked: the estimator and the command line, which are given wrong types on purpose and must answer for themselves.
"""

import os

import pytest
import torch
from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float, as type checkers have it

if os.environ.get("WGAN_CHECK_SHAPES", "1") == "1":
    stages = ("distances", "data", "networks", "objectives", "training", "audit", "evaluation", "report")
    install_import_hook([f"wgan.{stage}" for stage in stages], "conftest.checked")

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
