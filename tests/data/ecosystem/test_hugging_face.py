"""Data sets of the library `datasets`: tables and pictures, there and back."""

import datetime
import pickle
from decimal import Decimal

import numpy as np
import pytest

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.ecosystem.families import opened

datasets = pytest.importorskip("datasets")
N = 60
FEATURES = datasets.Features(
    {
        "x": datasets.Value("float32"),
        "n": datasets.Value("int16"),
        "y": datasets.ClassLabel(names=["no", "yes", "never"]),
        "time": datasets.Value("timestamp[s, tz=Europe/Berlin]"),
        "price": datasets.Value("decimal128(8, 2)"),
        "word": datasets.Value("string"),
        "flag": datasets.Value("bool"),
    }
)
UTC = datetime.UTC


def table():
    return datasets.Dataset.from_dict(
        {
            "x": [i / 4 for i in range(N)],
            "n": [i % 7 for i in range(N)],
            "y": [i % 2 for i in range(N)],
            "time": [datetime.datetime(2024, 1, 1 + i % 28, tzinfo=UTC) for i in range(N)],
            "price": [Decimal(i) / 4 for i in range(N)],
            "word": [None if i % 9 == 0 else "ab"[i % 2] for i in range(N)],
            "flag": [i % 3 == 0 for i in range(N)],
        },
        features=FEATURES,
    )


def pictures(n=40, side=lambda i: 8, **columns):
    random = np.random.default_rng(0)
    pixels = [random.integers(0, 256, (side(i), 8, 3), dtype=np.uint8) for i in range(n)]
    features = {"image": datasets.Image()} | {name: each[1] for name, each in columns.items()}
    values = {"image": pixels} | {name: each[0] for name, each in columns.items()}
    return datasets.Dataset.from_dict(values, features=datasets.Features(features)), pixels


def labels(n=40):
    return [i % 2 for i in range(n)], datasets.ClassLabel(names=["zebra", "ant"])


def test_a_table_comes_back_with_its_features():
    arrived = opened(table())
    data = load(arrived)
    again = arrived.like(data.codec.frame(data.rows))
    assert again.features == FEATURES
    assert again.to_dict() == table().to_dict()


def test_classes_of_a_table_are_categories_by_their_names():
    values = opened(table()).values["y"]
    assert list(values.cat.categories) == ["no", "yes", "never"]
    assert values.astype(str).tolist()[:2] == ["no", "yes"]


def test_rows_are_those_that_were_selected():
    chosen = table().shuffle(seed=3).select(range(5, 35))
    assert opened(chosen).values["x"].tolist() == chosen["x"][:]


def test_an_estimator_gives_the_same_kind_back_under_conditions_and_completed():
    model = WGAN(steps=1).fit(table())
    drawn = model.sample(3, where={"y": "yes"})
    assert drawn.features == FEATURES
    assert drawn["y"][:] == [1, 1, 1]
    done = model.complete(table().remove_columns(["x"]).select(range(2)))
    assert done["n"][:] == [0, 1]
    assert done.features["x"].dtype in ("float", "float32")
    pickle.dumps(model._like)


def test_pictures_keep_their_pixels_and_the_names_of_their_classes():
    source, pixels = pictures(label=labels())
    data = load(source)
    assert np.array_equal(data.rows[:], pixels)
    assert data.classes == ("ant", "zebra")
    assert [data.classes[i] for i in data.labels[:3]] == ["zebra", "ant", "zebra"]


def test_pictures_come_back_as_pictures_with_their_classes():
    source, pixels = pictures(label=labels())
    arrived = opened(source)
    again = arrived.like(np.stack(pixels), np.array(["zebra", "ant"] * 20))
    assert again.features == source.features
    assert again["label"][:] == source["label"][:]
    assert np.array_equal(np.asarray(again[7]["image"]), pixels[7])


def test_a_conditional_estimator_takes_the_classes_of_pictures():
    source, _ = pictures(label=labels())
    model = WGAN(steps=1, conditional=True).fit(source)
    assert model.classes_ == ("ant", "zebra")
    assert model.sample(3, labels="ant")["label"][:] == [1, 1, 1]
    assert set(model.sample(20)["label"][:]) == {0, 1}
    assert model.score_samples(source.select(range(2)), labels="ant").shape == (2,)


def test_columns_beside_pictures_are_counted_out_by_name():
    words = ["a"] * 40, datasets.Value("string")
    with pytest.warns(UserWarning, match="left out: words$"):
        load(pictures(label=labels(), words=words)[0])


def test_of_several_columns_of_classes_one_is_named():
    source, _ = pictures(fine=labels(), coarse=labels())
    with pytest.warns(UserWarning, match=r"left out: fine, coarse .*data.labels chooses one"):
        assert load(source).labels is None
    with pytest.warns(UserWarning, match="left out: fine"):
        assert load(source, labels="coarse").classes == ("ant", "zebra")
    with pytest.raises(WganError, match=r"the columns fine, coarse name classes: give data.labels"):
        load(source, labels="own")
    with pytest.raises(WganError, match=r"data.labels = 'coars' is no column.*'coarse'"):
        load(source, labels="coars")


def test_pictures_of_several_sizes_are_refused_by_row_or_resized():
    mixed, _ = pictures(side=lambda i: 8 + (i == 5))
    with pytest.raises(WganError, match=r"<datasets.Dataset>/row-06: 9x8 pixels"):
        load(mixed)
    assert load(mixed, resize=(8, 8)).shape == (3, 8, 8)


def test_a_row_without_a_picture_is_refused():
    source, pixels = pictures()
    gaps = datasets.Dataset.from_dict({"image": [None, *pixels]}, features=source.features)
    with pytest.raises(WganError, match="row 1: holds no picture: drop the row"):
        load(gaps)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: datasets.DatasetDict(a=table(), b=table()), r"of splits \(a, b\): give one .*'a'"),
        (lambda: table().to_iterable_dataset(), "has no known end: give"),
        (lambda: table().to_iterable_dataset().with_format("torch"), "has no known end: give"),
        (
            lambda: datasets.Dataset.from_dict({"a": [1] * 20, "l": [[1]] * 20}),
            r"cannot be read: 'l' \(List\): leave out, with remove_columns\(\['l'\]\)",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(make, words):
    with pytest.raises(WganError, match=words) as caught:
        load(make())
    assert "\n" not in str(caught.value)


def test_a_transform_that_is_not_applied_is_said():
    changed = table().with_transform(lambda rows: rows)
    with pytest.warns(UserWarning, match=r"transform of the datasets.Dataset is not applied"):
        load(changed)
