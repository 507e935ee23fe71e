"""`wgan export RUN -o FILE`: write a generator to ONNX or `torch.export`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wgan.base.printing import on_one_line
from wgan.cli.data_flags import DataName
from wgan.cli.json_output import Json, print_json
from wgan.cli.output import Flag, screen
from wgan.models.export import check_export, export_model
from wgan.models.hub import located
from wgan.runs import RunFolder
from wgan.runs.private import promised


def export_command(
    run: DataName,
    /,
    *,
    out: Annotated[Path, Parameter(name=["-o", "--out"])],
    conditions: Annotated[bool, Flag] = False,
    json_: Json = False,
) -> int:
    """Write the generator in RUN to ONNX or `torch.export`, with the decoder of its data.

    Parameters
    ----------
    run
        Folder of a run, one that `WGAN.save` wrote, or hf://user/name on the Hugging Face Hub.
    out
        File to write; its ending chooses .onnx (read by onnxruntime, without torch) or .pt2 (read
        by `torch.export.load`).
    conditions
        For tables: let the exported file take given values of columns.
    json_
        Print one JSON document instead of text.
    """
    check_export(out)
    folder = RunFolder(located(run))
    about = export_model(folder.model(), out, conditions)
    promise = promised(folder.about().settings) if folder.exists() else None
    if json_:
        places = {"run": run, "out": out, "bytes": out.stat().st_size}
        privacy = {"privacy": None if promise is None else asdict(promise)}
        print_json("export", places | {"about": about} | privacy)
        return 0
    shape = " x ".join(map(str, ("n", *about["samples"]["shape"])))
    inputs = " and ".join([f"{about['latents']['size']} latents", *about["inputs"][1:]])
    screen.print(
        f"{about['kind']} [{shape}] of {inputs}, {out.stat().st_size / 1e6:.2g} MB, in {out}"
    )
    if about["rules"]:
        rules = "; ".join(map(on_one_line, about["rules"]))
        screen.print(f"rows that break a rule are not drawn again, as `wgan sample` does: {rules}")
    if promise is not None:
        screen.print(f"its generator was trained with {promise}")
    return 0
