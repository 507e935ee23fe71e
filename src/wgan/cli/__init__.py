"""The command line: parse, call, print. Every decision is made elsewhere; a file a command."""

import errno
import os
import sys
import warnings
from collections.abc import Callable, Sequence

import cyclopts

from wgan.base.errors import WganError
from wgan.base.printing import on_one_line, visible
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


def main(arguments: Sequence[str] | None = None, ready: Callable[[], object] = lambda: None) -> int:
    """Run the command line; wrong input is one line on standard error and exit code 2.

    Args:
        arguments: the words of the command; None: those of this process.
        ready: called when the command is imported, before it runs.

    Returns:
        The exit code.
    """
    warnings.showwarning = _show_note
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        for word in words:
            _check_encoding(word)
        command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        ready()
        code = int(command(*bound.args, **bound.kwargs) or 0)
        _flush()
        return code
    except BrokenPipeError:
        close_output()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except (WganError, cyclopts.CycloptsError) as error:
        message = str(error)
    except UnicodeEncodeError as error:
        if error.reason != "surrogates not allowed":
            raise
        # The name of a file or a class, found in a folder.
        message = f"{error.object!a}: a name that is not UTF-8: rename what bears it"
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "")
        message = (
            f"{error.filename or 'a file or standard output'}: {error.strerror or error}{remedy}"
        )
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        message = (
            "out of memory: lower optimizer.batch, network.width, or the number of samples"
            " asked for"
        )
    print(f"wgan: error: {on_one_line(' '.join(message.split()))}", file=sys.stderr)
    return 2


def close_output() -> None:
    """Write what is left for standard output; where nobody takes it, let it go without a word."""
    try:
        _flush()
    except OSError:
        # Python would try again at its end, and print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _flush() -> None:
    if sys.stdout is None:  # a process without standard output
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        error.filename = "standard output"
        raise


def _check_encoding(word: str) -> None:
    """Refuse a name that is not UTF-8, which could not stand in a configuration or a report, and
    one with a null, which no file has.
    """
    if "\0" in word:
        raise WganError(f"the argument {word!a} holds a null: no file has such a name")
    try:
        word.encode()
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
        locale = "" if encoding == "utf-8" else ", or set PYTHONUTF8=1"
        raise WganError(
            f"the argument {word!a} is not text in {encoding}: rename the file, or give it through"
            f" a link of another name{locale}"
        ) from None


def _is_out_of_memory(error: Exception) -> bool:
    """Tell by name: torch, whose error it may be, is perhaps not imported."""
    named = type(error).__name__ in ("MemoryError", "OutOfMemoryError")
    return named or "allocate memory" in str(error)


def _show_note(message: Warning | str, *where: object, **more: object) -> None:
    """Print a warning as a note; the place in our code means nothing to a user."""
    print(f"note: {visible(str(message))}", file=sys.stderr)
