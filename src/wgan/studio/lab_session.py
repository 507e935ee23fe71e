"""Sessions of the Lab: a process for each page that trains, which ends when the page leaves."""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from typing import Any

from wgan.web.gate import RefusedError

MOST_SESSIONS = 2
"""Sessions at once: each keeps one core busy, and the runs of the studio want the others."""
LIFE = 60 * 60.0
"""Seconds of a session. The longest claim takes 16 minutes alone, and longer beside other work."""
UNATTENDED = 20.0
"""Seconds that a session waits for its page to listen. A page does so at once."""
LONGEST = 2**22
"""Most bytes of an event: frames of five variants take 150,000."""


class Session:
    """A process that trains for one page.

    Args:
        process: the process, with pipes.
        life: seconds after which it is ended.
        unattended: seconds after which it is ended unless somebody listens.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        life: float = LIFE,
        unattended: float = UNATTENDED,
    ) -> None:
        self.name = secrets.token_hex(8)
        self._process = process
        self._attended = False
        self._closed = False
        self._why = "the process ended unexpectedly: begin again"
        loop = asyncio.get_running_loop()
        over = f"{life / 60:.0f} minutes are over: begin again"
        self._timers = [
            loop.call_later(life, self.close, over),
            loop.call_later(unattended, self._close_unattended),
        ]

    @property
    def ended(self) -> bool:
        """Whether the process is gone, or about to be."""
        return self._closed or self._process.returncode is not None

    async def send(self, command: dict[str, Any]) -> None:
        """Hand a command to the process.

        Args:
            command: see `wgan.studio.lab_worker`.

        Raises:
            RefusedError: the process is gone.
        """
        stdin = self._process.stdin
        assert stdin is not None
        try:
            if self.ended:
                raise ConnectionError
            stdin.write(json.dumps(command).encode() + b"\n")
            await stdin.drain()
        except (ConnectionError, RuntimeError):
            raise RefusedError(410, f"the session ended: {self._why}") from None

    def attend(self) -> None:
        """Take the one listener's place.

        Raises:
            RefusedError: somebody listens already.
        """
        if self._attended:
            raise RefusedError(409, "another page listens to this session: begin one of your own")
        self._attended = True

    async def events(self) -> AsyncIterator[str]:
        """Yield the events of the process as lines of JSON, and why there are no more."""
        stdout = self._process.stdout
        assert stdout is not None
        while line := await stdout.readline():
            yield line.decode().strip()
        yield json.dumps({"kind": "ended", "why": self._why})

    def close(self, why: str) -> None:
        """End the process.

        Args:
            why: in words for the page.
        """
        for timer in self._timers:
            timer.cancel()
        if not self.ended:
            self._why = why
            self._process.kill()  # it has nothing to save
        self._closed = True

    def _close_unattended(self) -> None:
        if not self._attended:
            self.close("no page listened")


class Sessions:
    """The sessions of a studio.

    Args:
        most: sessions at once.
        life: seconds of a session.
        unattended: seconds that a session waits for its page.
    """

    def __init__(
        self, most: int = MOST_SESSIONS, life: float = LIFE, unattended: float = UNATTENDED
    ) -> None:
        self.most = most
        self.life = life
        self.unattended = unattended
        self._sessions: dict[str, Session] = {}
        self._lock = asyncio.Lock()

    async def open(self) -> Session:
        """Return a new session.

        Raises:
            RefusedError: there are as many as there may be.
        """
        async with self._lock:
            self._sessions = {k: each for k, each in self._sessions.items() if not each.ended}
            if len(self._sessions) >= self.most:
                raise RefusedError(
                    429, f"{self.most} labs train already: stop one, or close its page"
                )
            session = Session(await _start(), self.life, self.unattended)
            self._sessions[session.name] = session
            return session

    def find(self, name: str) -> Session:
        """Return the session of a name.

        Args:
            name: what the session said that it is called.

        Raises:
            RefusedError: there is none, or it ended.
        """
        session = self._sessions.get(name)
        if session is None:
            raise RefusedError(404, "this session is over: begin again")
        return session


async def _start() -> asyncio.subprocess.Process:
    """Return a fresh process of the Lab, on one thread."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        # Without -P, a folder called wgan where the studio was started would be imported.
        *(sys.executable, "-P", "-m", "wgan.studio.lab_worker"),
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LONGEST,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
