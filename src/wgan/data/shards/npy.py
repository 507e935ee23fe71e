"""Shards in `.npy` form: their rows are read in place, by ranges of bytes."""

from io import BytesIO

import numpy as np

from wgan.base.errors import WganError
from wgan.data.shards.places import Place
from wgan.data.shards.records import Head
from wgan.data.shards.stores import Facts, Store

HEAD_BYTES = 4096
"""Bytes that are read for the header, which NumPy pads to multiples of 64; of plain arrays it has
128 bytes.
"""
READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def npy_head(store: Store, place: Place, facts: Facts) -> Head:
    """Return where the rows of a shard are.

    Args:
        store: reads it.
        place: where it is.
        facts: its size.

    Raises:
        WganError: a shard that is damaged, empty, longer or shorter than its header says, of Python
            objects, or in Fortran's order.
    """
    where = place.url
    if facts.size == 0:
        raise WganError(f"{where}: an empty file: leave the shard out, or make it again")
    file = BytesIO(store.read(where, 0, min(HEAD_BYTES, facts.size)))
    try:
        shape, fortran, dtype = READERS[np.lib.format.read_magic(file)](file)
    # NumPy parses the header as Python: ValueError, SyntaxError, TokenError, KeyError, ...
    except Exception as error:
        raise WganError(
            f"{where}: not a readable .npy array ({error}): write it with numpy.save"
        ) from None
    if dtype.hasobject:
        raise WganError(f"{where}: holds Python objects, which are never loaded: save numbers")
    if not shape or 0 in shape:
        raise WganError(
            f"{where}: shape {shape} holds no samples: leave the shard out, or make it again"
        )
    if fortran and sum(side > 1 for side in shape) > 1:
        raise WganError(
            f"{where}: an array in Fortran's order, whose rows lie scattered: save it with"
            " numpy.save(path, numpy.ascontiguousarray(array))"
        )
    head = Head(int(shape[0]), tuple(shape[1:]), dtype, file.tell())
    need = head.offset + head.rows * head.row_bytes
    if facts.size != need:
        raise WganError(
            f"{where}: {facts.size} bytes where its header promises {need}: copy or make it again"
        )
    return head
