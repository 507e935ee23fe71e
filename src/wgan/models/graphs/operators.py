"""Operations that ONNX lacks, made of those that onnxruntime has in double precision.

They are the normal distribution function and its inverse. Tables and series draw levels, places in
cells, gaps and ends with them. For the error function, onnxruntime has single precision alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

FAR = 7.0
"""Normal scores beyond are taken for it: their distance from 0 or 1 is about 1e-12, and the tails
of a table's cells end at 1e-9. The formula for `ndtr` is made for scores up to 7.07.
"""
HART = (
    (
        *(0.0, 3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383),
        *(112.079291497871, 221.213596169931, 220.206867912376),
    ),
    (
        *(8.83883476483184e-02, 1.75566716318264, 16.064177579207, 86.7807322029461),
        *(296.564248779674, 637.333633378831, 793.826512519948, 440.413735824752),
    ),
)
"""Numerator and denominator of Phi(-x) exp(x^2 / 2), x >= 0: Hart et al. (1968), table 5666."""
CENTRAL = (
    (
        *(2509.0809287301226727, 33430.575583588128105, 67265.770927008700853),
        *(45921.953931549871457, 13731.693765509461125, 1971.5909503065514427),
        *(133.14166789178437745, 3.387132872796366608),
    ),
    (
        *(5226.495278852545925, 28729.085735721942674, 39307.89580009271061),
        *(21213.794301586595867, 5394.1960214247511077, 687.1870074920579083),
        *(42.313330701600911252, 1.0),
    ),
)
"""Coefficients of Phi^-1 within 0.425 of 1/2: Wichura (1988), algorithm AS 241, PPND16."""
OUTER = (
    (
        *(7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177),
        *(1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055),
        *(4.6303378461565452959, 1.42343711074968357734),
    ),
    (
        *(1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966),
        *(0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494),
        *(2.05319162663775882187, 1.0),
    ),
)
"""Coefficients outside, down to a probability of e^-25, 1.4e-11."""
NEAR = 0.425
LEAST = 1.4e-11


def translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    """Return translations of these operations of torch to ONNX; they need onnxscript."""
    from onnxscript import ir, opset18

    op: Any = opset18  # its types are those of constants, and not of what is traced

    def constant(values: object) -> Any:
        return op.Constant(value=ir.tensor(np.asarray(values, dtype=np.float64)))

    def ratio(coefficients: tuple[tuple[float, ...], ...], x: Any) -> Any:
        """Return the ratio of two polynomials of one degree at x, in few operations."""
        weights = np.array(coefficients).T
        powers = constant(np.arange(len(weights) - 1, -1, -1))
        both = op.MatMul(
            op.Pow(op.Unsqueeze(x, op.Constant(value_ints=[-1])), powers), constant(weights)
        )
        above, below = (op.Gather(both, op.Constant(value_int=i), axis=-1) for i in (0, 1))
        return op.Div(above, below)

    def ndtr(self: Any) -> Any:
        """Return the normal distribution function, with a relative error below 3e-9."""
        x = op.Cast(self, to=ir.DataType.DOUBLE)
        size = op.Min(op.Abs(x), constant(FAR))
        bell = op.Exp(op.Mul(op.Mul(size, size), constant(-0.5)))
        below = op.Mul(bell, ratio(HART, size))
        both = op.Where(op.Greater(x, constant(0.0)), op.Sub(constant(1.0), below), below)
        return op.CastLike(both, self)

    def ndtri(self: Any) -> Any:
        """Return the inverse of the normal distribution function, with a relative error of 1e-15.

        Probabilities within 1.4e-11 of 0 or 1 count as that.
        """
        p = op.Cast(self, to=ir.DataType.DOUBLE)
        q = op.Sub(p, constant(0.5))
        size = op.Abs(q)
        r = op.Sub(constant(NEAR**2), op.Min(op.Mul(q, q), constant(NEAR**2)))
        central = op.Mul(q, ratio(CENTRAL, r))
        nearer = op.Where(op.Less(p, constant(0.5)), p, op.Sub(constant(1.0), p))
        tail = op.Max(nearer, constant(LEAST))
        s = op.Sub(op.Sqrt(op.Neg(op.Log(tail))), constant(1.6))
        outer = op.Mul(op.Sign(q), ratio(OUTER, s))
        return op.CastLike(op.Where(op.Less(constant(NEAR), size), outer, central), self)

    return {torch.ops.aten.special_ndtr.default: ndtr, torch.ops.aten.special_ndtri.default: ndtri}
