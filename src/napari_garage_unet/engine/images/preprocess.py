"""From the pixels of an image to the numbers a network sees.

The settings are stored in the model, so the same is done in training, in the
preview, on the command line and in batches.
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
    """Choose the preprocessing of an image nobody has chosen one for."""
    return PreprocessConfig(
        joint_channels=image.axes.endswith("c") and image.n_channels in (3, 4)
    )


def preprocess(
    plane: NDArray[Any], config: PreprocessConfig, *, name: str = "image"
) -> NDArray[np.float32]:
    """Rescale one plane, after optional cleaning.

    Percentiles are taken of the whole plane, so a region must be cut out after, not
    before. Pixels that are not finite become the plane's darkest value, because
    microscopes and stitching write NaN for "nothing there".

    Parameters
    ----------
    plane
        ``(H, W, C)``, bool, integers or floats in any unit.
    config
        What to do.
    name
        What error messages call the image.

    Returns
    -------
    ndarray of shape (H, W, C), float32
        0 is black and 1 is white; nothing lies outside. A constant channel is 0.

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
    """Map two percentiles to 0 and 1 and clip.

    Parameters
    ----------
    pixels
        ``(H, W, C)``, float32, finite.
    percentiles
        The lower one becomes 0, the upper one 1.
    joint
        Take the percentiles of all channels together.
    """
    axis = None if joint else (0, 1)
    low, high = np.percentile(pixels, percentiles, axis=axis, keepdims=True)
    # Sparse bright spots on an even ground have both percentiles in the ground.
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
    blurred: NDArray[np.float32] = filters.gaussian(
        pixels, sigma=sigma, mode="nearest", channel_axis=-1
    )
    return blurred


def _finite(pixels: NDArray[Any], *, name: str) -> NDArray[np.float32]:
    if pixels.dtype.kind == "f":
        finite = np.isfinite(pixels)
        if not finite.any():
            raise InputError(
                f"{name} has a plane without a single finite pixel (all NaN or "
                "infinite); choose another plane or image."
            )
        if not finite.all():
            pixels = np.where(finite, pixels, pixels[finite].min())
        # Subtracting first keeps the precision of float64 data with a large offset.
        pixels = pixels - pixels.min()
    elif pixels.dtype.kind in "iu" and pixels.dtype.itemsize > 2:
        pixels = pixels.astype(np.float64) - float(pixels.min())
    return pixels.astype(np.float32)
