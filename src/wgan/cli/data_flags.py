"""Flags that say how data are read: one for each setting of `data` that commands take by name.

A command takes them all by one parameter, `how: DataFlags = AS_THEY_ARE`. A new setting is one
field here, and every such command has its flag.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from wgan.cli.numbers import COUNT

DataName = str | Path
"""A name or path of data. It is text in every case, as the first type says; for the second, shells
complete it with names of files.
"""
SERIES = "Series"
"""The heading of these flags in the help."""


@Parameter(name="*")
@dataclass(frozen=True)
class DataFlags:
    """Settings of `data` as the user gave them; None: not given.

    Attributes:
        kind: Kind that a table or an array is read as, such as series. By default a table is read
            as a table, an array as vectors or images by its shape, and both as series with
            --series, --time, --window or --static.
        key: Name of the array of an .npz, or of the sheet of an .xlsx, if the file holds several.
        labels: Classes to learn: own (folders, digits), a column of the .csv, an array of the .npz,
            or a file. `wgan sample` then takes --label.
        schema: TOML file that corrects what is inferred about a table's columns; `wgan data TABLE
            -o FILE` writes one.
        encoding: Encoding of a .csv or .tsv, such as latin-1, cp1252 or utf-16; by default utf-8.
        series: Column that names the series of each row of a table, in which a row is a step; by
            default the table is one series.
        time: Column of times; by default rows follow each other in time.
        window: Cut one long series, or each series of a table, into windows of this many steps.
        stride: Steps from the start of one window to that of the next; by default 1.
        context: Number of first steps of a series that `wgan sample --given` may give; by default
            0.
        static: Columns of a table that describe a whole series; without a name: none. By default
            those of text, and those that never vary within a series.
    """

    kind: str | None = None
    key: str | None = None
    labels: str | None = None
    schema: str | None = None
    encoding: str | None = None
    series: Annotated[str | None, Parameter(group=SERIES)] = None
    time: Annotated[str | None, Parameter(group=SERIES)] = None
    window: Annotated[int | None, COUNT, Parameter(group=SERIES)] = None
    stride: Annotated[int | None, COUNT, Parameter(group=SERIES)] = None
    context: Annotated[int | None, COUNT, Parameter(group=SERIES)] = None
    static: Annotated[
        list[str] | None, Parameter(group=SERIES, consume_multiple=True, negative="")
    ] = None

    def given(self) -> dict[str, Any]:
        """Return the settings that were given, by their names in `data`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


AS_THEY_ARE = DataFlags()
"""Flags of a command without any of them."""
