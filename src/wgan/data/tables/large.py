"""Large tables in text files, read in pieces into a file a column, then one column at a time.

What comes of it is, to the bit, what reading the file whole gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.cache import scratch_folder
from wgan.data.dataset import Dataset
from wgan.data.encodings import UTF_8
from wgan.data.tables.coded import ColumnFiles, infer_codec
from wgan.data.tables.content import Content
from wgan.data.tables.corrections import Corrections
from wgan.data.tables.pieces import row_pieces
from wgan.data.tables.text import (
    Hint,
    Hints,
    Seen,
    check_names,
    check_seen,
    read_texts,
    refuse_short_rows,
    typed_columns,
)


@dataclass(frozen=True)
class TextColumns:
    """The columns of a text file, each in a file of its own.

    Attributes:
        path: the text file.
        folder: where the columns are.
        names: their names.
        rows: the number of rows.
        hints: what is known beforehand about columns.
    """

    path: Path
    folder: Path
    names: Sequence[str]
    rows: int
    hints: Hints

    def series(self, i: int) -> pd.Series:
        """Return a column as reading the whole table would, and remove its file."""
        file = _column_file(self.folder, i)
        content = Content(self.path, file.read_bytes(), ",", [self.names[i]])
        file.unlink()
        frame, _ = typed_columns(content, self.hints)
        return frame.iloc[:, 0]


def from_large_text(
    path: Path,
    corrections: Corrections | None = None,
    hints: Hints | None = None,
    encoding: str = UTF_8,
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of a text file, with one piece or one column of it in memory at a time.

    Coded rows of more than 1 GiB lie in a file of the cache.

    Args:
        path: the file.
        corrections: as in `infer`.
        hints: what is known beforehand about columns.
        encoding: how the text is encoded.
        progress: listener.

    Raises:
        WganError: as `read_text` and `infer_codec`.
    """
    with scratch_folder() as folder:
        columns = split_columns(path, folder, hints or {}, encoding, progress)
        coded = ColumnFiles(folder, columns.rows)
        try:
            codec = infer_codec(
                columns.names, columns.rows, columns.series, corrections, progress, coded.append
            )
        except WganError as error:
            raise WganError(f"{path}: {error}") from None
        return coded.dataset(str(path), codec, progress)


def split_columns(
    path: Path,
    folder: Path,
    hints: Hints,
    encoding: str = UTF_8,
    progress: Progress = silent,
) -> TextColumns:
    """Write each column of a text file into a file of its own, a quoted field a line.

    Args:
        path: the file.
        folder: an empty folder.
        hints: what is known beforehand about columns.
        encoding: how the text is encoded.
        progress: listener.

    Raises:
        WganError: as `read_text`.
    """
    seen: dict[str, Seen] = {}
    rows = 0
    for count, piece in enumerate(row_pieces(path, encoding), start=1):
        if not seen:
            check_names(piece)
            seen = {name: Seen(hints.get(name, Hint())) for name in piece.names}
            for i in range(len(seen)):
                _column_file(folder, i).write_bytes(b"x\n")
        texts = read_texts(piece)
        last = texts.iloc[:, -1]
        if len(piece.names) > 1 and (last.isna() | (last == "")).any():
            refuse_short_rows(piece)
        rows += len(texts)
        for i, (name, each) in enumerate(seen.items()):
            each.add(texts[name], piece.separator == ",")
            _append(_column_file(folder, i), texts[name])
        progress("reading the file, in pieces", count, None)
    check_seen(path, seen)
    return TextColumns(path, folder, list(seen), rows, hints)


def _column_file(folder: Path, i: int) -> Path:
    return folder / f"{i}.csv"


def _append(path: Path, texts: pd.Series) -> None:
    """Add texts to the file of a column."""
    if not len(texts):
        return
    fields = texts.tolist()
    joined = '"\n"'.join(fields)
    if joined.count('"') > 2 * (len(fields) - 1):
        joined = '"\n"'.join(field.replace('"', '""') for field in fields)
    # Opened anew each time, since a process may have fewer open files than a table has columns.
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(f'"{joined}"\n')
