"""A process of the Lab: it trains what standard input asks for, and writes events as lines of JSON.

It ends when its standard input does, so that no training outlives the page or the studio.
"""

import json
import os
import signal
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from queue import Empty, Queue
from threading import Thread
from typing import Any, TextIO

from wgan.base.errors import WganError
from wgan.base.figures import figure
from wgan.experiments.demos import demo
from wgan.experiments.demos.results import FIGURE_DPI, FIGURE_INCHES, Result, cell
from wgan.studio.lab_plane import Group, Scene, check_choice

Command = dict[str, Any]
"""Command to the worker: `do` is begin, pace or claim, and the rest are its settings."""
Send = Callable[[dict[str, Any]], None]
FAST = 0.4
"""Seconds of training from one frame to the next where it goes as fast as it can; never less than
twice what frames take.
"""
SLOW = 0.5
"""Seconds from one step to the next where each step is to be seen."""


def main() -> int:
    """Do what is asked for until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the studio, and that ends this
    # Nothing else that prints may come between the events.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    commands: Queue[Command] = Queue()
    Thread(target=_listen, args=(commands,), daemon=True).start()

    def send(event: dict[str, Any]) -> None:
        _write(out, event)

    send({"kind": "ready"})
    command = commands.get()
    while True:
        try:
            if command["do"] == "begin":
                command = train(command, commands, send)
                continue
            if command["do"] == "claim":
                claim(command["name"], command["seeds"], send)
        except WganError as error:
            send({"kind": "error", "error": " ".join(str(error).split())})
        command = commands.get()


def _listen(commands: "Queue[Command]") -> None:
    """Put each command in the queue; end the process where there are no more."""
    for line in sys.stdin:
        commands.put(json.loads(line))
    os._exit(0)


def _write(out: TextIO, event: dict[str, Any]) -> None:
    """Write an event, and wait where the reader is behind: a page that stalls stalls its training.

    It ends the process if no reader is left.
    """
    try:
        out.write(json.dumps(event, allow_nan=False) + "\n")
        out.flush()
    except BrokenPipeError:
        os._exit(0)


def train(begin: Command, commands: "Queue[Command]", send: Send) -> Command:
    """Train variants side by side at the pace that is asked for; return the next command.

    Args:
        begin: names of `data` and `variants`, the `seed` and the `pace`: pause; step, one step and
            then pause; slow, a step at a time; fast.
        commands: further commands; those of the pace are followed here.
        send: takes an event: the scene, then frames.

    Raises:
        WganError: no such data or variants.
    """
    check_choice(begin["data"], begin["variants"])
    scene = Scene(begin["data"], begin["seed"])
    group = Group(scene, begin["variants"])
    trainings = [each.to_json() for each in group.trainings]
    send({"kind": "scene", **scene.to_json(), "trainings": trainings})
    cost = _send_frames(group, send)
    pace = begin["pace"]
    while True:
        command = _next(commands, {"pause": None, "slow": SLOW}.get(pace, 0.0))
        if command is not None and command["do"] != "pace":
            return command
        if command is not None:
            pace = command["pace"]
        if pace == "pause":
            continue
        until = time.perf_counter() + (max(FAST, 2 * cost) if pace == "fast" else 0.0)
        group.advance()
        while time.perf_counter() < until and commands.empty() and not group.done:
            group.advance()
        cost = _send_frames(group, send)
        if group.done:
            send({"kind": "done"})
        if pace == "step" or group.done:
            pace = "pause"


def _send_frames(group: Group, send: Send) -> float:
    """Send a frame of each variant; return the seconds that it took."""
    started = time.perf_counter()
    send({"kind": "frames", "frames": group.frames()})
    return time.perf_counter() - started


def _next(commands: "Queue[Command]", seconds: float | None) -> Command | None:
    """Return the next command; None where none comes within a time. Without one, wait for it."""
    try:
        return commands.get(timeout=seconds) if seconds != 0 else commands.get_nowait()
    except Empty:
        return None


def claim(name: str, seeds: int, send: Send) -> None:
    """Run the experiment behind a claim, and send its result.

    Args:
        name: of the demonstration.
        seeds: trainings of each kind.
        send: takes an event: progress, then the result.

    Raises:
        WganError: no such demonstration, or a training that fails.
    """

    def progress(what: str, done: int, total: int | None, /) -> None:
        send({"kind": "progress", "what": what, "done": done, "total": total})

    result = demo(name).run(seeds, 1.0, progress)
    send({"kind": "result", "name": name, "seeds": seeds, **_plain(result)})


def _plain(result: Result) -> dict[str, Any]:
    """Return a result as plain values: claims, the table of means, and the figure as a PNG."""
    names = list(result.table[0])
    picture = BytesIO()
    with figure(FIGURE_INCHES, {}) as drawn:
        result.draw(drawn)
        drawn.savefig(picture, format="png", dpi=FIGURE_DPI)
    claims = [
        {"text": each.text, "holds": bool(each.holds), "figures": each.figures}
        for each in result.claims
    ]
    rows = [[cell(row[name]) for name in names] for row in result.table]
    return {
        "claims": claims,
        "columns": names,
        "rows": rows,
        "figure": "data:image/png;base64," + b64encode(picture.getvalue()).decode(),
    }


if __name__ == "__main__":
    sys.exit(main())
