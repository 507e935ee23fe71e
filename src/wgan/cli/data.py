"""`wgan data`: a list of the data known by name, or what was inferred of a source."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.base.files import write_text
from wgan.base.places import check_new
from wgan.base.printing import on_one_line
from wgan.cli.data_flags import AS_THEY_ARE, DataFlags, DataName
from wgan.cli.json_output import Json, print_json
from wgan.cli.output import print_columns, screen
from wgan.cli.progress import bar
from wgan.config import resolve
from wgan.data import Dataset, Split, named_sources
from wgan.data.codec import Proposal

NOTED = 512
"""Samples that notes on the values are of, as many as a run looks at before it trains."""


def data_command(
    source: DataName | None = None,
    /,
    *,
    how: DataFlags = AS_THEY_ARE,
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None,
    json_: Json = False,
) -> int:
    """List the data known by name, or describe SOURCE and what was inferred from it.

    SOURCE is read with the same flags as in `wgan train`. For a table, the description lists what
    each column was inferred to be. A schema corrects this. It has `[columns.NAME]` with kind, step,
    low, high, format or missing below, and `[[rules]]` that rows keep.

    Parameters
    ----------
    source
        Data as `wgan train` takes them.
    how
        How the data are read.
    out
        For a table: write the inferred schema to this file, for correction. Proposed rules are
        comments in it.
    json_
        Print one JSON document instead of text.
    """
    if source is None and (how != AS_THEY_ARE or out is not None):
        raise WganError("these flags say how SOURCE is read: give SOURCE too")
    if source is None:
        _list_sources(json_)
        return 0
    config = resolve([("command line", {"data": {"source": source, **how.given()}})])
    with bar() as progress:
        dataset = config.data.load(progress=progress)
    split = dataset.split()
    notes = split.dataset.codec.notes(split.train_sample(0, min(split.n_train, NOTED)))
    proposals = dataset.codec.proposals(dataset.at_hand)
    if out is not None:
        _write_schema(dataset, proposals, out)
    if json_:
        print_json("data", _values(dataset, split, notes, proposals, out))
        return 0
    screen.print(
        f"{dataset.name}: {len(dataset)} {dataset.codec.samples_in_words} ({dataset.codec.kind})"
    )
    screen.print(
        f"stored as {dataset.rows.dtype}, split into {split.n_train} for training and"
        f" {split.n_held_out} held out; distances in {dataset.codec.units}"
    )
    for words in dataset.origin:
        screen.print(on_one_line(words))
    print_columns(dataset)
    for words in notes:
        screen.print(f"note: {on_one_line(words)}")
    for proposal in proposals:
        screen.print(f"  {on_one_line(f'proposed rule: {proposal.words}')}")
    if out is not None:
        screen.print(f"schema in {out}; correct it there and give it with --schema")
        if proposals:
            screen.print("proposed rules are comments there: remove the # of those that you want")
    if dataset.classes:
        screen.print(f"{len(dataset.classes)} classes: {', '.join(dataset.classes[:20])}")
    if dataset.toy and dataset.toy.partner:
        screen.print(f"known exactly: {dataset.toy.partner.formula}")
    return 0


def _list_sources(as_json: bool) -> None:
    """Print the data known by name."""
    if as_json:
        named = [{"name": name, "summary": words} for name, words in named_sources().items()]
        print_json("data", {"sources": named})
        return
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
    screen.print(
        "or shards: a folder of .npy or .tar files, a pattern (x-*.parquet, x-{000..999}.npy),"
        " a .txt or .json that lists them; also behind https:// and s3://"
    )


def _values(
    dataset: Dataset,
    split: Split,
    notes: list[str],
    proposals: list[Proposal],
    schema: Path | None,
) -> dict[str, Any]:
    """Return the facts inferred from a source, as plain values."""
    codec = dataset.codec
    partner = dataset.toy.partner if dataset.toy else None
    return {
        "name": dataset.name,
        "kind": codec.kind,
        "samples": len(dataset),
        "samples_in_words": codec.samples_in_words,
        "shape": codec.shape,
        "dtype": str(dataset.rows.dtype),
        "train": split.n_train,
        "held_out": split.n_held_out,
        "units": codec.units,
        "origin": dataset.origin,
        "columns": codec.column_names,
        "inferred": codec.describe(),
        "notes": notes,
        "proposed_rules": [asdict(each) for each in proposals],
        "classes": dataset.classes,
        "known_exactly": None if partner is None else partner.formula,
        "schema": schema,
    }


def _write_schema(dataset: Dataset, proposals: list[Proposal], out: Path) -> None:
    schema = dataset.codec.schema()
    if schema is None:
        raise WganError(
            f"--out writes the schema of a table, and {dataset.name} holds {dataset.codec.kind}:"
            " leave it out"
        )
    check_new(out, "choose another name")
    write_text(out, schema + "".join(proposal.toml for proposal in proposals))
