"""Losses over labelled pixels alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_garage_unet.engine.compute.backend import tf

Tensor = Any


def balanced_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    label_smoothing: float = 0.0,
    add_up: Callable[[Tensor], Tensor] = lambda counts: counts,
) -> Tensor:
    """Cross entropy of the labelled pixels, with the same weight for every class.

    Unlabelled pixels are left out before anything is averaged, so neither their number
    nor their logits change the loss or its gradient.

    Parameters
    ----------
    logits
        ``(..., n_classes)``, float32.
    targets
        ``(...)``, int32: 0 is unlabelled, ``k + 1`` is class number ``k``.
    label_smoothing
        Share of the target that is spread over all classes, 0 to 1.
    add_up
        Turns the ``(n_classes,)`` float32 counts of labelled pixels into those of the
        whole batch, where these pixels are a part of one. The losses of all parts then
        add up to the loss of the batch.

    Returns
    -------
    scalar
        Mean over the classes that occur of their mean cross entropy; 0 when no pixel
        is labelled.
    """
    n_classes = logits.shape[-1]
    labelled = tf.reshape(targets, [-1]) > 0
    logits = tf.boolean_mask(tf.reshape(logits, [-1, n_classes]), labelled)
    classes = tf.boolean_mask(tf.reshape(targets, [-1]), labelled) - 1
    wanted = tf.one_hot(classes, n_classes)
    counts = add_up(tf.reduce_sum(wanted, axis=0))
    smooth = wanted * (1 - label_smoothing) + label_smoothing / n_classes
    losses = tf.nn.softmax_cross_entropy_with_logits(smooth, logits)
    share = tf.math.divide_no_nan(losses, tf.gather(counts, classes))
    occurring = tf.math.count_nonzero(counts, dtype=losses.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(share), occurring)
