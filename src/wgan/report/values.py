"""Values of a comparison as JSON: runs, groups of them over seeds, and differences."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from wgan.distances.results import finite
from wgan.evaluation.results import Line
from wgan.report.comparison import Group, conclusions, differences, shared_lines
from wgan.report.differences import CONFIDENCE, Difference
from wgan.runs import Finished


def comparison_json(groups: Sequence[Group]) -> str:
    """Return all numbers of a comparison as JSON.

    Args:
        groups: runs by settings.
    """
    return json.dumps(finite(comparison_values(groups)), indent=2) + "\n"


def comparison_values(groups: Sequence[Group]) -> dict[str, Any]:
    """Return all numbers of a comparison as plain values.

    Intervals of runs and groups hold at 95 % each. Intervals of differences hold together.

    Args:
        groups: runs by settings.
    """
    shared = shared_lines(groups)
    return {
        "metric": "w1-exact-held-out",
        "units": groups[0].runs[0].finish.held_out.units,
        "confidence": CONFIDENCE,
        "runs": [_of_run(group, run) for group in groups for run in group.runs],
        "groups": [_of_group(group, shared) for group in groups],
        "differences": [_of_difference(each) for each in differences(groups)],
        "said": conclusions(groups),
    }


def _of_run(group: Group, run: Finished) -> dict[str, Any]:
    """Return the result of a run."""
    held_out = run.finish.held_out
    return {
        "folder": str(run.path),
        "settings": group.name,
        "seed": run.seed,
        "w1": held_out.w1,
        "half_width": held_out.half_width,
        "floor": held_out.floor,
        "n": held_out.n,
        "figures": [line.in_full() for line in held_out.figures],
        "step": run.finish.step,
        "seconds": run.finish.seconds,
    }


def _of_group(group: Group, shared: Sequence[Line]) -> dict[str, Any]:
    """Return the means of a group over its seeds."""
    return {
        "settings": group.name,
        "seeds": [run.seed for run in group.runs],
        "w1": asdict(group.w1),
        "floor": float(np.mean([run.finish.held_out.floor for run in group.runs])),
        "figures": [_of_line(group, line) for line in shared],
        "seconds": float(np.mean([run.finish.seconds for run in group.runs])),
    }


def _of_line(group: Group, line: Line) -> dict[str, Any]:
    """Return a group's mean of a metric, in the words of a line of that metric."""
    words = line.in_full()
    mean = group.metric(line.name)
    assert mean is not None
    named = {name: words[name] for name in ("name", "title", "unit", "read")}
    return {**named, "generated": asdict(mean), "real": line.real, "broken": line.broken}


def _of_difference(difference: Difference) -> dict[str, Any]:
    return {
        "figure": difference.metric,
        "better": difference.better,
        "worse": difference.worse,
        "value": difference.mean.value,
        "half_width": difference.mean.half_width,
        "paired": difference.paired,
        "rank_test_p": difference.p,
        "level": difference.level,
        "seen": difference.seen,
    }
