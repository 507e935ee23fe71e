"""Safetensors files: written whole, and read without running code (a pickle would run some)."""

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
    """Write a safetensors file atomically.

    Args:
        path: the file, in a folder that exists.
        tensors: by name; each is stored contiguous, from any device.
        header: text by name, stored with them.
    """
    plain = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
    with replaced(path) as target:
        target.write_bytes(serialised(plain, metadata=header))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a safetensors file on the CPU, and its header.

    Args:
        path: the file.

    Raises:
        WganError: the file is missing or damaged.
    """
    with _opened(path) as file:
        # They come as views of the mapped file; cloned, each has memory of its own.
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        return tensors, file.metadata() or {}


def read_header(path: Path) -> dict[str, str]:
    """Return the header of a safetensors file, without reading its tensors.

    Args:
        path: the file.

    Raises:
        WganError: the file is missing or damaged.
    """
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
