"""Export of a model: its generator and the decoder of its data as one graph, in one file.

A `.pt2` file is written by `torch.export`, and an `.onnx` file is read by onnxruntime and others.
Both hold the graph `latents [n, size], labels [n] -> samples [n, *shape]`, for any n, and a
description, see `wgan.exported`.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from importlib.util import find_spec
from io import BytesIO
from logging import getLogger
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.base.files import replaced
from wgan.base.places import check_new
from wgan.base.version import __version__
from wgan.exported import BLOCK, CONDITIONS, ENTRY, EXTRA, FORMAT, LABELS, LATENTS, SAMPLES
from wgan.models.graphs.kinds import graph_of
from wgan.models.graphs.numbers import torch_type
from wgan.models.graphs.operators import translations
from wgan.models.model import Model

ROWS = 3
"""Number of samples with which a graph is traced. One or none would be taken for a constant."""
OPSET = 18
"""The version of ONNX's operators, that of torch's translations."""
SEEDS = (
    "block i: torch's generator on a CPU, seeded with BLAKE2b (8 bytes, little-endian) of Python's"
    " repr((seed, 'sample', i)), shifted right by one bit"
)
"""Computation of the latents of a seed, for a reader without this package."""
MOST_ONNX_BYTES = 2**31
"""Most bytes of weights in an .onnx file: it is one message of protobuf, which counts in 31 bits.
"""


class Sampler(nn.Module):
    """Samples of latents, and of class numbers or conditions: a generator and then a decoder."""

    def __init__(self, generator: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.generator = generator
        self.decoder = decoder

    def forward(
        self, latents: Tensor, labels: Tensor | None = None, conditions: Tensor | None = None
    ) -> Tensor:
        known = [each for each in (labels, conditions) if each is not None]
        samples: Tensor = self.decoder(self.generator(latents, *known))
        return samples


def export_model(model: Model, path: Path, conditions: bool = False) -> dict[str, Any]:
    """Write a generator and the decoder of its samples as one graph; return its description.

    Args:
        model: the model.
        path: the new file; its ending says which format it has, `.onnx` or `.pt2`.
        conditions: whether the graph takes the choices of given columns of a table.

    Raises:
        WganError: as `check_export`, a network that cannot be exported, a truncated model, or
            conditions of a kind that has none.

    See also:
        load_exported: reads the file without torch, in `wgan.exported`.
    """
    check_export(path)
    if model.truncation != 1:
        raise WganError(
            "a truncated model is not exported: export the model, and multiply its latents"
        )
    model = replace(model, codec=model.codec.without_unseen())
    inputs = _inputs(model, conditions)
    graph = _graph(model, inputs)
    description = describe(model) | {"inputs": list(inputs)}
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = WRITERS[path.suffix.lower()]
    with replaced(path) as target, _torchs_own(type(model.generator).__name__):
        writer.write(graph, json.dumps(description), target)
    return description


def check_export(path: Path) -> None:
    """Refuse a file to which no generator can be exported.

    Args:
        path: the file.

    Raises:
        WganError: something that already exists, another ending, or a missing package.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise WganError(f"{path}: generators are exported as {' or '.join(WRITERS)}")
    check_new(path, "choose another name")
    for name in writer.packages:
        if find_spec(name) is None:
            others = " or ".join(each for each in WRITERS if each != path.suffix.lower())
            raise WganError(
                f"{path}: needs the package {name}, which is not installed: pip install"
                f" 'wgan[onnx]', or give {others}"
            )


def describe(model: Model) -> dict[str, Any]:
    """Return the description of an exported model, as plain values for JSON.

    Args:
        model: the model.

    Raises:
        WganError: a kind that is not exported.
    """
    codec = model.codec
    return {
        "format": FORMAT,
        "wgan": __version__,
        "variant": model.variant,
        "kind": codec.kind,
        "latents": {
            "size": model.noise,
            "distribution": "standard normal",
            "block": BLOCK,
            "seeds": SEEDS,
        },
        "classes": {"names": list(model.classes), "shares": list(model.shares)},
        "samples": {
            "shape": list(codec.raw_shape),
            "type": str(torch.zeros(0, dtype=torch_type(codec.dtype)).numpy().dtype),
        },
        "rules": [str(rule) for rule in codec.rules],
        **graph_of(codec).about(codec),
    }


