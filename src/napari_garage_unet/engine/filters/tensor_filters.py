"""The filters of this package in TensorFlow operations, for export.

Each function is the twin of one that uses NumPy and SciPy, with the channels last.
"""

from __future__ import annotations

from typing import Any

from napari_garage_unet.engine.compute.backend import tf

from .despeckle import MIN_EVIDENCE, SUPPORT_CELLS
from .interpolation import interpolate_at_rows_and_columns
from .tensor_padding import repeat_border

Tensor = Any


def smooth_probabilities(
    probabilities: Tensor,
    guide: Tensor,
    coarse_guide: Tensor,
    *,
    grid: int,
    radius: int,
    epsilon: float,
    share: float,
    rest: Tensor,
) -> Tensor:
    """Smooth along the edges of the image, as `guided_filter.smooth_probabilities`.

    Parameters
    ----------
    probabilities
        ``(h, w, n_classes)`` on the grid.
    guide
        ``(H, W, 1 to 3)``, values from 0 to 1.
    coarse_guide
        ``(h, w, n)``, guides that are known on the grid only.
    grid
        Pixels from one cell of the grid to the next.
    radius
        Radius of the square windows, in cells of the grid.
    epsilon
        Variance of the guide from which an edge is kept.
    share
        Share of the smoothed probabilities in the result, 0 to 1.
    rest
        ``(h, w, n_classes)``, what the other share consists of.

    Returns
    -------
    tensor of shape (H, W, n_classes)
    """
    n_channels, n_classes = int(guide.shape[-1]), int(probabilities.shape[-1])
    guides = tf.concat([guide[::grid, ::grid], coarse_guide], axis=-1)
    n_guides = int(guides.shape[-1])
    coarse = tf.split(guides, n_guides, axis=-1)
    pairs = [(i, j) for i in range(n_guides) for j in range(i, n_guides)]
    # One wide average is far fewer operations than many narrow ones.
    products = [coarse[i] * coarse[j] for i, j in pairs]
    products += [channel * probabilities for channel in coarse]
    sizes = [1] * (n_guides + len(pairs)) + [n_classes] * (n_guides + 1)
    together = tf.concat([*coarse, *products, probabilities], axis=-1)
    averages = _average(together, radius)
    *found, mean = tf.split(averages, sizes, axis=-1)
    means, joint = found[:n_guides], dict(zip(pairs, found[n_guides:], strict=False))
    covariance = [
        [
            joint[min(i, j), max(i, j)]
            - means[i] * means[j]
            + (epsilon if i == j else 0)
            for j in range(n_guides)
        ]
        for i in range(n_guides)
    ]
    with_guide = [
        product - m * mean for product, m in zip(found[-n_guides:], means, strict=True)
    ]
    slopes = _solve(covariance, with_guide)
    intercept = mean - sum(s * m for s, m in zip(slopes, means, strict=True))
    smooth = _average(tf.concat([*slopes, intercept], axis=-1), radius)
    *lines, known = tf.split(smooth, n_guides + 1, axis=-1)
    for slope, channel in zip(lines[n_channels:], coarse[n_channels:], strict=True):
        known += slope * channel
    mixed = share * known + (1 - share) * rest
    fine = tf.concat([*(share * s for s in lines[:n_channels]), mixed], axis=-1)
    pixels = (tf.cast(tf.range(n), tf.float32) for n in tf.unstack(tf.shape(guide)[:2]))
    enlarged = interpolate_at_rows_and_columns(fine, *pixels, stride=grid, offset=0.0)
    *slopes, result = tf.split(enlarged, n_channels + 1, axis=-1)
    channels = tf.split(guide, n_channels, axis=-1)
    for slope, channel in zip(slopes, channels, strict=True):
        result += slope * channel
    result = tf.clip_by_value(result, 1e-6, 1.0)
    return result / tf.reduce_sum(result, axis=-1, keepdims=True)


def _solve(matrix: list[list[Tensor]], right: list[Tensor]) -> list[Tensor]:
    """Solve small positive definite systems by elimination; ONNX has no inverse."""
    matrix, right = [list(row) for row in matrix], list(right)
    n = len(right)
    for k in range(n):
        for i in range(k + 1, n):
            factor = matrix[i][k] / matrix[k][k]
            for j in range(k, n):
                matrix[i][j] -= factor * matrix[k][j]
            right[i] -= factor * right[k]
    found: list[Tensor] = []
    for i in reversed(range(n)):
        known = sum(matrix[i][i + 1 + at] * value for at, value in enumerate(found))
        found.insert(0, (right[i] - known) / matrix[i][i])
    return found


def _average(maps: Tensor, radius: int) -> Tensor:
    """Average ``(h, w, n)`` over square windows."""
    maps = maps[tf.newaxis]
    side = 2 * radius + 1
    for axis, window in ((1, (side, 1)), (2, (1, side))):
        padded = repeat_border(maps, radius, axis)
        maps = tf.nn.avg_pool2d(padded, window, strides=1, padding="VALID")
    return maps[0]


def despeckle(probabilities: Tensor, *, grid: int) -> Tensor:
    """Remove isolated pixels, as `despeckle.despeckle`.

    Parameters
    ----------
    probabilities
        ``(H, W, n_classes)``, sides multiples of `grid`.
    grid
        Pixels from one cell of the grid to the next.

    Returns
    -------
    tensor of shape (H, W, n_classes)
    """
    n_classes = int(probabilities.shape[-1])
    cells = probabilities[::grid, ::grid]
    two = tf.math.top_k(cells, k=2).values
    ahead = two[..., :1] - two[..., 1:]
    evidence = tf.where(cells == two[..., :1], ahead, 0.0)
    support = _average(evidence, SUPPORT_CELLS // 2) * (SUPPORT_CELLS**2 / MIN_EVIDENCE)
    support = tf.clip_by_value(support, 0.0, 1.0)
    for axis in (0, 1):
        at = tf.range(tf.shape(probabilities)[axis]) // grid
        support = tf.gather(support, at, axis=axis)
    top = tf.one_hot(tf.argmax(probabilities, axis=-1), n_classes)
    is_weak = tf.reduce_sum(top * support, axis=-1, keepdims=True) < 1
    winner = tf.argmax(probabilities * support, axis=-1)
    winner = tf.where(is_weak, tf.one_hot(winner, n_classes), top)
    lost = tf.reduce_sum((top - winner) * probabilities, axis=-1, keepdims=True)
    return probabilities + lost * (winner - top)


def median(maps: Tensor, side: int) -> Tensor:
    """Take medians of ``(h, w, n)`` maps, as `median.median_of_plane`.

    `side` is that of the square windows, odd, in cells; borders are repeated.
    """
    padded = maps
    for axis in (0, 1):
        padded = repeat_border(padded, side // 2, axis)
    height, width = tf.unstack(tf.shape(maps)[:2])
    seen = [
        padded[y : y + height, x : x + width] for y in range(side) for x in range(side)
    ]
    larger = tf.math.top_k(tf.stack(seen, axis=-1), k=side * side // 2 + 1).values
    return larger[..., -1]
