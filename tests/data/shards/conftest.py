"""Small blocks and a small sample, so that small shards have many."""

import pytest

from wgan.data.shards import blocks, order, reading, rows, source


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("WGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(rows, "BLOCK_BYTES", 80)  # ten rows of two single-precision numbers
    monkeypatch.setattr(source, "SAMPLE_BYTES", 500)
    monkeypatch.setattr(order, "WINDOW_BLOCKS", 8)
    monkeypatch.setattr(reading, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(blocks, "READERS", 2)
