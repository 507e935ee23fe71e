"""Reports of runs: results in words, plots, and a page."""

from wgan.evaluation.words import sentences
from wgan.report.comparison import conclusions, grouped
from wgan.report.page import Format, comparison_json, results_table, write_report

__all__ = [
    "Format",
    "comparison_json",
    "conclusions",
    "grouped",
    "results_table",
    "sentences",
    "write_report",
]
