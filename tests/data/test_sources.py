"""Sources: names, paths and arrays, and the kind of data that they are read as."""

import numpy as np
import pandas as pd
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load, named_sources, short_name

PICTURES = np.random.default_rng(0).integers(0, 256, size=(20, 5, 4), dtype=np.uint8)


def kind_of(source, **settings):
    return load(source, **settings).codec.kind


def test_the_shape_of_an_array_tells_its_kind():
    assert kind_of(PICTURES) == "images"
    assert kind_of(PICTURES.reshape(20, 20)) == "vectors"
    assert kind_of(torch.zeros(20, 3)) == "vectors"


@pytest.mark.parametrize("form", ["memory", "npy", "npz"])
def test_a_kind_may_be_named(tmp_path, form):
    """Of vectors one column is `[n]` too, and of pictures an array of two axes is none."""
    source = PICTURES
    if form == "npy":
        np.save(tmp_path / "a.npy", PICTURES)
        source = tmp_path / "a.npy"
    elif form == "npz":
        np.savez(tmp_path / "a.npz", x=PICTURES)
        source = tmp_path / "a.npz"
    for kind in ("auto", "images"):
        assert load(source, kind=kind).codec == load(PICTURES).codec
    with pytest.raises(WganError, match=r"samples of shape \(5, 4\); vectors are an array"):
        load(source, kind="vectors")
    with pytest.raises(WganError, match=r"samples of shape \(20,\); give vectors"):
        load(PICTURES.reshape(20, 20), kind="images")
    assert kind_of(PICTURES.reshape(20, 20), kind="vectors") == "vectors"


def test_names_have_the_kind_that_they_have():
    assert kind_of("digits", kind="images") == "images"
    assert kind_of("swiss-roll", kind="vectors") == "vectors"
    with pytest.raises(WganError, match=r"swiss-roll: holds vectors, and data.kind = 'images'"):
        load("swiss-roll", kind="images")


def test_a_table_is_read_as_no_other_kind(tmp_path, mixed):
    mixed(60).to_csv(tmp_path / "t.csv", index=False)
    for source in (tmp_path / "t.csv", mixed(60)):
        assert kind_of(source, kind="tables") == "tables"
        words = r"holds tables, and data\.kind = 'vectors': leave it"
        with pytest.raises(WganError, match=words):
            load(source, kind="vectors")


def test_an_array_is_read_as_no_table():
    with pytest.raises(WganError, match="tables"):
        load(PICTURES, kind="tables")


@pytest.mark.parametrize("source", ["digits", "swiss-roll", PICTURES, pd.DataFrame({"a": [1, 2]})])
def test_an_unknown_kind_is_answered_with_the_nearest(source):
    with pytest.raises(
        WganError, match=r"no kind of data is called 'image'. Did you mean 'images'"
    ):
        load(source, kind="image")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"resize": (4, 4)}, "apply to folders and zips of pictures"),
        ({"mode": "RGB"}, "apply to folders and zips of pictures"),
        ({"key": "x"}, r"data.key applies to .npz and .xlsx files"),
        ({"schema": "s.toml"}, "data.schema applies to tables"),
        ({"labels": "nowhere"}, "is no named column or array there"),
    ],
)
def test_settings_of_other_forms_of_data_are_refused(settings, words):
    with pytest.raises(WganError, match=f"digits: .*{words}"):
        load("digits", **settings)


def test_a_file_of_the_name_of_a_toy_is_read_by_its_path(tmp_path):
    np.save("digits.npy", PICTURES)
    (tmp_path / "digits.npy").rename(tmp_path / "digits")
    assert len(load("digits")) == 1797
    with pytest.raises(WganError, match="not a kind of file that can be read"):
        load("./digits")


def test_progress_is_told_to_a_listener(monkeypatch, tmp_path):
    monkeypatch.setattr("wgan.data.storage.SHOW_PROGRESS_BYTES", 0)
    told = []
    load(PICTURES, progress=lambda what, done, total: told.append((what, done, total)))
    assert told == [("reading the data", 0, 1), ("reading the data", 1, 1)]


def test_names_are_short_and_known():
    assert {"digits", "25-gaussians", "swiss-roll"} <= set(named_sources())
    assert [short_name(each) for each in ("digits", "a/b/cats.tar.gz", "./x.csv")] == [
        "digits",
        "cats",
        "x",
    ]
