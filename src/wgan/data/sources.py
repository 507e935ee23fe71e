"""Sources of data: `load` takes a name, a file, a folder or an array and returns one data set."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from numpy.typing import ArrayLike
from torch import Tensor

from wgan.base.errors import WganError, did_you_mean
from wgan.base.files import check_regular
from wgan.base.progress import Progress, silent
from wgan.data import arrays, columns, folders, stacked
from wgan.data.built_in import from_digits, from_toy
from wgan.data.dataset import Dataset
from wgan.data.ecosystem.arrived import Arrived
from wgan.data.ecosystem.families import opened
from wgan.data.ecosystem.hub import from_hub, is_on_hub, table_on_hub
from wgan.data.encodings import UTF_8, check_encoding, is_utf_8
from wgan.data.kinds import KINDS, Cutter, Kind, find_kind, kind_of_reading
from wgan.data.labels import OWN, labelled
from wgan.data.naming import named_sources
from wgan.data.objects import from_object, say_notes
from wgan.data.options import Options, refuse_other_kind
from wgan.data.series.windows import WHOLE, Reading
from wgan.data.shards.forms import load_shards
from wgan.data.shards.places import is_sharded
from wgan.data.storage import Rows
from wgan.data.tables import frames
from wgan.data.tables.excel import ENDING as EXCEL
from wgan.data.tables.excel import refuse_other_spreadsheets
from wgan.data.toys import TOYS

Source: TypeAlias = str | Path | ArrayLike | Tensor | Any
"""A name, a path, or an object of `ecosystem.families`."""


def load(
    source: Source,
    *,
    key: str | None = None,
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    labels: str | None = None,
    schema: str | None = None,
    as_numbers: bool = False,
    kind: str = "auto",
    encoding: str = UTF_8,
    reading: Reading = WHOLE,
    progress: Progress = silent,
) -> Dataset:
    """Return the data set that `source` names.

    Args:
        source: one of these:
            a name (see `named_sources`; for a file of the same name write `./name`);
            the path of a `.npy`, `.npz` or idx file, or of a `.csv` of numbers alone;
            the path of a table: a `.csv` or `.tsv` with a line of names, a `.parquet` or a folder
            of them, or an `.xlsx`;
            the path of a folder or zip of pictures;
            shards: a folder of `.npy` or `.tar` files, a pattern or list of such, or an address
            (`https://`, `s3://`);
            `hf://datasets/USER/NAME`, a data set of the Hugging Face Hub, with a split or a file;
            `stacked-mnist:FOLDER`, with MNIST's idx files in the folder;
            a DataFrame of pandas, polars, pyarrow, DuckDB or another library;
            a `datasets.Dataset`, a data set or loader of torch, an array of xarray;
            an array, tensor or nested list, `[n, d]` vectors or `[n, h, w]`, `[n, h, w, c]` or
            `[n, c, h, w]` pictures. Idx files and texts of tables may be `.gz`.
        key: name of the array in an `.npz` that holds several, or of the sheet of an `.xlsx`.
        resize: (height, width) of pictures from a folder or zip.
        mode: `auto`, `L`, `RGB` or `RGBA` for pictures from a folder or zip.
        labels: the classes of the samples: `own` (folders, digits), the name of a column of the
            `.csv` or of an array of the `.npz`, or a file of one label a sample (`.npy`, `.csv`,
            `.txt` or idx). A `.csv` with labels is read as rows of numbers, whatever its names.
        schema: a TOML file that corrects what is inferred of a table's columns.
        as_numbers: whether a `.csv` whose columns are all numbers is read as rows of numbers,
            though it has a line of names.
        kind: the kind of data that a table or an array is read as; `auto`: a table as such, an
            array as vectors or images by its shape, and series where `reading` cuts any.
        encoding: how a text of a table or of numbers is encoded, such as `latin-1` or `utf-16`.
        reading: how a table or a long array is cut into series.
        progress: listener, called where reading takes long.

    Raises:
        WganError: a source that cannot be read; the message says why, where, and how to mend it.

    >>> load("digits").shape
    (1, 8, 8)
    """
    arrived = None if isinstance(source, str | Path) else opened(source, labels)
    if kind == "auto":
        kind = kind_of_reading(reading)
    if kind == "auto" and arrived is not None:
        kind = arrived.kind
    cut = None if kind == "auto" else find_kind(kind).cut
    if arrived is not None and arrived.long and reading.window is None:
        raise WganError(f"{arrived.name}: is one long series: give data.window to cut it")
    if reading != WHOLE and cut is None:
        _refuse_reading(reading, kind)
    if cut is not None and arrived is None and is_on_hub(str(source)):
        source = table_on_hub(str(source), progress)
    has_columns = cut is not None and (arrived.is_table if arrived else is_table(source))
    if cut is not None and (reading != WHOLE or has_columns):
        beside = {"schema": schema, "resize": resize, "labels": None if has_columns else labels}
        beside["mode"] = None if mode == "auto" else mode
        for name, value in beside.items():
            if value is not None:
                raise WganError(f"data.{name} is not for {kind} that are cut here: leave it out")
        given: Any = arrived or source
        return _cut(given, find_kind(kind), cut, reading, key, labels, encoding, progress)
    options = Options(key, resize, mode, labels, schema, as_numbers, kind, encoding, progress)
    if isinstance(source, str | Path):
        return _from_path(source, options)
    assert arrived is not None
    return from_object(arrived, options)


def is_table(source: Source) -> bool:
    """Return whether a source is the path of a table."""
    is_path = isinstance(source, str | Path) and Path(source).exists()
    return is_path and (
        Path(source).suffix.lower() == ".csv" or _form(source) == "table"  # type: ignore[arg-type]
    )


def _refuse_reading(reading: Reading, kind: str) -> NoReturn:
    """Refuse settings of a kind whose samples are cut, by their names."""
    names = [f"data.{f.name}" for f in fields(Reading) if getattr(reading, f.name) != f.default]
    taken = " or ".join(f"'{name}'" for name, each in KINDS.items() if each.cut)
    other = "" if kind == "auto" else f", and it is '{kind}'"
    raise WganError(
        f"{', '.join(names)}: for data.kind = {taken} alone{other}: set that, or leave this out"
    )


def _cut(
    source: str | Path | Arrived,
    kind: Kind,
    cut: Cutter,
    reading: Reading,
    key: str | None,
    labels: str | None,
    encoding: str,
    progress: Progress,
) -> Dataset:
    """Return the samples of a table or an array as a reading says."""
    if reading.window is None and reading.stride != WHOLE.stride:
        raise WganError("data.stride says how windows are cut: give data.window, or leave it out")
    if isinstance(source, Arrived):
        say_notes(source)
    if isinstance(source, Arrived) and source.is_table:
        return cut.table(source.values, "<frame>", reading, progress, labels)
    if not isinstance(source, Arrived) and is_table(source):
        path = Path(str(source))
        frame = frames.read_frame(path, None, encoding, key)
        return cut.table(frame, str(path), reading, progress, labels)
    named = [name for name in ("series", "time", "static") if getattr(reading, name) is not None]
    if named:
        raise WganError(
            f"{' and '.join(f'data.{name}' for name in named)}: for columns of a table, and an"
            " array has none: leave them out"
        )

    def read(rows: Rows, name: str, channels_first: bool, progress: Progress) -> Dataset:
        return cut.array(rows, name, reading, progress)

    as_cut = replace(kind, read=read)
    if isinstance(source, Arrived):
        name = source.name or "<array>"
        return arrays.from_memory(source.values, name, as_cut, progress)
    return _from_path(source, Options(key=key, kind=as_cut, encoding=encoding, progress=progress))


def _from_path(source: str | Path, options: Options) -> Dataset:
    """Return the data set of a name or path, with its labels."""
    labels = options.labels
    form = _form(source)
    check_encoding(options.encoding)
    if form == "csv" and labels is None and frames.is_table(Path(source), options.encoding):
        form = "table"
    _refuse_unfitting(source, form, options)
    if form == "hub":  # its files are not here yet, and hold what labels may name
        return _read(source, form, labels, options)
    inside = labels is not None and labels in _names_inside(Path(source), form, options.encoding)
    if inside and labels == options.key:
        raise WganError(
            f"{source}: array {labels} cannot hold both the samples and their labels: name two"
            " arrays"
        )
    if not inside and labels not in (None, OWN) and not Path(str(labels)).is_file():
        raise WganError(
            f"{source}: data.labels = '{labels}' is no named column or array there, nor a file of"
            f" labels; write '{OWN}' for classes that the data bring (folders, digits)"
        )
    dataset = _read(source, form, labels if inside else None, options)
    if labels is None or inside:
        return dataset
    return labelled(dataset, labels)


def _read(source: str | Path, form: str, label: str | None, options: Options) -> Dataset:
    """Return the data set of a source in a known form; `label` names the labels inside it."""
    path = Path(source)
    folder = Path(str(source).removeprefix(stacked.PREFIX))
    kind = options.kind
    progress = options.progress
    resize = options.resize
    readers: dict[str, Callable[[], Dataset]] = {
        "digits": lambda: from_digits(kind),
        "stacked": lambda: stacked.from_mnist(folder),
        "toy": lambda: from_toy(str(source)),
        "pictures": lambda: folders.from_pictures(path, resize, options.mode, kind, progress),
        "hub": lambda: from_hub(str(source), *options.of_shards),
        "shards": lambda: load_shards(str(source), *options.of_shards),
        "npy": lambda: arrays.from_npy(path, kind, progress),
        "npz": lambda: arrays.from_npz(path, options.key, label, kind, progress),
        "idx": lambda: arrays.from_idx(path, kind, progress),
        "csv": lambda: columns.from_csv(path, label, kind, progress, options.encoding),
        "table": lambda: _table(path, options),
    }
    return readers[form]()


def _refuse_unfitting(source: str | Path, form: str, options: Options) -> None:
    """Refuse settings of other forms of data."""
    if (options.resize or options.mode != "auto") and form not in ("pictures", "shards", "hub"):
        raise WganError(
            f"{source}: data.resize and data.mode apply to folders and zips of pictures: leave"
            " them out"
        )
    has_sheets = Path(source).suffix.lower() == EXCEL
    if options.key and form != "npz" and not has_sheets:
        raise WganError(f"{source}: data.key applies to .npz and .xlsx files: leave it out")
    is_text = form == "csv" or (form == "table" and frames.is_text(Path(source)))
    if not is_utf_8(options.encoding) and not is_text:
        raise WganError(f"{source}: data.encoding applies to texts of tables: leave it out")
    if options.schema:
        check_regular(Path(options.schema))
    if options.schema and form not in ("table", "shards", "hub"):
        raise WganError(f"{source}: data.schema applies to tables: leave it out")
    if form == "table":
        refuse_other_kind(str(source), options.kind, "tables")
        if options.labels is not None:
            raise WganError(
                f"{source}: data.labels: each column of a table can be asked for when sampling"
                " (sample --where): leave it out"
            )
    if form == "toy":
        refuse_other_kind(str(source), options.kind, "vectors")
    if form == "stacked":
        refuse_other_kind(str(source), options.kind, "images")


def _names_inside(path: Path, form: str, encoding: str) -> list[str]:
    """Return the names of columns or arrays in a file that has them."""
    if form == "csv" and columns.has_names(path, encoding):
        _, names = columns.csv_names(path, encoding)
        return names
    return arrays.npz_names(path) if form == "npz" else []


def _table(path: Path, options: Options) -> Dataset:
    if options.as_numbers and path.suffix.lower() == ".csv":
        try:
            return columns.from_csv(path, progress=options.progress, encoding=options.encoding)
        except WganError:
            pass  # Then it is a table, and what is wrong is reported as a table's fault.
    schema = Path(options.schema) if options.schema else None
    return frames.from_file(path, schema, options.progress, options.encoding, options.key)


def _form(source: str | Path) -> str:
    """Return the form of a name or path, which names its reader."""
    if source == "digits":
        return "digits"
    if source in TOYS:
        return "toy"
    if str(source).startswith(stacked.PREFIX):
        return "stacked"
    if is_on_hub(source):
        return "hub"
    if is_sharded(source):
        return "shards"
    path = Path(source)
    if not path.exists():
        raise WganError(
            f"{source}: no such file or folder, nor a data name."
            f" {did_you_mean(str(source), named_sources())}"
        )
    check_regular(path)
    refuse_other_spreadsheets(path)
    ending = path.suffix.lower()
    if path.is_dir() and frames.is_folder_of_a_table(path):
        return "table"
    if path.is_dir() or ending == ".zip":
        return "pictures"
    if path.name.lower().endswith(frames.ENDINGS) and ending != ".csv":
        return "table"
    if ending in (".npy", ".npz", ".csv"):
        return ending[1:]
    if arrays.is_idx(path):
        return "idx"
    empty = path.stat().st_size == 0
    fault = "an empty file" if empty else "not a kind of file that can be read"
    raise WganError(
        f"{path}: {fault}; give a .npy, .npz, .csv, .tsv, .parquet, .xlsx or idx file, or a folder"
        " or zip of pictures"
    )
