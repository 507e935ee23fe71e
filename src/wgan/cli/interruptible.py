"""Interruptible work: Ctrl-C acts at once, also while compiled code runs."""

import atexit
import os
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

from wgan.cli import close_output
from wgan.cli.exit_codes import INTERRUPTED

Result = TypeVar("Result")


def interruptible(work: Callable[[], Result]) -> Result:
    """Run work in a thread, so that Ctrl-C acts at once.

    The exact solver is one long call that receives no signal.
    """
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # handed on below
            failure.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.1)
    except KeyboardInterrupt:
        # An interrupted `join` takes the thread for ended, whether it is or not.
        atexit.register(_leave, lambda: not outcome and not failure)
        raise
    if failure:
        raise failure[0]
    return outcome[0]


def _leave(is_working: Callable[[], bool]) -> None:
    """End the process at once if a thread is still in the solver.

    Python would end that thread inside compiled code, which aborts the process.
    """
    if is_working():
        close_output()
        os._exit(INTERRUPTED)
