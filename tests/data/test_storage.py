"""Storage: rows of files read by number, and one pass over all of them."""

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.storage import chunks, summarise

ARRAY = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def test_summary_agrees_with_numpy_over_many_pieces(monkeypatch):
    monkeypatch.setattr("wgan.data.storage.CHUNK_BYTES", 60)
    assert len(list(chunks(ARRAY))) == 8
    summary = summarise(ARRAY, "a")
    assert np.allclose(summary.mean, ARRAY.mean(0, dtype=float))
    assert np.allclose(summary.deviation, ARRAY.std(0, dtype=float))
    assert (summary.low, summary.high) == (ARRAY.min(), ARRAY.max())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_value_in_a_later_piece_is_found(monkeypatch, bad):
    monkeypatch.setattr("wgan.data.storage.CHUNK_BYTES", 60)
    array = ARRAY.copy()
    array[33, 1] = bad
    with pytest.raises(WganError, match="row 33 holds NaN or infinity"):
        load(array)
