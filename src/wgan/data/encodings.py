"""Encodings of text files: their names, and bytes in any of them as UTF-8, read piece by piece."""

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from wgan.base.errors import WganError, did_you_mean

UTF_8 = "utf-8"
"""The encoding of text files unless another is given."""
COMMON = ("utf-8", "latin-1", "cp1252", "utf-16", "cp1250", "cp1251", "shift_jis", "gb18030")
"""Encodings that a misspelled name may mean."""
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Bytes that a file in UTF-16 begins with."""


def check_encoding(name: str) -> str:
    """Return the name that Python gives to an encoding of text.

    Raises:
        WganError: no such encoding.

    >>> check_encoding("Latin-1")
    'iso8859-1'
    """
    try:
        "a".encode(name)  # encodings of bytes, such as base64, have no text
        codecs.getincrementaldecoder(name)
        return codecs.lookup(name).name
    except (LookupError, UnicodeError, ValueError):
        raise WganError(
            f"'{name}' is not an encoding of text: give one such as latin-1, cp1252 or utf-16."
            f" {did_you_mean(name, COMMON)}"
        ) from None


def is_utf_8(encoding: str) -> bool:
    """Return whether an encoding is UTF-8, with or without a byte-order mark."""
    return check_encoding(encoding) in ("utf-8", "utf-8-sig")


def with_mark(encoding: str) -> str:
    """Return the encoding that passes over a byte-order mark."""
    return "utf-8-sig" if is_utf_8(encoding) else encoding


def as_utf_8(
    pieces: Iterable[bytes], path: Path, encoding: str = UTF_8, cut: bool = False
) -> Iterator[bytes]:
    """Yield the text in pieces of a file as UTF-8, without a byte-order mark.

    No piece ends within a character.

    Args:
        pieces: the contents of the file, in order.
        path: the file, which messages name.
        encoding: how it is encoded.
        cut: whether the last piece may end within a character, which is then left out.

    Raises:
        WganError: bytes that are none of the encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    before = 0
    first = True
    for piece in _ended(pieces):
        kept, _ = decoder.getstate()
        try:
            text = decoder.decode(piece, final=not piece and not cut)
        except UnicodeError as error:
            raise not_text(path, error, encoding, before - len(kept)) from None
        before += len(piece)
        data = text.encode("utf-8")
        if first and data:
            data = data.removeprefix(codecs.BOM_UTF8)
            first = False
        if data:
            yield data


def _ended(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces, and an empty one at the end."""
    for piece in pieces:
        if piece:
            yield piece
    yield b""


def not_text(
    path: Path,
    error: UnicodeError,
    encoding: str = UTF_8,
    before: int = 0,
    may_differ: bool = True,
) -> WganError:
    """Return the error to raise for a file that is not in its encoding.

    Args:
        path: the file.
        error: what the decoder says.
        encoding: the encoding.
        before: bytes of the file before those that the decoder had.
        may_differ: whether a flag can name another encoding for this file.
    """
    # Without a byte-order mark UTF-16 has an error of its own, which is of the first byte.
    start = before + (error.start if isinstance(error, UnicodeDecodeError) else 0)
    reason = error.reason if isinstance(error, UnicodeDecodeError) else error
    where = f"{reason} at byte {start}"
    if not is_utf_8(encoding):
        return WganError(
            f"{path}: not text in {encoding} ({where}): name its encoding with --encoding, or save"
            " it as UTF-8"
        )
    if not may_differ:
        return WganError(f"{path}: not text in UTF-8 ({where}): save it as UTF-8")
    marked = isinstance(error, UnicodeDecodeError) and error.object[:2] in UTF_16_MARKS
    utf_16 = start == 0 and marked
    likely = "utf-16" if utf_16 else "cp1252 (also latin-1, utf-16, ...)"
    return WganError(
        f"{path}: not text in UTF-8 ({where}): save it as UTF-8, or name its encoding with"
        f" --encoding, such as {likely}"
    )
