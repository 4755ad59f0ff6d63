"""What a decoder computes on planes, whatever weights it is given.

`decode_planes` is traced once for all networks of a kind, with weights and settings as
arguments: tracing takes as long as a preview does, and every training makes a network.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import GRID, FeatureMapSpec
from napari_garage_unet.engine.filters.interpolation import (
    interpolate_at_rows_and_columns,
)

from .decoder_ops import WIDTHS, Tensor, finish, group_scales
from .decoder_state import N_GUIDES

ON_GRID = FeatureMapSpec(GRID, 0.0, 0, "grid")
"""The grid as the target of an interpolation."""

STRIP_ROWS = 16
"""Rows of the grid that are computed together, so that they stay in the cache."""


class Layers:
    """The layers of a decoder.

    Parameters
    ----------
    specs
        What the feature maps are.
    kernels, biases
        Weights of each layer, ``(members, inputs, units)`` and ``(members, 1, units)``;
        tensors, variables or arrays.
    guide
        ``(n_features, N_GUIDES)``, from features to the maps that guide the smoothing.
    ensemble_weights
        ``(members,)``, weight of each member in the mean; they sum to 1.
    inverse_temperature
        Factor of the logits before the softmax.
    """

    def __init__(
        self,
        specs: Sequence[FeatureMapSpec],
        kernels: Sequence[Tensor],
        biases: Sequence[Tensor],
        guide: Tensor,
        ensemble_weights: Tensor,
        inverse_temperature: Tensor,
    ) -> None:
        self.specs = tuple(specs)
        self.scale = group_scales(specs)
        self.kernels, self.biases, self.guide = kernels, biases, guide
        self.ensemble_weights, self.inverse_temperature = (
            ensemble_weights,
            inverse_temperature,
        )
        self._members = int(kernels[0].shape[0])

    def on_plane(self, feature_maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Compute a whole plane on the grid.

        Returns
        -------
        logits : tensor of shape (members, h, w, n_classes)
        guides : tensor of shape (h, w, N_GUIDES)
        """
        rows, columns = (tf.range(n) for n in tf.unstack(tf.shape(feature_maps[0])[:2]))
        return self._logits(
            feature_maps, self._coarse(feature_maps), rows, columns, ON_GRID
        )

    def probabilities(
        self, feature_maps: Sequence[Tensor], *, every: int = 1
    ) -> Tensor:
        """Compute mean probabilities of the members, and the guides behind them.

        They are computed some rows at a time: what lies between features and
        probabilities is large, and much faster when it stays in the processor's cache.

        Parameters
        ----------
        feature_maps
            Those of one plane, ``(h, w, channels)`` each.
        every
            Cells of the grid from one value to the next along both axes.

        Returns
        -------
        tensor of shape (h / every, w / every, n_classes + N_GUIDES)
        """
        coarse = self._coarse(feature_maps)
        height, width = tf.unstack(-(-tf.shape(feature_maps[0])[:2] // every))
        grid = FeatureMapSpec(GRID * every, 0.0, 0, "grid")

        def compute(first: Tensor) -> Tensor:
            rows = tf.minimum(first + tf.range(STRIP_ROWS), height - 1)
            logits, guides = self._logits(
                feature_maps, coarse, rows, tf.range(width), grid
            )
            return tf.concat([self.mean(logits), guides], axis=-1)

        strips = tf.map_fn(
            compute,
            tf.range(0, height, STRIP_ROWS),
            fn_output_signature=tf.TensorSpec((STRIP_ROWS, None, None)),
            parallel_iterations=1,
        )
        return tf.reshape(strips, (-1, width, tf.shape(strips)[3]))[:height]

    def mean(self, logits: Tensor) -> Tensor:
        """Average the probabilities of the members with the ensemble weights.

        From logits ``(members, ..., n_classes)`` to ``(..., n_classes)``.
        """
        members = tf.nn.softmax(self.inverse_temperature * logits)
        return tf.tensordot(self.ensemble_weights, members, 1)

    def _coarse(
        self, feature_maps: Sequence[Tensor]
    ) -> list[tuple[Tensor, FeatureMapSpec]]:
        """Apply the first layer to the feature maps coarser than the grid.

        Each map is added to the next finer one it lies on, from the deepest up; what
        cannot be joined stays a map of its own.
        """
        maps: list[tuple[Tensor, FeatureMapSpec]] = []
        for number in reversed(range(len(self.specs))):
            spec = self.specs[number]
            if spec.stride <= GRID:
                continue
            lateral = tf.tensordot(
                tf.cast(feature_maps[number], tf.float32),
                self._first_kernel([number]),
                1,
            )
            if maps and spec.holds(maps[-1][1]):
                below, coarser = maps.pop()
                rows, columns = (tf.range(n) for n in tf.unstack(tf.shape(lateral)[:2]))
                lateral += interpolate(below, rows, columns, coarser, spec)
            maps.append((lateral, spec))
        return maps

    def _logits(
        self,
        feature_maps: Sequence[Tensor],
        coarse: Sequence[tuple[Tensor, FeatureMapSpec]],
        rows: Tensor,
        columns: Tensor,
        grid: FeatureMapSpec,
    ) -> tuple[Tensor, Tensor]:
        """Compute logits of each member, and guides, at cells of a grid.

        Parameters
        ----------
        feature_maps
            All of them; those coarser than the grid are not read.
        coarse
            What `_coarse` returns.
        rows, columns
            Numbers of the cells.
        grid
            Where its cells lie.
        """
        fine = [n for n, spec in enumerate(self.specs) if spec.stride <= GRID]
        on_grid = [
            interpolate(feature_maps[n], rows, columns, self.specs[n], grid)
            for n in fine
        ]
        joined = tf.concat(
            [tf.cast(feature_map, tf.float32) for feature_map in on_grid], axis=-1
        )
        total = tf.tensordot(joined, self._first_kernel(fine), 1)
        for below, spec in coarse:
            total += interpolate(below, rows, columns, spec, grid)
        inner, guides = total[..., :-N_GUIDES], total[..., -N_GUIDES:]
        x = tf.reshape(inner, (-1, self._members, WIDTHS[0]))
        x = tf.transpose(x, (1, 0, 2)) + self.biases[0]
        logits = finish(x, self.kernels, self.biases)
        size = (tf.size(rows), tf.size(columns), tf.shape(logits)[2])
        return tf.reshape(logits, (self._members, *size)), guides

    def _first_kernel(self, numbers: Sequence[int]) -> Tensor:
        """Join first layer and guide of some maps, scaled.

        They are ``(channels, members * units + N_GUIDES)``.
        """
        kernel = tf.transpose(self.kernels[0], (1, 0, 2))
        kernel = tf.reshape(kernel, (-1, self._members * WIDTHS[0]))
        kernel = tf.concat([kernel, self.guide], axis=1) * self.scale[:, tf.newaxis]
        ends = np.cumsum([spec.channels for spec in self.specs])
        parts = [kernel[ends[n] - self.specs[n].channels : ends[n]] for n in numbers]
        return tf.concat(parts, axis=0)


@cache
def decode_planes(specs: tuple[FeatureMapSpec, ...], every: int, members: int) -> Any:
    """Return the function from feature maps and parameters to probabilities.

    Parameters
    ----------
    specs
        What the feature maps are.
    every
        Cells of the grid from one value to the next.
    members
        Networks in the ensemble.

    Returns
    -------
    callable
        From the maps and the other parameters of `Layers` to
        ``(n_classes + N_GUIDES, h / every, w / every)``, the maps that guide the
        smoothing behind the probabilities.
    """

    def decode(feature_maps: Any, *learnt: Any) -> Tensor:
        layers = Layers(specs, *learnt)
        return tf.transpose(layers.probabilities(feature_maps, every=every), (2, 0, 1))

    sizes = (sum(spec.channels for spec in specs), *WIDTHS, None)
    return tf.function(
        decode,
        input_signature=[
            [tf.TensorSpec((None, None, spec.channels), tf.float16) for spec in specs],
            [tf.TensorSpec((members, *pair)) for pair in itertools.pairwise(sizes)],
            [tf.TensorSpec((members, 1, units)) for units in sizes[1:]],
            tf.TensorSpec((sizes[0], N_GUIDES)),
            tf.TensorSpec((members,)),
            tf.TensorSpec(()),
        ],
    )


def interpolate(
    feature_map: Tensor,
    rows: Tensor,
    columns: Tensor,
    spec: FeatureMapSpec,
    target: FeatureMapSpec,
) -> Tensor:
    """Interpolate a map linearly at cells of a finer one.

    Parameters
    ----------
    feature_map
        ``(h, w, channels)``. Where its cells are those of the finer map it keeps its
        precision, and has all columns.
    rows, columns
        Numbers of the cells of the finer map.
    spec, target
        Where the cells of the map and of the finer one lie.

    Returns
    -------
    tensor of shape (n_rows, n_columns, channels)
    """
    if (spec.stride, spec.offset) == (target.stride, target.offset):
        return tf.gather(feature_map, rows, axis=0)
    pixels = (
        tf.cast(cells * target.stride, tf.float32) + target.offset
        for cells in (rows, columns)
    )
    return interpolate_at_rows_and_columns(
        feature_map, *pixels, stride=spec.stride, offset=spec.offset
    )
