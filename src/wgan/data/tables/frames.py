"""How is a table read and written? CSV and Parquet through pandas, with what pandas lets pass
refused; large Parquet files piece by piece.

Format: RFC 4180 (CSV), with the separator found out.
"""

import csv
import gzip
import io
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.progress import Progress, silent, tracked
from wgan.data.arrays import npy_rows
from wgan.data.cache import cached, file_digest
from wgan.data.columns import is_number, not_text
from wgan.data.dataset import MOST_EXACT, Dataset
from wgan.data.tables.codec import TableCodec
from wgan.data.tables.corrections import read_corrections
from wgan.data.tables.infer import infer

SEPARATORS = (",", ";", "\t", "|")
MISSING = ["?"]
"""Spelt so in old tables; beside what pandas takes for missing: nothing, NA, NaN, null, None and
the like.
"""
HEAD_BYTES, HEAD_RECORDS = 2**18, 100
SPELLED = rb"(?:^|[%s\n\"]) *(?:-?0[0-9]|true|TRUE|false|FALSE)"
"""What pandas reads as another spelling of a number or boolean: 007 as 7, true as True."""
CODE = r"-?0\d+"
DECIMAL_COMMA = r"-?\d+(,\d+)?"
NO_VALUE = ("", "na")
"""What a line of numbers may hold where one is missing."""
ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
PIECEWISE_BYTES = 2**30
"""A Parquet file whose matrix is larger than this is coded by row groups, into a file of the cache.
"""
Corrections = Mapping[str, Mapping[str, Any]]


def is_table(path: Path) -> bool:
    """Tell whether a file's name is that of a table, and not one of a plain .csv that begins with
    numbers alone.
    """
    if not path.name.endswith(ENDINGS):
        return False
    if path.suffix == ".parquet":
        return True
    first = _header(_text(path, HEAD_BYTES), path)[1]
    return not any(map(is_number, first)) or any(
        field.lower() not in NO_VALUE and not is_number(field) for field in first
    )


