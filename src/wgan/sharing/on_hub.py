"""Estimators on the Hugging Face Hub: how they are read and uploaded."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from wgan.base.errors import WganError
from wgan.models import Model
from wgan.models.hub import Address, address, fetch
from wgan.runs import DataFacts, Finish
from wgan.sharing.card import History, Said
from wgan.sharing.pushing import push
from wgan.training import Run


class OnHub:
    """A part of estimators: `from_pretrained` reads a model of the Hub, `push_to_hub` uploads one.

    An estimator has `load(folder, device)`, and `model_` once it is fitted; also `_run`,
    `_finish` and the provenance of each fit in `_periods` if it was trained here.
    """

    model_: Model
    _run: Run
    _periods: tuple[Mapping[str, Any], ...]
    _finish: Finish | None

    @classmethod
    def load(cls, folder: Any, device: str = "auto") -> Self:
        """Return a fitted estimator from a folder."""
        raise NotImplementedError

    @classmethod
    def from_pretrained(cls, repo: str, revision: str | None = None, device: str = "auto") -> Self:
        """Return a fitted estimator from a model on the Hugging Face Hub.

        Args:
            repo: `user/name`.
            revision: a branch, tag or commit; None: the branch `main`.
            device: `auto`, `cpu`, `cuda` or `mps`.

        Raises:
            WganError: as `wgan.models.hub.fetch`, two revisions, or no such device.
        """
        place = address(repo)
        if place.revision and revision and place.revision != revision:
            raise WganError(f"{place}, and revision = '{revision}': give one revision")
        return cls.load(fetch(Address(place.repo, revision or place.revision)), device)

    def push_to_hub(
        self,
        repo: str,
        license: str,
        dataset: str = "",
        critic: bool = False,
        private: bool = False,
    ) -> str:
        """Upload the model to the Hugging Face Hub with a card, and return the address of its page.

        The card has the held-out distance if `held_out_distance()` was called.

        Args:
            repo: `user/name`; the model is made if need be.
            license: how others may use it, by the Hub's identifier, such as `apache-2.0`.
            dataset: the name of the data, for the card.
            critic: whether the critic is uploaded too; it tells more of the training samples.
            private: whether a new model is private.

        Raises:
            WganError: a name or licence that is none, no token, or an upload that fails.
        """
        check_is_fitted(self, "model_")
        said = Said(repo, license, dataset, critic)
        return push(self.model_, said, self._history(), private).url

    def _history(self) -> History | None:
        """Return how the model was trained; None where it was loaded."""
        if not hasattr(self, "_run"):
            return None
        run = self._run
        return History(
            settings=asdict(run.config),
            data=DataFacts.of(run.config, run.dataset),
            periods=self._periods,
            step=run.state.step,
            finish=self._finish,
        )
