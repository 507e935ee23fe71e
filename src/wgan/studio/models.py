"""Models that the page plays with: read once, and their samples in a form that a page shows."""

import base64
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
from fastapi import Request

from wgan.base.errors import WganError
from wgan.data import Split
from wgan.data.drawing import Sheet
from wgan.data.formats import formats_of, write_samples
from wgan.models import Model
from wgan.models.pictures import nearest_training
from wgan.runs import RunFolder
from wgan.runs.following import stamp_of
from wgan.studio.context import Studio

KEPT = 4
"""Models and data sets that are kept in memory, those that were used last."""
DIGITS = 6
"""Significant digits of a number in a cell: more would not be read, and the download has all."""

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """Things that take long to read, each by a key; those that were used last are kept."""

    def __init__(self) -> None:
        self._things: OrderedDict[Any, Thing] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any, read: Callable[[], Thing]) -> Thing:
        """Return a thing; it is read where it is not kept.

        Args:
            key: what names it, and changes when it does.
            read: reads it.
        """
        with self._lock:
            if key not in self._things:
                self._things[key] = read()
                while len(self._things) > KEPT:
                    self._things.popitem(last=False)
            self._things.move_to_end(key)
            return self._things[key]


@dataclass(frozen=True)
class Shelf:
    """Models of runs, and their data.

    Attributes:
        studio: the studio.
        models: those that were used last.
        splits: their data.
    """

    studio: Studio
    models: Kept[Model] = field(default_factory=Kept)
    splits: Kept[Split] = field(default_factory=Kept)

    def model(self, name: str) -> Model:
        """Return the model of a run as it is now.

        Args:
            name: the run's name.

        Raises:
            WganError: no such run, or none with a model.
        """
        path = self.studio.follower.find(name).path
        return self.models.get((path, stamp_of(path)), lambda: RunFolder(path).model())

    def split(self, name: str) -> Split:
        """Return the data of a run, split as it was trained.

        Args:
            name: the run's name.

        Raises:
            WganError: data that are gone, changed, or lie where nothing may be read; or a private
                run.
        """
        path = self.studio.follower.find(name).path

        def read() -> Split:
            run = RunFolder(path)
            if run.config().private:
                raise WganError(f"{name}: is a private run, whose rows are not shown")
            self.studio.roots.check_data(run.about().folder, run.config().data)
            config, dataset = run.load()
            return config.split(dataset)

        about = RunFolder(path).about()
        return self.splits.get((path, about.id, about.data.fingerprint), read)

    def picture(self, raw: np.ndarray, model: Model, columns: int | None = None) -> str:
        """Return a picture of samples, as a URL that holds it.

        Args:
            raw: the samples.
            model: the model that made them.
            columns: pictures in a row, where samples are pictures.
        """
        with tempfile.TemporaryDirectory(dir=self.studio.processes.folder) as folder:
            path = Path(folder) / "samples.png"
            write_samples(raw, model.codec, path, sheet=Sheet(columns))
            content = base64.b64encode(path.read_bytes()).decode("ascii")
        return f"data:image/png;base64,{content}"

    def shown(self, raw: np.ndarray, model: Model) -> list[dict[str, Any]]:
        """Return each sample by itself: a picture, or cells of a row.

        Args:
            raw: the samples.
            model: the model that made them.
        """
        rows = formats_of(model.codec).rows
        if rows is None:
            return [{"picture": self.picture(raw[i : i + 1], model, 1)} for i in range(len(raw))]
        frame = rows(raw, model.codec)
        return [{"cells": [cell(value) for value in row]} for row in frame.itertuples(index=False)]


def shelf_of(request: Request) -> Shelf:
    """Return the models of the studio that a request came to.

    Args:
        request: the request.
    """
    shelf: Shelf = request.app.state.shelf
    return shelf


def columns_of(model: Model) -> list[str] | None:
    """Return the names of the cells of a sample; None where samples are shown as pictures.

    Args:
        model: the model.
    """
    rows = formats_of(model.codec).rows
    if rows is None:
        return None
    empty = np.zeros((0, *model.codec.raw_shape), dtype=model.codec.dtype)
    return [str(name) for name in rows(empty, model.codec).columns]


def cell(value: Any) -> str:
    """Return a value as text; nothing for a missing one.

    >>> cell(0.123456789), cell(None), cell("a"), cell(3)
    ('0.123457', '', 'a', '3')
    """
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if isinstance(value, float | np.floating):
        return f"{float(value):.{DIGITS}g}"
    return str(value)


def scores_of(
    model: Model, raw: np.ndarray, labels: np.ndarray | None
) -> tuple[list[float] | None, str]:
    """Return the critic's scores; none, and why, where it gives none.

    Args:
        model: the model.
        raw: samples.
        labels: their class numbers, or none.
    """
    try:
        return [float(score) for score in model.scores(raw, labels)], ""
    except WganError as error:
        return None, str(error)


def with_nearest(
    shelf: Shelf, name: str, model: Model, raw: np.ndarray
) -> tuple[list[dict[str, Any]] | None, str]:
    """Return the nearest training sample of each sample, and how far it is; none, and why.

    Args:
        shelf: models and data.
        name: the run's name.
        model: its model.
        raw: samples.
    """
    try:
        near, distances = nearest_training(model.codec, raw, shelf.split(name))
    except WganError as error:
        return None, str(error)
    found = shelf.shown(near, model)
    for each, distance in zip(found, distances, strict=True):
        each["distance"] = float(distance)
    return found, ""
