"""`wgan push RUN user/name`: upload a model to the Hugging Face Hub, with its card."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.base.printing import counted
from wgan.cli.json_output import Json, print_json
from wgan.cli.output import Flag, check_here, screen


def push_command(
    run: Path,
    name: str,
    /,
    *,
    license_: Annotated[str | None, Parameter(name="--license")] = None,
    dataset: str = "",
    critic: Annotated[bool, Flag] = False,
    private: Annotated[bool, Flag] = False,
    dry_run: Annotated[bool, Flag] = False,
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None,
    json_: Json = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Upload the model in RUN to the Hugging Face Hub, with a card that is written from the run.

    The generator goes there, and a picture of its samples; no checkpoint and no data. The card
    README.md replaces the one that is there. The token is that of HF_TOKEN or `hf auth login`.

    Parameters
    ----------
    run
        Folder of a run, or one that `WGAN.save` wrote.
    name
        Name of the model on the Hub, as user/name; a new one is made.
    license_
        Licence of the model, by the Hub's identifier, such as apache-2.0. It must be given.
    dataset
        Name of the data, for the card; by default the name that `wgan data` lists, if it has one.
    critic
        Upload the critic too, which gives scores. It tells more of the training samples.
    private
        Make the model private.
    dry_run
        Write the folder that would be uploaded, and upload nothing.
    out
        New folder of --dry-run; by default the name of the model.
    json_
        Print one JSON document instead of text.
    quiet
        Print only errors.
    """
    if license_ is None:
        raise WganError(
            "--license is missing: say how others may use the model, such as --license apache-2.0"
        )
    if out is not None and not dry_run:
        raise WganError(f"--out {out} is the folder of --dry-run: give both, or leave it out")
    from wgan.runs import RunFolder
    from wgan.sharing import Said, check_said, push, read_history, write_shared

    said = Said(name, license_, dataset, critic)
    check_said(said)
    check_here(run)
    folder = RunFolder(run)
    model = folder.model()
    history = read_history(folder)
    values: dict[str, Any] = {"run": run, "name": name, "private": private, "uploaded": not dry_run}
    if dry_run:
        place = out or Path(name.split("/")[1])
        files = write_shared(model, said, history, place)
        values |= {"url": None, "commit": None, "out": place, "files": _sizes(files)}
        line = f"{_in_words(files)} in {place}, nothing uploaded"
    else:
        uploaded = push(model, said, history, private)
        values |= {"url": uploaded.url, "commit": uploaded.commit, "out": None}
        values |= {"files": uploaded.files}
        line = f"{counted(len(uploaded.files), 'file')} at {uploaded.url}, commit {uploaded.commit}"
    if json_:
        print_json("push", values)
    elif not quiet:
        screen.print(line)
    return 0


def _sizes(files: Sequence[Path]) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in files}


def _in_words(files: Sequence[Path]) -> str:
    size = sum(_sizes(files).values()) / 1e6
    return f"{counted(len(files), 'file')}, {size:.2g} MB,"
