"""Pictures as the bytes of their files, such as a column of a table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data.cache import scratch_folder
from wgan.data.dataset import Dataset
from wgan.data.folders import from_pictures
from wgan.data.kinds import Kind

ENDING = ".png"
"""Ending of the copies. Pillow tells formats by their contents, whatever a file is called."""


@dataclass(frozen=True)
class Encoded:
    """Pictures that are not decoded yet.

    Attributes:
        count: how many there are.
        contents: returns the bytes of each, in order.
    """

    count: int
    contents: Callable[[], Iterable[bytes]]


def from_encoded(
    pictures: Encoded,
    name: str,
    resize: tuple[int, int] | None = None,
    mode: str = "auto",
    kind: str | Kind = "auto",
    progress: Progress = silent,
) -> Dataset:
    """Return the data set of encoded pictures, which are decoded once into the cache.

    Args:
        pictures: the pictures.
        name: what messages call them; a picture is `name/row-00000012`.
        resize: as in `folders.from_pictures`.
        mode: as in `folders.from_pictures`.
        kind: as in `folders.from_pictures`.
        progress: as in `folders.from_pictures`.

    Raises:
        WganError: as `folders.from_pictures`.
    """
    if not pictures.count:
        raise WganError(f"{name}: holds no pictures: give some")
    digits = len(str(pictures.count))
    with scratch_folder() as folder:
        for i, content in enumerate(pictures.contents()):
            (folder / f"row-{i + 1:0{digits}d}{ENDING}").write_bytes(content)
        try:
            dataset = from_pictures(folder, resize, mode, kind, progress)
        except WganError as error:
            told = str(error).replace(str(folder), name).replace(ENDING, "")
            raise WganError(told) from None
    return replace(dataset, name=name)
