"""Folders of runs, and typed forms of their files."""

from wgan.runs.beginning import as_begun, begin_run, default_folder
from wgan.runs.finished import Finished, read_finished
from wgan.runs.folder import RunFolder
from wgan.runs.records import About, DataFacts, Evaluated, Finish, Headroom, Watched

__all__ = [
    "About",
    "DataFacts",
    "Evaluated",
    "Finish",
    "Finished",
    "Headroom",
    "RunFolder",
    "Watched",
    "as_begun",
    "begin_run",
    "default_folder",
    "read_finished",
]
