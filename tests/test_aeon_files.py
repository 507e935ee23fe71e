"""Files of series in aeon's format become arrays and long tables."""

import sys
from pathlib import Path

import numpy as np
import pytest

import wgan

BENCHMARKS = Path(wgan.__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="installed without its checkout")


@pytest.fixture
def aeon(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import aeon_files

    yield aeon_files
    sys.modules.pop("aeon_files")


def read(aeon, folder, text):
    path = folder / "x.ts"
    path.write_text(text)
    return aeon.read(path)


def test_channels_lengths_missing_values_and_classes(aeon, tmp_path):
    head = "#note: @data\n@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n"
    found = read(aeon, tmp_path, head + "1,2,?:4,5,-6e1:a\n7,NaN:8,9:b\n")
    array = aeon.array(found)
    nan = np.nan
    expected = [[[1, 4], [2, 5], [nan, -60]], [[7, 8], [nan, 9], [nan, nan]]]
    assert np.array_equal(array, np.array(expected, dtype=np.float32), equal_nan=True)
    table = aeon.long_table(found)
    assert list(table.columns) == ["series", "step", "channel1", "channel2", "class"]
    assert table["series"].tolist() == ["s1"] * 3 + ["s2"] * 2
    assert table["step"].tolist() == [0, 1, 2, 0, 1]
    assert table["class"].tolist() == ["a"] * 3 + ["b"] * 2


def test_a_file_without_classes(aeon, tmp_path):
    found = read(aeon, tmp_path, "@timeStamps false\n@classLabel false\n@data\n1,2:3,4\n")
    assert aeon.array(found).tolist() == [[[1, 3], [2, 4]]]


def test_times_of_values(aeon, tmp_path):
    head = "@timeStamps true\n@classLabel true 1 2\n@data\n"
    one = "(2007-01-01 00:00:00,2.5),(2007-01-01 00:01:00,?)"
    two = "(2007-01-01 00:00:00,3),(2007-01-01 00:01:00,4)"
    table = aeon.long_table(read(aeon, tmp_path, head + f"{one}:{two}:2\n"))
    assert table["time"].tolist() == ["2007-01-01 00:00:00", "2007-01-01 00:01:00"]
    assert table["channel1"].isna().tolist() == [False, True]
    assert table["channel2"].tolist() == [3, 4]
    assert table["class"].tolist() == ["2", "2"]


def test_attributes_of_a_forecasting_file(aeon, tmp_path):
    head = "@attribute name string\n@attribute start date\n@frequency yearly\n@data\n"
    table = aeon.long_table(read(aeon, tmp_path, head + "T1:1979-01-01 00-00-00:25,24,27\n"))
    assert table["name"].tolist() == ["T1"] * 3
    assert table["start"].tolist() == ["1979-01-01 00-00-00"] * 3
    assert table["channel1"].tolist() == [25, 24, 27]
