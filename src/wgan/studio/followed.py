"""A run that is followed: what was read of it, and the summary that the list shows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.runs import About, Finish, RunFolder
from wgan.runs.following import MetricsTail, Stamp, begun_at, is_training, stamp_of
from wgan.runs.metrics import Metrics
from wgan.studio.processes import Processes

IDLE_INTERVAL = 1.0
"""Seconds between two readings of a run that no process trains."""
FAULT_INTERVAL = 5.0
"""Seconds after which a damaged run is read again."""
RATE_LINES = 20
"""Logged lines, the last ones, that tell how fast a run is: a pause before them does not count."""

Lines = list[Metrics]


@dataclass
class Followed:
    """A run that is followed.

    Attributes:
        path: its folder.
        tail: its metrics.
        summary: what the list of runs shows of it; a new dict whenever that changes.
        version: counts the summaries.
        wanted: whether its metrics are read though it has ended, since a page shows them.
    """

    path: Path
    tail: MetricsTail
    summary: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    stamp: Stamp | None = None
    about: About | None = None
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    finish: Finish | None = None
    evaluated: bool = False
    snapshots: int = 0
    fault: str | None = None
    locked: bool = False
    wanted: bool = False
    next_look: float = 0.0
    next_try: float = 0.0

    def look(self, now: float, running: bool) -> None:
        """Read what is new.

        Args:
            now: the time, of a clock that only rises.
            running: whether the studio's own process trains it.
        """
        if now < self.next_look and not running:
            return
        try:
            stamp = stamp_of(self.path)
            if stamp != self.stamp:
                self._read_files()
                self.stamp = stamp
            if self.wanted or self.finish is None:
                self.tail.read()
            self.fault = None
            self.next_look = now
        except (WganError, OSError) as error:
            self.fault = str(error)
            self.next_look = now + FAULT_INTERVAL
        if running:
            self.locked = False  # no need to try a lock that our own process takes
        elif now >= self.next_try:  # it is held for a moment, so not at every look
            self.next_try = now + IDLE_INTERVAL
            self.locked = is_training(self.path)
        if not running and not self.locked:
            self.next_look = max(self.next_look, now + IDLE_INTERVAL)

    def _read_files(self) -> None:
        run = RunFolder(self.path)
        self.settings = run.settings()
        self.about = run.about()
        self.finish = run.finish()
        self.evaluated = run.evaluation() is not None
        self.snapshots = len(run.snapshots())

    @property
    def lines(self) -> Lines:
        """The metrics that were read until now."""
        return self.tail.lines


def summary_of(name: str, run: Followed, running: bool, processes: Processes) -> dict[str, Any]:
    """Return the list's entry of a run, as plain values.

    Args:
        name: its name.
        run: what was read of it.
        running: whether the studio's own process trains it.
        processes: the processes that the studio began.
    """
    summary: dict[str, Any] = {"name": name, "own": running, "fault": run.fault}
    if run.about is None:
        return summary | {"state": "damaged" if run.fault else "starting"}
    training = run.settings.get("training", {})
    last = run.lines[-1] if run.lines else {}
    finish = run.finish
    steps = training.get("steps")
    steps = steps if isinstance(steps, int) else None  # somebody may be editing the file
    step = max(int(last.get("step", 0)), run.finish.step if run.finish else 0)
    private = run.settings.get("privacy", {}).get("epsilon") is not None
    is_now = running or run.locked
    state = state_of(is_now, run.finish is not None, private and step == steps)
    if state == "stopped":
        fault = run.fault or processes.fault(name, begun_at(run.path))
        summary["fault"] = fault
        state = "failed" if fault else state
    measured = next((line for line in reversed(run.lines) if "held_out_w1" in line), {})
    held_out = finish.held_out if finish else None
    return summary | {
        "state": state,
        "data": run.about.data.name,
        "kind": run.about.data.kind,
        "fingerprint": run.about.data.fingerprint,
        "samples": run.about.data.samples,
        "in_words": run.about.data.in_words,
        "variant": run.settings.get("objective", {}).get("variant"),
        "seed": run.about.seed,
        "begun": run.about.periods[0].get("begun"),
        "step": step,
        "steps": steps,
        "seconds": finish.seconds if finish else last.get("seconds"),
        "seconds_left": seconds_left(run.lines, steps) if is_now and not finish else None,
        "estimate": last.get("estimate"),
        "held_out_w1": held_out.w1 if held_out else measured.get("held_out_w1"),
        "half_width": held_out.half_width if held_out else None,
        "floor": held_out.floor if held_out else None,
        "units": held_out.units if held_out else None,
        "n": held_out.n if held_out else None,
        "watched_floor": finish.watched.floor if finish and finish.watched else None,
        "diagnosis": list(finish.diagnosis) if finish else [],
        "private": private,
        "evaluated": run.evaluated,
        "snapshots": run.snapshots,
    }


def state_of(is_now: bool, finished: bool, at_end: bool) -> str:
    """Return the state of a run in one word.

    Args:
        is_now: whether a process trains it now.
        finished: whether its end was written down.
        at_end: whether it took all its steps, and writes no end down.
    """
    if is_now:
        return "ending" if finished or at_end else "training"
    return "finished" if finished or at_end else "stopped"


def seconds_left(lines: Lines, steps: int | None) -> float | None:
    """Return how many seconds the rest of a run takes at its present rate; None: not known yet.

    Args:
        lines: its metrics.
        steps: steps that it is to take.

    >>> seconds_left([{"step": 10, "seconds": 1.0}, {"step": 20, "seconds": 3.0}], 30)
    2.0
    """
    last = lines[-RATE_LINES:]
    if steps is None or len(last) < 2:
        return None
    done = last[-1]["step"] - last[0]["step"]
    took = last[-1].get("seconds", 0) - last[0].get("seconds", 0)
    if done <= 0 or took < 0:
        return None
    return float((steps - last[-1]["step"]) * took / done)
