"""Folders and zips of pictures, decoded once into an array in the cache."""

import os
import shutil
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

import numpy as np

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent, tracked
from wgan.data.arrays import from_npy
from wgan.data.cache import cached
from wgan.data.dataset import Dataset
from wgan.data.decoding import (
    BYTES,
    DEPTHS,
    MODES,
    SUFFIXES,
    Look,
    common_mode,
    decode,
    look_at,
)
from wgan.data.kinds import Kind
from wgan.data.packed import damage_named
from wgan.data.walk import Found, files_below

MANY_PICTURES = 2000
"""Pictures from which on checking them takes seconds, so that progress is worth showing."""
MOST_BYTES = 2**30
"""Bytes of the largest picture file. Each is read whole, and Pillow refuses pictures of more than
179 million pixels, which take 716 MB at most.
"""
MOST_PIXELS = 2**26
"""Pixels of a resized picture: one of 8192 x 8192 in colour already takes 200 MB."""
LISTED = 5
"""Most endings of skipped files that a note lists: more would bury the count."""


def from_pictures(
    path: Path,
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    kind: str | Kind = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of a folder or zip of pictures.

    Nested folders are classes, and give labels. Pixels keep the depth of the files: 8 or 16 bits,
    or floats. A `UserWarning` counts what is skipped: files of other kinds, linked folders that are
    read already, and further frames.

    Args:
        path: the folder or zip; hidden files are skipped.
        resize: (height, width) in pixels; pictures are cut centrally to that aspect, then resampled
            (Pillow's `fit`, Lanczos).
        mode: `L`, `RGB` or `RGBA`; in `L` and `RGB`, transparent parts are white. `auto`: the first
            of them that keeps all that any picture holds.
        kind: the kind of data that pixels are read as.
        progress: listener while reading and decoding.

    Raises:
        WganError: no pictures, one that cannot be decoded, sizes that differ without `resize`,
            depths that differ, or a size or mode that pictures cannot have.
    """
    if mode != "auto" and mode not in MODES:
        raise WganError(f"data.mode = '{mode}': give auto, {', '.join(MODES)}")
    if resize is not None:
        resize = _checked_size(resize)
    found = files_below(path) if path.is_dir() else _files_of_zip(path)
    pictures = _Pictures(path, _names(path, found), resize, progress)
    # 2 is the version of decoding: another one makes the cache decode again.
    digest = sha256(f"pictures 2 {resize} {mode}".encode())
    looks = pictures.look(digest.update)
    dtype = _common_depth(path, looks, mode)
    _say_frames(path, looks)

    def decode_all(target: Path) -> None:
        modes = [mode] if mode != "auto" else _modes(list(looks.values()))
        while not pictures.decode(target, dtype, modes.pop(0), again=bool(modes)):
            pass

    array_file = cached(digest.hexdigest(), decode_all, ".npy")
    classes, labels = _classes(pictures.names)
    dataset = from_npy(array_file, kind, progress, name=str(path))
    return replace(dataset, labels=labels, classes=classes)


def _checked_size(resize: tuple[int, int]) -> tuple[int, int]:
    height, width = (int(side) for side in resize)
    if min(height, width) < 1 or height * width > MOST_PIXELS:
        raise WganError(
            f"data.resize = [{height}, {width}]: give height and width in pixels, each 1 or more,"
            f" and {MOST_PIXELS / 1e6:.0f} million pixels at most"
        )
    return height, width


def _modes(looks: list[Look]) -> list[str]:
    """Return the modes to decode in, in order.

    A mode with a channel of transparency is replaced by one without it if all pixels turn out to be
    opaque.
    """
    modes = [common_mode(looks, opaque) for opaque in (False, True)]
    return list(dict.fromkeys(modes))


def _files_of_zip(path: Path) -> Found:
    named = damage_named(str(path), "a damaged zip file", "make it again")
    with named, zipfile.ZipFile(path) as archive:
        names = [each.filename for each in archive.infolist() if not each.is_dir()]
    counts = Counter(names)
    repeated = counts.total() - len(counts)
    return Found(list(counts), {"entries of a name that comes again": repeated} if repeated else {})


def _names(path: Path, found: Found) -> list[str]:
    """Return the names of the pictures, sorted, and warn of skipped files."""
    names = []
    others: Counter[str] = Counter()
    for name in sorted(found.names):
        ending = PurePosixPath(name).suffix.lower()
        if _is_hidden(PurePosixPath(name)):
            continue
        if ending in SUFFIXES:
            names.append(name)
        else:
            others[ending or "no ending"] += 1
    passed = Counter(found.passed_over) + others
    words = ""
    if passed:
        listed = [f"{ending} {count}" for ending, count in passed.most_common(LISTED)]
        more = ", ..." if len(passed) > LISTED else ""
        words = f"{passed.total()} passed over ({', '.join(listed)}{more})"
    if not names:
        raise WganError(
            f"{path}: no pictures found{f', {words}' if words else ''}; endings read are"
            f" {', '.join(sorted(SUFFIXES))}"
        )
    if words:
        warnings.warn(f"{path}: {len(names)} pictures read, {words}", stacklevel=3)
    return names


def _is_hidden(name: PurePosixPath) -> bool:
    # __MACOSX holds what macOS adds to a zip.
    return any(part.startswith((".", "__MACOSX")) for part in name.parts)


def _common_depth(path: Path, looks: dict[str, Look], mode: str) -> str:
    """Return the type of all pictures' pixels.

    Raises:
        WganError: pictures of different depths, or a mode that a depth does not have.
    """
    first = next(iter(looks))
    dtype = looks[first].dtype
    for name, look in looks.items():
        if look.dtype != dtype:
            raise WganError(
                f"{path}/{name}: holds {DEPTHS[look.dtype]} a pixel where {first} holds"
                f" {DEPTHS[dtype]}: save all pictures in one depth"
            )
    if dtype != BYTES and mode not in ("auto", "L"):
        raise WganError(
            f"{path}: data.mode = '{mode}', and pictures of {DEPTHS[dtype]} a pixel are grey: leave"
            " it out"
        )
    return dtype


def _say_frames(path: Path, looks: dict[str, Look]) -> None:
    several = [look.frames for look in looks.values() if look.frames > 1]
    if several:
        warnings.warn(
            f"{path}: {len(several)} files hold {sum(several)} frames, and the first of each is"
            " read: save frames as files of their own to learn all",
            stacklevel=3,
        )


def _classes(names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Return the names of the classes, and each picture's class; none for a single folder."""
    folders = [PurePosixPath(n).parent.as_posix() for n in names]
    classes = sorted(set(folders))
    if len(classes) < 2:
        return (), None
    number = {c: i for i, c in enumerate(classes)}
    return tuple(classes), np.array([number[f] for f in folders], dtype=np.int64)


@dataclass(frozen=True)
class _Pictures:
    """The pictures of a folder or zip, by name."""

    path: Path
    names: list[str]
    resize: tuple[int, int] | None
    progress: Progress

    def look(self, digest: Callable[[bytes], object]) -> dict[str, Look]:
        """Return the facts in the headers; `digest` is called with names and contents."""
        looks = {}
        listener = self.progress if len(self.names) > MANY_PICTURES else silent
        pieces = tracked(self._contents(), "checking pictures", len(self.names), listener)
        for name, content in pieces:
            digest(b"\0" + os.fsencode(name) + f"\0{len(content)}\0".encode() + content)
            looks[name] = look_at(content, f"{self.path}/{name}")
        return looks

    def decode(self, target: Path, dtype: str, mode: str, again: bool) -> bool:
        """Write a .npy of all pictures, one after another.

        The file is not mapped: on a full disk, a map would crash where a write raises an error.

        Returns:
            Whether the file is to be kept: where it may be made `again` without transparency,
            whether any pixel is transparent.
        """
        shape: tuple[int, ...] | None = None
        opaque = again
        count = len(self.names)
        contents = tracked(self._contents(), "decoding pictures", count, self.progress)
        with target.open("wb") as out:
            for name, content in contents:
                pixels = decode(content, f"{self.path}/{name}", dtype, mode, self.resize)
                if shape is None:
                    shape = pixels.shape
                    _check_room(self.path, target, count * pixels.nbytes)
                    header = {"descr": dtype, "fortran_order": False, "shape": (count, *shape)}
                    np.lib.format.write_array_header_1_0(out, header)
                self._check_shape(name, pixels.shape, shape)
                opaque = opaque and bool((pixels[..., -1] == 255).all())
                out.write(pixels.tobytes())
        return not opaque

    def _check_shape(self, name: str, shape: tuple[int, ...], first: tuple[int, ...]) -> None:
        if shape != first:
            (h, w), (h0, w0) = shape[:2], first[:2]
            raise WganError(
                f"{self.path}/{name}: {h}x{w} pixels (height x width) where {self.names[0]} has"
                f" {h0}x{w0}; give one size for all, e.g. --set 'data.resize=[{h0},{w0}]'"
            )

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the bytes of each picture."""
        if self.path.is_dir():
            for name in self.names:
                _check_bytes(f"{self.path}/{name}", (self.path / name).stat().st_size)
                yield name, (self.path / name).read_bytes()
            return
        remedy = "make the zip again, without a password"
        with zipfile.ZipFile(self.path) as archive:
            for name in self.names:
                where = f"{self.path}/{name}"
                with damage_named(where, "cannot be unpacked", remedy):
                    _check_bytes(where, archive.getinfo(name).file_size)
                    content = archive.read(name)
                yield name, content


def _check_bytes(where: str, size: int) -> None:
    if size > MOST_BYTES:
        raise WganError(
            f"{where}: a picture file of {size / 2**30:.1f} GiB, and at most 1 is read: leave it"
            " out, or save it smaller"
        )


def _check_room(path: Path, target: Path, need: int) -> None:
    """Refuse pictures that need more room than the disk of the cache has."""
    free = shutil.disk_usage(target.parent).free
    if need > free:
        raise WganError(
            f"{path}: takes {need / 2**30:.1f} GiB decoded, and {target.parent} has"
            f" {free / 2**30:.1f} GiB free: give data.resize, or another folder in WGAN_CACHE"
        )
