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
from wgan.cli.exit_codes import BROKEN_PIPE, INTERRUPTED, REFUSED

__all__ = ["app", "main"]

ROOM = ": make room, then run the same command again"
TOGETHER = {"train": "", "sample": "--shards"}
"""Commands that several processes share, and the flag with which they do."""
REMEDIES = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: ROOM,
    errno.EACCES: ": check the permissions",
    errno.EROFS: ": choose a folder that can be written to, with --out",
}


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
        _check_alone(words)
        ready()
        code = int(command(*bound.args, **bound.kwargs) or 0)
        _flush()
        return code
    except (Exception, KeyboardInterrupt) as error:
        answer = answer_to(error)
        if answer is None:
            raise
        code, message = answer
        of_all = isinstance(error, cyclopts.CycloptsError | TogetherError)
        if message is not None and not (of_all and _is_later()):
            print_error(message)
        if isinstance(error, BrokenPipeError):
            close_output()
        return code


def answer_to(error: BaseException) -> tuple[int, str | None] | None:
    """Return the exit code of an error, and what to print of it; None where it is a fault of ours.

    Args:
        error: what ended a command.
    """
    if isinstance(error, BrokenPipeError):
        return BROKEN_PIPE, None
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, None
    if isinstance(error, UnicodeEncodeError):
        if error.reason != "surrogates not allowed":
            return None
        # The name of a file or a class, found in a folder.
        return REFUSED, f"{error.object!a}: a name that is not UTF-8: rename what bears it"
    if isinstance(error, WganError | cyclopts.CycloptsError):
        return REFUSED, str(error)
    if isinstance(error, OSError):
        remedy = REMEDIES.get(error.errno or 0, "")
        where = error.filename or "a file or standard output"
        return REFUSED, f"{where}: {error.strerror or error}{remedy}"
    if isinstance(error, MemoryError | RuntimeError) and _is_out_of_memory(error):
        remedy = "lower optimizer.batch, network.width, or the number of samples asked for"
        return REFUSED, f"out of memory: {remedy}"
    return None


def print_error(message: str) -> None:
    """Print an error as one line on standard error."""
    print(f"wgan: error: {on_one_line(' '.join(message.split()))}", file=sys.stderr)


class TogetherError(WganError):
    """A command for one process was given to several; each of them finds out."""


def _check_alone(words: Sequence[str]) -> None:
    """Refuse a command under torchrun whose processes would all do the same, and write the same
    files.
    """
    count = os.environ.get("WORLD_SIZE", "")
    several = "RANK" in os.environ and count.isdecimal() and int(count) > 1
    if not several or not words or words[0].startswith("-"):
        return
    flag = TOGETHER.get(words[0])
    if flag is None or not any(word.split("=")[0].startswith(flag) for word in words):
        hint = f"give {flag}, or run it" if flag else "run it"
        raise TogetherError(
            f"wgan {words[0]} works in one process, and torchrun started {count}: {hint} without"
            " torchrun (RANK and WORLD_SIZE in the environment)"
        )


def _is_later() -> bool:
    """Whether torchrun started this process as one of several, and not as the first, to which the
    same words were given.
    """
    return os.environ.get("RANK", "0") != "0" and "WORLD_SIZE" in os.environ


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
    """Print a warning as a note; the place in our code means nothing to a user, nor does the source
    of a package that Python compiles for the first time.
    """
    if isinstance(message, SyntaxWarning):
        return
    print(f"note: {visible(str(message))}", file=sys.stderr)
