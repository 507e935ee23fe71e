"""Followed runs: what is new below the folder, read by one thread for all pages.

Each page takes what it has not seen whenever it is ready. Nothing is queued for it, so a page that
stalls holds nothing back.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from threading import Lock
from typing import Any

from wgan.base.errors import WganError
from wgan.base.files import is_text
from wgan.runs.following import MetricsTail, find_runs
from wgan.studio.followed import Followed, summary_of
from wgan.studio.processes import Processes
from wgan.studio.safety import Roots

INTERVAL = 0.2
"""Seconds between two looks: an update is to be on the page within half a second."""
SEARCH_INTERVAL = 2.0
"""Seconds between two searches of the folder for new runs."""
MOST_AT_A_LOOK = 0.3
"""Seconds that a look takes for runs that were never read: a folder of a thousand fills the list
bit by bit, the newest first.
"""


class Follower:
    """Follows all runs below a folder.

    Args:
        roots: the folders of the studio.
        processes: the processes that the studio began.

    `closed` ends all streams of news, so that the server can end.
    """

    def __init__(self, roots: Roots, processes: Processes) -> None:
        self.roots = roots
        self.processes = processes
        self.runs: dict[str, Followed] = {}
        self._begun: dict[str, dict[str, Any]] = {}
        self._lock = Lock()
        self._looked = self._searched = -SEARCH_INTERVAL
        self.closed = False

    def look(self, fresh: float = 0.0) -> None:
        """Read what is new of every run.

        Args:
            fresh: nothing is read if the last reading was this many seconds ago or less.
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
                is_new = not run.summary
                if is_new and time.monotonic() > now + MOST_AT_A_LOOK:
                    continue
                self._look_at(name, run, now, name in running)
            self._begun = self._without_folder(running)
            self._looked = time.monotonic()

    def _look_at(self, name: str, run: Followed, now: float, running: bool) -> None:
        run.look(now, running)
        summary = summary_of(name, run, running, self.processes)
        if summary != run.summary:
            run.summary = summary
            run.version += 1

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
        if not found.wanted:
            found.wanted = True
            with self._lock:
                found.next_look = 0.0
                running = self.processes.pid(name) is not None
                self._look_at(name, found, time.monotonic(), running)
        return found

    def summaries(self) -> list[dict[str, Any]]:
        """Return the list's entries of all runs, those that were begun without a folder too."""
        self.look(INTERVAL)
        read = [run.summary for run in list(self.runs.values()) if run.summary]
        return [*self._begun.values(), *read]

    @property
    def complete(self) -> bool:
        """Whether every run was read once."""
        return all(run.summary for run in list(self.runs.values()))

    def _search(self) -> None:
        paths = sorted(find_runs(self.roots.folder), key=_modified_at, reverse=True)
        found = {name: path for path in paths if is_text(name := self.roots.name(path))}
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
        """Yield news for a page: first all summaries, then changes.

        `runs` are summaries, `gone` names, and `lines` new lines of metrics by run, in which
        `first` tells that earlier ones do not count. `all` of the first news tells that there are
        no other runs than theirs.
        """
        seen: dict[str, tuple[int, int, int]] = {}
        begun: dict[str, dict[str, Any]] = {}
        first = True
        while not self.closed:
            await asyncio.to_thread(self.look, INTERVAL)
            news: dict[str, Any] = {"runs": [], "gone": [], "lines": {}}
            runs = {name: run for name, run in list(self.runs.items()) if run.summary}
            for name, run in runs.items():
                # Counts before what they count: what a look changes meanwhile is sent once more.
                latest, reading = run.version, run.tail.readings
                version, readings, count = seen.get(name, (-1, reading, len(run.lines)))
                if latest != version:
                    news["runs"].append(run.summary)
                anew = reading != readings
                lines = run.lines[0 if anew else count :]
                if lines or anew:
                    news["lines"][name] = {"first": anew, "lines": lines}
                seen[name] = (latest, reading, (0 if anew else count) + len(lines))
            now = dict(self._begun)
            news["runs"] += [each for name, each in now.items() if begun.get(name) != each]
            news["gone"] = [
                name for name in {**seen, **begun} if name not in runs and name not in now
            ]
            for name in news["gone"]:
                seen.pop(name, None)
            begun = now
            if first:
                news["all"] = len(runs) == len(self.runs)
            if first or any(news.values()):
                yield news
            first = False
            await asyncio.sleep(INTERVAL)


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
