"""Processes of runs that the studio began: one a run, in a session of its own.

A process outlives the page and the server. What is known of it stands in a file below the studio's
folder, so that a server that starts later finds it, and can stop it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from threading import RLock
from urllib.parse import quote, unquote

import msgspec

from wgan.base.files import inside, is_text, write_text
from wgan.base.printing import visible
from wgan.studio.safety import Roots
from wgan.web.gate import RefusedError

HIDDEN = ".studio"
"""The studio's own folder below that of the runs."""
TAIL = 4000
"""Bytes of a log's end that are shown: its last forty lines."""
FAULT = "wgan: error: "
"""Beginning of the line that the command line prints for an error."""
LONGEST_NAME = 230
"""Characters of a file's name here: file systems take 255 bytes, and a file is written beside its
place under a longer name first.
"""
PROCESSES = Path("/proc")
ASKED = (signal.SIGTERM, signal.SIGINT)
"""Signals that ask a process to end: where it does, nothing was wrong."""
TRAINING = ["-P", "-m", "wgan", "train"]
"""Words after Python in the command of a run. A record may come from a stranger: no process of
another command is ever taken for a run's.
"""


class Record(msgspec.Struct):
    """Record of a process: its number, and the command by which it is recognised."""

    pid: int
    command: list[str]


def command_of(arguments: Sequence[str]) -> list[str]:
    """Return the command of a process: `wgan` of this Python, with arguments.

    Args:
        arguments: its words.
    """
    # -P: no module is taken from the working folder.
    return [sys.executable, *TRAINING[:-1], *arguments]


