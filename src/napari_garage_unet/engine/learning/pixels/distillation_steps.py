"""Steps of the patch network on patches in all their orientations."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.networks.patch_network import (
    PATCH_SIDE_PIXELS,
    PatchNetwork,
    at_patches,
)

from .adamw import AdamW, update


class DistillationSteps:
    """Takes steps of AdamW on patches that are turned and flipped in eight ways.

    Parameters
    ----------
    patch_network
        Is trained in place.
    """

    def __init__(self, patch_network: PatchNetwork) -> None:
        self._adamw = AdamW([*patch_network.kernels, *patch_network.biases])
        self._step = _trace()
        # With any number of patches; traced only for the first network of a kind.
        self._step.get_concrete_function(
            tf.TensorSpec(
                (None, PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, patch_network.n_channels)
            ),
            tf.TensorSpec((None, patch_network.biases[-1].shape[0])),
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((3,)),
            self._adamw.state,
        )

    def take(
        self, patches: Any, targets: Any, numbers: NDArray[np.int32], *, rate: float
    ) -> float:
        """Take a step and return its loss.

        Parameters
        ----------
        patches, targets
            Tensors ``(n, PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, n_channels)`` and
            ``(n, n_classes)``; targets sum to 1.
        numbers
            ``(batch,)``, which patches to learn from; a multiple of 8.
        rate
            Learning rate.
        """
        rates = self._adamw.rates(rate)
        return float(self._step(patches, targets, numbers, rates, self._adamw.state))


@cache
def _trace() -> Any:
    """Return the function that takes a step on any patch network."""

    def step(patches: Any, targets: Any, numbers: Any, rates: Any, state: Any) -> Any:
        seen = in_all_orientations(tf.gather(patches, numbers))
        variables = state[0]
        half = len(variables) // 2
        with tf.GradientTape() as tape:
            logits = at_patches(seen, variables[:half], variables[half:])
            losses = tf.nn.softmax_cross_entropy_with_logits(
                tf.gather(targets, numbers), logits
            )
            loss = tf.reduce_mean(losses)
        update(state, tape.gradient(loss, variables), rates)
        return loss

    return tf.function(step)


def in_all_orientations(patches: Any) -> Any:
    """Turn and flip an eighth of the patches in each of the eight ways.

    Parameters
    ----------
    patches
        ``(n, PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, n_channels)``; a multiple of 8.
    """
    turned = []
    for number, part in enumerate(tf.split(patches, 8)):
        axes = [axis for axis in (1, 2) if number & axis]
        part = tf.transpose(part, (0, 2, 1, 3)) if number & 4 else part
        turned.append(tf.reverse(part, axes))
    return tf.concat(turned, axis=0)
