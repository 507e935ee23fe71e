"""Array types for the annotations of this stage, without an import of torch.

Importing torch takes more than a second, and the table of variants can be listed without it. A type
checker reads torch's own types. At run time an annotation checks the shape and the number type of
any array.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaxtyping import Float

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
else:
    Tensor = Any
    Module = Any

__all__ = ["Critic", "Module", "PerSample", "Samples", "Tensor"]

Samples = Float[Tensor, "n *shape"]
PerSample = Float[Tensor, " n"]
Critic = Callable[[Tensor], Tensor]
