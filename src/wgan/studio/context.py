"""State that the routes of the studio share: folders, processes, and followed runs."""

from dataclasses import dataclass

from fastapi import Request

from wgan.studio.follow import Follower
from wgan.studio.processes import Processes
from wgan.studio.safety import Roots


@dataclass(frozen=True)
class Studio:
    """The studio of one folder.

    Attributes:
        roots: its folders.
        processes: the processes of runs that it began.
        follower: follows all runs.
    """

    roots: Roots
    processes: Processes
    follower: Follower

    @classmethod
    def of(cls, roots: Roots, most_running: int) -> "Studio":
        """Return the studio of a folder.

        Args:
            roots: its folders.
            most_running: runs that may train at once.
        """
        processes = Processes(roots, most_running)
        return cls(roots, processes, Follower(roots, processes))


def studio_of(request: Request) -> Studio:
    """Return the studio that a request came to.

    Args:
        request: the request.
    """
    studio: Studio = request.app.state.studio
    return studio
