"""Which networks serve vectors? A generator and a critic of fully connected layers, as in the toy experiments of WGAN-GP;
and a critic that is 1-Lipschitz by construction.

Layout: Gulrajani et al. (2017), section 4.1 (three hidden layers of 512, ReLU). Init: He et al. (2015), equation 10.
"""

from torch import nn
from torch.nn.utils import parametrizations, parametrize

from wgan.networks.layers import MaxMin, Score, UnitNorm, he


def mlp(inputs: int, outputs: int, width: int, depth: int) -> nn.Sequential:
    """Return `depth` hidden layers of `width` with ReLU, then a linear layer: `[n, inputs] -> [n, outputs]`."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(inputs if i == 0 else width, width), nn.ReLU()]
    layers.append(nn.Linear(width if depth else inputs, outputs))
    net = nn.Sequential(*layers)
    for layer in net:
        he(layer, slope=0.0)
    return net


def orthonormal_critic(inputs: int, width: int, depth: int) -> nn.Sequential:
    """Return `depth` hidden layers with orthonormal weights and MaxMin, then a unit vector: `[n, inputs] -> [n]`, 1-Lipschitz.

    Weights are orthonormal by the Cayley map, so training moves on the manifold. Anil et al. (2019), sections 3 and 4.
    """
    layers: list[nn.Module] = []
    for i in range(depth):
        layer = nn.Linear(inputs if i == 0 else width, width)
        layers += [parametrizations.orthogonal(layer, orthogonal_map="cayley"), MaxMin()]
    last = nn.Linear(width, 1)
    parametrize.register_parametrization(last, "weight", UnitNorm())
    return nn.Sequential(*layers, last, Score())
