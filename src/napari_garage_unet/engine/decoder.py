"""The decoder of the pretrained U-Net: from taps at many strides to logits.

Each tap enters through a 1x1 convolution at its own resolution, is enlarged to that of
the result and added to the others: the lateral connections and the upsampling of a
U-Net, from deep to shallow. Enlarging is linear, so this equals a dense layer on all
taps enlarged and joined at one pixel. The decoder can therefore be taught on the
stroke pixels alone, thousands of times faster than on whole crops, and is then run on
whole planes. Several members, each with weights of its own, are averaged.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backend import keras, tf
from .features import GRID, TapSpec

Tensor = Any

MEMBERS = 3
"""Networks that are averaged: fewer disagree by chance, more take longer."""

ON_GRID = TapSpec(GRID, 0.0, 0, "grid")

WIDTHS = (128, 64)
"""Channels behind the laterals, and of the layer before the logits."""

SMOOTHING_RADIUS = 16
"""Largest radius of the guided filter behind the decoder, in cells of the grid."""

STRIP = 16
"""Rows of the grid that are computed together."""

INPUT_NOISE = 0.1
INPUT_DROPOUT = 0.1
DROPOUT = 0.2


# Keras has no types, so to mypy its classes are Any, which cannot be inherited from.
class Decoder(keras.Model):  # type: ignore[misc]
    """From taps ``(batch, h, w, channels)`` to logits of each member on the grid.

    Parameters
    ----------
    taps
        What the taps are.
    n_classes
        Number of logits.

    Attributes
    ----------
    smoothing
        Radius of the guided filter that suits what has been learnt. It is a weight
        that is not trained, so it is copied, saved and loaded with the others.
    """

    def __init__(self, taps: Sequence[TapSpec], n_classes: int) -> None:
        super().__init__(name="decoder")
        self.taps = tuple(taps)
        self.n_classes = n_classes
        n_features = sum(tap.channels for tap in taps)
        self.scale = group_scales(taps)
        self.kernels, self.biases = [], []
        sizes = (n_features, *WIDTHS, n_classes)
        for number, (inputs, units) in enumerate(itertools.pairwise(sizes)):
            gain = 1.0 if units == n_classes else 2.0
            self.kernels.append(
                self._add(f"kernel_{number}", (MEMBERS, inputs, units), gain / inputs)
            )
            self.biases.append(self._add(f"bias_{number}", (MEMBERS, 1, units), 0.0))
        self.smoothing = self.add_weight(
            name="smoothing",
            shape=(),
            initializer=keras.initializers.Constant(SMOOTHING_RADIUS),
            trainable=False,
        )

    def _add(self, name: str, shape: tuple[int, ...], variance: float) -> Any:
        initializer = keras.initializers.RandomNormal(stddev=variance**0.5)
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def at_pixels(self, features: Tensor, *, training: bool = False) -> Tensor:
        """Logits at single pixels.

        Parameters
        ----------
        features
            ``(members or 1, n, sum of channels)``, taps enlarged and joined.
        training
            Whether to add noise and drop values at random.

        Returns
        -------
        tensor of shape (members, n, n_classes)
        """
        x = features * self.scale
        if training:
            x += tf.random.normal(tf.shape(x), stddev=INPUT_NOISE)
            x = tf.nn.dropout(x, INPUT_DROPOUT)
        x = tf.matmul(x, self.kernels[0]) + self.biases[0]
        return self._finish(x, training=training)

    def call(self, taps: Sequence[Tensor]) -> Tensor:
        """Logits of a plane, ``(members, h, w, n_classes)`` on the grid.

        Parameters
        ----------
        taps
            Of one plane, ``(h, w, channels)`` each.
        """
        rows, columns = (tf.range(n) for n in tf.unstack(tf.shape(taps[0])[:2]))
        return self._logits(taps, self._coarse(taps), rows, columns, ON_GRID)

    def probabilities(self, taps: Sequence[Tensor], *, every: int = 1) -> Tensor:
        """Mean probabilities of the members, ``(h, w, n_classes)`` on the grid.

        With `every` n-th cell of the grid along both axes there are fewer of them.
        Computed some rows at a time: what lies between the taps and the probabilities
        is large, and much faster when it stays in the processor's cache.
        """
        coarse = self._coarse(taps)
        height, width = tf.unstack(-(-tf.shape(taps[0])[:2] // every))
        grid = TapSpec(GRID * every, 0.0, 0, "grid")

        def compute(first: Tensor) -> Tensor:
            rows = tf.minimum(first + tf.range(STRIP), height - 1)
            logits = self._logits(taps, coarse, rows, tf.range(width), grid)
            members = tf.nn.softmax(logits)
            return tf.reduce_mean(members, axis=0)

        strips = tf.map_fn(
            compute,
            tf.range(0, height, STRIP),
            fn_output_signature=tf.TensorSpec((STRIP, None, self.n_classes)),
            parallel_iterations=1,
        )
        shape = (-1, tf.shape(strips)[2], self.n_classes)
        return tf.reshape(strips, shape)[:height]

    def _coarse(self, taps: Sequence[Tensor]) -> list[tuple[Tensor, TapSpec]]:
        """Apply the first layer to the taps coarser than the grid.

        Each map is added to the next finer one it lies on, from the deepest up; what
        cannot be joined stays a map of its own.
        """
        maps: list[tuple[Tensor, TapSpec]] = []
        for number in reversed(range(len(self.taps))):
            spec = self.taps[number]
            if spec.stride <= GRID:
                continue
            lateral = tf.tensordot(
                tf.cast(taps[number], tf.float32), self._first_kernel([number]), 1
            )
            if maps and spec.holds(maps[-1][1]):
                below, coarser = maps.pop()
                rows, columns = (tf.range(n) for n in tf.unstack(tf.shape(lateral)[:2]))
                lateral += interpolate(below, rows, columns, coarser, spec)
            maps.append((lateral, spec))
        return maps

    def _logits(
        self,
        taps: Sequence[Tensor],
        coarse: Sequence[tuple[Tensor, TapSpec]],
        rows: Tensor,
        columns: Tensor,
        grid: TapSpec,
    ) -> Tensor:
        """Logits of each member in some rows and columns of a grid."""
        fine = [n for n, spec in enumerate(self.taps) if spec.stride <= GRID]
        on_grid = [
            interpolate(taps[n], rows, columns, self.taps[n], grid) for n in fine
        ]
        joined = tf.concat([tf.cast(tap, tf.float32) for tap in on_grid], axis=-1)
        total = tf.tensordot(joined, self._first_kernel(fine), 1)
        for below, spec in coarse:
            total += interpolate(below, rows, columns, spec, grid)
        members, units = MEMBERS, WIDTHS[0]
        x = tf.reshape(total, (-1, members, units))
        x = tf.transpose(x, (1, 0, 2)) + self.biases[0]
        logits = self._finish(x, training=False)
        shape = (members, tf.size(rows), tf.size(columns), self.n_classes)
        return tf.reshape(logits, shape)

    def _first_kernel(self, numbers: Sequence[int]) -> Tensor:
        """Scaled weights of some taps, ``(channels, members * units)``."""
        ends = np.cumsum([spec.channels for spec in self.taps])
        kernel = self.kernels[0] * self.scale[:, tf.newaxis]
        parts = [kernel[:, ends[n] - self.taps[n].channels : ends[n]] for n in numbers]
        joined = tf.transpose(tf.concat(parts, axis=1), (1, 0, 2))
        return tf.reshape(joined, (-1, MEMBERS * WIDTHS[0]))

    def _finish(self, x: Tensor, *, training: bool) -> Tensor:
        for kernel, bias in zip(self.kernels[1:], self.biases[1:], strict=True):
            x = tf.nn.relu(x)
            if training:
                x = tf.nn.dropout(x, DROPOUT)
            x = tf.matmul(x, kernel) + bias
        return x


def group_scales(taps: Sequence[TapSpec]) -> NDArray[np.float32]:
    """Scale of each feature that gives every group the same total variance.

    So the many channels of the encoder do not drown the few features that are sharp
    to the pixel.
    """
    groups = np.repeat([tap.group for tap in taps], [tap.channels for tap in taps])
    names, sizes = np.unique(groups, return_counts=True)
    share = len(groups) / len(names) / sizes[np.searchsorted(names, groups)]
    scales: NDArray[np.float32] = np.sqrt(share).astype(np.float32)
    return scales


def interpolate(
    tap: Tensor, rows: Tensor, columns: Tensor, spec: TapSpec, target: TapSpec
) -> Tensor:
    """Interpolate a map linearly at cells of a finer one.

    Parameters
    ----------
    tap
        ``(h, w, channels)``; one of half precision that needs no interpolation stays
        as it is.
    rows, columns
        Numbers of the cells of the finer map.
    spec, target
        Where the cells of the map and of the finer one lie.

    Returns
    -------
    tensor of shape (rows, columns, channels)
    """
    if (spec.stride, spec.offset) == (target.stride, target.offset):
        return tf.gather(tap, rows, axis=0)
    for axis, numbers in enumerate((rows, columns)):
        last = tf.shape(tap)[axis] - 1
        pixels = tf.cast(numbers * target.stride, tf.float32)
        cells = (pixels + target.offset - spec.offset) / spec.stride
        cells = tf.clip_by_value(cells, 0.0, tf.cast(last, tf.float32))
        low = tf.cast(tf.floor(cells), tf.int32)
        share = cells - tf.cast(low, tf.float32)
        share = tf.reshape(share, (-1, 1, 1) if axis == 0 else (1, -1, 1))
        before = tf.cast(tf.gather(tap, low, axis=axis), tf.float32)
        after = tf.cast(
            tf.gather(tap, tf.minimum(low + 1, last), axis=axis), tf.float32
        )
        tap = before + share * (after - before)
    return tap


def gather_pixels(
    taps: Sequence[NDArray[Any]],
    specs: Sequence[TapSpec],
    rows: NDArray[np.integer[Any]],
    columns: NDArray[np.integer[Any]],
) -> NDArray[np.float32]:
    """Join the taps at single pixels, interpolated as `enlarge` does.

    Parameters
    ----------
    taps
        Of one plane.
    specs
        What they are.
    rows, columns
        ``(n,)`` pixels.

    Returns
    -------
    ndarray of shape (n, sum of channels), float32
    """
    parts = []
    for tap, spec in zip(taps, specs, strict=True):
        low, share, after = [], [], []
        for pixels, length in zip((rows, columns), tap.shape[:2], strict=True):
            cells = np.clip((pixels - spec.offset) / spec.stride, 0, length - 1)
            low.append(cells.astype(np.intp))
            share.append((cells - low[-1]).astype(np.float32)[:, np.newaxis])
            after.append(np.minimum(low[-1] + 1, length - 1))
        (y, x), (v, u), (below, right) = low, share, after
        top = (1 - u) * tap[y, x] + u * tap[y, right]
        bottom = (1 - u) * tap[below, x] + u * tap[below, right]
        parts.append((1 - v) * top + v * bottom)
    return np.concatenate(parts, axis=1)
