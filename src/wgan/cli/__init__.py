"""The command line: parse, call, print. Every decision is made elsewhere; a file a command."""

import errno
import os
import sys
import warnings
from collections.abc import Sequence

import cyclopts

from wgan.base.errors import WganError
from wgan.cli.commands import app

__all__ = ["app", "main"]

ROOM = ": make room, then run the same command again"
REMEDIES = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: ROOM,
    errno.EACCES: ": check the permissions",
    errno.EROFS: ": choose a folder that can be written to, with --out",
}
BROKEN_PIPE, INTERRUPTED = 141, 130
"""Exit codes of a process that SIGPIPE or SIGINT ended: 128 and the signal's number."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; wrong input is one line on standard error and exit code 2."""
    warnings.showwarning = _show_note
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return int(app(words, exit_on_error=False, print_error=False) or 0)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except (WganError, cyclopts.CycloptsError) as error:
        message = str(error)
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "")
        message = f"{error.filename or 'a file'}: {error.strerror or error}{remedy}"
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        message = (
            "out of memory: lower optimizer.batch, network.width, or the number of samples"
            " asked for"
        )
    print(f"wgan: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _is_out_of_memory(error: Exception) -> bool:
    """Tell by name: torch, whose error it may be, is perhaps not imported."""
    named = type(error).__name__ in ("MemoryError", "OutOfMemoryError")
    return named or "allocate memory" in str(error)


def _show_note(message: Warning | str, *where: object, **more: object) -> None:
    """Print a warning as a note; the place in our code means nothing to a user."""
    print(f"note: {message}", file=sys.stderr)
