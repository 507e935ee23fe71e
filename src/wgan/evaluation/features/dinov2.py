"""DINOv2 (Oquab et al. 2023) as a feature map, with weights from a file that the user gives.

The networks are vision transformers (Dosovitskiy et al. 2021) with patches of 14 pixels: ViT-S/14,
ViT-B/14 and ViT-L/14, without registers, under the names of the published state dicts. Stein et
al. (2023) found distances on ViT-L/14 to agree with people better than those on InceptionV3.

Preprocessing: grey pictures are repeated to three channels. Sides become 224 pixels by bicubic
interpolation (a = -1/2, antialiased where they shrink, as in Pillow, but not rounded to 8 bits).
Values are clipped to [0, 1] and standardised by ImageNet's mean and standard deviation. The
position embeddings of 37 x 37 patches become 16 x 16 by bicubic interpolation with a scale of 16.1
/ 37, as in the published code. The features are those of the class token after the last
normalisation. Figures hold for this protocol alone.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

from wgan.base.errors import WganError
from wgan.evaluation.features.given import GivenNetwork, load_into

# Width to (letter, blocks): Dosovitskiy et al. (2021), table 1, and Touvron et al. (2021), table 1.
SIZES = {384: ("s", 12), 768: ("b", 12), 1024: ("l", 24)}
# Channels of a head in all of these sizes: ibid.
HEAD = 64
# Sides of a patch, and of the pictures that the position embeddings are of: Oquab et al. (2023).
PATCH, TRAINED_SIDE = 14, 518
# Side of the pictures that the network sees: the protocol of Stein et al. (2023).
SIDE = 224
# Added to the number of patches before their scale is taken, as in the published code.
OFFSET = 0.1
# Added to variances by layer normalisation, as the weights were trained with.
EPSILON = 1e-6
# Mean and standard deviation of ImageNet's red, green and blue, in [0, 1].
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Pictures at a time: of ViT-L/14 the largest activation, 257 x 4,096, then takes 67 MB.
BATCH = 16
# The token for masked patches of the training.
UNUSED = ("mask_token",)
# A tensor by which such a file is known.
MARK = "cls_token"


class Scale(nn.Module):
    """A factor for each channel (Touvron et al. 2021, "LayerScale"), under the name `gamma`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Float32[Tensor, "n t d"]) -> Float32[Tensor, "n t d"]:
        return x * self.gamma


class Attention(nn.Module):
    """Self-attention softmax(q k^T / sqrt(64)) v of several heads (Vaswani et al. 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Float32[Tensor, "n t d"]) -> Float32[Tensor, "n t d"]:
        n, tokens, width = x.shape
        # Channels of the product: query, key and value, of each head in turn.
        parts = self.qkv(x).reshape(n, tokens, 3, width // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(*parts.unbind(0))
        joined: Tensor = self.proj(found.transpose(1, 2).reshape(n, tokens, width))
        return joined


class Perceptron(nn.Module):
    """Two linear layers with GELU between, four times as wide within."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Float32[Tensor, "n t d"]) -> Float32[Tensor, "n t d"]:
        found: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return found


class Block(nn.Module):
    """x + scale attention(norm x), then the same with the perceptron."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = Attention(width)
        self.ls1 = Scale(width)
        self.norm2 = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = Perceptron(width)
        self.ls2 = Scale(width)

    def forward(self, x: Float32[Tensor, "n t d"]) -> Float32[Tensor, "n t d"]:
        x = x + self.ls1(self.attn(self.norm1(x)))
        x = x + self.ls2(self.mlp(self.norm2(x)))
        return x


class Patches(nn.Module):
    """A linear map of each patch, under the name `proj`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, stride=PATCH)

    def forward(self, x: Float32[Tensor, "n 3 h w"]) -> Float32[Tensor, "n t d"]:
        found: Tensor = self.proj(x).flatten(2).transpose(1, 2)
        return found


class DINOv2(nn.Module):
    """The network from pictures `[n, 3, 224, 224]` to the class token `[n, width]`.

    Args:
        width: channels of a token.
        depth: blocks.
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        places = (TRAINED_SIDE // PATCH) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + places, width))
        self.patch_embed = Patches(width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=EPSILON)

    def forward(self, x: Float32[Tensor, "n 3 s s"]) -> Float32[Tensor, "n d"]:
        patches = self.patch_embed(x)
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), patches], 1)
        tokens = tokens + self.positions(x.shape[-1] // PATCH)
        for block in self.blocks:
            tokens = block(tokens)
        found: Tensor = self.norm(tokens)[:, 0]
        return found

    def positions(self, side: int) -> Float32[Tensor, "1 t d"]:
        """Return the embeddings of the class token and of `side` x `side` patches.

        Args:
            side: patches in a row of the picture.
        """
        trained = TRAINED_SIDE // PATCH
        if side == trained:
            return self.pos_embed
        grid = self.pos_embed[:, 1:].reshape(1, trained, trained, -1).permute(0, 3, 1, 2)
        scale = (side + OFFSET) / trained
        sized = F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
        return torch.cat([self.pos_embed[:, :1], sized.flatten(2).transpose(1, 2)], 1)


def seen_by_dinov2(x: Float32[Tensor, "n 3 h w"]) -> Float32[Tensor, "n 3 s s"]:
    """Return pictures in [0, 1] as the network sees them, by the protocol above.

    Args:
        x: colour pictures.
    """
    sized = F.interpolate(
        x, size=(SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False
    ).clamp(0, 1)
    mean, deviation = (torch.tensor(each).view(1, 3, 1, 1) for each in (MEAN, DEVIATION))
    return (sized - mean) / deviation


def dinov2(state: Mapping[str, Tensor], path: Path) -> GivenNetwork:
    """Return the feature map with the weights of a state dict, of the size that they have.

    Args:
        state: tensors by the names of the published files.
        path: the file, for messages.

    Raises:
        WganError: a size that is not here, or a tensor that is missing or another network's.
    """
    width = state[MARK].shape[-1] if state[MARK].ndim else 0
    if width not in SIZES:
        raise WganError(
            f"{path}: a transformer of width {width}: give DINOv2's ViT-S/14, ViT-B/14 or ViT-L/14,"
            " of width 384, 768 or 1,024"
        )
    letter, depth = SIZES[width]
    with torch.device("meta"):  # random weights would take seconds
        net = DINOv2(width, depth)
    digest = load_into(net, state, path, UNUSED)
    return GivenNetwork(
        net=net,
        see=seen_by_dinov2,
        title=f"dinov2-vit{letter}{PATCH}-{width}@{SIDE}",
        width=width,
        digest=digest,
        batch=BATCH,
    )