class Processes:
    """The processes of runs.

    Args:
        roots: the folders of the studio.
        most: runs that may train at once.
    """

    def __init__(self, roots: Roots, most: int) -> None:
        self.roots = roots
        self.most = most
        self._own: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: dict[str, int] = {}
        self._faults: dict[str, tuple[int, str | None]] = {}
        self._killed: dict[str, tuple[int, str]] = {}
        self._lock = RLock()

    @property
    def folder(self) -> Path:
        """The studio's own folder, which is made.

        Raises:
            WganError: a link that leads elsewhere is in its place.
        """
        folder = self.roots.folder / HIDDEN
        if not inside(self.roots.folder, folder):
            raise RefusedError(403, f"{HIDDEN}: is a link out of the studio's folder: remove it")
        folder.mkdir(exist_ok=True)
        return folder

    def begin(self, name: str, arguments: Sequence[str]) -> None:
        """Start `wgan` with arguments for a run.

        Args:
            name: the run's name below the folder.
            arguments: the words of the command.

        Raises:
            WganError: the run has a process, too many have one, or a name that cannot be kept.
            OSError: what is known of the process cannot be written down; it does not go on then.
        """
        with self._lock:
            if self.pid(name) is not None:
                raise RefusedError(409, f"{name}: trains already")
            running = self.running()
            if len(running) >= self.most:
                raise RefusedError(
                    429,
                    f"{len(running)} run(s) train now, as many as may at once: stop one, wait, or"
                    " start `wgan studio` with a larger --processes",
                )
            if len(_kept_as(name, "json")) > LONGEST_NAME:
                raise RefusedError(
                    400, f"{name}: the name is too long: rename the folder, or give a shorter name"
                )
            command = command_of(arguments)
            with self._file(name, "log").open("wb") as log:
                self._own[name] = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            record = Record(self._own[name].pid, command)
            self._killed.pop(name, None)
            try:
                write_text(self._file(name, "json"), msgspec.json.encode(record).decode() + "\n")
            except BaseException:  # no later server could find it
                self._own.pop(name).kill()
                raise

    def stop(self, name: str) -> None:
        """Ask the process of a run to save and end.

        Args:
            name: the run's name.

        Raises:
            WganError: it has none that the studio began.
        """
        with self._lock:
            pid = self.pid(name)
            if pid is None:
                raise RefusedError(
                    409,
                    f"{name}: has no process that the studio began: a run of a terminal is stopped"
                    " there, with Ctrl-C",
                )
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                raise RefusedError(409, f"{name}: has ended already") from None

    def forget(self, name: str) -> None:
        """Forget the last process of a run, and what it printed.

        Args:
            name: the run's name.

        Raises:
            WganError: it has not ended.
        """
        with self._lock:
            if self.pid(name) is not None:
                raise RefusedError(409, f"{name}: trains now: stop it first")
            for ending in ("json", "log"):
                self._file(name, ending).unlink(missing_ok=True)

    def pid(self, name: str) -> int | None:
        """Return the process of a run; None where it has ended, or the studio began none.

        Args:
            name: the run's name.
        """
        with self._lock:
            return self._pid(name)

    def _pid(self, name: str) -> int | None:
        own = self._own.get(name)
        if own is not None:
            code = own.poll()
            if code is None:
                return own.pid
            del self._own[name]
            if code < 0 and -code not in ASKED:
                self._killed[name] = (time.time_ns(), _killed_by(-code))
            return None
        written = _changed_at(self.folder / _kept_as(name, "json"))
        if written is None or self._ended.get(name) == written:
            return None
        record = self._record(name)
        if record is not None and self._trains(record, name):
            return record.pid
        self._ended[name] = written  # it does not come back, unless the record is written again
        return None

    def _trains(self, record: Record, name: str) -> bool:
        """Return whether a process runs, is that of a record, and trains in the run's folder."""
        pid, command = record.pid, record.command
        if pid <= 1 or command[1 : 1 + len(TRAINING)] != TRAINING or not _is(pid, command):
            return False
        here = _working_folder(pid)
        outs = [here / value for flag, value in pairwise(command) if flag == "--out"]
        run = os.path.realpath(self.roots.folder / name)
        return bool(outs) and all(os.path.realpath(out) == run for out in outs)

    def running(self) -> set[str]:
        """Return the names of the runs that have a process now."""
        return {name for name in self.names() if self.pid(name) is not None}

    def names(self) -> list[str]:
        """Return the names of all runs that the studio began a process for."""
        try:
            found = [unquote(path.stem) for path in self.folder.glob("*.json")]
        except (OSError, RefusedError):
            return []
        return [name for name in found if is_text(name)]

    def log(self, name: str) -> str:
        """Return the end of what the last process of a run printed.

        Args:
            name: the run's name.
        """
        try:
            with self._file(name, "log").open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
                return visible(file.read().decode("utf-8", "replace")).strip()
        except (OSError, RefusedError):
            return ""

    def fault(self, name: str, since: int = 0) -> str | None:
        """Return the fault that the last process of a run printed, or what killed it.

        Args:
            name: the run's name.
            since: when the run was last begun, in nanoseconds; earlier output is ignored, since a
                terminal may have continued the run.
        """
        killed_at, killed = self._killed.get(name, (0, None))
        if killed and killed_at >= since:
            return killed
        written = _changed_at(self.folder / _kept_as(name, "log"))
        if written is None or written < since:
            return None
        known = self._faults.get(name)
        if known is None or known[0] != written:
            last = self.log(name).rpartition("\n")[2]
            fault = last.removeprefix(FAULT) if last.startswith(FAULT) else None
            known = self._faults[name] = (written, fault)
        return known[1]

    def _file(self, name: str, ending: str) -> Path:
        path = self.folder / _kept_as(name, ending)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise RefusedError(403, f"{path.name}: is a link or no file: remove it")
        return path

    def _record(self, name: str) -> Record | None:
        try:
            content = self._file(name, "json").read_bytes()
            return msgspec.json.decode(content, type=Record)
        except (OSError, RefusedError, msgspec.DecodeError):
            return None


def _kept_as(name: str, ending: str) -> str:
    return f"{quote(name, safe='')}.{ending}"


def _killed_by(number: int) -> str:
    """Return the message on a process that a signal ended, of which it printed nothing."""
    name = signal.strsignal(number) or "unknown"
    hint = " (was memory full?)" if number == signal.SIGKILL else ""
    return f"signal {number}, {name}, ended its process{hint}: continue the run"


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _is(pid: int, command: Sequence[str]) -> bool:
    """Return whether a process runs, and is that of a command: numbers are used again."""
    if PROCESSES.is_dir():
        try:
            words = (PROCESSES / str(pid) / "cmdline").read_bytes()
        except OSError:
            return False
        return words == b"".join(os.fsencode(word) + b"\0" for word in command)
    shown = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() == " ".join(command)


def _working_folder(pid: int) -> Path:
    """Return the folder that a process works in; our own where the system does not say."""
    try:
        return (PROCESSES / str(pid) / "cwd").readlink()
    except OSError:
        return Path.cwd()
