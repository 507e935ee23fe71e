"""The table of libraries: none is imported before an object of it arrives."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from wgan.data.ecosystem.arrived import Arrived, as_they_are
from wgan.data.ecosystem.families import FAMILIES, opened

CODE = """
import sys
import numpy as np, pandas as pd, torch
from wgan.data import load
for each in (np.zeros((20, 2)), torch.rand(20, 2), pd.DataFrame({"a": range(20)}), [[1, 2]] * 20):
    load(each)
print([name for name in ("datasets", "duckdb", "xarray", "huggingface_hub", "polars") \
if name in sys.modules])
"""


def test_no_library_is_imported_before_an_object_of_it_arrives():
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("other", [np.zeros((3, 2)), [[1, 2]], pd.DataFrame({"a": [1]}), None])
def test_what_no_line_knows_stays_as_it_is(other):
    arrived = opened(other)
    assert arrived.values is other
    assert arrived.like is as_they_are
    assert opened(arrived) is arrived, "a stream is read once"


def test_a_library_is_told_by_any_class_of_an_object():
    torch = pytest.importorskip("torch")

    class Own(torch.utils.data.TensorDataset):
        pass

    assert isinstance(opened(Own(torch.zeros(3, 2))), Arrived)
    assert list(FAMILIES)[-1] == "torch", "an IterableDataset of datasets may be one of torch too"
