"""What do the figures of runs mean? Results in words, pictures, and a page."""

from wgan.report.comparison import conclusions, grouped
from wgan.report.diagnosis import diagnose
from wgan.report.page import Format, comparison_json, results_table, write_report
from wgan.report.pictures import write_picture
from wgan.report.runs import Finished, read_finished
from wgan.report.words import sentences

__all__ = [
    "Finished",
    "Format",
    "comparison_json",
    "conclusions",
    "diagnose",
    "grouped",
    "read_finished",
    "results_table",
    "sentences",
    "write_picture",
    "write_report",
]
