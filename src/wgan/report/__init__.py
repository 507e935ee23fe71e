"""What do the figures of runs mean? Results in words, pictures, and a page."""

from wgan.report.comparison import conclusions, grouped
from wgan.report.page import Format, comparison_json, results_table, write_report
from wgan.report.pictures import write_picture
from wgan.report.words import sentences
from wgan.runs.finished import Finished, read_finished

__all__ = [
    "Finished",
    "Format",
    "comparison_json",
    "conclusions",
    "grouped",
    "read_finished",
    "results_table",
    "sentences",
    "write_picture",
    "write_report",
]
