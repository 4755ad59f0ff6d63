"""A pretrained network as one TensorFlow graph, for programs outside this package.

Inside the package the network is computed in parts, with scikit-image and SciPy where
they are fastest. Here the same numbers come out of TensorFlow operations alone.
Borders repeat the last pixel everywhere, as those libraries do.
"""

from __future__ import annotations

import math

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.colours import colour_groups
from napari_garage_unet.engine.features.efficientnet_lite import load_encoder
from napari_garage_unet.engine.features.feature_maps import (
    DEEPEST_STRIDE,
    ENLARGEMENTS,
    GRID,
)
from napari_garage_unet.engine.features.statistics import Statistics
from napari_garage_unet.engine.features.tensor_features import multiscale_features
from napari_garage_unet.engine.filters.tensor_filters import (
    Tensor,
    despeckle,
    median,
    smooth_probabilities,
)
from napari_garage_unet.engine.filters.tensor_padding import repeat_border

from .blending import (
    GUIDE_MEDIAN_PIXELS,
    MAX_GUIDE_CHANNELS,
    SMOOTHED_SHARE,
    SMOOTHING_EPSILON,
    blend_patch_network,
)
from .decoder import Decoder
from .patch_network import PATCH_SIDE_CELLS, PatchNetwork, patch_logits


def pretrained_probabilities(
    plane: Tensor,
    *,
    decoder: Decoder,
    patch_network: PatchNetwork,
    radius: int,
    blend_weight: float,
    statistics: Statistics | None = None,
) -> Tensor:
    """Compute the probabilities of a whole plane.

    Parameters
    ----------
    plane
        ``(H, W, n_channels)`` float32, preprocessed, sides multiples of the network's
        stride.
    decoder, patch_network
        The two parts of the network that are trained.
    radius
        Radius of the guided filter, in cells of the grid.
    blend_weight
        Weight of the patch network in the result, 0 to 1.
    statistics
        Mean and spread of the features; None measures them on the plane.

    Returns
    -------
    tensor of shape (H, W, n_classes), float32
        Sums to 1 over the classes.
    """
    feature_maps = [
        multiscale_features(plane)[::GRID, ::GRID],
        *_encoder_feature_maps(plane),
    ]
    layers = decoder.as_layers
    logits, guides = layers.on_plane(
        [
            _standardise(feature_map, statistics, number)
            for number, feature_map in enumerate(feature_maps, start=1)
        ]
    )
    guide = plane
    if patch_network.n_channels > MAX_GUIDE_CHANNELS:
        guide = tf.reduce_mean(plane, axis=-1, keepdims=True)
    guide = median(guide, GUIDE_MEDIAN_PIXELS)
    mean = layers.mean(logits)
    share, rest = SMOOTHED_SHARE, mean
    if blend_weight:
        patches = median(_patch_probabilities(patch_network, plane, statistics), 3)
        share, rest = blend_patch_network(mean, patches, blend_weight)
    result = smooth_probabilities(
        mean,
        _round_to_half(guide),
        guides,
        grid=GRID,
        radius=radius,
        epsilon=SMOOTHING_EPSILON,
        share=share,
        rest=rest,
    )
    return despeckle(result, grid=GRID)


def _patch_probabilities(
    patch_network: PatchNetwork, plane: Tensor, statistics: Statistics | None
) -> Tensor:
    """Compute ``(h, w, n_classes)`` probabilities of the patch network on the grid."""
    steps = [(row, column) for row in range(GRID) for column in range(GRID)]
    pixels = tf.concat([plane[y::GRID, x::GRID] for y, x in steps], axis=-1)
    cells = _standardise(pixels, statistics, 0)[tf.newaxis]
    for axis in (1, 2):
        cells = repeat_border(cells, PATCH_SIDE_CELLS // 2, axis)
    logits = patch_logits(cells, patch_network.kernels, patch_network.biases)
    return tf.nn.softmax(logits)[0]


def _standardise(
    feature_map: Tensor, statistics: Statistics | None, number: int
) -> Tensor:
    """Scale each feature by its mean and spread, as `feature_maps` does.

    Parameters
    ----------
    feature_map
        ``(h, w, channels)``.
    statistics
        What to scale by; None measures it here.
    number
        Which map of `statistics` it is.
    """
    if statistics is not None:
        mean, spread = statistics.means[number], statistics.spreads[number]
        return _round_to_half((feature_map - mean) / spread)
    mean = tf.reduce_mean(feature_map, axis=(0, 1))
    spread = tf.sqrt(tf.reduce_mean((feature_map - mean) ** 2, axis=(0, 1)))
    return _round_to_half((feature_map - mean) / (spread + 1e-3 * tf.abs(mean) + 1e-4))


def _round_to_half(values: Tensor) -> Tensor:
    """Round to half precision, in which the package keeps feature maps.

    Converters drop a cast there and back, so the 13 bits too many are rounded off with
    single precision (Dekker 1971, "A floating-point technique for extending the
    available precision").
    """
    shifted = values * (2.0**13 + 1)
    return shifted - (shifted - values)


def _encoder_feature_maps(plane: Tensor) -> list[Tensor]:
    encoder = load_encoder(DEEPEST_STRIDE)
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
    return [2**level for level in range(1, int(math.log2(DEEPEST_STRIDE)) + 1)]


def _mix(plane: Tensor, channels: tuple[int, ...]) -> Tensor:
    """Make a colour image of one to three channels, as `colours.mix`."""
    chosen = tf.gather(plane, channels, axis=-1)
    if len(channels) == 1:
        return tf.concat([chosen] * 3, axis=-1)
    if len(channels) == 2:
        mean = tf.reduce_mean(chosen, axis=-1, keepdims=True)
        return tf.concat([chosen, mean], axis=-1)
    return chosen
