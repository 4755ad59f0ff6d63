"""Preprocessing: planes of any dtype and unit become float32 in [0, 1].

A model stores the settings, so that training, preview, command line and batches
prepare pixels in the same way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import exposure, filters

from napari_garage_unet.engine.errors import InputError

from .config import PreprocessConfig
from .image import Image


def default_preprocess(image: Image) -> PreprocessConfig:
    """Return the default preprocessing of an image.

    Parameters
    ----------
    image
        The image. Three or four channels on the last axis are taken for the colours of
        a photograph and rescaled together.
    """
    return PreprocessConfig(
        joint_channels=image.axes.endswith("c") and image.n_channels in (3, 4)
    )


def preprocess(
    plane: NDArray[Any], config: PreprocessConfig, *, name: str = "image"
) -> NDArray[np.float32]:
    """Clean and rescale one plane.

    Percentiles are those of the whole plane: crop after preprocessing, not before.
    Pixels that are not finite get the smallest finite value of the plane, because
    microscopes and stitching write NaN where nothing was measured.

    Parameters
    ----------
    plane
        ``(H, W, C)``, bool, integers or floats in any unit.
    config
        Steps and their settings.
    name
        Name of the image in error messages.

    Returns
    -------
    ndarray of shape (H, W, C), float32
        Values in [0, 1], 0 for black and 1 for white. A constant channel is 0.

    Raises
    ------
    InputError
        If no pixel is finite.
    """
    pixels = _finite(np.asarray(plane), name=name)
    if config.background_radius:
        pixels = pixels - _blur(pixels, config.background_radius)
    if config.denoise:
        pixels = _blur(pixels, config.denoise)
    pixels = rescale(
        pixels,
        (config.low_percentile, config.high_percentile),
        joint=config.joint_channels,
    )
    if config.clahe:
        channels = np.moveaxis(pixels, -1, 0)
        equalised = [
            exposure.equalize_adapthist(c, clip_limit=config.clahe) for c in channels
        ]
        pixels = np.stack(equalised, axis=-1).astype(np.float32)
    if config.gamma != 1:
        pixels = exposure.adjust_gamma(pixels, config.gamma)
    return np.ascontiguousarray(pixels, dtype=np.float32)


def rescale(
    pixels: NDArray[np.float32], percentiles: tuple[float, float], *, joint: bool
) -> NDArray[np.float32]:
    """Map two percentiles linearly to 0 and 1 and clip.

    Parameters
    ----------
    pixels
        ``(H, W, C)``, float32, finite.
    percentiles
        Lower and upper percentile, from 0 to 100; they become 0 and 1. Where both have
        the same value, minimum and maximum take their place.
    joint
        Whether the percentiles are those of all channels together instead of each
        channel's own.

    Returns
    -------
    ndarray of shape (H, W, C), float32
        Values in [0, 1].
    """
    axis = None if joint else (0, 1)
    low, high = np.percentile(pixels, percentiles, axis=axis, keepdims=True)
    # With sparse bright spots, both percentiles are values of the even background.
    flat = high <= low
    if np.any(flat):
        low = np.where(flat, pixels.min(axis=axis, keepdims=True), low)
        high = np.where(flat, pixels.max(axis=axis, keepdims=True), high)
    span = np.where(high > low, high - low, 1)
    scaled: NDArray[np.float32] = (pixels - low.astype(np.float32)) / span.astype(
        np.float32
    )
    return np.clip(scaled, 0, 1, out=scaled)


def _blur(pixels: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Filter each channel with a Gaussian of `sigma` pixels."""
    blurred: NDArray[np.float32] = filters.gaussian(
        pixels, sigma=sigma, mode="nearest", channel_axis=-1
    )
    return blurred


def _finite(pixels: NDArray[Any], *, name: str) -> NDArray[np.float32]:
    """Convert to float32 without NaN, infinity or loss of precision."""
    if pixels.dtype.kind == "f":
        finite = np.isfinite(pixels)
        if not finite.any():
            raise InputError(
                f"{name} has a plane without a single finite pixel (all NaN or "
                "infinite); choose another plane or image."
            )
        if not finite.all():
            pixels = np.where(finite, pixels, pixels[finite].min())
        # float32 would round float64 values with a large offset.
        pixels = pixels - pixels.min()
    elif pixels.dtype.kind in "iu" and pixels.dtype.itemsize > 2:
        pixels = pixels.astype(np.float64) - float(pixels.min())
    return pixels.astype(np.float32)
