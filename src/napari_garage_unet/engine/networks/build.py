"""Which network a configuration describes."""

from __future__ import annotations

from .base import Network
from .config import NetworkConfig
from .plain import PlainNetwork
from .pretrained import PretrainedNetwork

KINDS: dict[str, type[Network]] = {
    "plain": PlainNetwork,
    "efficientnet_lite0": PretrainedNetwork,
}
"""Kinds of networks by `NetworkConfig.encoder`."""


def build_network(config: NetworkConfig, n_channels: int, n_classes: int) -> Network:
    """Build the network that `config` describes, with fresh weights."""
    return KINDS[config.encoder](config, n_channels, n_classes)
