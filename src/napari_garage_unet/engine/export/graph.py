"""A network as one TensorFlow graph, for programs that know nothing of this package.

Inside the package the pretrained network is computed in parts, with scikit-image and
SciPy where they are fastest. Here the same numbers come out of TensorFlow operations
alone. Borders repeat the last pixel everywhere, as those libraries do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.efficientnet_lite import load_encoder
from napari_garage_unet.engine.features.feature_maps import (
    DEEPEST,
    ENLARGEMENTS,
    GRID,
    SIGMAS,
    colour_groups,
)
from napari_garage_unet.engine.filters.despeckle import AROUND, ENOUGH
from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.patch_network import CELLS, look
from napari_garage_unet.engine.networks.pretrained import (
    GUIDE_SIDE,
    MOST_GUIDES,
    SMOOTHED,
    SMOOTHING_EPSILON,
    PretrainedNetwork,
    add_detail,
)

Tensor = Any

TRUNCATE = 4.0
"""Where scikit-image cuts off a Gaussian, in sigmas."""


def probability_graph(network: Network) -> Callable[[Tensor], Tensor]:
    """Return a function from planes to probabilities that TensorFlow can trace.

    Parameters
    ----------
    network
        With its weights.

    Returns
    -------
    callable
        From ``(batch, H, W, n_channels)``, preprocessed, to
        ``(batch, H, W, n_classes)``, float32, sums to 1. The pretrained network takes
        one plane at a time.
    """
    if isinstance(network, PretrainedNetwork):
        # While tracing they could not be read.
        radius, vote = network.smoothing_radius, network.detail_vote
        return lambda planes: _pretrained(network, planes[0], radius, vote)[tf.newaxis]
    return lambda planes: tf.nn.softmax(network.head(planes, training=False))


def takes_batches(network: Network) -> bool:
    """Whether the graph computes several planes at once."""
    return not isinstance(network, PretrainedNetwork)


def _pretrained(
    network: PretrainedNetwork, plane: Tensor, radius: int, vote: float
) -> Tensor:
    taps = [multiscale_features(plane)[::GRID, ::GRID], *_encoder_taps(plane)]
    decoding = network.head.decoding
    logits, guides = decoding.on_plane([_standardise(tap) for tap in taps])
    guide = plane
    if network.n_channels > MOST_GUIDES:
        guide = tf.reduce_mean(plane, axis=-1, keepdims=True)
    guide = _median(guide, GUIDE_SIDE)
    mean = decoding.mean(logits)
    share, rest = SMOOTHED, mean
    if vote:
        detail = _median(_detail(network, plane), 3)
        share, rest = add_detail(mean, detail, vote)
    result = smooth_probabilities(
        mean, _halve(guide), guides, radius=radius, share=share, rest=rest
    )
    return exchange_specks(result)


def _detail(network: PretrainedNetwork, plane: Tensor) -> Tensor:
    """Probabilities of the detail network on the grid."""
    steps = [(row, column) for row in range(GRID) for column in range(GRID)]
    pixels = tf.concat([plane[y::GRID, x::GRID] for y, x in steps], axis=-1)
    cells = _standardise(pixels)[tf.newaxis]
    for axis in (1, 2):
        cells = _repeat_border(cells, CELLS // 2, axis)
    detail = network.detail
    return tf.nn.softmax(look(cells, detail.kernels, detail.biases))[0]


def _standardise(tap: Tensor) -> Tensor:
    """Scale every feature by its mean and spread, as `features.PretrainedFeatures`."""
    mean = tf.reduce_mean(tap, axis=(0, 1))
    spread = tf.sqrt(tf.reduce_mean((tap - mean) ** 2, axis=(0, 1)))
    return _halve((tap - mean) / (spread + 1e-3 * tf.abs(mean) + 1e-4))


def _halve(values: Tensor) -> Tensor:
    """Round to half precision, in which the package keeps taps.

    Converters drop a cast there and back, so the 13 bits too many are rounded off with
    single precision (Dekker 1971, "A floating-point technique for extending the
    available precision").
    """
    shifted = values * (2.0**13 + 1)
    return shifted - (shifted - values)


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


def smooth_probabilities(
    probabilities: Tensor,
    guide: Tensor,
    coarse_guide: Tensor,
    *,
    radius: int,
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
    radius
        Of the square windows, in cells of the grid.
    share
        Of the smoothed probabilities in the result.
    rest
        ``(h, w, n_classes)``, what the other share is.

    Returns
    -------
    tensor of shape (H, W, n_classes)
    """
    n_channels, n_classes = int(guide.shape[-1]), int(probabilities.shape[-1])
    guides = tf.concat([guide[::GRID, ::GRID], coarse_guide], axis=-1)
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
            + (SMOOTHING_EPSILON if i == j else 0)
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
    *slopes, result = tf.split(_enlarge(fine), n_channels + 1, axis=-1)
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


def _encoder_taps(plane: Tensor) -> list[Tensor]:
    encoder = load_encoder(DEEPEST)
    groups = list(colour_groups(int(plane.shape[-1])))
    taps = []
    for times in ENLARGEMENTS:
        seen = []
        for group in groups:
            rgb = (255 * _mix(plane, group) - 127) / 128
            size = tf.shape(rgb)[:2] * times
            enlarged = tf.image.resize(rgb[tf.newaxis], size, method="bilinear")
            seen.append(encoder(enlarged, training=False))
        for stride, *maps in zip(_strides(), *seen, strict=True):
            tap = tf.concat(maps, axis=-1)[0]
            taps.append(tap[::GRID, ::GRID] if stride == times else tap)
    return taps


def _strides() -> list[int]:
    return [2**level for level in range(1, int(math.log2(DEEPEST)) + 1)]


def _mix(plane: Tensor, channels: tuple[int, ...]) -> Tensor:
    chosen = tf.gather(plane, channels, axis=-1)
    if len(channels) == 1:
        return tf.concat([chosen] * 3, axis=-1)
    if len(channels) == 2:
        mean = tf.reduce_mean(chosen, axis=-1, keepdims=True)
        return tf.concat([chosen, mean], axis=-1)
    return chosen


def _gaussian(images: Tensor, sigma: float) -> Tensor:
    """Filter ``(n, H, W, 1)`` with a Gaussian, one axis after the other."""
    radius = int(TRUNCATE * sigma + 0.5)
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
        padded = _repeat_border(images, len(kernel) // 2, axis)
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


def _average(maps: Tensor, radius: int) -> Tensor:
    """Average ``(h, w, n)`` over square windows."""
    maps = maps[tf.newaxis]
    side = 2 * radius + 1
    for axis, window in ((1, (side, 1)), (2, (1, side))):
        padded = _repeat_border(maps, radius, axis)
        maps = tf.nn.avg_pool2d(padded, window, strides=1, padding="VALID")
    return maps[0]


def exchange_specks(probabilities: Tensor) -> Tensor:
    """Compute what `specks.exchange_specks` does, of ``(H, W, n_classes)``."""
    n_classes = int(probabilities.shape[-1])
    cells = probabilities[::GRID, ::GRID]
    two = tf.math.top_k(cells, k=2).values
    ahead = two[..., :1] - two[..., 1:]
    evidence = tf.where(cells == two[..., :1], ahead, 0.0)
    support = _average(evidence, AROUND // 2) * (AROUND**2 / ENOUGH)
    support = tf.clip_by_value(support, 0.0, 1.0)
    for axis in (0, 1):
        at = tf.range(tf.shape(probabilities)[axis]) // GRID
        support = tf.gather(support, at, axis=axis)
    top = tf.one_hot(tf.argmax(probabilities, axis=-1), n_classes)
    is_weak = tf.reduce_sum(top * support, axis=-1, keepdims=True) < 1
    winner = tf.argmax(probabilities * support, axis=-1)
    winner = tf.where(is_weak, tf.one_hot(winner, n_classes), top)
    lost = tf.reduce_sum((top - winner) * probabilities, axis=-1, keepdims=True)
    return probabilities + lost * (winner - top)


def _median(maps: Tensor, side: int) -> Tensor:
    """Take the median of ``(h, w, n)`` over square windows, `side` is odd."""
    padded = maps
    for axis in (0, 1):
        padded = _repeat_border(padded, side // 2, axis)
    height, width = tf.unstack(tf.shape(maps)[:2])
    seen = [
        padded[y : y + height, x : x + width] for y in range(side) for x in range(side)
    ]
    larger = tf.math.top_k(tf.stack(seen, axis=-1), k=side * side // 2 + 1).values
    return larger[..., -1]


def _repeat_border(maps: Tensor, width: int, axis: int) -> Tensor:
    size = tf.shape(maps)[axis]
    at = tf.clip_by_value(tf.range(-width, size + width), 0, size - 1)
    return tf.gather(maps, at, axis=axis)


def _enlarge(maps: Tensor) -> Tensor:
    """Interpolate ``(h, w, n)`` linearly; cell ``i`` lies at pixel ``GRID * i``."""
    for axis in (0, 1):
        last = tf.shape(maps)[axis] - 1
        at = tf.range((last + 1) * GRID)
        low = at // GRID
        share = tf.cast(at - low * GRID, tf.float32) / GRID
        share = tf.reshape(share, (-1, 1, 1) if axis == 0 else (1, -1, 1))
        before = tf.gather(maps, low, axis=axis)
        after = tf.gather(maps, tf.minimum(low + 1, last), axis=axis)
        maps = before + (after - before) * share
    return maps
