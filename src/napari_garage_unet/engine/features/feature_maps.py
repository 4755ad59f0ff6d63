"""Frozen features of a plane, computed once and kept while the decoder learns.

Three groups complement each other: the maps of an encoder trained on a million
photographs (shapes, parts, textures), once of the image and once of the image enlarged
twice; and the multiscale intensity, edge and texture features of scikit-image, which
are sharp to the pixel and do not depend on what photographs look like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from skimage.feature import multiscale_basic_features

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.compute.devices import Precision, current_devices

from .colours import colour_groups, mix
from .efficientnet_lite import FEATURE_CHANNELS, FEATURE_RADII, load_encoder, scale_rgb
from .statistics import Statistics, measure_statistics

Scalar = TypeVar("Scalar", bound=np.generic)

FeatureMaps = tuple[NDArray[Any], ...]
"""Feature maps of one plane, ``(h, w, channels)`` each."""

GRID = 2
"""Stride in pixels of the grid on which the decoder works; a guided filter brings its
result back to full resolution."""

DEEPEST_STRIDE = 16
"""Last stride of the encoder, in pixels; deeper ones see hundreds of pixels and gain
nothing."""

ENLARGEMENTS = (1, 2)
"""Factors by which the image is enlarged before the encoder; 2 sharpens its maps."""

SIGMAS = (1, 16)
"""Smallest and largest scale of the multiscale features, in pixels."""

MAX_WHOLE_PLANE_PIXELS = 1_500_000
"""Pixels of the largest plane whose statistics are those of all its pixels; of larger
ones windows are measured."""

STATISTICS_WINDOWS = 3
"""Windows along each axis of a large plane."""

STATISTICS_WINDOW_SIDE_PIXELS = 256
"""Side of these windows."""

FEATURES_PER_CHANNEL = 20
"""Five scales of intensity, edges and two eigenvalues of the Hessian matrix."""


@dataclass(frozen=True, slots=True)
class FeatureMapSpec:
    """What a feature map is.

    Parameters
    ----------
    stride
        Pixels of the image from one cell to the next.
    offset
        Pixel at which cell 0 lies.
    channels
        Number of features.
    group
        Name of the group of features it belongs to.
    """

    stride: int
    offset: float
    channels: int
    group: str

    def holds(self, coarser: FeatureMapSpec) -> bool:
        """Whether all cells of a coarser map lie on cells of this one.

        Interpolating via this map is then the same as interpolating at once.
        """
        return (
            coarser.stride % self.stride == 0
            and (coarser.offset - self.offset) % self.stride == 0
        )


class PretrainedFeatures:
    """Multiscale features and the maps of the pretrained encoder.

    Parameters
    ----------
    n_channels
        Channels of the planes. The encoder sees one as grey, two as two colours and
        their mean, three as red, green and blue; more three by three.
    precision
        Precision in which the encoder computes.

    Attributes
    ----------
    stride
        Sides of planes have to be multiples of it, in pixels.
    specs
        What the feature maps behind the pixels are.
    radius
        How far in pixels a value depends on the image.
    """

    def __init__(self, n_channels: int, precision: Precision = "float32") -> None:
        self.stride = DEEPEST_STRIDE
        self.radius = max(FEATURE_RADII[DEEPEST_STRIDE], 4 * SIGMAS[1] + 3)
        self.specs = tuple(_feature_map_specs(n_channels))
        self._encoder = load_encoder(DEEPEST_STRIDE, precision)
        self._encode = tf.function(
            self._encode_enlarged,
            input_signature=[
                tf.TensorSpec((1, None, None, 3), tf.float32),
                tf.TensorSpec((), tf.int32),
            ],
        )

    def statistics(
        self, plane: NDArray[np.float32], valid: NDArray[np.bool_] | None = None
    ) -> Statistics:
        """Measure mean and spread of every feature over a plane.

        Parameters
        ----------
        plane
            As for `__call__`. Of one larger than `MAX_WHOLE_PLANE_PIXELS`,
            `STATISTICS_WINDOWS` x `STATISTICS_WINDOWS` windows are measured.
        valid
            ``(H, W)`` bool, the pixels that have data; None if all have.
        """
        parts = windows(plane, self.stride)
        masks: list[NDArray[np.bool_] | None] = [None] * len(parts)
        if valid is not None:
            masks = list(windows(valid, self.stride))
        return measure_statistics([self._raw(part) for part in parts], masks)

    def statistics_and_features(
        self, plane: NDArray[np.float32], valid: NDArray[np.bool_] | None = None
    ) -> tuple[Statistics, FeatureMaps]:
        """Compute statistics and feature maps of a whole plane at once.

        The statistics are those of all valid cells, however large the plane is.
        """
        raw = self._raw(plane)
        statistics = measure_statistics([raw], [valid])
        return statistics, _standardise(raw, statistics)

    def __call__(
        self, plane: NDArray[np.float32], statistics: Statistics
    ) -> FeatureMaps:
        """Compute the feature maps of a plane or of a region of it.

        Every feature is standardised by its statistics over the plane, so that another
        brightness, contrast or stain in the next image does not change the features
        (adaptive batch normalisation, Li et al. 2017, arXiv:1603.04779).

        Parameters
        ----------
        plane
            ``(H, W, n_channels)``, values from 0 to 1, sides multiples of `stride`.
        statistics
            Those of the whole plane.

        Returns
        -------
        tuple of ndarray, float16
            The pixels as `pack_pixels` returns them, then the maps of `specs`. Half
            precision halves what is kept for each image.
        """
        return _standardise(self._raw(plane), statistics)

    def _raw(self, plane: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        basic = multiscale_basic_features(
            plane, channel_axis=-1, sigma_min=SIGMAS[0], sigma_max=SIGMAS[1]
        )
        feature_maps = [pack_pixels(plane), basic[::GRID, ::GRID]]
        groups = list(colour_groups(plane.shape[-1]))
        for times in ENLARGEMENTS:
            seen = [
                self._encode(scale_rgb(255 * mix(plane, group))[np.newaxis], times)
                for group in groups
            ]
            for maps in zip(*seen, strict=True):
                joined = tf.concat(maps, axis=-1)[0].numpy()
                fine = joined.shape[0] == plane.shape[0]
                feature_maps.append(joined[::GRID, ::GRID] if fine else joined)
        return feature_maps

    def _encode_enlarged(self, rgb: Any, times: Any) -> list[Any]:
        size = tf.shape(rgb)[1:3] * times
        enlarged = tf.image.resize(rgb, size, method="bilinear")
        return list(self._encoder(enlarged, training=False))


def _standardise(
    raw: Sequence[NDArray[np.float32]], statistics: Statistics
) -> tuple[NDArray[np.float16], ...]:
    return tuple(
        ((feature_map - mean) / spread).astype(np.float16)
        for feature_map, mean, spread in zip(
            raw, statistics.means, statistics.spreads, strict=True
        )
    )


def load_features(n_channels: int) -> PretrainedFeatures:
    """Return the features for planes of `n_channels`; traced once for all networks."""
    return _load(n_channels, current_devices().precision)


@cache
def _load(n_channels: int, precision: Precision) -> PretrainedFeatures:
    return PretrainedFeatures(n_channels, precision)


def _feature_map_specs(n_channels: int) -> Iterator[FeatureMapSpec]:
    yield FeatureMapSpec(GRID, 0.0, FEATURES_PER_CHANNEL * n_channels, "multiscale")
    passes = len(list(colour_groups(n_channels)))
    for times in ENLARGEMENTS:
        for stride, channels in FEATURE_CHANNELS.items():
            if stride > DEEPEST_STRIDE:
                continue
            # The convolutions pad after, not before: cell i looks at the last pixel
            # of its stride. Pixels of an enlarged image are offset by half a pixel.
            offset = (stride - 1 - (times - 1) / 2) / times
            if stride // times < GRID:
                # Finer than the grid; an offset of a quarter of a pixel is neglected.
                yield FeatureMapSpec(GRID, 0.0, channels * passes, f"encoder x{times}")
            else:
                step = stride // times
                yield FeatureMapSpec(
                    step, offset, channels * passes, f"encoder x{times}"
                )


def windows(plane: NDArray[Scalar], stride: int) -> list[NDArray[Scalar]]:
    """Cut a large plane down to windows spread evenly over it."""
    height, width = plane.shape[:2]
    if height * width <= MAX_WHOLE_PLANE_PIXELS:
        return [plane]
    side_y, side_x = (
        min(STATISTICS_WINDOW_SIDE_PIXELS, n // stride * stride)
        for n in (height, width)
    )
    return [
        plane[y : y + side_y, x : x + side_x]
        for y in np.linspace(0, height - side_y, STATISTICS_WINDOWS).astype(int)
        for x in np.linspace(0, width - side_x, STATISTICS_WINDOWS).astype(int)
    ]


def pack_pixels(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put the pixels of each cell of the grid into its channels.

    Parameters
    ----------
    plane
        ``(H, W, n_channels)``, sides multiples of `GRID`.

    Returns
    -------
    ndarray of shape (H / GRID, W / GRID, GRID * GRID * n_channels)
        Rows, columns and channels of a cell, in this order.
    """
    height, width, n_channels = plane.shape
    cells = plane.reshape(height // GRID, GRID, width // GRID, GRID, n_channels)
    packed: NDArray[np.float32] = cells.transpose(0, 2, 1, 3, 4)
    return packed.reshape(height // GRID, width // GRID, -1)
