"""Reads that may fail: each is tried a few times with growing waits, then one error names it."""

import time
from collections.abc import Callable
from typing import TypeVar

from wgan.base.errors import WganError

Result = TypeVar("Result")
ATTEMPTS = 5
"""Tries of a read. With the waits below they span 7.5 seconds: object stores ask for back-offs of
seconds, and after an outage of minutes the run must be restarted.
"""
FIRST_WAIT = 0.5
"""Seconds before the second try; each further wait is twice as long."""
TIMEOUT = 60.0
"""Seconds that a remote read may take. A block takes well under a second. A shard of 1 GB takes
half a minute at 300 Mbit/s, but is read in pieces that each have this time.
"""
MISSING = (404, 410)
"""Statuses of HTTP for a file that is not there (RFC 9110, section 15.5)."""
PASSING = (408, 429)
"""Statuses of HTTP that name the client at fault, and pass: a time-out, and too many requests."""
LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
"""Errors that another try does not fix."""


def persistently(read: Callable[[], Result], where: str) -> Result:
    """Return the result of a read, which is tried again if it fails.

    Args:
        read: the read; it raises OSError, or an error of a network library, where it fails.
        where: what messages call the shard.

    Raises:
        WganError: a missing file, or a read that fails each time.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return read()
        except WganError:
            raise
        except LASTING as error:
            if not _answered(error):
                _wait_or_give_up(attempt, error, where)
            elif isinstance(error, FileNotFoundError):
                raise WganError(
                    f"{where}: no such shard: put it back, or take it off the list"
                ) from None
            else:
                raise WganError(f"{where}: cannot be read ({error.strerror or error})") from None
        except Exception as error:  # network libraries have errors of their own
            _wait_or_give_up(attempt, error, where)
        time.sleep(FIRST_WAIT * 2 ** (attempt - 1))
    raise AssertionError("unreachable")


def _answered(error: OSError) -> bool:
    """Return whether the store itself reported the error.

    fsspec says that a file is missing whatever happens; the cause of its error says what did.
    """
    cause = error.__cause__
    return cause is None or isinstance(cause, LASTING) or _status(cause) in MISSING


def _status(error: BaseException) -> int | None:
    """Return the status of HTTP in an error of aiohttp, if it has one."""
    status = getattr(error, "status", None)
    return status if isinstance(status, int) else None


def _wait_or_give_up(attempt: int, error: Exception, where: str) -> None:
    """Raise the one error of a read where it must not be tried again."""
    status = _status(error.__cause__ or error)
    refused = status is not None and 400 <= status < 500 and status not in PASSING
    if attempt < ATTEMPTS and not refused:
        return
    if isinstance(error, FileNotFoundError) and error.__cause__:
        error = Exception(error.__cause__)
    reason = (str(error) or type(error).__name__).splitlines()[0]
    tries = "" if refused else f" in {ATTEMPTS} tries"
    raise WganError(
        f"{where}: could not be read{tries} ({reason}): check address, rights and connection, then"
        " run the same command again"
    ) from None
