"""Augmentation of samples: random changes of what a critic sees, real and generated alike.

The changes of pictures are those of Zhao et al. (2020), section 3.2: colour, translation and
cutout; mirroring is beside them. A picture has numbers in [-1, 1], and changed pixels may leave
that range. Pixels that are moved in or cut out are 0, the middle of the range, as in the paper.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

CHANGES = ("brightness", "saturation", "contrast", "translation", "cutout")
"""Changes of pictures, in the order in which they are made, after mirroring."""
MIRRORED = "mirrored"
NUMBERS = 14
"""Random numbers of a picture: six that say what is changed, and eight that say how."""
MOST_BRIGHTER = 0.5
"""Most brightness that is added or removed: Zhao et al. (2020), section 3.2."""
MOST_SATURATION = 1.0
"""Largest change of the saturation's factor from 1: it lies in [0, 2], as in the paper."""
MOST_CONTRAST = 0.5
"""Largest change of the contrast's factor from 1: it lies in [0.5, 1.5], as in the paper."""
SHARE_MOVED = 1 / 8
"""Largest share of a side by which a picture is moved, either way, as in the paper."""
SHARE_CUT = 1 / 2
"""Side of the part that is cut out, as a share of the picture's, as in the paper."""
COLOURS = 3
"""Channels of colour; a fourth is transparency, whose values are not brightness."""

Drawn = Callable[
    [Float[Tensor, "n numbers"], float, Sequence[str], tuple[int, ...]], Float[Tensor, "n k"]
]
"""(uniform numbers, probability of each change, names of the changes, shape) -> changes."""
Applied = Callable[[Float[Tensor, "n *shape"], Float[Tensor, "n k"]], Float[Tensor, "n *shape"]]
"""(samples, changes) -> changed samples; it is differentiable in the samples."""


@dataclass(frozen=True)
class Augmentation:
    """Random changes of the samples of a kind.

    Attributes:
        numbers: uniform random numbers that one sample takes.
        draw: turns them into the changes of each sample.
        apply: changes samples.
    """

    numbers: int
    draw: Drawn
    apply: Applied


def drawn_changes(
    u: Float[Tensor, "n numbers"], p: float, names: Sequence[str], shape: tuple[int, ...]
) -> Float[Tensor, "n 9"]:
    """Return the changes of each picture; zeros change nothing.

    The columns are:

    - whether the picture is mirrored;
    - the brightness that is added;
    - saturation and contrast, each as a factor less 1;
    - the pixels by which it is moved down and right;
    - whether a part is cut out, and the first row and column of that part.

    Args:
        u: independent numbers, uniform in [0, 1).
        p: probability of each change by itself. Mirroring then has two equally likely outcomes.
        names: of the changes that may be made, those of `CHANGES` and `MIRRORED`.
        shape: channels, height and width.
    """
    _, h, w = shape
    possible = [name in names for name in (MIRRORED, *CHANGES)]
    made = (u[:, :6] < p) & torch.tensor(possible, device=u.device)
    mirrored, brighter, saturated, contrasted, moved, cut = made.unbind(1)
    v = u[:, 6:]
    signed = 2 * v - 1
    return torch.stack(
        [
            mirrored & (v[:, 0] < 0.5),
            brighter * MOST_BRIGHTER * signed[:, 1],
            saturated * MOST_SATURATION * signed[:, 2],
            contrasted * MOST_CONTRAST * signed[:, 3],
            moved * _pixels(v[:, 4], round(h * SHARE_MOVED)),
            moved * _pixels(v[:, 5], round(w * SHARE_MOVED)),
            cut,
            cut * _first_cut(v[:, 6], h),
            cut * _first_cut(v[:, 7], w),
        ],
        dim=1,
    )


def _pixels(v: Float[Tensor, " n"], most: int) -> Float[Tensor, " n"]:
    """Return whole numbers from -most to most, each equally likely."""
    return (v * (2 * most + 1)).floor() - most


def _first_cut(v: Float[Tensor, " n"], side: int) -> Float[Tensor, " n"]:
    """Return the first pixel of a part whose middle is any pixel of a side, equally likely."""
    return (v * side).floor() - int(side * SHARE_CUT) // 2


def changed_pictures(
    x: Float[Tensor, "n c h w"], changes: Float[Tensor, "n 9"]
) -> Float[Tensor, "n c h w"]:
    """Return pictures that are changed as `drawn_changes` says, in the order of its columns."""
    mirrored, brighter, saturation, contrast, down, right, cut, top, left = changes.unbind(1)
    x = torch.where(_each(mirrored) > 0, x.flip(-1), x)
    colours = x[:, :COLOURS] + _each(brighter)
    colours = colours + _each(saturation) * (colours - colours.mean(1, keepdim=True))
    colours = colours + _each(contrast) * (colours - colours.mean((1, 2, 3), keepdim=True))
    x = torch.cat([colours, x[:, COLOURS:]], dim=1)
    x = _moved(_moved(x, down, axis=2), right, axis=3)
    inside = _within(top, x.shape[2])[:, None, :, None] & _within(left, x.shape[3])[:, None, None]
    return x * ~(inside & (_each(cut) > 0))


def _each(value: Float[Tensor, " n"]) -> Float[Tensor, "n 1 1 1"]:
    return value[:, None, None, None]


def _moved(
    x: Float[Tensor, "n c h w"], pixels: Float[Tensor, " n"], axis: int
) -> Float[Tensor, "n c h w"]:
    """Return pictures moved along an axis by whole pixels each, with 0 where nothing was."""
    side = x.shape[axis]
    of = torch.arange(side, device=x.device) - pixels.long()[:, None]
    form = [len(x), 1, 1, 1]
    form[axis] = side
    seen = ((of >= 0) & (of < side)).view(form)
    return x.gather(axis, of.clamp(0, side - 1).view(form).expand_as(x)) * seen


def _within(first: Float[Tensor, " n"], side: int) -> Tensor:
    """Return which pixels of a side belong to the part that begins at `first`."""
    place = torch.arange(side, device=first.device) - first[:, None]
    return (place >= 0) & (place < int(side * SHARE_CUT))


PICTURES = Augmentation(NUMBERS, drawn_changes, changed_pictures)
"""The augmentation of pictures."""
