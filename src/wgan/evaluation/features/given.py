"""Networks with weights from a file that the user gives: how it is read, and how pictures pass.

A file is safetensors, or a .pth that `torch.save` wrote since PyTorch 1.6: a zip archive of numbers
and of a pickle that lists them. A pickle can run code. So its opcodes are listed first, which runs
nothing, and a file that names anything but the tensors of a state dict is refused. Other files are
read by `torch.load(weights_only=True)`, whose unpickler also takes a closed list of names.
"""

import pickletools
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.base.files import check_regular
from wgan.base.tensors import digest, not_finite, read_tensors
from wgan.data.packed import DAMAGE, check_unpacked

# What the pickle of a state dict names: its own type, how a tensor is put together, and the types
# of numbers that networks have.
ALLOWED = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    *(f"torch {kind}Storage" for kind in ("Float", "Half", "BFloat16", "Double", "Long")),
}
# Opcodes that name or make an object otherwise than by the names above. `torch.save` writes none.
REFUSED = {"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4", "PERSID"}
PICKLE = "data.pkl"
REMEDY = (
    "give its state dict as .safetensors (safetensors.torch.save_file writes one), or as a .pth of"
    " PyTorch 1.6 or later"
)


@dataclass(frozen=True)
class GivenNetwork:
    """Maps pictures to features by a network with weights from a file.

    Attributes:
        net: maps what `see` returns to features `[n, width]`.
        see: maps colour pictures `[n, 3, h, w]` in [0, 1] to what the network was trained on.
        title: network, number of features and side, such as `inceptionv3-2048@299`.
        width: number of features.
        digest: hash of the weights.
        batch: pictures at a time.
    """

    net: nn.Module
    see: Callable[[Float32[Tensor, "n 3 h w"]], Float32[Tensor, "n 3 s s"]]
    title: str
    width: int
    digest: str
    batch: int

    @property
    def name(self) -> str:
        """Title and hash of the weights, such as `inceptionv3-2048@299-1a2b3c4d`."""
        return f"{self.title}-{self.digest[:8]}"

    def __call__(self, x: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n d"]:
        """Return features in float64, which are computed in float32.

        Args:
            x: pictures in [0, 1], with one channel (grey), which is repeated, or three.

        Raises:
            WganError: another number of channels.
        """
        if x.shape[1] not in (1, 3):
            raise WganError(
                f"pictures of {x.shape[1]} channels: {self.title.split('-')[0]} sees 1 (grey) or 3"
                " (red, green, blue), so give one of these"
            )
        features = np.empty((len(x), self.width))
        for start in range(0, len(x), self.batch):
            batch = np.ascontiguousarray(x[start : start + self.batch], dtype=np.float32)
            features[start : start + self.batch] = self._batch(torch.from_numpy(batch)).numpy()
        return features

    @torch.inference_mode()
    def _batch(self, x: Float32[Tensor, "n c h w"]) -> Float32[Tensor, "n d"]:
        found: Tensor = self.net(self.see(x.expand(-1, 3, -1, -1)))
        return found


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weights file by name. No code in the file is run.

    Args:
        path: a .safetensors, or a .pth or .pt of PyTorch 1.6 or later.

    Raises:
        WganError: no such file, a damaged one, one that holds more than a state dict, or values
            that are not finite.
    """
    check_regular(path)
    if path.suffix == ".safetensors":
        state = read_tensors(path)[0]
    else:
        try:
            state = _read_archive(path)
        except OSError as error:
            raise WganError(f"{path}: cannot be read ({error.strerror}): {REMEDY}") from None
        except WganError as error:
            raise WganError(f"{path}: {error}: {REMEDY}") from None
    if (bad := not_finite(state)) is not None:
        raise WganError(f"{path}: {bad} holds NaN or infinity: copy or download the file again")
    return state


def load_into(
    net: nn.Module, state: Mapping[str, Tensor], path: Path, unused: tuple[str, ...]
) -> str:
    """Put weights into a network, in evaluation mode, and return their hash.

    Args:
        net: the network, best on torch's meta device; its names are those of the file.
        state: the tensors of the file.
        path: the file, for messages.
        unused: beginnings or ends of names that the features do not need.

    Raises:
        WganError: a tensor that is missing, of another shape, or of another network.
    """
    shapes = {
        name: tuple(tensor.shape)
        for name, tensor in net.state_dict().items()
        if not name.endswith(unused)
    }
    own = {name: tensor for name, tensor in state.items() if name in shapes}
    kind = type(net).__name__
    for name, shape in shapes.items():
        if name not in own:
            raise WganError(f"{path}: {name} is missing, which {kind} has: {REMEDY}")
        if tuple(own[name].shape) != shape:
            raise WganError(
                f"{path}: {name} has the shape {tuple(own[name].shape)}, and {shape} in {kind}:"
                " give the weights of this network"
            )
    for name in state:
        if name not in own and not (name.startswith(unused) or name.endswith(unused)):
            raise WganError(f"{path}: {name} is not in {kind}: give the weights of this network")
    floats = {name: tensor.float().contiguous() for name, tensor in own.items()}
    # What is unused is left out. Tensors are taken over: a network on the meta device has none.
    net.load_state_dict(floats, strict=False, assign=True)
    net.eval().requires_grad_(False)
    return digest(floats, {})


def _read_archive(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a zip archive of `torch.save`."""
    if not zipfile.is_zipfile(path):
        raise WganError("no zip archive of torch.save (older versions wrote a bare pickle)")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for member in members:
                check_unpacked(member.filename, member.compress_size, member.file_size)
            names = [member.filename for member in members]
            pickles = [name for name in names if name.split("/")[-1] == PICKLE]
            if len(pickles) != 1 or len(set(names)) != len(names):
                raise WganError(f"an archive with {len(pickles)} lists of tensors, or names twice")
            _check_pickle(archive.read(pickles[0]))
        found = torch.load(path, map_location="cpu", weights_only=True)
    except WganError:
        raise
    # The unpickler has errors of many types for a file that was made by hand.
    except (*DAMAGE, Exception) as error:
        raise WganError(f"damaged ({str(error).splitlines()[0][:80]})") from None
    if not isinstance(found, dict) or not all(isinstance(each, Tensor) for each in found.values()):
        raise WganError("holds more than a state dict")
    return {str(name): tensor for name, tensor in found.items()}


def _check_pickle(content: bytes) -> None:
    """Refuse a pickle that names anything but what a state dict consists of."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in REFUSED:
            raise WganError(f"its pickle has the opcode {opcode.name}, which no state dict needs")
        if opcode.name == "GLOBAL" and argument not in ALLOWED:
            raise WganError(f"its pickle names {argument}, which no state dict needs")
