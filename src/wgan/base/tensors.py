"""Safetensors files: written whole, and read without running code (a pickle would run some).

The header holds a digest of all that is in the file, so that a changed one is refused. Files of
older versions, and of other programs, have none.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialised
from torch import Tensor

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.records import DIGEST, damage_named, parsed, typed

HEADER = "wgan"
"""The entry of a file's metadata that holds our header, as JSON."""


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
    header = header or {}
    with replaced(path) as target:
        marked = header | {DIGEST: digest(plain, header)}
        # One entry: safetensors writes several in any order, and the same file has the same bytes.
        entry = {HEADER: json.dumps(marked, sort_keys=True)}
        target.write_bytes(serialised(plain, metadata=entry))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a safetensors file on the CPU, and its header.

    Args:
        path: the file.

    Raises:
        WganError: the file is missing, damaged, or was changed after it was written.
    """
    with _opened(path) as file:
        # They come as views of the mapped file; cloned, each has memory of its own.
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        header = _header(path, file.metadata() or {})
    written = header.pop(DIGEST, None)
    if written is not None and written != digest(tensors, header):
        raise WganError(f"{path}: was changed after it was written: restore it")
    return tensors, header


def read_header(path: Path) -> dict[str, str]:
    """Return the header of a safetensors file; errors as `read_tensors`.

    Args:
        path: the file.
    """
    return read_tensors(path)[1]  # the digest is of the tensors too


def peek_header(path: Path) -> dict[str, str]:
    """Return the header of a safetensors file without reading its tensors, or their digest.

    Args:
        path: the file.

    Raises:
        WganError: the file is missing or damaged.
    """
    with _opened(path) as file:
        return _header(path, file.metadata() or {})


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors in a safetensors file, by name; none of them is read.

    Args:
        path: the file.

    Raises:
        WganError: the file is missing or damaged.
    """
    with _opened(path) as file:
        names = file.keys()
        return {name: tuple(file.get_slice(name).get_shape()) for name in names}


def step_of(header: Mapping[str, str]) -> int:
    """Return the step that a header tells.

    Args:
        header: of a checkpoint or a model.

    Raises:
        ValueError: none, or no whole number that counts steps.
    """
    text = header.get("step", "")
    # 15 digits: more steps than any machine takes, and exact as a float too.
    if not re.fullmatch("[0-9]{1,15}", text):
        raise ValueError(f"step {text!r}")
    return int(text)


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Return the name of the first tensor with a value that is not finite; None without.

    Args:
        tensors: by name.
    """
    return next((name for name, tensor in tensors.items() if not tensor.isfinite().all()), None)


def digest(tensors: Mapping[str, Tensor], header: Mapping[str, str]) -> str:
    """Return the SHA-256 of names, types, shapes and values, and of a header.

    Args:
        tensors: by name, contiguous and on the CPU.
        header: text by name.
    """
    found = sha256(repr(sorted(header.items())).encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.detach().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _header(path: Path, entries: Mapping[str, str]) -> dict[str, str]:
    """Return the header; older versions, and other programs, have its parts as entries."""
    if HEADER not in entries:
        return dict(entries)
    with damage_named(path):
        return typed(parsed(entries[HEADER]), dict[str, str])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if path.exists() and not path.is_file():
        raise WganError(f"{path}: no regular file")  # a pipe would be waited for
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except FileNotFoundError:
        raise WganError(f"{path}: no such file") from None
    except SafetensorError as error:
        raise WganError(f"{path}: a damaged safetensors file ({error})") from None
