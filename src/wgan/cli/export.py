"""`wgan export RUN -o FILE`: write a generator to ONNX or `torch.export`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wgan.base.printing import counted
from wgan.cli.output import screen
from wgan.models.export import check_export, export_model
from wgan.runs import RunFolder
from wgan.runs.private import promised


def export_command(
    run: Path, /, *, out: Annotated[Path, Parameter(name=["-o", "--out"])]
) -> int:
    """Write the generator in RUN to ONNX or `torch.export`, with the decoder of its data.

    Parameters
    ----------
    run
        A run's folder, or one that `WGAN.save` wrote.
    out
        The new file; its ending chooses: .onnx (read by onnxruntime, without torch) or .pt2 (read
        by `torch.export.load`).
    """
    check_export(out)
    folder = RunFolder(run)
    model = folder.model()
    about = export_model(model, out)
    shape = " x ".join(map(str, ("n", *about["samples"]["shape"])))
    classes = f" and {counted(len(model.classes), 'class', 'classes')}" if model.classes else ""
    screen.print(
        f"{about['kind']} [{shape}] {about['samples']['type']} of {about['latents']['size']}"
        f" latents{classes}, in {out}"
    )
    for rule in model.codec.rules:
        ...
    promise = promised(folder.about().settings) if folder.exists() else None
    if promise is not None:
        screen.print(f"its generator was trained with {promise}")
    return 0
