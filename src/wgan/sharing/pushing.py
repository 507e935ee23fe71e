"""Pushing of a model: the folder that is uploaded to the Hub, and its upload."""

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.base.places import check_new
from wgan.data.formats import formats_of, write_samples
from wgan.models import Model, save_model
from wgan.models.hub import Address, Uploaded, check_login, upload
from wgan.sharing.card import PICTURE, History, Said, card

CARD = "README.md"
PICTURES = 64
"""Samples of the picture where each is a picture: a grid of 8 x 8."""
POINTS = 1000
"""Samples of the picture where they are points, rows or lines."""
LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,62}")
"""An identifier of a licence, as the Hub lists them."""
LICENSES = "https://huggingface.co/docs/hub/repositories-licenses"


def check_said(said: Said) -> None:
    """Refuse a name or a licence that the Hub would refuse.

    Args:
        said: what the owner of a model says.

    Raises:
        WganError: one of them.
    """
    Address(said.repo)
    if not LICENSE.fullmatch(said.license):
        raise WganError(
            f"license {said.license!r}: give the identifier of one, such as apache-2.0, mit,"
            f" cc-by-4.0 or other; {LICENSES} lists them"
        )


def write_shared(model: Model, said: Said, history: History | None, out: Path) -> list[Path]:
    """Write the folder that is uploaded: the model, a picture of samples, and the card.

    Args:
        model: the model.
        said: what its owner says.
        history: how it was trained; None: not known.
        out: a new or empty folder.

    Returns:
        Its files.

    Raises:
        WganError: a folder that holds something, a critic that is not there, or a model that cannot
            be saved; a new folder is then removed.
    """
    check_said(said)
    if said.critic and model.critic is None:
        raise WganError("the model was saved without its critic: leave out --critic")
    check_new(out, "give a new folder", folder=True)
    model = replace(model, codec=model.codec.without_unseen())
    shared = model if said.critic else replace(model, critic=None)
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        save_model(shared, out)
        pictures = formats_of(model.codec).pictures
        raw = model.sample(PICTURES if pictures else POINTS)
        write_samples(raw, model.codec, out / PICTURE)
        write_text(out / CARD, card(shared, said, history))
    except BaseException:
        for path in out.iterdir():  # it was new or empty
            path.unlink()
        if made:
            out.rmdir()
        raise
    return sorted(out.iterdir())


def push(model: Model, said: Said, history: History | None, private: bool = False) -> Uploaded:
    """Upload a model with its card.

    Args:
        model: the model.
        said: what its owner says.
        history: how it was trained; None: not known.
        private: whether a new model is private.

    Raises:
        WganError: as `write_shared` and `upload`.
    """
    check_said(said)
    check_login()
    with TemporaryDirectory(prefix="wgan-push-") as folder:
        write_shared(model, said, history, Path(folder))
        return upload(Path(folder), said.repo, private)
