"""Stacked-MNIST from small idx files made here: pictures, numbers and shares agree with the files
they come from.
"""

import gzip
import struct

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.cli import main
from wgan.data import load, short_name, stacked


def write_idx(path, values, zipped):
    data = (
        struct.pack(">HBB", 0, 8, values.ndim)
        + struct.pack(f">{values.ndim}I", *values.shape)
        + values.astype(np.uint8).tobytes()
    )
    path.write_bytes(gzip.compress(data) if zipped else data)


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """Pictures whose pixels are all ten times their digit; digit 1 thrice as frequent as the
    others.
    """
    monkeypatch.setattr(stacked, "SAMPLES", 5000)
    labels = np.array([*range(10), 1, 1] * 5)
    folder = tmp_path / "mnist"
    folder.mkdir()
    write_idx(
        folder / "train-images-idx3-ubyte",
        np.ones((60, 6, 6)) * labels[:, None, None] * 10,
        zipped=False,
    )
    write_idx(folder / "train-labels-idx1-ubyte.gz", labels, zipped=True)
    return folder


def test_numbers_spell_the_digits_red_first(mnist):
    data = load(f"stacked-mnist:{mnist}")
    assert (len(data), data.shape, data.classes[407]) == (5000, (3, 6, 6), "407")
    spelt = data.rows[:, 0, 0].astype(int) // 10 @ [100, 10, 1]
    assert np.array_equal(spelt, data.labels)
    assert data.fingerprint == load(f"stacked-mnist:{mnist}").fingerprint, (
        "the same pictures each time"
    )


def test_shares_are_products_of_the_digits(mnist):
    data = load(f"stacked-mnist:{mnist}")
    assert data.shares.sum() == pytest.approx(1)
    assert data.shares[111] == pytest.approx(0.25**3)
    assert data.shares[407] == pytest.approx(12**-3)
    assert (data.labels == 111).mean() == pytest.approx(0.25**3, abs=0.005)


def test_a_run_has_a_short_name(mnist, capsys):
    assert short_name(f"stacked-mnist:{mnist}") == "stacked-mnist"
    assert main(["train", f"stacked-mnist:{mnist}", "--dry-run"]) == 0
    assert "runs/stacked-mnist-wgan-gp-0" in capsys.readouterr().out


def test_absent_and_unfitting_files_are_one_line(mnist, tmp_path):
    with pytest.raises(WganError, match="holds no train-images-idx3-ubyte"):
        load(f"stacked-mnist:{tmp_path}")
    write_idx(mnist / "train-labels-idx1-ubyte", np.arange(9), zipped=False)
    with pytest.raises(WganError, match="are not MNIST's"):
        load(f"stacked-mnist:{mnist}")
