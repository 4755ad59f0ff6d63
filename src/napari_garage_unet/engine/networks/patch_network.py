"""The patch network: a small network that sees a few pixels and no features.

Probabilities of the decoder are smoothed, since single pixels of them are noisy, and
that blurs what is thin. The patch network learns the unsmoothed probabilities from the
pixels themselves (distillation, Hinton et al. 2015, arXiv:1503.02531), turned and
flipped. It sees too little to repeat the decoder's errors at single pixels, so its
probabilities are cleaner without being blurred, and are mixed into the result
unsmoothed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import keras, tf
from napari_garage_unet.engine.features.feature_maps import GRID

Tensor = Any

PATCH_SIDE_CELLS = 5
"""Side of a patch in cells of the grid; odd, the cell itself is the middle."""

PATCH_SIDE_PIXELS = PATCH_SIDE_CELLS * GRID
"""Side of a patch in pixels."""

WIDTHS = (64, 64)
"""Channels of the layers before the logits."""

STRIP_ROWS = 16
"""Rows of the grid that are computed together, so that they stay in the cache."""


# Keras has no types, so to mypy its classes are Any, which cannot be inherited from.
class PatchNetwork(keras.Model):  # type: ignore[misc]
    """From the pixels around a cell of the grid to its logits.

    Parameters
    ----------
    n_channels
        Channels of the planes.
    n_classes
        Number of logits.

    Attributes
    ----------
    kernels, biases
        Weights of each layer, ``(inputs, units)`` and ``(units,)``. The first kernel is
        ``(PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, n_channels, units)``.
    """

    def __init__(self, n_channels: int, n_classes: int) -> None:
        super().__init__(name="patch_network")
        self.n_channels = n_channels
        sizes = (PATCH_SIDE_PIXELS * PATCH_SIDE_PIXELS * n_channels, *WIDTHS, n_classes)
        self.kernels, self.biases = [], []
        for number, (inputs, units) in enumerate(itertools.pairwise(sizes)):
            shape = (
                (inputs,)
                if number
                else (PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, n_channels)
            )
            gain = 1.0 if units == n_classes else 2.0
            spread = keras.initializers.RandomNormal(stddev=(gain / inputs) ** 0.5)
            self.kernels.append(
                self.add_weight(
                    name=f"kernel_{number}", shape=(*shape, units), initializer=spread
                )
            )
            self.biases.append(
                self.add_weight(
                    name=f"bias_{number}", shape=(units,), initializer="zeros"
                )
            )

    def at_patches(self, patches: Tensor) -> Tensor:
        """Compute the ``(n, n_classes)`` logits of patches, see `at_patches`."""
        return at_patches(patches, self.kernels, self.biases)

    def on_plane(self, pixels: NDArray[np.float16], every: int) -> NDArray[np.float32]:
        """Compute probabilities on every n-th cell of the grid.

        Parameters
        ----------
        pixels
            ``(h, w, GRID * GRID * n_channels)`` on the grid, standardised, as
            `feature_maps.pack_pixels` lays them out.
        every
            Cells from one value to the next.

        Returns
        -------
        ndarray of shape (n_classes, h / every, w / every), float32
        """
        compute = patch_network_on_planes(self.n_channels, every)
        found: NDArray[np.float32] = compute(pixels, self.kernels, self.biases).numpy()
        return found


def at_patches(
    patches: Tensor, kernels: Sequence[Tensor], biases: Sequence[Tensor]
) -> Tensor:
    """Compute the logits of patches.

    Parameters
    ----------
    patches
        ``(n, PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, n_channels)``, standardised pixels.
    kernels, biases
        As in `PatchNetwork`; tensors or variables.

    Returns
    -------
    tensor of shape (n, n_classes)
    """
    x = tf.reshape(patches, (tf.shape(patches)[0], -1))
    first = tf.reshape(kernels[0], (-1, WIDTHS[0]))
    return finish(tf.matmul(x, first), kernels, biases)


def cut_patches(
    pixels: NDArray[np.floating[Any]],
    rows: NDArray[np.integer[Any]],
    columns: NDArray[np.integer[Any]],
) -> NDArray[np.float32]:
    """Cut the patches around cells out of a plane; its borders are repeated.

    Parameters
    ----------
    pixels
        ``(h, w, GRID * GRID * n_channels)`` as `feature_maps.pack_pixels` returns.
    rows, columns
        ``(n,)`` cells of the grid.

    Returns
    -------
    ndarray of shape (n, PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, n_channels), float32
    """
    around = np.arange(PATCH_SIDE_CELLS) - PATCH_SIDE_CELLS // 2
    y = np.clip(rows[:, np.newaxis] + around, 0, pixels.shape[0] - 1)
    x = np.clip(columns[:, np.newaxis] + around, 0, pixels.shape[1] - 1)
    cells = pixels[y[:, :, np.newaxis], x[:, np.newaxis]].astype(np.float32)
    cells = cells.reshape(len(rows), PATCH_SIDE_CELLS, PATCH_SIDE_CELLS, GRID, GRID, -1)
    patches: NDArray[np.float32] = cells.transpose(0, 1, 3, 2, 4, 5)
    return patches.reshape(len(rows), PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, -1)


def patch_logits(
    cells: Tensor,
    kernels: Sequence[Tensor],
    biases: Sequence[Tensor],
    *,
    every: int = 1,
) -> Tensor:
    """Compute the logits of all cells with a whole patch, or of every n-th of them.

    Parameters
    ----------
    cells
        ``(1, h + margin, w + margin, GRID * GRID * n_channels)`` float32; the margin is
        ``PATCH_SIDE_CELLS - 1``.
    kernels, biases
        As in `PatchNetwork`; tensors or variables.
    every
        Cells from one value to the next.

    Returns
    -------
    tensor of shape (1, h / every, w / every, n_classes)
    """
    n_channels, units = kernels[0].shape[2:]
    kernel = tf.reshape(
        kernels[0], (PATCH_SIDE_CELLS, GRID, PATCH_SIDE_CELLS, GRID, n_channels, units)
    )
    kernel = tf.transpose(kernel, (0, 2, 1, 3, 4, 5))
    kernel = tf.reshape(
        kernel, (PATCH_SIDE_CELLS, PATCH_SIDE_CELLS, GRID * GRID * n_channels, units)
    )
    x = tf.nn.conv2d(cells, kernel, strides=every, padding="VALID")
    return finish(x, kernels, biases)


def finish(x: Tensor, kernels: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
    """Apply everything behind the first kernel to the last axis."""
    x += biases[0]
    for kernel, bias in zip(kernels[1:], biases[1:], strict=True):
        x = tf.tensordot(tf.nn.relu(x), kernel, 1) + bias
    return x


@cache
def patch_network_on_planes(n_channels: int, every: int) -> Any:
    """Return the function from pixels, kernels and biases to probabilities.

    It is traced once for all networks of a kind: weights are arguments.
    """
    margin = PATCH_SIDE_CELLS // 2

    def repeat_border(pixels: Tensor) -> Tensor:
        height, width = tf.unstack(tf.shape(pixels)[:2])
        # The last strip may reach beyond the plane; what it finds there is dropped.
        rows = tf.range(-margin, height + margin + STRIP_ROWS * every)
        columns = tf.range(-margin, width + margin)
        pixels = tf.gather(pixels, tf.clip_by_value(rows, 0, height - 1), axis=0)
        return tf.gather(pixels, tf.clip_by_value(columns, 0, width - 1), axis=1)

    def compute(
        pixels: Tensor, kernels: Sequence[Tensor], biases: Sequence[Tensor]
    ) -> Tensor:
        height, width = tf.unstack(-(-tf.shape(pixels)[:2] // every))
        padded = repeat_border(pixels)

        def strip(first: Tensor) -> Tensor:
            top = first * every
            seen = padded[top : top + (STRIP_ROWS - 1) * every + PATCH_SIDE_CELLS]
            seen = tf.cast(seen, tf.float32)[tf.newaxis]
            return tf.nn.softmax(patch_logits(seen, kernels, biases, every=every))[0]

        strips = tf.map_fn(
            strip,
            tf.range(0, height, STRIP_ROWS),
            fn_output_signature=tf.TensorSpec((STRIP_ROWS, None, None)),
            parallel_iterations=1,
        )
        whole = tf.reshape(strips, (-1, width, tf.shape(strips)[3]))[:height]
        return tf.transpose(whole, (2, 0, 1))

    sizes = (*WIDTHS, None)
    return tf.function(
        compute,
        input_signature=[
            tf.TensorSpec((None, None, GRID * GRID * n_channels), tf.float16),
            [
                tf.TensorSpec(
                    (PATCH_SIDE_PIXELS, PATCH_SIDE_PIXELS, n_channels, WIDTHS[0])
                ),
                *(tf.TensorSpec(pair) for pair in itertools.pairwise(sizes)),
            ],
            [tf.TensorSpec((units,)) for units in sizes],
        ],
    )
