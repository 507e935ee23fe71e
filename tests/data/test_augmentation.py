"""Random changes of pictures: each by an independent implementation, their ranges, the gradient."""

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import augmentation_of, load
from wgan.data.augmentation import CHANGES, MIRRORED, NUMBERS, changed_pictures, drawn_changes

ALL = (MIRRORED, *CHANGES)
SHAPE = (3, 16, 24)


def pictures(n=40, shape=SHAPE, dtype=torch.float32):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(0), dtype=dtype) * 2 - 1


def drawn(n=40, p=0.7, names=ALL, shape=SHAPE):
    u = torch.rand(n, NUMBERS, generator=torch.Generator().manual_seed(1))
    return drawn_changes(u, p, names, shape)


def by_hand(x, changes):
    """Return one changed picture, pixel by pixel, from Zhao et al. (2020), section 3.2."""
    mirrored, bright, saturation, contrast, down, right, cut, top, left = changes
    h, w = x.shape[1:]
    x = x[:, :, ::-1].copy() if mirrored else x.copy()
    x[:3] += bright
    grey = x[:3].mean(axis=0)
    x[:3] = grey + (1 + saturation) * (x[:3] - grey)
    mean = x[:3].mean()
    x[:3] = mean + (1 + contrast) * (x[:3] - mean)
    out = np.zeros_like(x)
    for i in range(h):
        for j in range(w):
            a, b = i - int(down), j - int(right)
            hidden = cut and top <= i < top + h // 2 and left <= j < left + w // 2
            if 0 <= a < h and 0 <= b < w and not hidden:
                out[:, i, j] = x[:, a, b]
    return out


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_are_changed_as_the_paper_says(channels):
    shape = (channels, 16, 24)
    x, changes = pictures(shape=shape), drawn(shape=shape)
    expected = np.stack([by_hand(*each) for each in zip(x.numpy(), changes.numpy(), strict=True)])
    assert np.abs(changed_pictures(x, changes).numpy() - expected).max() < 1e-5
    assert np.abs(expected - x.numpy()).max() > 0.5


def test_zeros_change_nothing_to_the_bit():
    x = pictures(shape=(4, 7, 5))
    assert torch.equal(changed_pictures(x, torch.zeros(len(x), 9)), x)
    assert not drawn(p=0.0).any()


def test_each_change_is_made_with_its_probability_and_within_its_range():
    n = 20_000
    names = ("brightness", "cutout")
    some = drawn(n, p=0.3, names=names)
    made = (some != 0).float().mean(0)
    assert made[[0, 2, 3, 4, 5]].sum() == 0, "what is not chosen is never made"
    assert made[[1, 6]] == pytest.approx([0.3, 0.3], abs=0.015)
    every = drawn(n, p=1.0)
    least, most = every.min(0).values, every.max(0).values
    assert every[:, 0].mean() == pytest.approx(0.5, abs=0.015), "half are mirrored"
    assert torch.allclose(least[1:4], torch.tensor([-0.5, -1.0, -0.5]), atol=1e-3)
    assert torch.allclose(most[1:4], torch.tensor([0.5, 1.0, 0.5]), atol=1e-3)
    assert (least[4:6].tolist(), most[4:6].tolist()) == ([-2, -3], [2, 3]), "an eighth of a side"
    for row, side, outside in ((7, 16, 4), (8, 24, 6)):
        values, counts = every[:, row].unique(return_counts=True)
        assert values.tolist() == list(range(-outside, side - outside)), "the middle is any pixel"
        assert counts.max() / counts.min() < 1.5
    independent = torch.corrcoef(drawn(n, p=0.5)[:, :7].T) - torch.eye(7)
    assert independent.abs().max() < 0.04


def test_the_gradient_is_that_of_the_map():
    x = pictures(3, (3, 4, 8), torch.float64).requires_grad_()
    changes = drawn(3, p=1.0, shape=(3, 4, 8)).double()
    assert torch.autograd.gradcheck(changed_pictures, (x, changes))


def test_other_kinds_are_refused_in_a_line():
    codec = load(np.random.default_rng(0).normal(size=(9, 3))).codec
    with pytest.raises(WganError, match="vectors are not augmented, images are: leave out"):
        augmentation_of(codec)
