"""Preprocessing: planes of any dtype and unit become float32 in [0, 1].

A model stores the settings, so that training, preview, command line and batches
prepare pixels in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import exposure, filters

from napari_garage_unet.engine.errors import InputError

from .config import PreprocessConfig
from .contrast import ContrastRange, measure_limits
from .image import Image
from .no_data import fill_missing


def default_preprocess(image: Image) -> PreprocessConfig:
    """Return the default preprocessing of an image.

    Parameters
    ----------
    image
        The image. Three or four channels on the last axis are taken for the colours of
        a photograph and rescaled together. Several planes are rescaled alike, by what
        those have that are painted, so that planes without signal stay empty.
    """
    n_planes = prod(image.spatial_shape) // prod(image.plane_shape)
    return PreprocessConfig(
        joint_channels=image.axes.endswith("c") and image.n_channels in (3, 4),
        contrast="training" if n_planes > 1 else "plane",
    )


def default_preprocess_of(images: Iterable[Image]) -> PreprocessConfig:
    """Return the default preprocessing of a training on at least one image.

    It is that of the first one, with the contrast of a stack if there is one.
    """
    configs = [default_preprocess(image) for image in images]
    stacks = [config.contrast for config in configs if config.contrast != "plane"]
    return replace(configs[0], contrast=stacks[0]) if stacks else configs[0]


def preprocess(
    plane: NDArray[Any],
    config: PreprocessConfig,
    *,
    name: str = "image",
    missing: NDArray[np.bool_] | None = None,
    contrast: ContrastRange | None = None,
) -> NDArray[np.float32]:
    """Clean and rescale one plane.

    Percentiles are those of the whole plane: crop after preprocessing, not before.
    Missing values have no part in them and are filled with their neighbours.

    Parameters
    ----------
    plane
        ``(H, W, C)``, bool, integers or floats in any unit.
    config
        Steps and their settings.
    name
        Name of the image in error messages.
    missing
        ``(H, W, C)`` bool, values that are no data, as from `Image.missing_values`. By
        default those that are not finite, because microscopes and stitching write NaN
        where nothing was measured.
    contrast
        The values that become black and white; by default they are percentiles of the
        plane.

    Returns
    -------
    ndarray of shape (H, W, C), float32
        Values in [0, 1], 0 for black and 1 for white. A constant channel is 0, unless
        `contrast` says otherwise.

    Raises
    ------
    InputError
        If all values are missing.
    """
    values = np.asarray(plane)
    missing = _all_missing(values, missing)
    pixels, offset = _clean(values, config, missing, name=name)
    if contrast is None:
        low, high = _measure(pixels, config, missing)
    else:
        low, high = contrast.low - offset, contrast.high - offset
    pixels = rescale(pixels, low, high)
    if config.clahe:
        channels = np.moveaxis(pixels, -1, 0)
        equalised = [
            _equalise(channel, config.clahe, stretch=contrast is None)
            for channel in channels
        ]
        pixels = np.stack(equalised, axis=-1).astype(np.float32)
    if config.gamma != 1:
        pixels = exposure.adjust_gamma(pixels, config.gamma)
    return np.ascontiguousarray(pixels, dtype=np.float32)


def measure_range(
    plane: NDArray[Any],
    config: PreprocessConfig,
    *,
    missing: NDArray[np.bool_] | None = None,
) -> ContrastRange | None:
    """Measure which values `preprocess` makes black and white.

    Parameters
    ----------
    plane, config, missing
        As for `preprocess`.

    Returns
    -------
    ContrastRange or None
        None if all values are missing.
    """
    values = np.asarray(plane)
    missing = _all_missing(values, missing)
    if missing is not None and missing.all():
        return None
    pixels, offset = _clean(values, config, missing, name="image")
    shape = (values.shape[-1],)
    low, high = (
        np.broadcast_to(limit.ravel().astype(np.float64) + offset, shape)
        for limit in _measure(pixels, config, missing)
    )
    return ContrastRange(low, high)


def rescale(
    pixels: NDArray[np.float32], low: NDArray[Any], high: NDArray[Any]
) -> NDArray[np.float32]:
    """Map two values linearly to 0 and 1 and clip.

    Parameters
    ----------
    pixels
        ``(H, W, C)``, float32, finite.
    low, high
        What becomes 0 and 1; they broadcast to `pixels`.

    Returns
    -------
    ndarray of shape (H, W, C), float32
        Values in [0, 1].
    """
    span = np.where(high > low, high - low, 1)
    black, scale = low.astype(np.float32), span.astype(np.float32)
    scaled: NDArray[np.float32] = (pixels - black) / scale
    return np.clip(scaled, 0, 1, out=scaled)


def _measure(
    pixels: NDArray[np.float32],
    config: PreprocessConfig,
    missing: NDArray[np.bool_] | None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    return measure_limits(
        pixels,
        (config.low_percentile, config.high_percentile),
        joint=config.joint_channels,
        missing=missing,
    )


def _clean(
    values: NDArray[Any],
    config: PreprocessConfig,
    missing: NDArray[np.bool_] | None,
    *,
    name: str,
) -> tuple[NDArray[np.float32], float]:
    """Fill, subtract the background and filter noise.

    Returns
    -------
    pixels : ndarray of shape (H, W, C), float32
    offset : float
        What has been subtracted from all pixels, besides the background.
    """
    pixels, offset = _finite(values, missing, name=name)
    if config.background_radius:
        pixels = pixels - _blur(pixels, config.background_radius)
        offset = 0.0
    if config.denoise:
        pixels = _blur(pixels, config.denoise)
    return pixels, offset


def _equalise(
    channel: NDArray[np.float32], clip_limit: float, *, stretch: bool
) -> NDArray[np.floating[Any]]:
    """Equalise the local contrast of ``(H, W)`` pixels in [0, 1].

    Parameters
    ----------
    channel
        The pixels. One without contrast stays as it is; scikit-image makes it white.
    clip_limit
        See `skimage.exposure.equalize_adapthist`.
    stretch
        Whether the darkest pixel becomes 0 and the brightest 1.
    """
    if channel.min() == channel.max():
        return channel
    if not stretch:
        # It always stretches; two pixels that are black and white leave nothing to do.
        channel = channel.copy()
        channel.flat[0], channel.flat[-1] = 0, 1
    equalised: NDArray[np.floating[Any]] = exposure.equalize_adapthist(
        channel, clip_limit=clip_limit
    )
    return equalised


def _blur(pixels: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Filter each channel with a Gaussian of `sigma` pixels."""
    blurred: NDArray[np.float32] = filters.gaussian(
        pixels, sigma=sigma, mode="nearest", channel_axis=-1
    )
    return blurred


