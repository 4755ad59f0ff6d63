"""What a decoder computes at single pixels, whatever weights it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import FeatureMapSpec

Tensor = Any

ENSEMBLE_SIZE = 3
"""Members of the ensemble: fewer vary more by chance, more take longer."""

WIDTHS = (128, 64)
"""Channels behind the lateral connections, and of the layer before the logits."""


def project_last_member(kernels: Sequence[Tensor], projection: Tensor) -> list[Tensor]:
    """Multiply the projection into the first kernel of the last member.

    Parameters
    ----------
    kernels
        Those of each layer, ``(members, inputs, units)``; tensors or variables.
    projection
        ``(inputs, PCA_COMPONENTS)``. While it is 0 the last member sees all features as
        they are, and so does a member that is alone.

    Returns
    -------
    list of tensor
        The kernels, shaped as before.
    """
    first, *others = kernels
    *plain, last = tf.unstack(first)
    if plain:
        projection = tf.convert_to_tensor(projection)
        seen = tf.matmul(projection, tf.matmul(projection, last, transpose_a=True))
        last = tf.where(tf.reduce_any(tf.not_equal(projection, 0)), seen, last)
    return [tf.stack([*plain, last]), *others]


def logits_at_pixels(
    features: Tensor,
    kernels: Sequence[Tensor],
    biases: Sequence[Tensor],
    *,
    drop: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Compute logits at single pixels, from features that are scaled.

    Parameters
    ----------
    features
        ``(members or 1, n, inputs)``, interpolated, joined and multiplied by
        `group_scales`.
    kernels, biases
        As in `Layers`.
    drop
        Dropout, applied to the inputs of each layer but the first.

    Returns
    -------
    tensor of shape (members, n, n_classes)
    """
    first = tf.matmul(features, kernels[0]) + biases[0]
    return finish(first, kernels, biases, drop=drop)


def finish(
    x: Tensor,
    kernels: Sequence[Tensor],
    biases: Sequence[Tensor],
    *,
    drop: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Apply all layers behind the first.

    Parameters
    ----------
    x
        ``(members, n, units)``, what the first layer gives, before its ReLU.
    kernels, biases
        Those of all layers, as in `Layers`.
    drop
        Dropout, applied behind each ReLU.

    Returns
    -------
    tensor of shape (members, n, n_classes)
    """
    for kernel, bias in zip(kernels[1:], biases[1:], strict=True):
        x = tf.nn.relu(x)
        if drop is not None:
            x = drop(x)
        x = tf.matmul(x, kernel) + bias
    return x


def group_scales(specs: Sequence[FeatureMapSpec]) -> NDArray[np.float32]:
    """Return the factor of each feature that gives all groups the same total variance.

    Without it the many channels of the encoder would drown the few features that are
    sharp to the pixel.

    Returns
    -------
    ndarray of shape (n_features,), float32
    """
    groups = np.repeat(
        [spec.group for spec in specs],
        [spec.channels for spec in specs],
    )
    names, sizes = np.unique(groups, return_counts=True)
    share = len(groups) / len(names) / sizes[np.searchsorted(names, groups)]
    scales: NDArray[np.float32] = np.sqrt(share).astype(np.float32)
    return scales
