"""A network as one TensorFlow graph, for programs that know nothing of this package.

Inside the package the pretrained network is computed in parts, with scikit-image and
SciPy where they are fastest. Here the same numbers come out of TensorFlow operations
alone. Borders repeat the last pixel everywhere, as those libraries do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.efficientnet_lite import load_encoder
from napari_garage_unet.engine.features.feature_maps import (
    DEEPEST,
    ENLARGEMENTS,
    GRID,
    colour_groups,
)
from napari_garage_unet.engine.features.tensor_features import multiscale_features
from napari_garage_unet.engine.filters.tensor_filters import (
    Tensor,
    despeckle,
    median,
    repeat_border,
    smooth_probabilities,
)

from .base import Network
from .patch_network import CELLS, look
from .pretrained import (
    GUIDE_SIDE,
    MOST_GUIDES,
    SMOOTHED,
    SMOOTHING_EPSILON,
    PretrainedNetwork,
    blend_patch_network,
)


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
        radius, blend_weight = network.smoothing_radius, network.patch_weight
        return lambda planes: _pretrained(network, planes[0], radius, blend_weight)[
            tf.newaxis
        ]
    return lambda planes: tf.nn.softmax(network.head(planes, training=False))


def takes_batches(network: Network) -> bool:
    """Whether the graph computes several planes at once."""
    return not isinstance(network, PretrainedNetwork)


def _pretrained(
    network: PretrainedNetwork, plane: Tensor, radius: int, blend_weight: float
) -> Tensor:
    feature_maps = [
        multiscale_features(plane)[::GRID, ::GRID],
        *_encoder_feature_maps(plane),
    ]
    decoding = network.head.decoding
    logits, guides = decoding.on_plane(
        [_standardise(feature_map) for feature_map in feature_maps]
    )
    guide = plane
    if network.n_channels > MOST_GUIDES:
        guide = tf.reduce_mean(plane, axis=-1, keepdims=True)
    guide = median(guide, GUIDE_SIDE)
    mean = decoding.mean(logits)
    share, rest = SMOOTHED, mean
    if blend_weight:
        patch_network = median(_detail(network, plane), 3)
        share, rest = blend_patch_network(mean, patch_network, blend_weight)
    result = smooth_probabilities(
        mean,
        _halve(guide),
        guides,
        grid=GRID,
        radius=radius,
        epsilon=SMOOTHING_EPSILON,
        share=share,
        rest=rest,
    )
    return despeckle(result, grid=GRID)


def _detail(network: PretrainedNetwork, plane: Tensor) -> Tensor:
    """Probabilities of the detail network on the grid."""
    steps = [(row, column) for row in range(GRID) for column in range(GRID)]
    pixels = tf.concat([plane[y::GRID, x::GRID] for y, x in steps], axis=-1)
    cells = _standardise(pixels)[tf.newaxis]
    for axis in (1, 2):
        cells = repeat_border(cells, CELLS // 2, axis)
    patch_network = network.patch_network
    return tf.nn.softmax(look(cells, patch_network.kernels, patch_network.biases))[0]


def _standardise(feature_map: Tensor) -> Tensor:
    """Scale every feature by its mean and spread, as `features.PretrainedFeatures`."""
    mean = tf.reduce_mean(feature_map, axis=(0, 1))
    spread = tf.sqrt(tf.reduce_mean((feature_map - mean) ** 2, axis=(0, 1)))
    return _halve((feature_map - mean) / (spread + 1e-3 * tf.abs(mean) + 1e-4))


def _halve(values: Tensor) -> Tensor:
    """Round to half precision, in which the package keeps taps.

    Converters drop a cast there and back, so the 13 bits too many are rounded off with
    single precision (Dekker 1971, "A floating-point technique for extending the
    available precision").
    """
    shifted = values * (2.0**13 + 1)
    return shifted - (shifted - values)


def _encoder_feature_maps(plane: Tensor) -> list[Tensor]:
    encoder = load_encoder(DEEPEST)
    groups = list(colour_groups(int(plane.shape[-1])))
    feature_maps = []
    for times in ENLARGEMENTS:
        seen = []
        for group in groups:
            rgb = (255 * _mix(plane, group) - 127) / 128
            size = tf.shape(rgb)[:2] * times
            enlarged = tf.image.resize(rgb[tf.newaxis], size, method="bilinear")
            seen.append(encoder(enlarged, training=False))
        for stride, *maps in zip(_strides(), *seen, strict=True):
            feature_map = tf.concat(maps, axis=-1)[0]
            feature_maps.append(
                feature_map[::GRID, ::GRID] if stride == times else feature_map
            )
    return feature_maps


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
