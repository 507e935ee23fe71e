"""`python -m wgan` and the script `wgan` start here."""

import os
import signal
import sys


def run() -> None:
    """Run the command line and leave with its exit code."""
    # Imports take seconds, and an interrupt inside one would end in a traceback.
    signal.signal(signal.SIGINT, _leave)
    from wgan.cli.process import run_process

    sys.exit(run_process())


def _leave(number: int, frame: object) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    run()
