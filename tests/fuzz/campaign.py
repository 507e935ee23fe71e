"""The campaign of bad inputs: a case, how it is run in a process of its own, and how it is judged.

A case prepares a folder, then calls the command line or the Python API in it. Four faults are
counted: a traceback (or a crash, or an error of several lines), a wrong success, a file that was
there before and is harmed, and a hang. A wrong refusal is the fifth.
"""

import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from wgan import WganError

Action = list[str] | Callable[[], object]
"""Arguments of the command line, or a call of the Python API."""
Expected = Literal["refused", "accepted", "either"]
Fault = Literal["traceback", "wrong success", "harmed file", "hang", "wrong refusal"]
FAULTS: tuple[Fault, ...] = ("traceback", "wrong success", "harmed file", "hang", "wrong refusal")
SECONDS = 120.0
"""Seconds after which a case hangs: the slowest takes ten on a busy machine."""
MEMORY = 6 * 2**30
"""Bytes of address space that a case may add: a bomb must not take the machine down."""
FILE = 2**30
"""Bytes of the largest file that a case may write."""
REFUSED = 2
"""Exit code of bad input."""


@dataclass(frozen=True)
class Case:
    """One bad input, given to one command.

    Attributes:
        group: class of the input, for the table.
        name: the input; cases of one name share an input.
        prepare: makes the input in an empty folder, which is the current one, and returns what to
            call there.
        expected: `either`: refused, or accepted with what `check` finds right.
        check: returns what is wrong in the folder after a success; empty if nothing.
        writes: files of the folder, beside new ones, that a success may change.
    """

    group: str
    name: str
    prepare: Callable[[Path], Action]
    expected: Expected = "refused"
    check: Callable[[Path], str] | None = None
    writes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of a case; `fault` is None where it was judged right."""

    case: Case
    fault: Fault | None
    words: str
    refused: bool
    seconds: float


def run(case: Case, folder: Path) -> Outcome:
    """Run a case in a new folder, which is removed afterwards unless there is a fault."""
    folder.mkdir(parents=True)
    log = folder.with_suffix(".log")
    begun = time.monotonic()
    status = _in_child(case, folder, log)
    seconds = time.monotonic() - begun
    words = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    fault, why = _judge(case, status, words)
    if fault is None:
        shutil.rmtree(folder, ignore_errors=True)
        log.unlink(missing_ok=True)
    return Outcome(case, fault, why, status == REFUSED, seconds)


def _in_child(case: Case, folder: Path, log: Path) -> int | None:
    """Run a case in a forked process; return its exit status, negative for a signal, None for a
    hang.
    """
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            code = _call(case, folder, log)
        except BaseException:
            traceback.print_exc()
            code = 70
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _call(case: Case, folder: Path, log: Path) -> int:
    """Prepare and call, in the child; what is printed goes to the log."""
    os.chdir(folder)
    os.environ["WGAN_CACHE"] = str(folder.with_suffix(".cache"))
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # A test runner may have put others in their place.
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    action = case.prepare(folder)
    before = contents(folder)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    code = _command(action) if isinstance(action, list) else _api(action)
    sys.stdout.flush()
    shutil.rmtree(folder.with_suffix(".cache"), ignore_errors=True)
    after = contents(folder)
    allowed = case.writes if code == 0 else ()
    harmed = [p for p in before if after.get(p) != before[p] and not p.startswith(allowed or "\0")]
    if harmed:
        print(f"HARMED {', '.join(harmed)}")
    if code == 0 and case.check is not None:
        print(f"CHECKED {case.check(folder)}")
    return code


def _command(arguments: list[str]) -> int:
    from wgan.cli import main

    return main(arguments)


def _api(call: Callable[[], object]) -> int:
    try:
        call()
    except (WganError, ValueError, TypeError) as error:
        ours = isinstance(error, WganError) or _is_scikit_learns(error)
        if not ours:
            raise
        plain = "".join(c if c.isprintable() else "?" for c in " ".join(str(error).split()))
        print(f"wgan: error: {plain}", file=sys.stderr)
        return REFUSED
    return 0


def _is_scikit_learns(error: Exception) -> bool:
    """Return whether scikit-learn's own checks refused the input, as its users know it."""
    frames = traceback.extract_tb(error.__traceback__)
    return any("sklearn/utils/validation" in frame.filename for frame in frames[-2:])


def contents(folder: Path) -> dict[str, str]:
    """Return what each path below a folder holds, by its relative name; links are not followed."""
    return {
        os.fsencode(p.relative_to(folder)).decode("latin-1"): _held(p)
        for p in sorted(folder.rglob("*"))
    }


def _held(path: Path) -> str:
    if path.is_symlink():
        target = Path(os.readlink(path))
        inside = sha256(target.read_bytes()).hexdigest() if target.is_file() else ""
        return f"link to {target} {inside}"
    if path.is_file():
        return sha256(path.read_bytes()).hexdigest()
    return "folder" if path.is_dir() else "special"


def _judge(case: Case, status: int | None, words: str) -> tuple[Fault | None, str]:
    """Return the fault of an outcome, if there is one, and the last words."""
    lines = [line for line in words.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    if status is None:
        return "hang", last
    if status not in (0, REFUSED) or "Traceback" in words:
        return "traceback", f"exit {status}: {last}"
    harmed = [line for line in lines if line.startswith("HARMED")]
    if harmed:
        return "harmed file", harmed[0]
    errors = [line for line in lines if line.startswith("wgan: error:")]
    if status == REFUSED:
        if len(errors) != 1 or any(ord(c) < 32 and c not in "\n\t\r" for c in words):
            return "traceback", f"{len(errors)} error lines, or control characters: {last!r}"
        if case.expected == "accepted":
            return "wrong refusal", errors[0]
        return None, errors[0]
    if case.expected == "refused":
        return "wrong success", last
    wrong = [line.removeprefix("CHECKED ") for line in lines if line.startswith("CHECKED ")]
    if any(each.strip() for each in wrong):
        return "wrong success", wrong[0]
    return None, last


def table(outcomes: Iterable[Outcome]) -> str:
    """Return a table of the outcomes, a line a group."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.case.group, []).append(outcome)
    head = f"{'input':34}{'inputs':>7}{'cases':>7}{'refused':>9}"
    lines = [head + "".join(f"{fault:>15}" for fault in FAULTS)]
    everything = [outcome for group in groups.values() for outcome in group]
    for name, group in [*sorted(groups.items()), ("all", everything)]:
        inputs = len({(o.case.group, o.case.name) for o in group})
        counts = [sum(o.fault == fault for o in group) for fault in FAULTS]
        refused = sum(o.refused for o in group)
        numbers = f"{inputs:7}{len(group):7}{refused:9}"
        lines.append(f"{name:34}{numbers}" + "".join(f"{count:15}" for count in counts))
    return "\n".join(lines)
