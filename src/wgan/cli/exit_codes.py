"""Exit codes of the command line, which the help prints and docs/how-to/script.md explains.

Signals end a process with 128 and their number, as shells write it.
"""

import signal

DONE = 0
BROKEN = 1
"""`wgan doctor` found a fault."""
REFUSED = 2
UNEXPECTED = 70
"""EX_SOFTWARE of sysexits.h."""
INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 141
"""128 and the number of SIGPIPE, which Windows does not have."""
TERMINATED = 128 + signal.SIGTERM

EXIT_CODES = {
    DONE: "done",
    BROKEN: "`wgan doctor` found something broken that a run needs",
    REFUSED: "input that cannot be used, or no room",
    UNEXPECTED: "a fault of wgan itself",
    INTERRUPTED: "stopped by Ctrl-C; a run in training is saved first",
    BROKEN_PIPE: "whoever read the output has gone",
    TERMINATED: "stopped by SIGTERM; a run in training is saved first",
}
"""What each code means."""


def in_help() -> str:
    """Return the table for the end of the help, in Markdown."""
    codes = "\n".join(f"- {code}: {words}" for code, words in EXIT_CODES.items())
    return f"Exit codes; errors are one line on standard error:\n\n{codes}"
