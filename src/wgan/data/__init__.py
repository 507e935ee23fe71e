"""Data: what samples are, where they come from, and how they become numbers for a network."""

from wgan.data.batches import Batches
from wgan.data.codec import Codec
from wgan.data.dataset import Dataset, Split
from wgan.data.images import ImageCodec
from wgan.data.kinds import (
    KINDS,
    augmentation_of,
    codec_from_json,
    codec_to_json,
    conditions_of,
)
from wgan.data.naming import named_sources, short_name
from wgan.data.sources import load
from wgan.data.tables.codec import TableCodec
from wgan.data.vectors import VectorCodec

__all__ = [
    "KINDS",
    "Batches",
    "Codec",
    "Dataset",
    "ImageCodec",
    "Split",
    "TableCodec",
    "VectorCodec",
    "augmentation_of",
    "codec_from_json",
    "codec_to_json",
    "conditions_of",
    "load",
    "named_sources",
    "short_name",
]
