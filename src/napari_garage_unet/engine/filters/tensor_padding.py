"""Padding of tensors, for filters and features in TensorFlow operations.

NumPy and SciPy pad by themselves; TensorFlow's operations pad with zeros.
"""

from __future__ import annotations

from typing import Any

from napari_garage_unet.engine.compute.backend import tf

Tensor = Any


def repeat_border(maps: Tensor, width: int, axis: int) -> Tensor:
    """Pad an axis on both sides with copies of its first and its last values.

    Parameters
    ----------
    maps
        Tensor of any shape.
    width
        Number of copies on each side.
    axis
        Axis that is padded.
    """
    size = tf.shape(maps)[axis]
    at = tf.clip_by_value(tf.range(-width, size + width), 0, size - 1)
    return tf.gather(maps, at, axis=axis)
