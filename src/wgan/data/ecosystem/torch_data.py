"""Tensors, data sets and loaders of torch: each is read once, from its first sample to its last.

A sample is a tensor, an array or a picture, or such and its class. Samples come back as a
`TensorDataset`, with the numbers of their classes where these are known.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)

from wgan.base.errors import WganError
from wgan.base.numbers import plain_array
from wgan.data.dataset import WHOLE, class_values
from wgan.data.decoding import WITH_ALPHA
from wgan.data.ecosystem.arrived import Arrived
from wgan.data.labels import OWN

PARTS = "give a tensor, an array or a picture, or a pair (tensor, class)"
SHADES = ("L", "RGB", "RGBA", "I", "I;16", "I;16L", "I;16B", "F")
"""Modes of Pillow whose values are read as they are."""
Part = tuple[Any, Any]
"""A sample, or a batch of samples, and its class or classes; None: it has none."""


def open_torch(source: Any, labels: str | None = None) -> Arrived | None:
    """Return the samples of a tensor, a data set or a loader; None: it is none of these.

    Args:
        source: the object.
        labels: `own`, or None: none are asked for.

    Raises:
        WganError: a stream without a length, samples of several shapes or of a form that is not
            read, or labels that are asked for and are no classes.
    """
    if isinstance(source, Tensor):
        return Arrived(source, like=like_tensor)
    if not isinstance(source, Dataset | DataLoader):
        return None
    name = f"<{type(source).__name__}>"
    if labels not in (None, OWN):
        raise WganError(f"{name}: data.labels: write '{OWN}' for the classes of its samples")
    length = _length_of(source, name)
    parts: Iterable[Part]
    if isinstance(source, DataLoader):
        if isinstance(source.dataset, IterableDataset) and source.num_workers > 1:
            raise WganError(
                f"{name}: {source.num_workers} workers, and each gives every sample of a stream:"
                " set num_workers=0"
            )
        parts = _batches(source, name)
    elif isinstance(source, TensorDataset):
        parts = [_part(source.tensors, name)]
    else:
        parts = _samples(source, length, name)
    values, classes = _gathered(parts, length, name)
    notes = _notes(source, len(values), length)
    names = _names_of(source)
    found, words = _labels(classes, names, len(values), name, labels)
    by_name = found is not None and set(found.tolist()) <= set(names)
    like = LikeTorch(names if by_name else _in_order(found))
    return Arrived(values, name, labels=found, notes=(*notes, *words), like=like)


def like_tensor(samples: Any, classes: np.ndarray | None = None) -> Any:
    """Return samples as a tensor, and a table as it is.

    Args:
        samples: the samples.
        classes: does not matter.
    """
    return torch.from_numpy(samples) if isinstance(samples, np.ndarray) else samples


@dataclass(frozen=True)
class LikeTorch:
    """Makes samples a `TensorDataset`.

    Attributes:
        names: the class of each number.
    """

    names: tuple[str, ...]

    def __call__(self, samples: np.ndarray, classes: np.ndarray | None = None) -> TensorDataset:
        values = torch.from_numpy(samples)
        if classes is None:
            return TensorDataset(values)
        numbers = [self._number(str(name)) for name in classes.tolist()]
        return TensorDataset(values, torch.tensor(numbers, dtype=torch.int64))

    def _number(self, name: str) -> int:
        return self.names.index(name) if name in self.names else int(name)


def _length_of(source: Any, name: str) -> int:
    """Return the number of samples that a source says it has."""
    data: Any = source.dataset if isinstance(source, DataLoader) else source
    try:
        return len(data)
    except (TypeError, NotImplementedError):
        raise WganError(
            f"{name}: a stream without a length has no known end: give its data set a __len__, the"
            " number of samples that are read, or torch.stack of some"
        ) from None


def _samples(source: Any, length: int, name: str) -> Iterator[Part]:
    """Yield each sample as a batch of one; a stream is read up to its length."""
    each: Iterable[Any] = (source[i] for i in range(length))
    if isinstance(source, IterableDataset):
        each = (sample for sample, _ in zip(source, range(length), strict=False))
    for sample in _present(each, length, name):
        x, y = _part(sample, name)
        yield _array(x, name)[None], None if y is None else [y]


def _batches(loader: Any, name: str) -> Iterator[Part]:
    """Yield the batches of one pass; those of a stream up to its length."""
    length = _length_of(loader, name)
    left = length if isinstance(loader.dataset, IterableDataset) else None
    for batch in _present(loader, length, name):
        if left == 0:
            return
        x, y = _part(batch, name, (tuple, list))  # torch collates pairs as lists
        if loader.batch_sampler is None:  # samples, one after another
            x, y = _array(x, name)[None], None if y is None else [y]
        x = _array(x, name)
        if left is not None:
            x, y = x[:left], None if y is None else y[:left]
            left -= len(x)
        yield x, y


def _present(each: Iterable[Any], length: int, name: str) -> Iterator[Any]:
    """Yield samples or batches; a data set that ends before its length raises an IndexError."""
    try:
        yield from each
    except IndexError as error:
        reason = str(error).partition("\n")[0]
        raise WganError(
            f"{name}: its length is {length}, and a sample is not there (IndexError: {reason}):"
            " give a __len__ of the samples that it has"
        ) from None


def _part(sample: Any, name: str, pairs: Any = tuple) -> Part:
    """Return a sample, or a batch, and its class, which a pair holds; a plain list is an array."""
    if not isinstance(sample, pairs):
        return sample, None
    if not 1 <= len(sample) <= 2:
        raise WganError(f"{name}: samples of {len(sample)} parts: {PARTS}")
    return sample[0], sample[1] if len(sample) == 2 else None


def _array(x: Any, name: str) -> np.ndarray | Tensor:
    """Return a sample as an array; a tensor stays one, whose first axis may be channels."""
    if isinstance(x, Tensor):
        return x.detach().cpu()
    if isinstance(getattr(x, "mode", None), str) and hasattr(x, "convert"):
        x = _shades(x)
    array = None if isinstance(x, dict | str | bytes) else plain_array(x, name)
    if array is None or array.dtype.kind not in "biuf":
        raise WganError(f"{name}: samples of type {type(x).__name__}: {PARTS}")
    return array


def _shades(picture: Any) -> Any:
    """Return a picture of Pillow whose values are shades of grey, or of red, green and blue."""
    mode = picture.mode
    if mode in SHADES:
        return picture
    wanted = "L" if mode == "1" else "RGBA" if mode in WITH_ALPHA else "RGB"
    # Pillow converts a grey with premultiplied transparency to this mode alone.
    return (picture.convert("LA") if mode == "La" else picture).convert(wanted)


def _gathered(
    parts: Iterable[Part], length: int, name: str
) -> tuple[np.ndarray | Tensor, list[Any] | None]:
    """Return all samples as one array, and the class of each; None: no sample has one."""
    out: np.ndarray | None = None
    classes: list[Any] = []
    n = 0
    tensors = False
    for x, y in parts:
        tensors = tensors or isinstance(x, Tensor)
        piece = plain_array(x, name)
        if out is None:
            out = np.empty((max(length, len(piece)), *piece.shape[1:]), piece.dtype)
        if piece.shape[1:] != out.shape[1:]:
            raise WganError(
                f"{name}: sample {n + 1} has shape {tuple(piece.shape[1:])}, and the first"
                f" {tuple(out.shape[1:])}: give all one shape, by a transform"
            )
        common = np.result_type(out.dtype, piece.dtype)
        if common != out.dtype:
            wide = np.empty(out.shape, common)
            wide[:n] = out[:n]
            out = wide
        if n + len(piece) > len(out):  # a sampler may draw more than there are
            out = np.concatenate(
                [out[:n], np.empty_like(out, shape=(2 * len(out), *out.shape[1:]))]
            )
        out[n : n + len(piece)] = piece
        n += len(piece)
        classes.extend([None] * len(piece) if y is None else list(y))
    if out is None:
        raise WganError(f"{name}: holds no samples: give some")
    values = torch.from_numpy(out[:n]) if tensors else out[:n]
    return values, None if all(each is None for each in classes) else classes


def _notes(source: Any, n: int, length: int) -> tuple[str, ...]:
    """Return which samples were read where these are not all, or in another order."""
    if not isinstance(source, DataLoader):
        short = f"<{type(source).__name__}>: ended after {n} samples, and its length is {length}"
        return (short,) if n < length else ()
    batches = source.batch_sampler
    sampler = getattr(batches, "sampler", source.sampler)
    if batches is not None and type(batches) is not BatchSampler:
        sampler = batches
    notes = []
    if isinstance(source.dataset, IterableDataset):
        pass  # it gives its samples in an order of its own
    elif isinstance(sampler, RandomSampler) and not sampler.replacement:
        notes.append(
            "the loader shuffles: samples are in the order of one pass, so that another run has"
            " another split; give its data set for runs that are the same again"
        )
    elif not isinstance(sampler, SequentialSampler):
        notes.append(
            f"the samples are those that the loader's {type(sampler).__name__} draws in one pass,"
            " perhaps some of them several times"
        )
    if n != length:
        notes.append(f"the loader gives {n} samples, and its data set holds {length}")
    return tuple(notes)


def _names_of(source: Any) -> tuple[str, ...]:
    """Return the names of classes that a data set has, as those of torchvision do."""
    data = source.dataset if isinstance(source, DataLoader) else source
    names = getattr(data, "classes", None)
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        return tuple(names) if len(set(names)) == len(names) else ()
    return ()


def _in_order(labels: np.ndarray | None) -> tuple[str, ...]:
    """Return names that are no numbers, in order."""
    names = () if labels is None else tuple(map(str, np.unique(labels).tolist()))
    return () if all(WHOLE.fullmatch(name) for name in names) else names


def _labels(
    classes: list[Any] | None, names: tuple[str, ...], n: int, name: str, asked: str | None
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return the classes of the samples, or why these have none."""
    if classes is None:
        return None, ()
    plain = [each.tolist() if isinstance(each, Tensor | np.generic) else each for each in classes]
    try:
        without = next((i for i, each in enumerate(plain) if each is None), None)
        if without is not None:
            raise WganError(
                f"{name}: sample {without + 1} has no class, and others have: give each one"
            )
        if any(isinstance(each, list | dict | tuple) for each in plain):
            raise WganError(f"{name}: the second parts are arrays, and a class is one value")
        found = class_values(plain, n, f"{name}, the second part of each sample")
    except WganError as error:
        if asked is not None:
            raise
        return None, (f"{error}; classes are left out",)
    if names and found.dtype.kind == "i" and found.min() >= 0 and found.max() < len(names):
        return np.array(names)[found], ()
    return found, ()
