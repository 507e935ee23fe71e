"""The Lab: experiments on the page. Its routes, and the bounds of what they take."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field

from wgan.studio.context import Studio, studio_of
from wgan.studio.lab_line import MOST_BINS, compare
from wgan.studio.lab_session import Session, Sessions
from wgan.web.answers import Strict

MOST_MASS = 1e9
"""Largest mass of a bin; sums and products of such masses stay far from an overflow."""
MOST_NAME = 64
"""Most characters of a name."""
MOST_SEEDS = 5
"""Most seeds of a claim, as many as the longest takes by default."""

LOOK = 0.2
"""Seconds between two looks whether the server ends; it gives open streams a second."""

Mass = Annotated[float, Field(ge=0, le=MOST_MASS, allow_inf_nan=False)]
Masses = Annotated[list[Mass], Field(min_length=1, max_length=MOST_BINS)]
Name = Annotated[str, Field(min_length=1, max_length=MOST_NAME)]
Pace = Literal["pause", "step", "slow", "fast"]


class LineBody(Strict):
    """Two histograms on a line, and by how many bins Q is moved to the right."""

    p: Masses
    q: Masses
    shift: Annotated[int, Field(ge=-MOST_BINS, le=MOST_BINS)] = 0


class BeginBody(Strict):
    """A training in the plane: the data, variants side by side, the seed and the pace."""

    data: Name
    variants: Annotated[list[Name], Field(min_length=1, max_length=8)]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    pace: Pace = "slow"


class PaceBody(Strict):
    """The pace of a training."""

    pace: Pace


class ClaimBody(Strict):
    """The experiment behind a claim."""

    name: Name
    seeds: Annotated[int, Field(ge=1, le=MOST_SEEDS)] = 1


def router(sessions: Sessions | None = None) -> APIRouter:
    """Return the routes of the Lab.

    Args:
        sessions: the processes that train; None: new ones, within the usual bounds.
    """
    routes = APIRouter(prefix="/api/lab")
    processes = sessions or Sessions()

    def find(name: str) -> Session:
        return processes.find(name)

    async def attended(
        request: Request, session: Annotated[Session, Depends(find)]
    ) -> AsyncIterator[Session]:
        session.attend()
        ending = asyncio.create_task(_end_with_studio(studio_of(request), session))
        try:
            yield session
        finally:  # the page left, or the process ended
            ending.cancel()
            session.close("its page left")

    @routes.post("/line")
    def line(body: LineBody) -> dict[str, Any]:
        return compare(body.p, body.q, body.shift)

    @routes.get("/choices")
    def offered() -> dict[str, Any]:
        return choices()

    @routes.post("/session")
    async def begin_session() -> dict[str, str]:
        return {"session": (await processes.open()).name}

    @routes.get("/session/{name}/events", response_class=EventSourceResponse)
    async def events(
        session: Annotated[Session, Depends(attended)],
    ) -> AsyncIterator[ServerSentEvent]:
        async for event in session.events():
            yield ServerSentEvent(raw_data=event)

    @routes.post("/session/{name}/begin")
    async def begin(session: Annotated[Session, Depends(find)], body: BeginBody) -> dict[str, str]:
        await run_in_threadpool(_check_begin, body)
        return await _sent(session, "begin", body)

    @routes.post("/session/{name}/pace")
    async def pace(session: Annotated[Session, Depends(find)], body: PaceBody) -> dict[str, str]:
        return await _sent(session, "pace", body)

    @routes.post("/session/{name}/claim")
    async def claim(session: Annotated[Session, Depends(find)], body: ClaimBody) -> dict[str, str]:
        await run_in_threadpool(_check_claim, body)
        return await _sent(session, "claim", body)

    @routes.post("/session/{name}/close")
    async def close(session: Annotated[Session, Depends(find)]) -> dict[str, str]:
        session.close("it was stopped")
        return {"done": "close"}

    return routes


def _check_begin(body: BeginBody) -> None:
    """Refuse data or variants that there are not."""
    from wgan.studio.lab_plane import check_choice

    check_choice(body.data, body.variants)


def _check_claim(body: ClaimBody) -> None:
    """Refuse a claim that there is not."""
    from wgan.experiments.demos import demo

    demo(body.name)


async def _end_with_studio(studio: Studio, session: Session) -> None:
    """End a session once the server ends, so that its stream does not hold the server back."""
    while not studio.follower.closed:
        await asyncio.sleep(LOOK)
    session.close("the studio ended")


async def _sent(session: Session, do: str, body: Strict) -> dict[str, str]:
    """Hand a command to the process of a session."""
    await session.send({"do": do, **body.model_dump()})
    return {"done": do}


def choices() -> dict[str, Any]:
    """Return the choices of the page: data, variants and claims, each with a line of words."""
    # Here, since torch takes seconds to import, and the page is to be there before.
    from wgan.data.toys import TOYS
    from wgan.experiments.demos import DEMOS
    from wgan.objectives import find_variant
    from wgan.studio.lab_plane import CHOICES

    variants = [
        {"name": name, "word": word, "score": find_variant(name).score.name}
        | {"when": find_variant(name).when}
        for name, word in CHOICES.items()
    ]
    return {
        "data": [{"name": toy.name, "summary": toy.summary} for toy in TOYS.values()],
        "variants": variants,
        "claims": [{"name": each.name, "summary": each.summary} for each in DEMOS.values()],
    }
