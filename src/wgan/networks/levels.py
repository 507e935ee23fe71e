"""Levels of image networks: sizes halved down to 4 pixels, and the channels at each."""

Size = tuple[int, int]
Shape = tuple[int, int, int]
SMALLEST = 4
"""Sides of this many pixels or fewer are not halved: the smallest level of Radford et al. (2016).
"""
WIDEST = 8
"""Largest multiple of the width: 64 to 512 channels, as in Radford et al. (2016)."""
SLOPE = 0.2
"""Slope of leaky ReLU below zero: Radford et al. (2016), section 3."""


def sizes(height: int, width: int) -> list[Size]:
    """Return height and width at each level, the largest first.

    A side is halved, and rounded down, while it has more than 4 pixels.

    >>> sizes(28, 28)
    [(28, 28), (14, 14), (7, 7), (3, 3)]
    """
    levels = [(height, width)]
    while max(levels[-1]) > SMALLEST:
        h, w = levels[-1]
        levels.append((_half(h), _half(w)))
    return levels


def _half(side: int) -> int:
    return side // 2 if side > SMALLEST else side


def widths(width: int, levels: int) -> list[int]:
    """Return the channels at each level, that of the largest picture first.

    They are half of the width, the width, twice the width, and so on up to 8 times the width.

    >>> widths(64, 4)
    [32, 64, 128, 256]
    """
    below = [width * min(2**i, WIDEST) for i in range(levels - 1)]
    return [max(1, width // 2), *below]
