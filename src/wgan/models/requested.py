"""Requested samples: of one class, under conditions, balanced, or as they were learned."""

from dataclasses import dataclass

import numpy as np

from wgan.base.errors import WganError
from wgan.models.conditioned import Conditioned, check_where, sample_where
from wgan.models.model import Model


@dataclass(frozen=True)
class Request:
    """Choices of the requested samples, besides their number.

    Attributes:
        label: the name of their class; None: classes are as frequent as among training samples.
        where: conditions that each satisfies, such as `age>=30`.
        balance: a column whose levels are to be equally frequent; None: no column.
    """

    label: str | None = None
    where: tuple[str, ...] = ()
    balance: str | None = None

    @property
    def conditional(self) -> bool:
        """Whether conditions or a balanced column are requested."""
        return bool(self.where) or self.balance is not None

    def __str__(self) -> str:
        """Words behind a number of samples, such as ` of class 3`; empty if all is free."""
        if self.label is not None:
            return f" of class {self.label}"
        words = [f"with {' and '.join(self.where)}"] if self.where else []
        if self.balance is not None:
            words.append(f"with {self.balance} balanced")
        return f" {' and '.join(words)}" if words else ""

    def check(self, model: Model) -> None:
        """Refuse a request that a model cannot draw, before anything is drawn.

        Args:
            model: the model.

        Raises:
            WganError: a class or a column that it does not know, or conditions that contradict
                each other, the data or the label.
        """
        if self.conditional and self.label is not None:
            raise WganError(
                "--label is for models of classes, and --where and --balance for columns of tables"
                " and static columns of series: give one or the other"
            )
        if self.conditional:
            check_where(model, self.where, self.balance)
        elif self.label is not None:
            model.label(self.label)

    def draw(self, model: Model, n: int, seed: int) -> Conditioned:
        """Return `n` samples of a model.

        Args:
            model: the model.
            n: number of samples.
            seed: random seed; the same seed gives the same samples.

        Raises:
            WganError: as `check`, as `Model.draw`, or conditions that hardly any sample meets.
        """
        self.check(model)
        if self.conditional:
            return sample_where(model, n, seed, self.where, self.balance)
        labels = None
        if self.label is not None:
            labels = np.full(n, model.label(self.label))
        elif model.classes:
            labels = model.draw_labels(n, seed)
        drawn = model.draw(n, seed, labels)
        return Conditioned(drawn.raw, n, n, drawn.redrawn, labels)
