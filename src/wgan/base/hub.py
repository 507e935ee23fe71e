"""Errors of the Hugging Face Hub and of its package: each is told in one line, without a token.

The package `huggingface_hub` is imported when it is used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from wgan.base.errors import WganError

LONGEST = 300
"""Characters of what the Hub says that are quoted: four lines of a terminal."""
NETWORK = {"TransportError", "ConnectionError", "TimeoutException", "RequestException"}
"""Names of errors of a connection in the libraries for HTTP that `huggingface_hub` was built on."""
LOGIN = "set HF_TOKEN, or log in with `hf auth login`"


@contextmanager
def told(place: str, noun: str) -> Iterator[None]:
    """Within, an error of the Hub or of its package is one line, and the package prints nothing.

    Args:
        place: the address that messages name.
        noun: what it is the address of, `model` or `data set`.

    Raises:
        WganError: what the Hub answers, or no connection.
    """
    hub = import_module("huggingface_hub")
    for module in ("constants", "errors", "utils"):
        import_module(f"huggingface_hub.{module}")
    bars = not hub.utils.are_progress_bars_disabled()
    level = hub.utils.logging.get_verbosity()
    if bars:
        hub.utils.disable_progress_bars()
    hub.utils.logging.set_verbosity_error()
    try:
        yield
    except WganError:
        raise
    except Exception as error:  # the package raises errors of its own, of HTTP and of Python
        if isinstance(error, OSError) and error.filename is not None:  # of a file here
            raise
        raise WganError(f"{place}: {_reason(hub, error, noun)}") from None
    finally:
        hub.utils.logging.set_verbosity(level)
        if bars:
            hub.utils.enable_progress_bars()


def _reason(hub: Any, error: BaseException, noun: str) -> str:
    """Return the fault and the remedy of an error, without any token."""
    endpoint = urlsplit(hub.constants.ENDPOINT)
    host = endpoint.hostname or "the Hub"
    token = hub.get_token()
    chain = list(_causes(error))
    for each in chain:
        known = _known(hub, each, host, noun) or _refused(each, host, noun, bool(token))
        if known is not None:
            return known
    words = " ".join(str(error).split())
    if token:
        words = words.replace(token, "HF_TOKEN")
    refused = any(isinstance(each, hub.errors.BadRequestError) for each in chain)
    said = f"{host} refuses this" if refused else type(error).__name__
    return f"{said}: {words[:LONGEST]}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _known(hub: Any, error: BaseException, host: str, noun: str) -> str | None:
    """Return the fault and the remedy of an error of the package; None where it is another one."""
    kinds = hub.errors
    if isinstance(error, kinds.GatedRepoError):
        return f"its owner gives access to those who ask on its page: ask there, then {LOGIN}"
    if isinstance(error, kinds.RevisionNotFoundError):
        return "has no such revision: give a branch, tag or commit of it"
    if isinstance(error, kinds.RepositoryNotFoundError):
        return (
            f"{host} has no such {noun}, or a private one: check the name; for a private, {LOGIN}"
        )
    if isinstance(error, kinds.EntryNotFoundError) and _status(error) is not None:
        return f"a file of the {noun} is gone: give the command again"
    if isinstance(error, kinds.DisabledRepoError):
        return f"{host} has disabled this {noun}: give another"
    if isinstance(error, kinds.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE=1 forbids requests: unset it"
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & NETWORK or isinstance(error, TimeoutError):
        return f"{host} cannot be reached or does not answer: check the connection, and HF_ENDPOINT"
    return None


def _refused(error: BaseException, host: str, noun: str, has_token: bool) -> str | None:
    """Return what the status of an answer means, and the remedy; None where it has none."""
    status = _status(error)
    if status == 401:
        wants = "does not know the token" if has_token else "asks for a token"
        return f"{host} {wants}: {LOGIN}"
    if status == 403:
        who = "the token" if has_token else "a request without a token"
        return f"{who} may not do that on {host}: {LOGIN}, with one that may"
    if status == 404:
        return f"{host} has no such {noun} (404): check the name, and HF_ENDPOINT"
    if status == 429:
        return f"{host} had too many requests (429): try again later"
    if status is not None and status >= 500:
        return f"{host} answered with an error of its own ({status}): try again later"
    return None


def _status(error: BaseException) -> int | None:
    """Return the status of the answer that an error tells of, if there was one."""
    return getattr(getattr(error, "response", None), "status_code", None)
