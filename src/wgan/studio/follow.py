"""Followed runs: what is new below the folder, read by one thread for all pages.

Each page takes what it has not seen whenever it is ready. Nothing is queued for it, so a page that
stalls holds nothing back.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from wgan.base.errors import WganError
from wgan.runs import About, Finish, RunFolder
from wgan.runs.following import MetricsTail, Stamp, find_runs, is_training, stamp_of
from wgan.runs.metrics import Metrics
from wgan.studio.processes import Processes
from wgan.studio.safety import Roots

INTERVAL = 0.2
"""Seconds between two looks: an update is to be on the page within half a second."""
SEARCH_INTERVAL = 2.0
"""Seconds between two searches of the folder for new runs."""
IDLE_INTERVAL = 1.0
"""Seconds between two looks at a run that nobody trains."""
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


class Follower:
    """Follows all runs below a folder.

    Args:
        roots: the folders of the studio.
        processes: the processes that the studio began.
    """

    def __init__(self, roots: Roots, processes: Processes) -> None:
        self.roots = roots
        self.processes = processes
        self.runs: dict[str, Followed] = {}
        self._begun: dict[str, dict[str, Any]] = {}
        self._lock = Lock()
        self._looked = self._searched = -SEARCH_INTERVAL

    def look(self, fresh: float = 0.0) -> None:
        """Read what is new of every run.

        Args:
            fresh: nothing is read where the last look was so many seconds ago or less.
        """
        with self._lock:
            now = time.monotonic()
            if now - self._looked < fresh:
                return
            lost = not all(run.path.is_dir() for run in self.runs.values())
            if lost or now - self._searched >= SEARCH_INTERVAL:
                self._search()
                self._searched = now
            running = self.processes.running()
            for name, run in list(self.runs.items()):
                run.look(now, name in running)
                summary = summary_of(name, run, name in running, self.processes)
                if summary != run.summary:
                    run.summary = summary
                    run.version += 1
            self._begun = self._without_folder(running)
            self._looked = time.monotonic()

    def search_soon(self) -> None:
        """Search for new runs at the next look, without waiting."""
        self._searched = self._looked = -SEARCH_INTERVAL

    def find(self, name: str) -> Followed:
        """Return the run of a name.

        Args:
            name: its path below the folder.

        Raises:
            WganError: no such run.
        """
        path = self.roots.inside(name)
        self.look(INTERVAL)
        found = self.runs.get(name)
        if found is None:
            self.search_soon()
            self.look()
            found = self.runs.get(name)
        if found is None:
            raise WganError(f"{self.roots.name(path)}: no such run")
        return found

    def summaries(self) -> list[dict[str, Any]]:
        """Return what the list shows of all runs, those that were begun without a folder too."""
        self.look(INTERVAL)
        return [*self._begun.values(), *(run.summary for run in self.runs.values())]

    def _search(self) -> None:
        found = {self.roots.name(path): path for path in find_runs(self.roots.folder)}
        for name in self.runs.keys() - found.keys():
            del self.runs[name]
        for name, path in found.items():
            if name not in self.runs:
                self.runs[name] = Followed(path, MetricsTail(path))

    def _without_folder(self, running: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return summaries of runs whose process has made no folder: it begins, or it failed."""
        found = {}
        for name in self.processes.names():
            if name in self.runs:
                continue
            if name in running:
                found[name] = {"name": name, "state": "starting", "own": True}
                self._searched = -SEARCH_INTERVAL  # its folder may be there any moment
            else:
                fault = self.processes.fault(name)
                if fault is not None:
                    found[name] = {"name": name, "state": "failed", "fault": fault, "own": False}
        return found

    async def news(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what a page has not seen: first all summaries, then what changes.

        `runs` are summaries, `gone` names, and `lines` new lines of metrics by run, in which
        `first` tells that earlier ones do not count.
        """
        seen: dict[str, tuple[int, int, int]] = {}
        begun: dict[str, dict[str, Any]] = {}
        first = True
        while True:
            await asyncio.to_thread(self.look, INTERVAL)
            news: dict[str, Any] = {"runs": [], "gone": [], "lines": {}}
            runs = dict(self.runs)
            for name, run in runs.items():
                version, readings, count = seen.get(name, (-1, run.tail.readings, len(run.lines)))
                if run.version != version:
                    news["runs"].append(run.summary)
                anew = run.tail.readings != readings
                lines = run.lines[0 if anew else count :]
                if lines or anew:
                    news["lines"][name] = {"first": anew, "lines": lines}
                seen[name] = (run.version, run.tail.readings, (0 if anew else count) + len(lines))
            now = dict(self._begun)
            news["runs"] += [each for name, each in now.items() if begun.get(name) != each]
            news["gone"] = [
                name for name in [*seen, *begun] if name not in runs and name not in now
            ]
            for name in news["gone"]:
                seen.pop(name, None)
            begun = now
            if first or any(news.values()):
                yield news
            first = False
            await asyncio.sleep(INTERVAL)


def summary_of(name: str, run: Followed, running: bool, processes: Processes) -> dict[str, Any]:
    """Return what the list of runs shows of one, as plain values.

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
    steps = training.get("steps")
    step = max(int(last.get("step", 0)), run.finish.step if run.finish else 0)
    private = run.settings.get("privacy", {}).get("epsilon") is not None
    is_now = running or run.locked
    state = state_of(is_now, run.finish is not None, private and step == steps)
    if state == "stopped":
        fault = run.fault or processes.fault(name)
        summary["fault"] = fault
        state = "failed" if fault else state
    measured = next((line for line in reversed(run.lines) if "held_out_w1" in line), {})
    finish = run.finish
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
        "seconds": last.get("seconds"),
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
