"""The U-Net of the textbook as the engine sees it: nothing of it is frozen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import FeatureMaps
from napari_garage_unet.engine.features.statistics import Statistics

from .base import Network, Tensor
from .config import NetworkConfig
from .unet import build_unet, receptive_radius


class PlainNetwork(Network):
    """The U-Net of `build_unet`, trained end to end; its feature map is the image."""

    feature_strides = (1,)
    feature_radius = 0

    def __init__(self, config: NetworkConfig, n_channels: int, n_classes: int) -> None:
        super().__init__(config, n_channels, n_classes)
        self.stride = 2**config.depth
        self.head_radius = receptive_radius(config.depth)
        with self.devices.scope():
            self.head = build_unet(
                (None, None, n_channels),
                n_classes,
                widths=[config.width * 2**level for level in range(config.depth + 1)],
                norm=config.norm,
                activation=False,
            )
        self._predict = tf.function(
            self.probability_graph(),
            input_signature=[tf.TensorSpec((1, None, None, n_channels), tf.float32)],
        )

    def features(
        self, plane: NDArray[np.float32], statistics: Statistics | None
    ) -> FeatureMaps:
        """Return the plane as the only feature map."""
        return (plane,)

    def probabilities(
        self, feature_maps: FeatureMaps, *, step: int = 1
    ) -> NDArray[np.float32]:
        """Compute ``(n_classes, H / step, W / step)`` probabilities of a plane."""
        result: NDArray[np.float32] = self._predict(feature_maps[0][np.newaxis])[
            0
        ].numpy()
        return np.ascontiguousarray(result[::step, ::step].transpose(2, 0, 1))

    def probability_graph(
        self, statistics: Statistics | None = None
    ) -> Callable[[Tensor], Tensor]:
        """Return the function from planes to probabilities that TensorFlow traces."""
        return lambda planes: tf.nn.softmax(self.head(planes, training=False))
