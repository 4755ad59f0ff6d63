"""Directions in which the features of an image vary most, and what they serve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from napari_garage_unet.engine.networks.decoder_state import N_GUIDES, PCA_COMPONENTS

GUIDE_SPREAD = 0.15
"""Standard deviation of the guides; pixel values go from 0 to 1."""

MOST_SPREAD = 4.0
"""Features count for so many standard deviations at the most."""

Floats = NDArray[np.float32]


def pca_guide(features: Floats, scale: Floats) -> Floats:
    """Find what guides the smoothing beside the image: the first components.

    Parameters
    ----------
    features
        ``(n, n_features)``, with standard deviations around 1.
    scale
        ``(n_features,)``, what the decoder multiplies them with.

    Returns
    -------
    ndarray of shape (n_features, N_GUIDES), float32
        Scaled features times it have a standard deviation of `GUIDE_SPREAD`.
    """
    variances, directions, _ = _components(features, scale, N_GUIDES)
    spreads = np.sqrt(np.maximum(variances, 1e-12))
    return np.asarray(directions / spreads * GUIDE_SPREAD, np.float32)


def pca_projection(features: Floats, scale: Floats) -> Floats:
    """Find what a member sees the features through that is to see the coarse picture.

    It keeps the first components and emphasises the first of them: their standard
    deviations are those of the features squared, up to a factor that leaves the total
    variance as it is. A member like that learns less of what is rare and is misled less
    by what strokes do not show.

    Parameters
    ----------
    features, scale
        As for `pca_guide`.

    Returns
    -------
    ndarray of shape (n_features, COMPONENTS), float32
        The lens; scaled features times it and its transpose are what is seen.
    """
    variances, directions, total = _components(features, scale, PCA_COMPONENTS)
    spreads = np.sqrt(np.maximum(variances, 1e-12))
    gain = np.sqrt(total / np.sum(spreads**4))
    return np.asarray(directions * np.sqrt(spreads * gain), np.float32)


def _components(
    features: Floats, scale: Floats, n: int
) -> tuple[Floats, Floats, float]:
    """Variances and directions of the first components, and the total variance."""
    scaled = features.clip(-MOST_SPREAD, MOST_SPREAD) * scale
    scaled -= scaled.mean(axis=0)
    covariance = scaled.T @ scaled / len(scaled)
    size = len(covariance)
    variances, directions = eigh(covariance, subset_by_index=[size - n, size - 1])
    return variances, directions, float(np.trace(covariance))
