"""Codecs of a given shape, for networks that are built without data."""

from wgan.data import Codec, ImageCodec, VectorCodec


def vector_codec(d: int) -> VectorCodec:
    """Return the codec of `d` standardised columns."""
    return VectorCodec((0.0,) * d, (1.0,) * d, "<f4")


def image_codec(shape: tuple[int, int, int]) -> ImageCodec:
    """Return the codec of 8-bit pictures of `shape`, channels first."""
    return ImageCodec(shape, 0.0, 255.0, "|u1", "chw")


def codec_of(shape: tuple[int, ...]) -> Codec:
    """Return the codec of vectors or pictures, by the number of axes."""
    return vector_codec(shape[0]) if len(shape) == 1 else image_codec(shape)
