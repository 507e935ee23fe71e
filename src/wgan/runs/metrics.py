"""Metrics of a run: the lines of `metrics.jsonl`, one a logged step."""

import json
from itertools import pairwise
from math import inf
from pathlib import Path

from wgan.base.files import write_text
from wgan.base.records import FAULTS, damage_named, parsed, read_text, typed

Metrics = dict[str, int | float]


def append(path: Path, line: Metrics) -> None:
    """Add a line.

    Args:
        path: the file.
        line: the metrics of a step.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        error.filename = str(path)
        raise


def read(path: Path) -> list[Metrics]:
    """Return all lines; none if there is no file.

    Args:
        path: the file.

    Raises:
        WganError: values that are not numbers, or steps that do not rise.
    """
    if not path.exists():
        return []
    with damage_named(path):
        lines = [parsed_line(line) for line in read_text(path, most=None).splitlines()]
        steps = [line["step"] for line in lines]
        if any(after <= before for before, after in pairwise(steps)):
            raise ValueError("its steps do not rise")
        return lines


def parsed_line(line: str) -> Metrics:
    """Return the metrics of one line; KeyError, TypeError or ValueError if it has none.

    Args:
        line: JSON.
    """
    metrics: Metrics = typed(parsed(line, all_finite=False), Metrics)
    step = metrics["step"]
    if type(step) is not int or step < 0:
        raise ValueError("a step is not a whole number of 0 or more")
    for value in metrics.values():
        float(value)  # a whole number may be larger than any float
    return metrics


def cut(path: Path, step: int) -> None:
    """Drop lines after a step, and a last line cut short.

    Another damaged line stays, so that `read` refuses it.

    Args:
        path: the file, which need not exist.
        step: the last step that stays.
    """
    if path.exists():
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        kept = [line for line in lines[:-1] if not step < _step_of(line) < inf]
        kept += [line for line in lines[-1:] if _step_of(line) <= step]
        write_text(path, "".join(line + "\n" for line in kept))


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except FAULTS:
        return inf
