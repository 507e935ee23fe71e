"""What does `wgan` do on the command line? Parse, call, print; every decision is made elsewhere.
One file a command.
"""

import errno
import os
import sys
from collections.abc import Sequence

import cyclopts
import torch

from wgan.base.errors import WganError
from wgan.cli import (  # noqa: F401  (each adds its commands)
    compare,
    demo,
    distance,
    evaluate,
    features,
    listing,
    report,
    sample,
    train,
)
from wgan.cli.app import app

__all__ = ["app", "main"]

ROOM = ": make room, then run the same command again"
REMEDIES = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: ROOM,
    errno.EACCES: ": check the permissions",
    errno.EROFS: ": choose a folder that can be written to, with --out",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; wrong input is one line on standard error and exit code 2."""
    try:
        return int(
            app(
                sys.argv[1:] if arguments is None else list(arguments),
                exit_on_error=False,
                print_error=False,
            )
            or 0
        )
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    except (WganError, cyclopts.CycloptsError) as error:
        message = str(error)
    except OSError as error:
        message = (
            f"{error.filename or 'a file'}:"
            f" {error.strerror or error}{REMEDIES.get(error.errno or 0, '')}"
        )
    except (MemoryError, RuntimeError) as error:
        if (
            isinstance(error, RuntimeError)
            and not isinstance(error, torch.OutOfMemoryError)
            and "allocate memory" not in str(error)
        ):
            raise
        message = (
            "out of memory: lower optimizer.batch, network.width, or the number of samples"
            " asked for"
        )
    print(f"wgan: error: {' '.join(message.split())}", file=sys.stderr)
    return 2
