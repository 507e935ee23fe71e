"""Networks for samples of a shape, without a data set."""

from wgan.data import ImageCodec, VectorCodec
from wgan.networks import build_critic, build_generator


def codec_for(shape):
    """Return a codec of samples of a shape: points, or pictures with channels first."""
    if len(shape) == 1:
        return VectorCodec((0.0,) * shape[0], (1.0,) * shape[0], "<f4")
    return ImageCodec(tuple(shape), 0, 255, "|u1", "chw")


def critic_for(config, shape, seed=0, layers="plain", classes=0):
    """Return the critic of samples of a shape."""
    return build_critic(config, codec_for(shape), seed, layers, classes)


def generator_for(config, shape, seed=0, classes=0):
    """Return the generator of samples of a shape."""
    return build_generator(config, codec_for(shape), seed, classes)
