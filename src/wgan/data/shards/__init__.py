"""Shards: data in many files, local or remote, of which memory holds a few blocks at a time."""