def _inputs(model: Model, conditions: bool) -> dict[str, Tensor]:
    """Return inputs with which a graph is traced."""
    inputs: dict[str, Tensor] = {LATENTS: torch.zeros(ROWS, model.noise)}
    if model.classes:
        inputs[LABELS] = torch.zeros(ROWS, dtype=torch.int64)
    free = graph_of(model.codec).free
    if conditions and free is None:
        raise WganError(
            f"exported {model.codec.kind} take no conditions, rows of tables do: leave out"
            " --conditions"
        )
    if conditions and free is not None:
        inputs[CONDITIONS] = free(model.codec, ROWS)
    return inputs


def _graph(model: Model, inputs: dict[str, Tensor]) -> torch.export.ExportedProgram:
    """Return a model's sampler as a graph of a dynamic batch."""
    generator = deepcopy(model.generator).cpu().requires_grad_(False)
    sampler = Sampler(generator, graph_of(model.codec).decoder(model.codec)).eval()
    _leave_out_empty(sampler)
    latents, *known = inputs
    n = torch.export.Dim("n", min=1)
    shapes = {name: {0: n} for name in inputs}
    with torch.no_grad(), _torchs_own(type(generator).__name__):
        graph = torch.export.export(
            sampler,
            (inputs[latents],),
            {name: inputs[name] for name in known},
            dynamic_shapes=shapes,
            strict=False,
        )
    graph.graph.eliminate_dead_code()
    for node in graph.graph.nodes:  # where our code lies on this machine is nobody's business
        node.meta.pop("stack_trace", None)
    return graph


def _leave_out_empty(sampler: nn.Module) -> None:
    """Make tensors without numbers, such as layers of depth 0, plain values of their modules.

    torch 2.13 fails to save them as weights.
    """
    for module in sampler.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in list(tensors.items()):
                if tensor is not None and not tensor.numel():
                    del tensors[name]
                    setattr(module, name, tensor.detach())


def _write_pt2(graph: torch.export.ExportedProgram, description: str, path: Path) -> None:
    # A buffer, since torch wants a name that ends in .pt2.
    buffer = BytesIO()
    torch.export.save(graph, buffer, extra_files={EXTRA: description})
    path.write_bytes(buffer.getbuffer())


def _write_onnx(graph: torch.export.ExportedProgram, description: str, path: Path) -> None:
    size = sum(each.numel() * each.element_size() for each in graph.state_dict.values())
    if size > MOST_ONNX_BYTES:
        raise WganError(f"{size / 2**30:.1f} GiB of weights, and .onnx holds 2 GiB: give .pt2")
    program = torch.onnx.export(
        graph,
        output_names=[SAMPLES],
        opset_version=OPSET,
        dynamo=True,
        # onnxruntime does this again, and faster: of 50 seconds for ten columns of a table, torch's
        # took 30.
        optimize=False,
        verbose=False,
        custom_translation_table=translations(),
    )
    assert program is not None
    _tidy(program.model.graph)
    program.model.metadata_props[ENTRY] = description
    program.model.producer_name, program.model.producer_version = "wgan", __version__
    program.save(path, external_data=False)


def _tidy(graph: Any) -> None:
    """Call the axis of the samples n, and leave out notes of where a node comes from."""
    axis = str(graph.inputs[0].shape[0])
    values = [*graph.inputs, *(value for node in graph for value in node.outputs)]
    for shape in (value.shape for value in values if value.shape is not None):
        for i, size in enumerate(shape):
            if str(size) == axis:
                shape[i] = "n"
    for node in graph:
        node.metadata_props.clear()


@contextmanager
def _torchs_own(network: str) -> Iterator[None]:
    """Return a context that hides notes of torch's exporters, and makes their errors one line.

    Args:
        network: the class of the generator, which may be one of the user's own.
    """
    logger = getLogger("torch.onnx")
    level = logger.level
    logger.setLevel("ERROR")
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except (WganError, OSError, MemoryError):
        raise
    except Exception as error:  # each exporter has errors of its own
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise WganError(f"a network of class {network} cannot be exported ({reason})") from None
    finally:
        logger.setLevel(level)


@dataclass(frozen=True)
class Writer:
    """Function that writes a format, and the packages that it needs.

    The function takes a graph, its description and the path.
    """

    write: Callable[[torch.export.ExportedProgram, str, Path], None]
    packages: tuple[str, ...] = ()


WRITERS = {
    ".onnx": Writer(_write_onnx, ("onnx", "onnxscript")),
    ".pt2": Writer(_write_pt2),
}
"""Formats by their endings."""