def from_frame(
    frame: pd.DataFrame,
    name: str = "<table>",
    corrections: Corrections | None = None,
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of a table in memory.

    Raises:
        WganError: a table that cannot be learned from, or corrections that do not fit it.
    """
    if not isinstance(frame.columns, pd.Index) or frame.columns.nlevels > 1:
        raise WganError(f"{name}: columns of several levels: give each one name")
    frame = frame.rename(columns=str)
    try:
        codec = TableCodec(
            infer(
                list(frame.columns), len(frame), lambda i: frame.iloc[:, i], corrections, progress
            )
        )
        _check_varies(codec)
        return _dataset(name, codec, codec.matrix(frame))
    except WganError as error:
        raise WganError(f"{name}: {error}") from None


def from_file(path: Path, schema: Path | None = None, progress: Progress = silent) -> Dataset:
    """Return the data set of a `.csv`, `.tsv` (`.gz` too) or `.parquet` file; `schema` is a TOML
    file of corrections.

    Raises:
        WganError: not a table, or a schema that does not fit it.
    """
    corrections = read_corrections(schema) if schema else None
    if path.suffix == ".parquet":
        return _from_parquet(path, corrections, progress)
    return from_frame(read_frame(path), str(path), corrections, progress)


def read_frame(path: Path) -> pd.DataFrame:
    """Read a table as pandas does, with names, ragged rows and codes with leading zeros looked
    after.

    Raises:
        WganError: not such a file, naming the line.
    """
    if path.suffix == ".parquet":
        with _parquet(path) as file:
            return _pandas(file.read())
    text = _text(path)
    separator, names = _header(text, path)
    _check_names(names, path)
    settings: dict[str, Any] = {
        "sep": separator,
        "na_values": MISSING,
        "skipinitialspace": True,
        "index_col": False,
        "low_memory": False,
        "encoding": "utf-8-sig",
        "skip_blank_lines": len(names) > 1,
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            kept = _kept_as_spelled(text, separator, settings)
            frame = pd.read_csv(
                io.BytesIO(text), dtype=dict.fromkeys(kept, "str"), **settings
            ).rename(columns=str.strip)
    except pd.errors.ParserWarning:
        raise WganError(
            f"{path}: line 2 has more fields than the {len(names)} names of line 1: mend one of"
            " them"
        ) from None
    except pd.errors.ParserError as error:
        found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        what = (
            f"line {found[2]} has {found[3]} fields, and line 1 {found[1]}: mend it, or quote what"
            " holds a separator"
            if found
            else error
        )
        raise WganError(f"{path}: {what}") from None
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    if len(frame) and len(names) > 1 and frame.iloc[:, -1].isna().any():
        _refuse_short(text, separator, len(names), path)
    return frame if separator == "," else _with_decimal_commas(frame)


def _with_decimal_commas(frame: pd.DataFrame) -> pd.DataFrame:
    """Read columns that hold nothing but numbers with a comma, such as 3,14, in a file without
    decimal points.
    """
    if any(
        pd.api.types.is_float_dtype(dtype)
        and (frame[name] % 1 != 0).sum() > frame[name].isna().sum()
        for name, dtype in frame.dtypes.items()
    ):
        return frame
    written = {
        name: pd.to_numeric(column.str.replace(",", "."))
        for name, column in frame.items()
        if pd.api.types.is_string_dtype(column.dtype)
        and column.notna().any()
        and column.dropna().str.fullmatch(DECIMAL_COMMA).all()
        and not column.dropna().str.fullmatch(CODE).any()
    }
    return frame.assign(**written) if written else frame


def _text(path: Path, most: int = -1) -> bytes:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return file.read(most)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise WganError(f"{path}: a damaged gzip file ({error}): copy it again") from None


def _header(text: bytes, path: Path) -> tuple[str, list[str]]:
    """Return the separator that gives the first lines equally many fields, and most of them; and
    the fields of the first.
    """
    try:
        head = text[:HEAD_BYTES].decode(
            "utf-8-sig", "strict" if len(text) < HEAD_BYTES else "ignore"
        )
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None
    if not head.strip():
        raise WganError(f"{path}: an empty file: give one with a line of names and rows below")
    tried = []
    for separator in SEPARATORS:
        try:
            records = [
                r
                for r, _ in zip(
                    csv.reader(io.StringIO(head), delimiter=separator),
                    range(HEAD_RECORDS),
                    strict=False,
                )
                if r
            ]
        except csv.Error:
            continue
        widths = [
            len(record) for record in records[: max(2, len(records) - 1)]
        ]  # the last may be cut
        tried.append(
            (
                sum(width == widths[0] for width in widths) * (widths[0] > 1),
                widths[0],
                -SEPARATORS.index(separator),
                records[0],
            )
        )
    if not tried:
        raise WganError(
            f"{path}: a quote near its top is never closed, or a field has more than"
            f" {csv.field_size_limit()} characters: mend it"
        )
    best = max(tried)
    return SEPARATORS[-best[2]], [field.strip() for field in best[3]]


def _check_names(names: list[str], path: Path) -> None:
    for i, name in enumerate(names):
        if not name:
            why = "as if it counted rows: drop it, or name it" if i == 0 else "give it one"
            raise WganError(f"{path}: column {i + 1} has no name, {why}")
        if is_number(name):
            raise WganError(
                f"{path}: line 1 holds the number {name}, and a table begins with the names of its"
                " columns: write such a line above it"
            )
        if names.count(name) > 1:
            raise WganError(
                f"{path}: {names.count(name)} columns are called '{name}': rename all but one"
            )


def _kept_as_spelled(text: bytes, separator: str, settings: dict[str, Any]) -> list[str]:
    """Return the columns of numbers that begin with zeros, which are codes, and of booleans not
    written True and False.
    """
    if not re.search(SPELLED % re.escape(separator).encode(), text):
        return []
    frame = pd.read_csv(io.BytesIO(text), dtype="str", **settings)
    kept = []
    for name, column in frame.items():
        values = pd.Series(column.dropna().unique())
        codes = values.str.fullmatch(CODE).any() and values.str.fullmatch(r"-?\d+").all()
        booleans = (
            values.str.lower().isin(["true", "false"]).all()
            and not values.isin(["True", "False"]).all()
        )
        if len(values) and (codes or booleans):
            kept.append(str(name))
    return kept


def _refuse_short(text: bytes, separator: str, width: int, path: Path) -> None:
    """Refuse a row with too few fields, which pandas fills up."""
    reader = csv.reader(
        io.TextIOWrapper(io.BytesIO(text), "utf-8-sig", newline=""), delimiter=separator
    )
    try:
        for record in reader:
            if record and len(record) < width and not (len(record) == 1 and not record[0].strip()):
                raise WganError(
                    f"{path}: line {reader.line_num} has {len(record)} fields, and line 1 {width}:"
                    " mend it"
                )
    except csv.Error as error:
        raise WganError(f"{path}: line {reader.line_num}: {error}") from None


def _need_pyarrow(path: Path) -> None:
    if find_spec("pyarrow") is None:
        raise WganError(f"{path}: Parquet needs pyarrow: pip install 'wgan[parquet]'")


def _parquet(path: Path) -> Any:
    _need_pyarrow(path)
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path)
    except (ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise WganError(
            f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})"
        ) from None


def _from_parquet(path: Path, corrections: Corrections | None, progress: Progress) -> Dataset:
    """Infer each column by itself, then code the file: at once, or by row groups where it is
    large.
    """
    with _parquet(path) as file:
        names = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
        n = file.metadata.num_rows

        def series_of(i: int) -> pd.Series:
            return _pandas(file.read([names[i]])).iloc[:, 0]

        try:
            codec = TableCodec(infer(names, n, series_of, corrections, progress))
            _check_varies(codec)
            large = n * len(codec.learned) * 8 > PIECEWISE_BYTES
            listener = progress if large else silent
            count = file.num_row_groups
            groups = tracked(range(count), "coding the table", count, listener)
            pieces = (codec.matrix(_pandas(file.read_row_group(i, names))) for i in groups)
            if not large:
                return _dataset(str(path), codec, np.concatenate(list(pieces)))
            digest = sha256((file_digest(path) + repr(codec)).encode()).hexdigest()
            stored = cached(
                digest, lambda target: _write_rows(pieces, (n, len(codec.learned)), target), ".npy"
            )
        except WganError as error:
            raise WganError(f"{path}: {error}") from None
    with stored.open("rb") as opened:
        return Dataset(str(path), npy_rows(opened, stored), codec, digest)


def _pandas(table: Any) -> pd.DataFrame:
    """Return columns as they are in the file, whatever was once an index; days are times."""
    return table.to_pandas(ignore_metadata=True, date_as_object=False)


def _write_rows(pieces: Iterator[np.ndarray], shape: tuple[int, int], target: Path) -> None:
    with target.open("wb") as out:
        np.lib.format.write_array_header_1_0(
            out, {"descr": "<f8", "fortran_order": False, "shape": shape}
        )
        for piece in pieces:
            out.write(np.ascontiguousarray(piece, dtype="<f8").data)


def _check_varies(codec: TableCodec) -> None:
    if codec.shape == (0,):
        raise WganError(
            "no column but identifiers holds anything that varies: there is nothing to learn"
        )


def _dataset(name: str, codec: TableCodec, rows: np.ndarray) -> Dataset:
    return Dataset(
        name,
        rows,
        codec,
        sha256(repr(codec).encode() + np.ascontiguousarray(rows).tobytes()).hexdigest(),
    )


def write_frame(frame: pd.DataFrame, codec: TableCodec, path: Path) -> None:
    """Write a table atomically, as .csv, .tsv (.gz too) or .parquet; in text, whole numbers with
    gaps stay whole.
    """
    if path.suffix == ".parquet":
        _need_pyarrow(path)
        with replaced(path) as target:
            frame.to_parquet(target, index=False)
        return
    floats = [
        c.name
        for c in codec.columns
        if c.kind == "numeric" and c.step >= 1 and c.dtype.startswith("float")
    ]
    whole = [name for name in floats if frame[name].abs().max() < MOST_EXACT]
    separator = "\t" if path.name.removesuffix(".gz").endswith(".tsv") else ","
    with replaced(path) as target:
        frame.astype(dict.fromkeys(whole, "Int64")).to_csv(
            target, index=False, sep=separator, compression="gzip" if path.suffix == ".gz" else None
        )
