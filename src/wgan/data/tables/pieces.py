"""Large text files in pieces of whole rows, so that memory holds one piece at a time."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from wgan.base.errors import WganError
from wgan.data.encodings import UTF_8, as_utf_8
from wgan.data.packed import is_gzip, packed_pieces, read_packed
from wgan.data.tables.content import HEAD_BYTES, Content, read_content

WHOLE_BYTES = 64 * 2**20
"""A text of more than 64 MiB is read in pieces. Reading a smaller one whole takes well under a
gigabyte, eight times its size or so, and no disk.
"""
PIECE_BYTES = 16 * 2**20
"""Text of a piece: 16 MiB become some 200 MiB while pandas makes texts of the fields."""
ROW_BYTES = 64 * 2**20
"""A row of more text is none: a quote was opened and never closed."""


def is_large(path: Path) -> bool:
    """Return whether a text file, unpacked, is too large to be read whole.

    Args:
        path: the file.

    Raises:
        WganError: a damaged gzip file.
    """
    if not is_gzip(path):
        return path.stat().st_size > WHOLE_BYTES
    return len(read_packed(path, WHOLE_BYTES + 1)) > WHOLE_BYTES


def row_pieces(path: Path, encoding: str = UTF_8) -> Iterator[Content]:
    """Yield the rows of a text file in pieces, each below a line of the names.

    A piece has the separator and the names of the whole file, and its faults name the line in it.

    Args:
        path: the file.
        encoding: how it is encoded.

    Raises:
        WganError: an empty or damaged file, one in another encoding, or a row without end.
    """
    head = read_content(path, HEAD_BYTES, encoding)
    # On one line, so that the lines of a piece can be counted.
    quoted = [f'"{name.replace(chr(34), 2 * chr(34))}"'.replace("\n", " ") for name in head.names]
    names = head.separator.join(quoted).encode() + b"\n"
    before = 0
    for text in _whole_rows(_with_newlines(as_utf_8(packed_pieces(path), path, encoding)), head):
        if before == 0:
            told = text.find(b"\n") + 1 if head.skipped else 0
            yield replace(head, data=text[told:])
        else:
            yield replace(head, data=names + text, skipped=before - 1)
        before += _lines(text)


def _with_newlines(texts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield texts in which lines end as they do in `Content.data`."""
    first: list[bytes] = []
    for text in texts:
        first.append(text)
        if sum(map(len, first)) >= HEAD_BYTES:
            break
    old = not any(b"\n" in text for text in first)
    for text in chain(first, texts):
        yield text.replace(b"\r", b"\n") if old else text


def _whole_rows(texts: Iterator[bytes], head: Content) -> Iterator[bytes]:
    """Yield texts again, in pieces that end where a row ends."""
    waiting: list[bytes] = []
    size = 0
    most = PIECE_BYTES
    line = 1
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size < most:
            continue
        joined = b"".join(waiting)
        end = rows_end(joined, head.separator)
        if end:
            yield joined[:end]
            line += _lines(joined[:end])
            joined = joined[end:]
            most = PIECE_BYTES
        elif size > ROW_BYTES:
            raise WganError(
                f"{head.path}: a row from line {line} on has more than {ROW_BYTES // 2**20} MiB: a"
                " quote there is never closed: fix it"
            )
        else:
            most = 2 * size
        waiting = [joined]
        size = len(joined)
    if size:
        yield b"".join(waiting)


def rows_end(text: bytes, separator: str) -> int:
    r"""Return the end of the last whole row of a text that begins with a row; 0 if there is none.

    A field is quoted where the quote is its first character, blanks aside, as pandas reads it.

    Args:
        text: rows, the last of which may be cut.
        separator: what separates fields.

    >>> rows_end(b'a,b\n1,"x\ny"\n2,"z\n', ",")
    12
    """
    if b'"' not in text:
        return text.rfind(b"\n") + 1
    end = 0
    done = 0
    begin = rb"(?<![^%s\r\n]) *" % re.escape(separator.encode())
    for field in re.finditer(begin + rb'"[^"]*(?:""[^"]*)*(?:"|\Z)', text):
        end = text.rfind(b"\n", done, field.start()) + 1 or end
        done = field.end()
        if done == len(text):
            # The quote at the cut may be the first of two, which are a quote in the field.
            return end
    return text.rfind(b"\n", done) + 1 or end


def _lines(text: bytes) -> int:
    """Return the number of line ends in a text."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
