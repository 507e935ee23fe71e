"""Data sets and loaders of torch: read once, in order, and given back as a `TensorDataset`."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.data import load
from wgan.data.ecosystem.families import opened
from wgan.training import Run

N = 40
X = torch.rand(N, 1, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.arange(N) % 3


class Pictures(Dataset):
    """Pictures with numbers of named classes, as torchvision has them."""

    classes = ("cat", "dog", "ant")

    def __len__(self):
        return N

    def __getitem__(self, i):
        return Image.fromarray(np.full((8, 8, 3), i, dtype=np.uint8)), i % 3


class Stream(IterableDataset):
    def __iter__(self):
        return iter(X)


class Bounded(Stream):
    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length


@pytest.mark.parametrize(
    "source",
    [
        TensorDataset(X, Y),
        Subset(TensorDataset(X, Y), range(N)),
        DataLoader(TensorDataset(X, Y), batch_size=7),
        DataLoader(TensorDataset(X, Y), batch_size=None),
    ],
    ids=["tensors", "subset", "loader", "loader of samples"],
)
def test_samples_are_read_in_order_with_their_classes(source):
    data = load(source)
    assert np.array_equal(data.rows[:], X.numpy())
    assert data.labels.tolist() == Y.tolist()
    assert data.codec.layout == "chw", "channels come first in tensors"


def test_samples_come_back_as_tensors_and_the_numbers_of_their_classes():
    model = WGAN(steps=1, conditional=True).fit(TensorDataset(X, Y))
    (plain, numbers) = model.sample(4, labels=2).tensors
    assert plain.shape == (4, 1, 8, 8)
    assert numbers.tolist() == [2, 2, 2, 2]
    assert len(WGAN(steps=1).fit(TensorDataset(X, Y)).sample(2).tensors) == 1


def test_named_classes_go_by_their_names_and_back_by_their_numbers():
    data = load(Pictures())
    assert data.classes == ("ant", "cat", "dog")
    assert data.rows[:][5].tolist() == np.full((8, 8, 3), 5).tolist()
    like = opened(Pictures()).like
    assert like(data.rows[:][:3], np.array(["ant", "cat", "dog"])).tensors[1].tolist() == [2, 0, 1]


def test_a_run_takes_the_classes_that_its_settings_ask_for():
    run = Run.open(TensorDataset(X, Y), steps=1, settings={"data.labels": "own"})
    assert run.classes == ("0", "1", "2")


def test_a_shuffling_loader_is_said_and_what_it_drops_is_counted():
    loader = DataLoader(TensorDataset(X), batch_size=7, shuffle=True, drop_last=True)
    with (
        pytest.warns(UserWarning, match="the loader shuffles"),
        pytest.warns(UserWarning, match="gives 35 samples, and its data set holds 40"),
    ):
        assert len(load(loader)) == 35
    sampler = WeightedRandomSampler(torch.ones(N), 100)
    with pytest.warns(UserWarning, match="WeightedRandomSampler draws .* several times"):
        assert len(load(DataLoader(TensorDataset(X), batch_size=9, sampler=sampler))) == 100


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: DataLoader(x, batch_size=8)])
def test_a_stream_is_read_up_to_its_length_and_refused_without_one(wrap):
    with pytest.raises(WganError, match="a stream without a length has no known end: give"):
        load(wrap(Stream()))
    data = load(wrap(Bounded(30)))
    assert np.array_equal(data.rows[:], X[:30].numpy())


def test_a_stream_that_ends_early_is_said():
    with pytest.warns(UserWarning, match="ended after 40 samples, and its length is 50"):
        assert len(load(Bounded(50))) == N


@pytest.mark.parametrize("second", [torch.rand(N), torch.rand(N, 2)], ids=["numbers", "arrays"])
def test_what_is_no_class_is_left_out_and_refused_where_it_is_asked_for(second):
    source = TensorDataset(torch.rand(N, 3), second)
    with pytest.warns(UserWarning, match="classes are left out"):
        assert load(source).labels is None
    with pytest.raises(WganError, match="class is"):
        load(source, labels="own")


class Odd(Pictures):
    def __init__(self, make):
        self.make = make

    def __getitem__(self, i):
        return self.make(i)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda i: {"a": 1}, "samples of type dict: give a tensor"),
        (lambda i: (X[0], 1, 2), "samples of 3 parts: give a tensor"),
        (lambda i: torch.rand(1, 8 + i % 2, 8), r"sample 2 has shape \(1, 9, 8\), and the first"),
        (lambda i: "text", "samples of type str"),
    ],
)
def test_samples_of_other_forms_are_refused_in_one_line(make, words):
    with pytest.raises(WganError, match=words):
        load(Odd(make))


def test_a_data_set_without_samples_is_refused():
    with pytest.raises(WganError, match="holds no samples: give some"):
        load(Subset(TensorDataset(X), []))


def test_palettes_are_colours():
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 9, 8, 7])
    assert load(Odd(lambda i: palette)).rows[:][0, 0, 0].tolist() == [9, 8, 7]


@pytest.mark.parametrize(
    "samples",
    [
        [np.array([1, 2]), np.array([0.25, 0.5])],
        [np.array([1, 2], np.uint8), np.array([300, 400])],
        [torch.tensor([0.5, 1.0]), torch.tensor([0.1, 1e300], dtype=torch.float64)],
    ],
    ids=["whole numbers and fractions", "bytes and larger", "float and double"],
)
def test_samples_of_several_types_keep_their_values(samples):
    values = opened(Odd(lambda i: samples[i % 2])).values
    assert np.array_equal(values[1], samples[1])
    assert np.array_equal(values[0], samples[0])


class Counted(Pictures):
    """Classes from 1 on, which are no places in the names of the data set."""

    classes = ("1", "2", "3")

    def __getitem__(self, i):
        return torch.full((3,), float(i)), i % 3 + 1


def test_numbers_that_no_name_stands_for_come_back_as_they_are():
    arrived = opened(Counted())
    assert arrived.labels.tolist()[:3] == [1, 2, 3]
    numbers = arrived.like(np.zeros((3, 3)), np.array(["1", "2", "3"])).tensors[1]
    assert numbers.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("CMYK", "RGB"),
        ("HSV", "RGB"),
        ("YCbCr", "RGB"),
        ("RGBX", "RGB"),
        ("LA", "RGBA"),
        ("La", "RGBA"),
        ("PA", "RGBA"),
        ("1", "L"),
    ],
)
def test_pictures_of_other_modes_become_shades(mode, wanted):
    colours = Image.new("RGBA", (8, 8), (200, 100, 50, 255))
    through = {"La": "LA", "PA": "P", "HSV": "RGB", "YCbCr": "RGB", "CMYK": "RGB", "RGBX": "RGB"}
    picture = colours.convert(through.get(mode, "RGBA" if mode != "1" else "RGB")).convert(mode)
    values = opened(Odd(lambda i: picture)).values
    plain = {"L": [0, 255], "RGB": [200, 100, 50], "RGBA": [200, 100, 50, 255]}[wanted]
    if wanted == "L":
        assert values.shape == (N, 8, 8)
        assert set(np.unique(values)) <= set(plain)
    elif mode in ("LA", "La"):
        assert values.shape == (N, 8, 8, 4)
        assert values[0, 0, 0].tolist() == [124, 124, 124, 255]
    elif mode == "PA":
        assert values.shape == (N, 8, 8, 4)
    else:
        assert np.abs(values[0, 0, 0].astype(int) - plain).max() <= 3, "rounding of the mode"


def test_lightness_is_no_red():
    white = Image.new("LAB", (8, 8), (255, 128, 128))
    assert opened(Odd(lambda i: white)).values[0, 0, 0].min() > 250


class Twice(BatchSampler):
    def __iter__(self):
        for batch in super().__iter__():
            yield from (batch, batch)


WEIGHTED = WeightedRandomSampler(torch.ones(N), N)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_sampler": BatchSampler(RandomSampler(X), 8, False)}, "the loader shuffles"),
        ({"batch_sampler": BatchSampler(WEIGHTED, 8, False)}, "WeightedRandomSampler draws"),
        ({"batch_sampler": Twice(SequentialSampler(X), 8, False)}, "Twice draws"),
        ({"batch_sampler": [list(range(8))] * 5}, "list draws"),
        ({"batch_size": None, "sampler": WEIGHTED}, "WeightedRandomSampler draws"),
        ({"batch_size": None, "shuffle": True}, "the loader shuffles"),
    ],
)
def test_every_loader_that_draws_is_said(settings, words):
    notes = opened(DataLoader(TensorDataset(X), **settings)).notes
    assert words in notes[0]


def test_a_loader_in_order_is_not_said():
    for settings in (
        {"batch_sampler": BatchSampler(SequentialSampler(X), 8, False)},
        {"batch_size": None},
    ):
        assert opened(DataLoader(TensorDataset(X), **settings)).notes == ()


def test_a_stream_with_several_workers_is_refused():
    with pytest.raises(WganError, match="each gives every sample of a stream: set num_workers=0"):
        load(DataLoader(Bounded(N), batch_size=8, num_workers=2))


def test_a_list_of_two_numbers_is_a_sample_and_a_tuple_a_pair():
    assert opened(Odd(lambda i: [float(i), 1])).values[5].tolist() == [5, 1]
    pairs = opened(Odd(lambda i: ([float(i), 2.0, 3.0], i % 2)))
    assert pairs.values[5].tolist() == [5, 2, 3]
    assert pairs.labels.tolist()[:3] == ["cat", "dog", "cat"]
    with pytest.raises(WganError, match="rows of different lengths") as caught:
        load(Odd(lambda i: [X[0], 1]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("none", [lambda i: X[i], lambda i: (X[i], None)], ids=["no pair", "None"])
def test_a_sample_without_a_class_is_said_and_refused_where_classes_are_asked_for(none):
    source = Odd(lambda i: none(i) if i == 6 else (X[i], i % 2))
    with pytest.warns(UserWarning, match="sample 7 has no class.*; classes are left out"):
        assert load(source).labels is None
    with pytest.raises(WganError, match="sample 7 has no class, and others have: give each"):
        load(source, labels="own")


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: DataLoader(x, 8)], ids=["data set", "loader"]
)
def test_a_data_set_that_ends_before_its_length_is_refused_in_one_line(wrap):
    with pytest.raises(WganError, match="its length is 40, and a sample is not there") as caught:
        load(wrap(Odd(lambda i: X[:30][i])))
    assert "\n" not in str(caught.value)
