"""The application of `wgan serve`: a model's samples by `POST /sample`."""

import json
import math
import secrets
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import torch
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from wgan.base.errors import WganError
from wgan.base.version import __version__
from wgan.data.formats import formats_of
from wgan.models import Model, truncated
from wgan.models.conditioned import Conditioned
from wgan.models.requested import Request
from wgan.web.answers import Strict, answer_errors
from wgan.web.drawing import Turns, as_file, endings_of
from wgan.web.gate import LOOPBACK, Gate, Guard

AT_ONCE = 2
"""Requests that draw samples at once: each takes a core or more."""
WAITING = 30
"""Requests that wait for it; the threads of the server are 40."""
MOST_SAMPLES = 100_000
"""Samples of a request unless the command says otherwise."""
MOST_VALUES = 1_000_000
"""Values of an answer in JSON, which takes ten times the memory of an array: 10 MB or so."""
JSON = "json"
PROTECTED = ("/sample", "/model", "/openapi.json")
SEED_BITS = 31
"""Bits of a seed that is drawn: every program can hold the number."""

Text = Annotated[str, Field(min_length=1, max_length=500)]


class Wanted(Strict):
    """Request for samples: `wgan sample` has the same choices as flags.

    Attributes:
        n: number of samples.
        seed: random seed; the same seed gives the same samples. Left out: one is drawn, and is told
            in the header `X-Wgan-Seed`.
        label: the class of all.
        where: conditions that each row of a table satisfies, such as `age>=30`.
        balance: a column of a table whose levels are to be equally frequent.
        truncation: factor of the noise, from 0 to 1.
        format: `json`, or an ending of a file, such as `csv` or `npy`.
    """

    n: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    label: Annotated[str, Field(max_length=500)] | None = None
    where: Annotated[list[Text], Field(max_length=20, default_factory=list)]
    balance: Text | None = None
    truncation: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    format: Annotated[str, Field(max_length=20)] = JSON


def create_app(
    model: Model,
    name: str,
    promise: str = "",
    *,
    token: str = "",
    hosts: Sequence[str] = LOOPBACK,
    most: int = MOST_SAMPLES,
) -> FastAPI:
    """Return the application that serves a model.

    Args:
        model: the model.
        name: what it is called, in names of files.
        promise: what its training promised about privacy; empty: nothing.
        token: what requests must bring; empty: nothing.
        hosts: names of this server, as a Host writes them.
        most: samples of a request at most.
    """
    app = FastAPI(title=f"wgan serve {name}", version=__version__, docs_url=None, redoc_url=None)
    gate = Gate("wgan serve", token, tuple(hosts), PROTECTED)
    app.add_middleware(Guard, gate=gate)
    answer_errors(app)
    turns = Turns(AT_ONCE, WAITING)
    facts = facts_of(model, name, promise, most)

    @app.get("/health")
    def health() -> dict[str, str]:
        """Answer that the server is running."""
        return {"status": "ok", "wgan": __version__}

    @app.get("/model")
    def about() -> dict[str, Any]:
        """Answer with what the model draws, and in which formats."""
        return facts

    @app.post("/sample")
    def sample(wanted: Wanted) -> Response:
        """Draw samples."""
        if wanted.n > most:
            raise WganError(
                f"n = {wanted.n}: at most {most} samples a request: ask for fewer, with seeds of"
                " their own"
            )
        seed = secrets.randbits(SEED_BITS) if wanted.seed is None else wanted.seed
        with turns.turn():
            answer = sampled(model, name, wanted, seed)
        answer.headers["X-Wgan-Seed"] = str(seed)
        return answer

    return app


def facts_of(model: Model, name: str, promise: str, most: int) -> dict[str, Any]:
    """Return a description of a model for a client, as plain values.

    Args:
        model: the model.
        name: what it is called.
        promise: what its training promised about privacy.
        most: samples of a request at most.
    """
    formats = formats_of(model.codec)
    return {
        "name": name,
        "kind": model.codec.kind,
        "in_words": model.codec.samples_in_words,
        "variant": model.variant,
        "units": model.codec.units,
        "classes": list(model.classes),
        "takes_conditions": formats.frame is not None,
        "formats": [JSON, *(ending.removeprefix(".") for ending in endings_of(model))],
        "most_samples": most,
        "privacy": promise,
        "wgan": __version__,
        "torch": torch.__version__,
    }


def sampled(model: Model, name: str, wanted: Wanted, seed: int) -> Response:
    """Return the answer to a request for samples.

    Args:
        model: the model.
        name: what it is called.
        wanted: the request.
        seed: random seed.

    Raises:
        WganError: a request that does not fit the model, or too large an answer in JSON.
    """
    drawing = model if wanted.truncation == 1 else truncated(model, wanted.truncation)
    request = Request(wanted.label, tuple(wanted.where), wanted.balance)
    if wanted.format != JSON:
        ending = f".{wanted.format.removeprefix('.')}"
        return as_file(drawing, request, wanted.n, seed, ending, None, f"{name}-seed{seed}")
    values = wanted.n * math.prod(model.codec.raw_shape)
    if values > MOST_VALUES:
        raise WganError(
            f"n = {wanted.n}: {values} values are too many for json, at most {MOST_VALUES}: ask for"
            " fewer samples, or another format"
        )
    return JSONResponse(as_json(model, request.draw(drawing, wanted.n, seed), seed))


def as_json(model: Model, drawn: Conditioned, seed: int) -> dict[str, Any]:
    """Return samples as plain values: rows of a table by name, or nested lists of an array.

    Args:
        model: the model that drew them.
        drawn: the samples.
        seed: random seed.
    """
    frame = formats_of(model.codec).frame
    labels = None if drawn.labels is None else [model.classes[y] for y in drawn.labels]
    if frame is None:
        samples = _listed(drawn.raw)
    else:
        rows = frame(drawn.raw, model.codec, labels, 0)
        samples = json.loads(rows.to_json(orient="records", date_format="iso", double_precision=15))
    return {
        "samples": samples,
        "labels": labels,
        "seed": seed,
        "drawn": drawn.tried,
        "acceptance": drawn.acceptance,
    }


def _listed(raw: np.ndarray) -> list[Any]:
    """Return an array as nested lists, missing values as none: JSON knows no NaN."""
    values = raw.astype(object)
    values[np.isnan(raw)] = None
    listed: list[Any] = values.tolist()
    return listed
