"""A network as the rest of the engine sees it: frozen features and a trainable head.

`Network.features` turns a plane into *taps*, feature maps at one or several strides,
once; `Network.head` is the Keras model that turns taps into logits and learns. The
plain U-Net has the image itself as its only tap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backend import tf
from .config import NetworkConfig
from .errors import ModelFileError
from .unet import build_unet, receptive_radius

Taps = tuple[NDArray[np.float32], ...]
"""Feature maps of one plane, each ``(H / stride, W / stride, channels)``."""


class Network:
    """The plain U-Net, all of which is trained.

    Parameters
    ----------
    config
        Which network.
    n_channels
        Channels of the planes it will see.
    n_classes
        Number of classes, at least 2.

    Attributes
    ----------
    stride
        Heights and widths of planes have to be multiples of it.
    tap_strides
        Stride of each tap.
    feature_radius, head_radius
        How far in pixels a value of a tap, and a logit given the taps, can see.
    head
        Keras model from taps ``(batch, h, w, c)`` to logits
        ``(batch, H, W, n_classes)``.
    """

    def __init__(self, config: NetworkConfig, n_channels: int, n_classes: int) -> None:
        self.config = config
        self.n_channels = n_channels
        self.n_classes = n_classes
        self.stride = 2**config.depth
        self.tap_strides: tuple[int, ...] = (1,)
        self.feature_radius = 0
        self.head_radius = receptive_radius(config.depth)
        widths = [config.width * 2**level for level in range(config.depth + 1)]
        self.head = build_unet(
            (None, None, n_channels),
            n_classes,
            widths=widths,
            norm=config.norm,
            activation=False,
        )
        self._probabilities = tf.function(
            lambda taps: tf.nn.softmax(self.head(_unpack(taps), training=False)),
            reduce_retracing=True,
        )

    @property
    def radius(self) -> int:
        """How far in pixels a logit can see in the image."""
        return self.feature_radius + self.head_radius

    def features(self, plane: NDArray[np.float32]) -> Taps:
        """Compute the taps of a preprocessed plane.

        Parameters
        ----------
        plane
            ``(H, W, n_channels)``, sides multiples of `stride`.
        """
        return (plane,)

    def probabilities(self, taps: Taps) -> NDArray[np.float32]:
        """Compute ``(n_classes, H, W)`` probabilities from the taps of a plane."""
        batch = tuple(tf.convert_to_tensor(tap[np.newaxis]) for tap in taps)
        result: NDArray[np.float32] = self._probabilities(batch)[0].numpy()
        return np.ascontiguousarray(result.transpose(2, 0, 1))

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Copy what has been learnt, by name."""
        return {
            f"{number:03d} {variable.path}": variable.numpy()
            for number, variable in enumerate(self.head.weights)
        }

    def set_weights(self, weights: dict[str, NDArray[Any]]) -> None:
        """Take over weights that another network of this kind has learnt.

        Raises
        ------
        ModelFileError
            If their number or shapes are those of another network.
        """
        given = [weights[name] for name in sorted(weights)]
        shapes = [tuple(variable.shape) for variable in self.head.weights]
        if [array.shape for array in given] != shapes:
            raise ModelFileError(
                "The weights in the model do not fit the network it describes; "
                "the file is damaged or was made by another version."
            )
        for variable, array in zip(self.head.weights, given, strict=True):
            variable.assign(array)


def build_network(config: NetworkConfig, n_channels: int, n_classes: int) -> Network:
    """Build the network that `config` describes, with fresh weights."""
    return Network(config, n_channels, n_classes)


def pad_to_stride(plane: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """Pad a plane at the bottom and the right so that `stride` divides its sides.

    Parameters
    ----------
    plane
        ``(H, W, C)``.
    """
    bottom, right = (-n % stride for n in plane.shape[:2])
    if not bottom and not right:
        return plane
    return np.pad(plane, ((0, bottom), (0, right), (0, 0)), mode="symmetric")


def _unpack(taps: tuple[Any, ...]) -> Any:
    return taps[0] if len(taps) == 1 else list(taps)
