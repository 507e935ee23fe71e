"""Classes from everywhere they are kept, in the samples' order."""

import gzip
import struct

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from wgan.base.errors import WganError
from wgan.data import Batches, load

X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.random.default_rng(1).integers(3, size=40)


def idx(values):
    return b"\0\0\x08\x01" + struct.pack(">I", len(values)) + bytes(values.tolist())


def test_labels_are_numbered_in_sorted_order_and_named_by_their_values():
    data = load(X).with_labels([7, 3] * 20)
    assert data.classes == ("3", "7")
    assert data.labels.tolist() == [1, 0] * 20
    assert load(X).with_labels(torch.tensor([7.0, 3.0] * 20)).classes == ("3", "7")
    assert load(X).with_labels(np.array(["b", "a"] * 20)[:, None]).classes == ("a", "b")
    assert load(X).with_labels([10, 9] * 20).classes == ("9", "10"), "numbers sort as numbers"
    assert load(X).with_labels([True, False] * 20).classes == ("False", "True")
    assert load(X).with_labels(["10", "9", "-1", "9"] * 10).classes == (
        "-1",
        "9",
        "10",
    ), "in text too"
    assert load(X).with_labels(["007", "7"] * 20).classes == ("007", "7"), "a code is a name"
    assert load(X).with_labels(["1e3", "1000"] * 20).classes == ("1000", "1e3")
    assert load(X).with_labels(["1.0", "2.0"] * 20).classes == ("1", "2")
    assert load(X).with_labels([b"caf\xc3\xa9", b"bar"] * 20).classes == ("bar", "caf\u00e9")
    assert load(X).with_labels(torch.tensor([1.0, 2.0] * 20, dtype=torch.bfloat16)).classes == (
        "1",
        "2",
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (Y[:-1], r"labels of shape \(39,\), and 40 samples"),
        (Y + 0.5, "not all whole numbers"),
        (np.full(40, np.nan), "sample 1 has no label"),
        (np.full(40, 1e19), "not all whole numbers"),
        (np.zeros(40, int), r"1 different label\(s\)"),
        (np.stack([Y, Y], 1), r"labels of shape \(40, 2\)"),
        ([{}] * 40, r"1 different label\(s\)"),
        (["a"] * 39 + [None], "sample 40 has no label"),
        (np.array(["a", ""] + ["b"] * 38), "sample 2 has no label"),
    ],
)
def test_labels_that_are_no_classes_are_refused(values, words):
    with pytest.raises(WganError, match=words):
        load(X).with_labels(values)


