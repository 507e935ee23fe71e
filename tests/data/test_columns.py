"""Text files of numbers: first lines that may be names, told separators, old line ends."""

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.data import load

ROWS = np.random.default_rng(0).normal(size=(60, 3)).round(2)
LINES = "".join(",".join(map(str, row)) + "\n" for row in ROWS.tolist())
WHOLE = "".join(f"{i * 7 % 9},{i * 5 % 8},{i % 4}\n" for i in range(60))


@pytest.mark.parametrize("rows", [LINES, WHOLE])
@pytest.mark.parametrize("names", ["2019,2020,2021", "1990,2000,2020", "10,20,30"])
def test_names_that_are_numbers_are_not_learned_as_a_row(tmp_path, names, rows):
    (tmp_path / "t.csv").write_text(names + "\n" + rows)
    with pytest.raises(WganError, match=r"the first line, \d+, .*may hold names: write them as y"):
        load(tmp_path / "t.csv")


@pytest.mark.parametrize("first", ["5,9,5", "7,2,40", "3.5,2.5,1.5", "-1,0.5,2"])
def test_a_first_row_like_others_is_a_row(tmp_path, first):
    (tmp_path / "t.csv").write_text(first + "\n" + (WHOLE if "." not in first else LINES))
    assert load(tmp_path / "t.csv").rows.shape == (61, 3)


def test_rows_of_two_numbers_and_of_rising_ones_are_rows(tmp_path):
    for text in ("1,2\n" * 40, "".join(f"{i + 3},{i + 4},{i + 5}\n" for i in range(40))):
        (tmp_path / "t.csv").write_text(text)
        assert len(load(tmp_path / "t.csv")) == 40


def test_a_told_separator_and_old_line_ends_are_read(tmp_path):
    (tmp_path / "a.csv").write_text("sep=;\n" + LINES.replace(",", ";"))
    (tmp_path / "b.CSV").write_bytes(LINES.replace("\n", "\r").encode())
    assert np.array_equal(load(tmp_path / "a.csv").rows, ROWS)
    assert np.array_equal(load(tmp_path / "b.CSV").rows, ROWS)
    (tmp_path / "a.csv").write_text("sep=;\n" + LINES.replace(",", ";") + "1;2\n")
    with pytest.raises(WganError, match="line 62 has 2 fields"):
        load(tmp_path / "a.csv")
