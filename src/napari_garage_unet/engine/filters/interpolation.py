"""Linear interpolation of maps whose cells lie on a regular grid of pixels.

Cell ``i`` along an axis lies at pixel ``stride * i + offset``. Values are linear
between neighbouring cells, and constant before the first cell and behind the last.

There is one form for each way of asking: `enlarge` (NumPy) for all pixels at once,
`interpolate_at_pixels` (NumPy) for single pixels, and `interpolate_at_rows_and_columns`
(TensorFlow) for some rows and columns, inside a network. They agree up to rounding:
`interpolate_at_pixels` computes ``(1 - u) a + u b`` and the others ``a + u (b - a)``.
Trained models depend on the last bit of the features, so each keeps its arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf

Tensor = Any


def enlarge(maps: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Interpolate maps at every pixel.

    Parameters
    ----------
    maps
        ``(n, h, w)``; the stride is `factor` and the offset 0.
    factor
        Pixels from one cell to the next.

    Returns
    -------
    ndarray of shape (n, h * factor, w * factor), float32
    """
    for axis in (1, 2):
        length = maps.shape[axis]
        after = np.take(maps, np.minimum(np.arange(length) + 1, length - 1), axis)
        shape = list(maps.shape)
        shape[axis] *= factor
        enlarged = np.empty(shape, np.float32)
        # All pixels with the same share at once, without an index for each of them.
        for part in range(factor):
            key: list[slice] = [slice(None)] * 3
            key[axis] = slice(part, None, factor)
            enlarged[tuple(key)] = maps + (after - maps) * np.float32(part / factor)
        maps = enlarged
    return maps


def interpolate_at_pixels(
    feature_map: NDArray[np.floating[Any]],
    rows: NDArray[np.integer[Any]],
    columns: NDArray[np.integer[Any]],
    *,
    stride: int,
    offset: float,
) -> NDArray[np.float32]:
    """Interpolate a map at single pixels.

    Parameters
    ----------
    feature_map
        ``(h, w, channels)``.
    rows, columns
        ``(n,)`` pixels.
    stride, offset
        Where the cells lie, along both axes, in pixels.

    Returns
    -------
    ndarray of shape (n, channels), float32
    """
    low, share, after = [], [], []
    for pixels, length in zip((rows, columns), feature_map.shape[:2], strict=True):
        cells = np.clip((pixels - offset) / stride, 0, length - 1)
        low.append(cells.astype(np.intp))
        share.append((cells - low[-1]).astype(np.float32)[:, np.newaxis])
        after.append(np.minimum(low[-1] + 1, length - 1))
    (y, x), (v, u), (below, right) = low, share, after
    top = (1 - u) * feature_map[y, x] + u * feature_map[y, right]
    bottom = (1 - u) * feature_map[below, x] + u * feature_map[below, right]
    values: NDArray[np.float32] = (1 - v) * top + v * bottom
    return values


def interpolate_at_rows_and_columns(
    maps: Tensor, rows: Tensor, columns: Tensor, *, stride: int, offset: float
) -> Tensor:
    """Interpolate a map at all crossings of some rows and columns.

    Parameters
    ----------
    maps
        ``(h, w, channels)``, of any precision.
    rows, columns
        ``(n_rows,)`` and ``(n_columns,)`` float32 pixels.
    stride, offset
        Where the cells lie, along both axes, in pixels.

    Returns
    -------
    tensor of shape (n_rows, n_columns, channels), float32
    """
    for axis, pixels in enumerate((rows, columns)):
        last = tf.shape(maps)[axis] - 1
        cells = (pixels - offset) / stride
        cells = tf.clip_by_value(cells, 0.0, tf.cast(last, tf.float32))
        low = tf.cast(tf.floor(cells), tf.int32)
        share = cells - tf.cast(low, tf.float32)
        share = tf.reshape(share, (-1, 1, 1) if axis == 0 else (1, -1, 1))
        before = tf.cast(tf.gather(maps, low, axis=axis), tf.float32)
        after = tf.gather(maps, tf.minimum(low + 1, last), axis=axis)
        maps = before + share * (tf.cast(after, tf.float32) - before)
    return maps
