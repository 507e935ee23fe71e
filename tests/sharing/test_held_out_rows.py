"""What is given away holds no value that only held-out rows have."""

import numpy as np
import pandas as pd
import pytest

from wgan.data.tables.fitting import without_unseen
from wgan.data.tables.schema import Column
from wgan.models import export_model, load_model
from wgan.sharing.card import Said
from wgan.sharing.pushing import write_shared
from wgan.training import Run

SMALL = {"network.width": 8, "optimizer.batch": 16}


@pytest.fixture(scope="module")
def run():
    """A run of two steps on a column whose rare levels are partly in held-out rows alone."""
    random = np.random.default_rng(0)
    texts = [f"private word {i}" for i in random.integers(150, size=200)]
    frame = pd.DataFrame({"comment": texts, "paid": random.random(200) < 0.5})
    frame["comment"] = frame["comment"].astype("category")
    run = Run.open(frame, steps=2, settings=SMALL, watch=None)
    for _ in run.records():
        pass
    return run


def unseen(run):
    """The levels that only held-out rows have."""
    (column, _) = run.model.codec.columns
    texts = [text.encode() for text in column.unseen]
    assert len(texts) > 10
    return texts


def holds(content, text):
    return b'"' + text + b'"' in content


def test_a_pushed_model_has_no_text_of_held_out_rows(run, tmp_path):
    files = write_shared(run.model, Said("jo/x", "mit"), None, tmp_path / "out")
    content = b"".join(path.read_bytes() for path in files)
    assert not any(holds(content, text) for text in unseen(run))
    shared, own = load_model(tmp_path / "out"), run.model
    assert list(shared.codec.wrap(shared.sample(80))["comment"]) == list(
        own.codec.wrap(own.sample(80))["comment"]
    )


def test_an_exported_model_has_no_text_of_held_out_rows(run, tmp_path):
    pytest.importorskip("onnxscript")
    export_model(run.model, tmp_path / "x.onnx")
    content = (tmp_path / "x.onnx").read_bytes()
    assert b"private word" in content
    assert not any(holds(content, text) for text in unseen(run))


def test_a_level_that_looks_like_a_held_out_one_keeps_its_state():
    column = Column("c", "category", "object", levels=("(held out 1)", "a", "b"), unseen=("b",))
    shared = without_unseen(column)
    assert shared.levels == ("(held out 1)", "a", "(held out 2)")
    assert shared.places.tolist() == column.places.tolist() == [0, 1]