def test_own_classes_are_those_of_folders_and_digits(tmp_path):
    for name, level in (("cat", 10), ("dog", 200)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(8):
            Image.fromarray(np.full((4, 4), level, np.uint8)).save(
                tmp_path / "pets" / name / f"{i}.png"
            )
    data = load(tmp_path / "pets", labels="own")
    assert data.classes == ("cat", "dog")
    assert [(data.rows[np.array([i])].mean() > 100) for i in range(16)] == (
        data.labels == 1
    ).tolist()
    assert load("digits", labels="own").classes == tuple("0123456789")
    with pytest.raises(WganError, match="has no classes of its own"):
        load("25-gaussians", labels="own")


@pytest.mark.parametrize("form", ["npy", "txt", "idx", "idx.gz"])
def test_a_file_beside_the_data_gives_labels(form, tmp_path):
    np.save(tmp_path / "x.npy", X)
    path = tmp_path / f"labels-{form}{'' if form.startswith('idx') else '.' + form}"
    if form == "npy":
        np.save(path, Y)
    elif form == "txt":
        path.write_text("\n".join(f"kind {y}" for y in Y))
    elif form == "idx":
        path.write_bytes(idx(Y))
    else:
        path = tmp_path / "labels-idx1-ubyte.gz"
        path.write_bytes(gzip.compress(idx(Y)))
    data = load(tmp_path / "x.npy", labels=str(path))
    assert data.labels.tolist() == Y.tolist()
    assert data.classes == (
        tuple(f"kind {i}" for i in range(3)) if form == "txt" else ("0", "1", "2")
    )


def test_a_column_or_an_array_beside_the_samples_gives_labels(tmp_path):
    lines = [f"{a},{'abc'[y]},{b},{c}" for (a, b, c), y in zip(X, Y, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["one,kind,two,three", *lines]))
    data = load(tmp_path / "t.csv", labels="kind")
    assert np.allclose(data.rows, X)
    assert data.classes == ("a", "b", "c")
    assert data.labels.tolist() == Y.tolist()
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    data = load(tmp_path / "d.npz", labels="y")
    assert np.allclose(data.rows[:], X)
    assert data.labels.tolist() == Y.tolist()


def test_wrong_sources_of_labels_are_one_clear_error(tmp_path):
    (tmp_path / "t.csv").write_text("a,kind\n" + "1,x\n2,y\n" * 10)
    pd.read_csv(tmp_path / "t.csv").to_parquet(tmp_path / "t.parquet")
    (tmp_path / "two.csv").write_text("1,2\n" * 20)
    (tmp_path / "latin.txt").write_bytes(b"\xe9\n" * 20)
    np.savez(tmp_path / "o.npz", x=X, y=np.array([{}] * 40, dtype=object))
    np.savez(tmp_path / "l.npz", y=Y)
    for source, labels, words in [
        ("t.csv", "sort", "is no named column or array there, nor a file of labels"),
        ("digits", "two.csv", "holds several columns"),
        ("t.parquet", "kind", "each column of a table can be asked for"),
        ("digits", "latin.txt", "not text in UTF-8"),
        ("digits", "l.npz", "labels are one array"),
        ("o.npz", "y", "save numbers or text, never Python objects"),
    ]:
        place = source if source == "digits" else str(tmp_path / source)
        labels = labels if labels is None or "." not in labels else str(tmp_path / labels)
        with pytest.raises(WganError, match=words):
            load(place, labels=labels)
    np.save(tmp_path / "scalar.npy", 3)
    (tmp_path / "blank.txt").write_text("a\n\nb\n" * 10)
    (tmp_path / "twice.csv").write_text("kind,a,kind\n" + "x,1,y\n" * 20)
    (tmp_path / "bare.csv").write_text("1.5,x\n" * 20)
    for source, labels, words in [
        ("digits", str(tmp_path / "scalar.npy"), r"labels of shape \(\)"),
        ("digits", str(tmp_path / "blank.txt"), "line 2 is blank"),
        (str(tmp_path / "twice.csv"), "kind", "2 columns are called kind"),
        (str(tmp_path / "bare.csv"), "x", "is no named column"),
    ]:
        with pytest.raises(WganError, match=words):
            load(source, labels=labels)
    with pytest.raises(WganError, match="cannot hold both the samples and their labels"):
        load(tmp_path / "o.npz", key="y", labels="y")
    (tmp_path / "ragged.csv").write_text("a,kind\n1,x\n2,y,3\n" + "1,x\n" * 10)
    with pytest.raises(WganError, match="line 3 has 3 fields"):
        load(tmp_path / "ragged.csv", labels="kind")


def test_batches_of_labels_belong_to_the_batches_of_samples():
    values = np.repeat(np.arange(4.0), 10)[:, None] * [1, 10]
    data = load(values).with_labels(np.repeat([5, 6, 7, 8], 10))
    batches = Batches(data.split(), seed=3)
    for draw in (0, 4, -2):
        x, y = data.decode(batches(draw, 16)), batches.labels(batches.rows(draw, 16))
        assert np.allclose(x[:, 0], y.numpy(), atol=1e-5)
    parts = [Batches(data.split(), 3, rank=r, world_size=2) for r in range(2)]
    assert torch.equal(
        torch.cat([part.labels(part.rows(1, 16)) for part in parts]),
        batches.labels(batches.rows(1, 16)),
    )


def test_a_class_without_training_samples_is_refused():
    labels = np.zeros(40, int)
    split = load(X).split()
    labels[split.held_out_rows(np.arange(1))] = 1
    with pytest.raises(WganError, match="no sample of class 1 fell into the training part"):
        load(X).with_labels(labels).split().train_labels()
