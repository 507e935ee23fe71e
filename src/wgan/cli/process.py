"""The process of the command line: interrupts, encodings of output, and unexpected errors."""

import os
import signal
import sys
from types import FrameType

from wgan.cli import close_output, main, print_error
from wgan.cli.exit_codes import INTERRUPTED, UNEXPECTED

TRACEBACK = "WGAN_TRACEBACK"
"""The variable of the environment that shows where an unexpected error came from."""


def run_process() -> int:
    """Run the command line with the arguments of this process; return its exit code.

    An error that is not an answer to wrong input is told in one line too, and ends with code 70. It
    is raised, with its traceback, where the environment has WGAN_TRACEBACK.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not where a descriptor is closed
            # What the encoding of the terminal lacks is printed as an escape.
            stream.reconfigure(errors="backslashreplace")
    interrupts: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    at_import = signal.getsignal(signal.SIGINT)
    try:
        return main(ready=lambda: signal.signal(signal.SIGINT, interrupt))
    except KeyboardInterrupt:  # between two lines of `main`
        return INTERRUPTED
    except Exception as error:
        if interrupts:  # an import inside the command turns an interrupt into another error
            return INTERRUPTED
        if os.environ.get(TRACEBACK):
            raise
        print_error(in_words(error))
        return UNEXPECTED
    finally:
        # Nothing is left to be saved: an interrupt while Python ends may act at once.
        signal.signal(signal.SIGINT, at_import)
        close_output()


def in_words(error: BaseException) -> str:
    """Return an error that is not an answer to wrong input, for the user."""
    return (
        f"{type(error).__name__}: {error}: this is a fault of wgan, not of your input; please"
        f" report it with the command and what it prints under {TRACEBACK}=1"
    )
