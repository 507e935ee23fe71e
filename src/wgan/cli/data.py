"""`wgan data`: a list of the data known by name, or what was inferred of a source."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.base.places import check_new
from wgan.base.printing import on_one_line
from wgan.cli.output import print_columns, screen, times
from wgan.cli.progress import bar
from wgan.data import Dataset, load, named_sources
from wgan.data.codec import Proposal
from wgan.data.encodings import UTF_8


def data_command(
    source: str | None = None,
    /,
    *,
    schema: Path | None = None,
    encoding: str = UTF_8,
    key: str | None = None,
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None,
) -> int:
    """List the data known by name, or describe SOURCE: of a table what each column was taken for.

    Parameters
    ----------
    source
        Anything that `wgan train` takes.
    schema
        Of a table: a TOML file that corrects what is inferred, `[columns.NAME]` and below it kind,
        step, low, high, format or missing; and `[[rules]]` that rows keep.
    encoding
        How a .csv or .tsv is encoded, such as latin-1, cp1252 or utf-16.
    key
        Which array of an .npz, or sheet of an .xlsx, that holds several.
    out
        Of a table: write such a file of what was inferred, to be corrected, with rules that are
        proposed as comments.
    """
    if source is None:
        for name, summary in named_sources().items():
            screen.print(f"{name:20} {summary}")
        screen.print(
            "stacked-mnist:FOLDER three MNIST digits as red, green, blue: 1,000 modes; FOLDER holds"
            " MNIST's idx files"
        )
        screen.print(
            "or a path: .npy, .npz, idx (as MNIST ships, .gz too), a folder or zip of pictures,"
        )
        screen.print(
            "a table (.csv or .tsv with a line of names, .gz too; .parquet, or a folder of them;"
            " .xlsx), or a .csv of numbers alone"
        )
        return 0
    with bar() as progress:
        dataset = load(
            source,
            key=key,
            schema=str(schema) if schema else None,
            encoding=encoding,
            progress=progress,
        )
    split = dataset.split()
    screen.print(
        f"{dataset.name}: {len(dataset)} samples of shape {times(dataset.shape)}"
        f" ({dataset.codec.kind})"
    )
    screen.print(
        f"stored as {dataset.rows.dtype}, split into {split.n_train} for training and"
        f" {split.n_held_out} held out; distances in {dataset.codec.units}"
    )
    print_columns(dataset)
    proposals = dataset.codec.proposals(dataset.rows)
    for proposal in proposals:
        screen.print(f"  {on_one_line(f'proposed rule: {proposal.words}')}")
    if out is not None:
        _write_schema(dataset, proposals, out)
    if dataset.classes:
        screen.print(f"{len(dataset.classes)} classes: {', '.join(dataset.classes[:20])}")
    if dataset.toy and dataset.toy.partner:
        screen.print(f"known exactly: {dataset.toy.partner.formula}")
    return 0


def _write_schema(dataset: Dataset, proposals: list[Proposal], out: Path) -> None:
    schema = dataset.codec.schema()
    if schema is None:
        raise WganError(
            f"--out writes the schema of a table, and {dataset.name} holds {dataset.codec.kind}:"
            " leave it out"
        )
    check_new(out, "choose another name")
    write_text(out, schema + "".join(proposal.toml for proposal in proposals))
    screen.print(f"schema in {out}; correct it there and give it with --schema")
    if proposals:
        screen.print("proposed rules are comments there: remove the # of those that you want")