def _all_missing(
    values: NDArray[Any], missing: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """Add values that are not finite to those that are known to be missing."""
    if values.dtype.kind != "f":
        return missing
    infinite: NDArray[np.bool_] = ~np.isfinite(values)
    if not infinite.any():
        return missing
    return infinite if missing is None else missing | infinite


def _finite(
    pixels: NDArray[Any], missing: NDArray[np.bool_] | None, *, name: str
) -> tuple[NDArray[np.float32], float]:
    """Convert to float32 without missing values, overflow or loss of precision."""
    if missing is not None:
        if missing.all():
            raise InputError(
                f"{name} has a plane without any data (all values are NaN, infinite or "
                "marked as no data); choose another plane or image."
            )
        pixels = fill_missing(pixels, missing)
    offset = 0.0
    if pixels.dtype.kind == "f":
        # float32 would round float64 values with a large offset.
        lowest = pixels.min()
        offset = float(lowest)
        with np.errstate(over="ignore"):
            pixels = (pixels - lowest).astype(np.float32)
        if not np.isfinite(pixels.max()):
            raise InputError(
                f"{name} has values from {offset:g} on that are too far apart to be "
                "told apart; if one of them stands for no data, say which."
            )
        return pixels, offset
    if pixels.dtype.kind in "iu" and pixels.dtype.itemsize > 2:
        offset = float(pixels.min())
        pixels = pixels.astype(np.float64) - offset
    return pixels.astype(np.float32), offset
