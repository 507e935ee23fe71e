"""Which networks serve vectors? A generator and a critic of fully connected layers, as in the toy
experiments of WGAN-GP.

Layout: Gulrajani et al. (2017), section 4.1 (three hidden layers of 512, ReLU). Init: He et al.
(2015), equation 10.
"""

from torch import nn

from wgan.networks.layers import he


def mlp(inputs: int, outputs: int, width: int, depth: int) -> nn.Sequential:
    """Return `depth` hidden layers of `width` with ReLU, then a linear layer: `[n, inputs] -> [n,
    outputs]`.
    """
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(inputs if i == 0 else width, width), nn.ReLU()]
    layers.append(nn.Linear(width if depth else inputs, outputs))
    net = nn.Sequential(*layers)
    for layer in net:
        he(layer, slope=0.0)
    return net
