"""The decoder of the pretrained U-Net: from feature maps at many strides to logits.

Each feature map enters through a 1x1 convolution at its own resolution, is enlarged to
that of the result and added to the others: the lateral connections and the upsampling
of a U-Net, from deep to shallow. Enlarging is linear, so this equals a dense layer on
all features interpolated at one pixel and joined. The decoder can therefore be trained
on the stroke pixels alone, thousands of times faster than on whole crops, and is then
run on whole planes. It is an ensemble: several members with weights of their own, whose
probabilities are averaged with the ensemble weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import keras
from napari_garage_unet.engine.features.feature_maps import FeatureMapSpec

from .decoder_layers import Layers
from .decoder_ops import (
    ENSEMBLE_SIZE,
    WIDTHS,
    group_scales,
    logits_at_pixels,
    project_last_member,
)
from .decoder_state import DecoderState

Tensor = Any


# Keras has no types, so to mypy its classes are Any, which cannot be inherited from.
class Decoder(keras.Model):  # type: ignore[misc]
    """From feature maps to the logits of each member on the grid.

    Parameters
    ----------
    specs
        What the feature maps are.
    n_classes
        Number of logits.
    members
        Networks in the ensemble.

    Attributes
    ----------
    kernels, biases
        Trained weights of each layer, ``(members, inputs, units)`` and
        ``(members, 1, units)``.
    state
        What is set and not trained. It cannot be changed, only replaced.
    scale
        ``(n_features,)`` float32, factor of each feature, see `group_scales`.
    """

    state: DecoderState

    def __init__(
        self,
        specs: Sequence[FeatureMapSpec],
        n_classes: int,
        *,
        members: int = ENSEMBLE_SIZE,
    ) -> None:
        super().__init__(name="decoder")
        self.specs = tuple(specs)
        self.members = members
        self.n_classes = n_classes
        self.n_features = sum(spec.channels for spec in specs)
        self.kernels, self.biases = [], []
        sizes = (self.n_features, *WIDTHS, n_classes)
        for number, (inputs, units) in enumerate(itertools.pairwise(sizes)):
            gain = 1.0 if units == n_classes else 2.0
            self.kernels.append(
                self._add(f"kernel_{number}", (members, inputs, units), gain / inputs)
            )
            self.biases.append(self._add(f"bias_{number}", (members, 1, units), 0.0))
        self.state = DecoderState.initial(
            self.n_features, n_classes, np.full(members, 1 / members, np.float32)
        )
        self.scale = group_scales(self.specs)

    @property
    def as_layers(self) -> Layers:
        """The decoder as layers with the weights and settings of now."""
        return Layers(
            self.specs,
            self.projected_kernels(),
            self.biases,
            self.state.guide,
            self.state.ensemble_weights,
            self.state.inverse_temperature,
        )

    def projected_kernels(self) -> list[Tensor]:
        """Kernels of each layer, the first one with the projection multiplied in."""
        return project_last_member(self.kernels, self.state.projection)

    def _add(self, name: str, shape: tuple[int, ...], variance: float) -> Any:
        initializer = keras.initializers.RandomNormal(stddev=variance**0.5)
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def logits_at_pixels(self, features: Tensor) -> Tensor:
        """Compute logits at single pixels, from features that are not scaled.

        Parameters
        ----------
        features
            ``(members or 1, n, n_features)``, interpolated and joined.

        Returns
        -------
        tensor of shape (members, n, n_classes)
        """
        scaled = features * self.scale
        return logits_at_pixels(scaled, self.projected_kernels(), self.biases)

    def call(self, feature_maps: Sequence[Tensor]) -> Tensor:
        """Compute the logits of a plane.

        Parameters
        ----------
        feature_maps
            Those of one plane, ``(h, w, channels)`` each.

        Returns
        -------
        tensor of shape (members, h, w, n_classes), on the grid
        """
        return self.as_layers.on_plane(feature_maps)[0]


def make_ensemble_weights(
    members: int, *, projected_weight: float
) -> NDArray[np.float32]:
    """Divide the weight of the ensemble among its members.

    Parameters
    ----------
    members
        How many there are. If there are several, the last one sees the projected
        features.
    projected_weight
        Weight of that last one, 0 to 1; the others share the rest.

    Returns
    -------
    ndarray of shape (members,), float32
        Sums to 1.
    """
    if members == 1:
        return np.ones(1, np.float32)
    ensemble_weights = np.full(
        members, (1 - projected_weight) / (members - 1), np.float32
    )
    ensemble_weights[-1] = projected_weight
    return ensemble_weights
