"""Networks of a user's own: a small generator and critic of vectors, and their pair."""

from torch import Tensor, nn

from wgan.networks import Pair


class OwnGenerator(nn.Module):
    """One hidden layer; it is rebuilt from its name and config."""

    name = "own-generator"

    def __init__(self, noise: int, width: int, outputs: int) -> None:
        super().__init__()
        self.config = {"noise": noise, "width": width, "outputs": outputs}
        self.noise = noise
        self.net = nn.Sequential(nn.Linear(noise, width), nn.Tanh(), nn.Linear(width, outputs))

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


class OwnCritic(nn.Module):
    """One hidden layer."""

    name = "own-critic"

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.config = {"inputs": inputs, "width": width}
        self.net = nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x).squeeze(1)


def own_pair(noise: int = 3) -> Pair:
    """Return the pair of both."""
    return Pair(
        ("own",),
        lambda config, codec, classes: OwnGenerator(noise, config.width, codec.shape[0]),
        lambda config, codec, layers, classes: OwnCritic(codec.shape[0], config.width),
        lambda config, codec: noise,
    )
