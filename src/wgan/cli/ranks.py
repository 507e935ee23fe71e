"""The process of a rank: the first prints, and an error of any ends all with one line and one code.

torchrun starts several processes of the same command. Without it there is one rank.
"""

import os
import sys
import traceback
import warnings
from collections.abc import Callable

from wgan.cli import answer_to, close_output, print_error
from wgan.cli.exit_codes import REFUSED, UNEXPECTED
from wgan.cli.output import aside, screen
from wgan.cli.process import TRACEBACK, in_words
from wgan.training import Ranks
from wgan.training.link import RankEndedError


def together(work: Callable[[Ranks], int]) -> int:
    """Do the work of this process among those that torchrun started; return the exit code.

    Args:
        work: what every rank does; it returns the same exit code on each.

    Raises:
        WganError: the ranks did not meet.
    """
    ranks = Ranks.join()
    if ranks.link is None:
        return work(ranks)
    if not ranks.first:
        screen.quiet = aside.quiet = True
        warnings.simplefilter("ignore")
    try:
        code = work(ranks)
        ranks.leave()
    except BaseException as error:
        code, message = answer_to(error) or (UNEXPECTED, in_words(error))
        if isinstance(error, RankEndedError):
            code, message = REFUSED, None
        elif code == UNEXPECTED and os.environ.get(TRACEBACK):
            traceback.print_exc()
        code, message = ranks.link.end(code, message)
        if message is not None:
            print_error(message)
        sys.stderr.flush()
        ranks.link.go()
    close_output()
    # Not through the end of Python: the threads of gloo sometimes abort the process there.
    os._exit(code)
