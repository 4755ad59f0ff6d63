"""The detail network: a small one that sees the pixels around, and no features.

What the decoder says is smoothed, since single pixels of it are noisy, and that blurs
what is thin. The detail network learns what the decoder says before that, from the
pixels themselves (distillation, Hinton et al. 2015, arXiv:1503.02531), turned and
flipped. It sees too little to repeat what is wrong here and there, so it cleans the
answers without blurring them, and is mixed into the result unsmoothed.
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

CELLS = 5
"""Side of what it sees, in cells of the grid; odd, the cell itself is the middle."""

SIDE = CELLS * GRID
"""The same in pixels."""

WIDTHS = (64, 64)
"""Channels of the layers before the logits."""

STRIP = 16
"""Rows of the grid that are computed together, so that they stay in the cache."""


# Keras has no types, so to mypy its classes are Any, which cannot be inherited from.
class PatchNetwork(keras.Model):  # type: ignore[misc]
    """From the pixels around a cell to its logits.

    Parameters
    ----------
    n_channels
        Of the planes.
    n_classes
        Number of logits.

    Attributes
    ----------
    kernels, biases
        Of each layer. The first kernel is ``(SIDE, SIDE, n_channels, units)``.
    """

    def __init__(self, n_channels: int, n_classes: int) -> None:
        super().__init__(name="patch_network")
        self.n_channels = n_channels
        sizes = (SIDE * SIDE * n_channels, *WIDTHS, n_classes)
        self.kernels, self.biases = [], []
        for number, (inputs, units) in enumerate(itertools.pairwise(sizes)):
            shape = (inputs,) if number else (SIDE, SIDE, n_channels)
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
        """Logits ``(n, n_classes)`` of ``(n, SIDE, SIDE, n_channels)``."""
        return at_patches(patches, self.kernels, self.biases)

    def on_plane(self, pixels: NDArray[np.float16], every: int) -> NDArray[np.float32]:
        """Probabilities ``(n_classes, h, w)`` on every n-th cell of the grid.

        Parameters
        ----------
        pixels
            ``(h, w, GRID * GRID * n_channels)`` on the grid, see
            `features.pack_pixels`.
        every
            Cells from one value to the next.
        """
        compute = _patch_network_on_planes(self.n_channels, every)
        found: NDArray[np.float32] = compute(pixels, self.kernels, self.biases).numpy()
        return found


def at_patches(
    patches: Tensor, kernels: Sequence[Tensor], biases: Sequence[Tensor]
) -> Tensor:
    """Logits ``(n, n_classes)`` of ``(n, SIDE, SIDE, n_channels)`` patches."""
    x = tf.reshape(patches, (tf.shape(patches)[0], -1))
    first = tf.reshape(kernels[0], (-1, WIDTHS[0]))
    return finish(tf.matmul(x, first), kernels, biases)


def cut_patches(
    pixels: NDArray[np.floating[Any]],
    rows: NDArray[np.integer[Any]],
    columns: NDArray[np.integer[Any]],
) -> NDArray[np.float32]:
    """Cut out what is seen around cells; borders are repeated.

    Parameters
    ----------
    pixels
        ``(h, w, GRID * GRID * n_channels)`` as `features.pack_pixels` returns.
    rows, columns
        ``(n,)`` cells.

    Returns
    -------
    ndarray of shape (n, SIDE, SIDE, n_channels), float32
    """
    around = np.arange(CELLS) - CELLS // 2
    y = np.clip(rows[:, np.newaxis] + around, 0, pixels.shape[0] - 1)
    x = np.clip(columns[:, np.newaxis] + around, 0, pixels.shape[1] - 1)
    cells = pixels[y[:, :, np.newaxis], x[:, np.newaxis]].astype(np.float32)
    cells = cells.reshape(len(rows), CELLS, CELLS, GRID, GRID, -1)
    patches: NDArray[np.float32] = cells.transpose(0, 1, 3, 2, 4, 5)
    return patches.reshape(len(rows), SIDE, SIDE, -1)


def look(
    cells: Tensor,
    kernels: Sequence[Tensor],
    biases: Sequence[Tensor],
    *,
    every: int = 1,
) -> Tensor:
    """Logits of all cells that have a whole neighbourhood, or of every n-th of them.

    Parameters
    ----------
    cells
        ``(1, h + CELLS - 1, w + CELLS - 1, GRID * GRID * n_channels)`` float32.
    kernels, biases
        Of each layer.
    every
        Cells from one value to the next.

    Returns
    -------
    tensor of shape (1, h / every, w / every, n_classes)
    """
    n_channels, units = kernels[0].shape[2:]
    kernel = tf.reshape(kernels[0], (CELLS, GRID, CELLS, GRID, n_channels, units))
    kernel = tf.transpose(kernel, (0, 2, 1, 3, 4, 5))
    kernel = tf.reshape(kernel, (CELLS, CELLS, GRID * GRID * n_channels, units))
    x = tf.nn.conv2d(cells, kernel, strides=every, padding="VALID")
    return finish(x, kernels, biases)


def finish(x: Tensor, kernels: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
    """All that comes behind the first kernel."""
    x += biases[0]
    for kernel, bias in zip(kernels[1:], biases[1:], strict=True):
        x = tf.tensordot(tf.nn.relu(x), kernel, 1) + bias
    return x


@cache
def _patch_network_on_planes(n_channels: int, every: int) -> Any:
    """Return the function from pixels, kernels and biases to probabilities."""
    margin = CELLS // 2

    def repeat_border(pixels: Tensor) -> Tensor:
        height, width = tf.unstack(tf.shape(pixels)[:2])
        # The last strip may reach beyond the plane; what it finds there is dropped.
        rows = tf.range(-margin, height + margin + STRIP * every)
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
            seen = padded[top : top + (STRIP - 1) * every + CELLS]
            seen = tf.cast(seen, tf.float32)[tf.newaxis]
            return tf.nn.softmax(look(seen, kernels, biases, every=every))[0]

        strips = tf.map_fn(
            strip,
            tf.range(0, height, STRIP),
            fn_output_signature=tf.TensorSpec((STRIP, None, None)),
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
                tf.TensorSpec((SIDE, SIDE, n_channels, WIDTHS[0])),
                *(tf.TensorSpec(pair) for pair in itertools.pairwise(sizes)),
            ],
            [tf.TensorSpec((units,)) for units in sizes],
        ],
    )
