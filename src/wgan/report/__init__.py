"""Reports of runs: results in words, plots, and a page."""

from wgan.evaluation.words import sentences
from wgan.report.comparison import Group, conclusions, grouped
from wgan.report.page import Format, results_table, write_report
from wgan.report.values import comparison_json, comparison_values

__all__ = [
    "Format",
    "Group",
    "comparison_json",
    "comparison_values",
    "conclusions",
    "grouped",
    "results_table",
    "sentences",
    "write_report",
]
