"""Safetensors files: written whole, read without running code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialised
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.files import replaced


def write_tensors(
    path: Path, tensors: dict[str, Tensor], header: dict[str, str] | None = None
) -> None:
    """Write a safetensors file atomically."""
    with replaced(path) as target:
        target.write_bytes(
            serialised(
                {k: v.detach().contiguous().cpu() for k, v in tensors.items()}, metadata=header
            )
        )


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a safetensors file, each in memory of its own, and its header.

    Raises:
        WganError: missing or damaged.
    """
    with _opened(path) as file:
        return {key: file.get_tensor(key).clone() for key in file.keys()}, file.metadata() or {}  # noqa: SIM118


def read_header(path: Path) -> dict[str, str]:
    """Return the header of a safetensors file alone; errors as `read_tensors`."""
    with _opened(path) as file:
        return dict(file.metadata() or {})


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except FileNotFoundError:
        raise WganError(f"{path}: no such file") from None
    except SafetensorError as error:
        raise WganError(f"{path}: a damaged safetensors file ({error})") from None
