"""Which network a configuration describes."""

from __future__ import annotations

from .base import Network
from .config import NetworkConfig
from .plain import PlainNetwork
from .pretrained import PretrainedNetwork


def build_network(config: NetworkConfig, n_channels: int, n_classes: int) -> Network:
    """Build the network that `config` describes, with fresh weights."""
    kind = PlainNetwork if config.encoder == "plain" else PretrainedNetwork
    return kind(config, n_channels, n_classes)
