"""The multiscale features in TensorFlow operations, for export.

The twin of scikit-image's ``multiscale_basic_features``, which `feature_maps` uses.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.filters.tensor_padding import Tensor, repeat_border

from .feature_maps import SIGMAS

TRUNCATE_SIGMAS = 4.0
"""Distance at which scikit-image cuts off a Gaussian, in standard deviations."""


def multiscale_features(plane: Tensor) -> Tensor:
    """Compute what scikit-image's ``multiscale_basic_features`` does.

    Parameters
    ----------
    plane
        ``(H, W, n_channels)``.

    Returns
    -------
    tensor of shape (H, W, 20 n_channels)
    """
    channels = tf.transpose(plane, (2, 0, 1))[..., tf.newaxis]
    n_scales = int(math.log2(SIGMAS[1] / SIGMAS[0])) + 1
    smooth = tf.concat(
        [_gaussian(channels, float(s)) for s in np.geomspace(*SIGMAS, n_scales)], axis=0
    )
    dy, dx = _gradient(smooth, 1), _gradient(smooth, 2)
    yy, xy, xx = _gradient(dy, 1), _gradient(dy, 2), _gradient(dx, 2)
    middle = (yy + xx) / 2
    distance = tf.sqrt(xy**2 + ((yy - xx) / 2) ** 2)
    found = [smooth, _sobel(smooth), middle + distance, middle - distance]
    # From (scales x channels, H, W, kinds) to channels, scales, kinds on the last axis.
    n_channels, n_kinds = int(plane.shape[-1]), len(found)
    size = tf.shape(plane)[:2]
    stacked = tf.reshape(
        tf.concat(found, axis=-1), (n_scales, n_channels, size[0], size[1], n_kinds)
    )
    joined = tf.transpose(stacked, (2, 3, 1, 0, 4))
    return tf.reshape(joined, (size[0], size[1], n_channels * n_scales * n_kinds))


def _gaussian(images: Tensor, sigma: float) -> Tensor:
    """Filter ``(n, H, W, 1)`` with a Gaussian, one axis after the other."""
    radius = int(TRUNCATE_SIGMAS * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    return _convolve(images, weights, weights)


def _sobel(images: Tensor) -> Tensor:
    edge = np.array([1, 0, -1], np.float32)
    even = np.array([1, 2, 1], np.float32) / 4
    dy, dx = _convolve(images, edge, even), _convolve(images, even, edge)
    return tf.sqrt((dy**2 + dx**2) / 2)


def _convolve(images: Tensor, along_y: Any, along_x: Any) -> Tensor:
    """Filter ``(n, H, W, 1)`` with the product of two kernels."""
    for axis, kernel in ((1, along_y), (2, along_x)):
        padded = repeat_border(images, len(kernel) // 2, axis)
        shape = (-1, 1, 1, 1) if axis == 1 else (1, -1, 1, 1)
        images = tf.nn.conv2d(padded, kernel.reshape(shape), strides=1, padding="VALID")
    return images


def _gradient(images: Tensor, axis: int) -> Tensor:
    """Differentiate as `numpy.gradient` does, one-sided at the borders."""
    last = tf.shape(images)[axis] - 1
    at = tf.range(last + 1)
    after, before = tf.minimum(at + 1, last), tf.maximum(at - 1, 0)
    step = tf.cast(after - before, tf.float32)
    step = tf.reshape(step, (-1, 1, 1) if axis == 1 else (1, -1, 1))
    difference = tf.gather(images, after, axis=axis) - tf.gather(
        images, before, axis=axis
    )
    return difference / step
