"""Shards of pictures in WebDataset's form: tar files with `key.png` and perhaps `key.cls`."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, ClassVar

import numpy as np

from wgan.base.errors import WganError
from wgan.data.decoding import BYTES, DEPTHS, MODES, SUFFIXES, Look, common_mode, decode, look_at
from wgan.data.folders import MOST_BYTES

CLASS = ".cls"
"""Ending of a member that holds the class of a picture, as text."""
MOST_CLASS_BYTES = 1000
"""Bytes of a class: more are no name."""
BLOCK = 512
"""Bytes of a block of a tar file; blocks of zeros end it."""


@dataclass(frozen=True)
class Picturing:
    """Settings by which pictures of all shards are decoded.

    Attributes:
        mode: `L`, `RGB` or `RGBA`.
        dtype: the type of pixels.
        resize: (height, width) in pixels, or None.
        chosen: whether the user chose the mode.
    """

    mode: str
    dtype: str
    resize: tuple[int, int] | None
    chosen: bool

    def check(self, look: Look, where: str) -> None:
        """Refuse a picture that holds more than the first one.

        Args:
            look: what its header says.
            where: what messages call it.

        Raises:
            WganError: another depth; colour or transparency that would be lost unasked.
        """
        if look.dtype != self.dtype:
            raise WganError(
                f"{where}: holds {DEPTHS[look.dtype]} a pixel where the first picture holds"
                f" {DEPTHS[self.dtype]}: save all pictures in one depth"
            )
        own = common_mode([look], opaque=False)
        if not self.chosen and MODES.index(own) > MODES.index(self.mode):
            raise WganError(
                f"{where}: holds {own} where the first picture holds {self.mode}: give data.mode,"
                f" such as --set data.mode={own}"
            )


@dataclass(frozen=True)
class Member:
    """A picture of a tar file, with its class if it has one."""

    name: str
    content: bytes
    label: str | None


def members(path: Path, where: str) -> Iterator[Member]:
    """Yield the pictures of a tar file, in its order.

    Members of one key follow each other, as WebDataset has it. Other members are skipped.

    Args:
        path: the file.
        where: what messages call it.

    Raises:
        WganError: a damaged file, two pictures of one key, or a key that comes again.
    """
    key = None
    picture: tuple[str, bytes] | None = None
    label: str | None = None
    seen: set[str] = set()
    for member, content in _contents(path, where):
        name = PurePosixPath(member)
        own = str(name.parent / name.name.partition(".")[0])
        ending = name.suffix.lower()
        if own != key:
            if picture:
                yield Member(*picture, label)
            if own in seen:
                raise WganError(
                    f"{where}: key {own} comes again after others: write the members of a key one"
                    " after another"
                )
            seen.add(own)
            key, picture, label = own, None, None
        if ending in SUFFIXES:
            if picture:
                raise WganError(f"{where}: key {own} has two pictures: give each a key of its own")
            picture = (member, content)
        elif ending == CLASS:
            label = content.decode("utf-8", "replace").strip()
    if picture:
        yield Member(*picture, label)


def _contents(path: Path, where: str) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the files that are needed."""
    try:
        with tarfile.open(path, "r:") as archive:
            for entry in archive:
                ending = PurePosixPath(entry.name).suffix.lower()
                most = MOST_BYTES if ending in SUFFIXES else MOST_CLASS_BYTES
                if not entry.isfile() or ending not in (*SUFFIXES, CLASS):
                    continue
                if entry.size > most:
                    raise WganError(f"{where}: {entry.name} has {entry.size} bytes: leave it out")
                file = archive.extractfile(entry)
                content = file.read() if file else b""
                if len(content) < entry.size:
                    raise tarfile.ReadError("cut short")
                yield entry.name, content
            end = archive.offset
        # The library takes a damaged header, or the end of the file, for the end of the archive.
        with path.open("rb") as opened:
            opened.seek(end)
            if opened.read(BLOCK) != bytes(BLOCK):
                raise tarfile.ReadError("damaged or cut short after its last whole member")
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        if isinstance(error, WganError) or (isinstance(error, OSError) and error.errno):
            raise
        raise WganError(f"{where}: a damaged tar file ({error}): copy or make it again") from None


def picturing(path: Path, where: str, mode: str, resize: tuple[int, int] | None) -> Picturing:
    """Return how pictures are decoded, by the first one.

    Args:
        path: the tar file of the first shard.
        where: what messages call it.
        mode: `L`, `RGB` or `RGBA`; `auto`: what the first picture holds.
        resize: (height, width) in pixels, or None.

    Raises:
        WganError: no picture there, or one that cannot be read in the mode.
    """
    for member in members(path, where):
        look = look_at(member.content, f"{where}/{member.name}")
        if look.dtype != BYTES and mode not in ("auto", "L"):
            raise WganError(
                f"{where}: data.mode = '{mode}', and pictures of {DEPTHS[look.dtype]} a pixel are"
                " grey: leave it out"
            )
        own = common_mode([look], opaque=False)
        return Picturing(own if mode == "auto" else mode, look.dtype, resize, mode != "auto")
    raise no_pictures(where)


def no_pictures(where: str) -> WganError:
    """Return the error of a shard without pictures."""
    return WganError(f"{where}: holds no pictures: leave the shard out, or make it again")


def _write_head(out: IO[bytes], dtype: str, count: int, shape: tuple[int, ...]) -> None:
    """Write a header; NumPy pads it so that its length does not depend on the count."""
    header = {"descr": dtype, "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(out, header)


@dataclass(frozen=True)
class PictureUnpacker:
    """Makes arrays `[n, h, w, c]` of pictures.

    Attributes:
        picturing: how they are decoded.
    """

    picturing: Picturing
    may_lack: ClassVar[bool] = False

    @property
    def how(self) -> str:
        return repr(self.picturing)

    def labels(self, path: Path, where: str) -> list[str]:
        found = [member.label for member in members(path, where)]
        return [] if None in found else [str(label) for label in found]

    def unpack(self, path: Path, where: str, target: Path) -> None:
        count = 0
        labelled = 0
        shape: tuple[int, ...] = ()
        with target.open("wb") as out:
            for member in members(path, where):
                pixels = self._pixels(member, f"{where}/{member.name}")
                if not count:
                    shape = pixels.shape
                    _write_head(out, self.picturing.dtype, 0, shape)
                _check_size(f"{where}/{member.name}", pixels.shape, shape)
                out.write(pixels.tobytes())
                count += 1
                labelled += member.label is not None
                if labelled not in (0, count):
                    raise WganError(
                        f"{where}/{member.name}: some pictures have a class, and some have none:"
                        " give each a .cls, or none"
                    )
            if not count:
                raise no_pictures(where)
            out.seek(0)
            _write_head(out, self.picturing.dtype, count, shape)

    def _pixels(self, member: Member, where: str) -> np.ndarray:
        how = self.picturing
        how.check(look_at(member.content, where), where)
        return decode(member.content, where, how.dtype, how.mode, how.resize)


def _check_size(where: str, shape: tuple[int, ...], first: tuple[int, ...]) -> None:
    if shape != first:
        raise WganError(
            f"{where}: {shape[0]}x{shape[1]} pixels (height x width) where the first of the shard"
            f" has {first[0]}x{first[1]}; give one size for all, e.g. --set"
            f" 'data.resize=[{first[0]},{first[1]}]'"
        )
