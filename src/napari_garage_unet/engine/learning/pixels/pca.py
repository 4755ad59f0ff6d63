"""Principal components of features: the guide of the smoothing and the projection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from napari_garage_unet.engine.networks.decoder_state import N_GUIDES, PCA_COMPONENTS

GUIDE_STD = 0.15
"""Standard deviation of a guide, whose neighbour, the image, has values from 0 to 1."""

MAX_FEATURE_DEVIATION = 4.0
"""Features are clipped here, in their standard deviations."""

MIN_VARIANCE = 1e-12
"""Bound that keeps features that do not vary from being divided by 0."""

Floats = NDArray[np.float32]


def pca_guide(features: Floats, scale: Floats) -> Floats:
    """Find the projection of features on what guides the smoothing beside the image.

    Parameters
    ----------
    features
        ``(n, n_features)``, with standard deviations around 1.
    scale
        ``(n_features,)``, the factors with which the decoder sees them.

    Returns
    -------
    ndarray of shape (n_features, N_GUIDES), float32
        The first principal components; scaled features times it have a standard
        deviation of `GUIDE_STD`.
    """
    variances, directions, _ = _components(features, scale, N_GUIDES)
    deviations = np.sqrt(np.maximum(variances, MIN_VARIANCE))
    return np.asarray(directions / deviations * GUIDE_STD, np.float32)


def pca_projection(features: Floats, scale: Floats) -> Floats:
    """Find the projection through which the last member of the ensemble sees features.

    It keeps the first principal components and emphasises the first of them: their
    standard deviations are those of the features squared, up to a factor that leaves
    the total variance as it is. The member learns less of what is rare and is misled
    less by what the strokes do not show.

    Parameters
    ----------
    features, scale
        As for `pca_guide`.

    Returns
    -------
    ndarray of shape (n_features, PCA_COMPONENTS), float32
        The member sees scaled features times it and its transpose.
    """
    variances, directions, total = _components(features, scale, PCA_COMPONENTS)
    deviations = np.sqrt(np.maximum(variances, MIN_VARIANCE))
    gain = np.sqrt(total / np.sum(deviations**4))
    return np.asarray(directions * np.sqrt(deviations * gain), np.float32)


def _components(
    features: Floats, scale: Floats, n: int
) -> tuple[Floats, Floats, float]:
    """Return variances and directions of the first components, and the total variance.

    Their shapes are ``(n,)`` and ``(n_features, n)``, in the order of rising variance.
    """
    scaled = features.clip(-MAX_FEATURE_DEVIATION, MAX_FEATURE_DEVIATION) * scale
    scaled -= scaled.mean(axis=0)
    covariance = scaled.T @ scaled / len(scaled)
    size = len(covariance)
    variances, directions = eigh(covariance, subset_by_index=[size - n, size - 1])
    return variances, directions, float(np.trace(covariance))
