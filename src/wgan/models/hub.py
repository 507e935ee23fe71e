"""Models on the Hugging Face Hub: read by their address, and uploaded.

An address is `hf://user/name`, or `hf://user/name@revision` for a branch, tag or commit. The files
of a model alone are downloaded, safetensors and JSON of bounded size, and `load_model` checks them
as it checks those of any folder. Nothing of a repository is run.

The package `huggingface_hub` is imported when it is used. It honours HF_ENDPOINT, HF_TOKEN, HF_HOME
and HF_HUB_OFFLINE, and keeps what was downloaded in its own cache.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wgan.base.errors import WganError
from wgan.base.hub import LOGIN, LONGEST, told
from wgan.base.records import MOST_BYTES
from wgan.base.version import __version__
from wgan.models.files import CRITIC, GENERATOR, LAYOUT

SCHEME = "hf:/"
"""How an address begins; a path of it has one slash where the address has two."""
MOST_WEIGHTS = 2**31
"""Bytes of a file of weights beyond which it is not downloaded: presets make some megabytes, and a
file that is there by mistake, or to fill a disk, is refused.
"""
BOUNDS = {LAYOUT: MOST_BYTES, CRITIC: MOST_WEIGHTS, GENERATOR: MOST_WEIGHTS}
"""The files that are downloaded, with their largest sizes. The generator comes last: where it is in
the cache, all are.
"""
PART = r"\w(?:[\w.-]{0,94}\w)?"
"""A user or a model: the Hub allows 96 characters for both, and no more kinds of characters."""
REPO = re.compile(f"{PART}/{PART}", re.ASCII)
REVISION = re.compile(r"[A-Za-z0-9][\w./-]{0,254}", re.ASCII)
"""A branch, tag or commit; it becomes a part of the path of a file in the cache."""
COMMIT = re.compile("[0-9a-f]{40}")
NOUN = "model"


@dataclass(frozen=True)
class Address:
    """The address of a model on the Hub.

    Attributes:
        repo: `user/name`.
        revision: a branch, tag or commit; None: the branch `main`.
    """

    repo: str
    revision: str | None = None

    def __post_init__(self) -> None:
        doubled = any(two in self.repo for two in ("--", ".."))
        if not REPO.fullmatch(self.repo) or doubled or self.repo.endswith(".git"):
            raise WganError(
                f"{self.repo!r}: no name of a model on the Hub: give user/name, of letters, digits,"
                " hyphens, underscores and dots"
            )
        revision = self.revision
        bad = revision is not None and (
            not REVISION.fullmatch(revision) or ".." in revision or "//" in revision
        )
        if bad:
            raise WganError(
                f"{self.repo}@{revision}: no name of a revision: give a branch, tag or commit"
            )

    def __str__(self) -> str:
        return f"hf://{self.repo}" + ("" if self.revision is None else f"@{self.revision}")


@dataclass(frozen=True)
class Uploaded:
    """What was uploaded.

    Attributes:
        url: the page of the model.
        commit: the commit that holds the files.
        files: their sizes in bytes, by name.
    """

    url: str
    commit: str
    files: dict[str, int]


def is_address(place: str | Path) -> bool:
    """Tell whether the place of a model is an address of the Hub.

    Args:
        place: what the user gave.
    """
    return re.match("hf:/{1,2}(?!/?datasets/)", str(place)) is not None  # those hold data


def address(place: str | Path) -> Address:
    """Return an address as it was given: `hf://user/name@revision`, or without the scheme.

    Args:
        place: the text, or a path that was made of it.

    Raises:
        WganError: another form.

    >>> address("hf://jo/digits@v1")
    Address(repo='jo/digits', revision='v1')
    """
    text = str(place).removeprefix(SCHEME).removeprefix("/") if is_address(place) else str(place)
    repo, at, revision = text.partition("@")
    return Address(repo, revision if at else None)


def located(place: str | Path) -> Path:
    """Return the folder of a model: the path itself, or that of a downloaded address.

    Args:
        place: a path, or an address of the Hub.

    Raises:
        WganError: as `fetch`.
    """
    return fetch(address(place)) if is_address(place) else Path(place)


def fetch(model: Address) -> Path:
    """Return a folder with the files of a model, downloaded unless they are in the cache.

    A commit that is in the cache is read without a request. HF_HUB_OFFLINE=1 reads a branch or tag
    as it was last seen.

    Args:
        model: the address.

    Raises:
        WganError: no such model or revision, no permission, no connection, offline and not in the
            cache, no model of wgan, or files that are too large.
    """
    hub = _library()
    revision = model.revision or "main"
    fixed = COMMIT.fullmatch(revision) is not None
    offline = bool(hub.constants.HF_HUB_OFFLINE)
    if fixed or offline:
        found = _cached(hub, model.repo, revision)
        if found is not None:
            return found
    if offline:
        raise WganError(
            f"{model}: is not in the cache, and HF_HUB_OFFLINE=1 forbids to ask for it: unset it"
        )
    with told(str(model), NOUN):
        api = _api(hub)
        info = api.model_info(
            model.repo,
            revision=revision,
            files_metadata=True,
            timeout=float(hub.constants.HF_HUB_ETAG_TIMEOUT),
        )
        sizes = {file.rfilename: file.size for file in info.siblings or ()}
        _check(model, sizes)
        # The first file by the name of the revision, so that the cache knows it when offline.
        first = Path(api.hf_hub_download(model.repo, LAYOUT, revision=revision))
        if not fixed and first.parent.name != info.sha:
            raise WganError(f"{model}: was changed while it was read: give the command again")
        for name in BOUNDS:
            if name in sizes and name != LAYOUT:
                api.hf_hub_download(model.repo, name, revision=info.sha)
    return first.parent


def _cached(hub: Any, repo: str, revision: str) -> Path | None:
    """Return the folder of a revision in the cache; None where it is not whole."""
    paths = [hub.try_to_load_from_cache(repo, name, revision=revision) for name in BOUNDS]
    by_name = dict(zip(BOUNDS, paths, strict=True))
    layout, generator = by_name[LAYOUT], by_name[GENERATOR]
    if isinstance(layout, str) and isinstance(generator, str):
        return Path(layout).parent
    return None


def _check(model: Address, sizes: dict[str, int | None]) -> None:
    """Refuse a repository without a model of wgan, or with files that are too large."""
    missing = [name for name in (LAYOUT, GENERATOR) if name not in sizes]
    if missing:
        raise WganError(
            f"{model}: holds no model of wgan (no {missing[0]}): give one that `wgan push` uploaded"
        )
    for name, most in BOUNDS.items():
        size = sizes.get(name, 0)
        if size is None or size > most:
            known = "a size that the Hub does not tell" if size is None else f"{size:,} bytes"
            raise WganError(
                f"{model}: {name} has {known}, and at most {most:,} are read: it is not downloaded"
            )


def check_login() -> None:
    """Refuse to upload where no token is at hand.

    Raises:
        WganError: no token, or the package is missing.
    """
    hub = _library()
    if hub.constants.HF_HUB_OFFLINE:
        raise WganError("HF_HUB_OFFLINE=1 forbids uploads: unset it, or give --dry-run")
    token = hub.get_token()
    if not token:
        raise WganError(f"uploading needs a token that may write: {LOGIN}")
    if not re.fullmatch("[!-~]+", token):
        raise WganError(f"the token holds characters that no token has: {LOGIN}")


def upload(folder: Path, repo: str, private: bool = False) -> Uploaded:
    """Upload the files of a folder as one commit; the model is made if need be.

    Files of a model that the folder lacks are removed there, and others stay.

    Args:
        folder: holds the files of a model and `README.md`.
        repo: `user/name`.
        private: whether a new model is private; one that is public is refused.

    Raises:
        WganError: no permission, no connection, a public model, or a card that the Hub refuses.
    """
    hub = _library()
    place = str(Address(repo))
    check_login()
    with told(place, NOUN):
        _check_card(hub, place, folder / "README.md")
        api = _api(hub)
        url = str(api.create_repo(repo, private=private or None, exist_ok=True))
        info = api.model_info(repo, timeout=float(hub.constants.HF_HUB_ETAG_TIMEOUT))
        if private and not info.private:
            raise WganError(
                f"{place}: is there already, and is public: make it private on its page, or leave"
                " out --private"
            )
        sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
        there = {file.rfilename for file in info.siblings or ()}
        changes = [hub.CommitOperationAdd(name, str(folder / name)) for name in sizes]
        stale = sorted((there & set(BOUNDS)) - set(sizes))
        changes += [hub.CommitOperationDelete(name) for name in stale]
        done = api.create_commit(repo, changes, commit_message=f"Upload by wgan {__version__}")
    return Uploaded(url, str(done.oid), sizes)


def _check_card(hub: Any, place: str, path: Path) -> None:
    """Refuse a card that the Hub refuses, before a model is made for it."""
    try:
        hub.ModelCard(path.read_text(encoding="utf-8")).validate()
    except ValueError as error:
        words = " ".join(str(error).split())[:LONGEST]
        raise WganError(f"{place}: the Hub refuses this: invalid {path.name}: {words}") from None


def _library() -> Any:
    """Return the package `huggingface_hub`, with the modules that are used of it."""
    if find_spec("huggingface_hub") is None:
        raise WganError("hf:// needs the package huggingface_hub: pip install 'wgan[hub]'")
    for module in ("constants", "errors", "utils"):
        import_module(f"huggingface_hub.{module}")
    return import_module("huggingface_hub")


def _api(hub: Any) -> Any:
    return hub.HfApi(library_name="wgan", library_version=__version__)
