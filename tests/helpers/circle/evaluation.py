"""The evaluation stage of the made-up kind: broken samples lie opposite to real ones."""

from wgan.evaluation import points_protocol


def opposite(split, n):
    """Return real angles turned by half a circle."""
    return split.train_sample(0, n) + 180.0


CIRCLE = points_protocol(broken=opposite, broken_word="opposite")
