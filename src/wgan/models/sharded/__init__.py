"""Sharded samples: many files, written side by side, whose bytes do not depend on who writes."""

from wgan.models.sharded.folder import Manifest
from wgan.models.sharded.plan import Part, Plan
from wgan.models.sharded.workers import write_all
from wgan.models.sharded.writing import (
    Done,
    finish_shards,
    make_plan,
    missing_shards,
    record_folder,
    write_shard,
    write_shards,
)

__all__ = [
    "Done",
    "Manifest",
    "Part",
    "Plan",
    "finish_shards",
    "make_plan",
    "missing_shards",
    "record_folder",
    "write_all",
    "write_shard",
    "write_shards",
]
