"""Networks: a generator and a critic for each kind of data."""

from wgan.networks.config import NetworkConfig
from wgan.networks.pairs import (
    PAIRS,
    Pair,
    build_critic,
    build_generator,
    count_parameters,
    noise_numbers,
)
from wgan.networks.vectors import mlp_critic, mlp_generator

__all__ = [
    "PAIRS",
    "NetworkConfig",
    "Pair",
    "build_critic",
    "build_generator",
    "count_parameters",
    "mlp_critic",
    "mlp_generator",
    "noise_numbers",
]
