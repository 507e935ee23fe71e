"""Animations of pictures: one picture after the other, as GIF, WebP, APNG or MP4."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from wgan.base.errors import WganError
from wgan.data.drawing import enlarged, image_of

SIDE = 320
"""Pixels of an animation's longer side: half of a grid's, since every frame is stored."""
FRAME_MS = 50
"""Milliseconds of a frame. GIF counts in hundredths of a second, and browsers slow down frames of
less than two of them.
"""
MP4 = ".mp4"
CRF = "18"
"""Constant rate factor of H.264, from 0 (lossless) to 51: at 18 hardly any loss is seen."""
Frames = Sequence[UInt8[np.ndarray, "h w c"]]


@dataclass(frozen=True)
class Animation:
    """A format of animations.

    Attributes:
        save: writes frames to a file.
        alpha: whether it keeps a channel of transparency; else transparent parts are white.
    """

    save: Callable[[Frames, Path], None]
    alpha: bool


def _save_gif(frames: Frames, path: Path) -> None:
    first, *rest = map(image_of, frames)
    first.save(path, "gif", save_all=True, append_images=rest, duration=FRAME_MS, loop=0)


def _save_webp(frames: Frames, path: Path) -> None:
    first, *rest = map(image_of, frames)
    times = {"duration": FRAME_MS, "loop": 0}
    first.save(path, "webp", save_all=True, append_images=rest, lossless=True, **times)


def _save_apng(frames: Frames, path: Path) -> None:
    first, *rest = map(image_of, frames)
    first.save(path, "png", save_all=True, append_images=rest, duration=FRAME_MS, loop=0)


def _save_mp4(frames: Frames, path: Path) -> None:
    """Write H.264 by PyAV: the same frames give the same bytes.

    So it uses one thread, and writes no times of day.
    """
    import av

    h, w, _ = frames[0].shape
    # Colours have half the resolution in each direction, so sides are even.
    margins = ((0, h % 2), (0, w % 2), (0, 0))
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=1000 // FRAME_MS)
        stream.height = h + h % 2
        stream.width = w + w % 2
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": CRF}
        stream.codec_context.thread_count = 1
        for frame in frames:
            rgb = np.pad(frame, margins, mode="edge")
            picture = av.VideoFrame.from_ndarray(np.broadcast_to(rgb, (*rgb.shape[:2], 3)).copy())
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


FORMATS = {
    ".gif": Animation(_save_gif, alpha=False),
    ".webp": Animation(_save_webp, alpha=True),
    ".apng": Animation(_save_apng, alpha=True),
    MP4: Animation(_save_mp4, alpha=False),
}
ANIMATIONS = tuple(FORMATS)
"""Endings of animations."""


def check_writer(path: Path) -> None:
    """Refuse an animation that needs a package which is not installed.

    Args:
        path: the file.

    Raises:
        WganError: the package is missing.
    """
    if path.suffix.lower() == MP4 and find_spec("av") is None:
        others = ", ".join(ending for ending in ANIMATIONS if ending != MP4)
        raise WganError(
            f"{path}: MP4 needs PyAV, which is not installed: pip install 'wgan[video]', or give"
            f" one of {others}"
        )


def write_animation(
    pixels: UInt8[np.ndarray, "n h w c"], path: Path, ending: str, scale: int | None = None
) -> None:
    """Write pictures as the frames of an endless loop; the same pictures give the same bytes.

    WebP and APNG are without loss, and so is GIF for grey pictures; of colour it keeps 256 a frame.

    Args:
        pixels: the pictures.
        path: the file.
        ending: names the format, one of `ANIMATIONS`.
        scale: whole factor by which pictures are enlarged; None: to about 320 pixels.
    """
    animation = FORMATS[ending]
    if pixels.shape[3] == 4 and not animation.alpha:
        pixels = _on_white(pixels)
    scale = scale or max(1, SIDE // max(pixels.shape[1:3]))
    animation.save([enlarged(each[None], scale)[0] for each in pixels], path)


def _on_white(rgba: UInt8[np.ndarray, "n h w 4"]) -> UInt8[np.ndarray, "n h w 3"]:
    """Return a x + (1 - a) 255 for colours x and opacity a."""
    opacity = rgba[..., 3:] / 255
    return np.rint(opacity * rgba[..., :3] + (1 - opacity) * 255).astype(np.uint8)
