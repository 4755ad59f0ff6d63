"""The network that learns within seconds: frozen features, a decoder, and fine detail.

The decoder works on every second pixel; what it says is smoothed along the edges of the
image, and a share of the result is left as it was.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.features.feature_maps import (
    GRID,
    FeatureMaps,
    Statistics,
    load_features,
)
from napari_garage_unet.engine.filters.despeckle import AROUND, despeckle
from napari_garage_unet.engine.filters.guided_filter import smooth_probabilities
from napari_garage_unet.engine.filters.median import median_of_nine, median_of_plane

from .base import Network
from .config import NetworkConfig
from .decoder import Decoder, make_ensemble_weights
from .decoder_ops import decode_planes
from .decoder_state import MAX_SMOOTHING_RADIUS
from .network_state import NetworkState
from .patch_network import PatchNetwork

SMOOTHING_EPSILON = 1e-4
"""Variance of the pixel values (0 to 1) from which on an edge is kept."""

SMOOTHED = 0.8
"""Share of the smoothed probabilities in the result: what the image has no edge for,
the network may still know."""

SELF_SMOOTHED = 0.65
"""The same share in what it teaches itself with."""

MOST_GUIDES = 3
"""Images of more channels are guided by their mean."""

GUIDE_SIDE = 5
"""The guide is the median of so many pixels along both axes: smoothing that follows
the noise of an image leaves specks."""


class PretrainedNetwork(Network):
    """A decoder on the taps of a pretrained encoder and on multiscale features.

    The first tap is the image without its noise, along whose edges probabilities are
    smoothed; the second one its pixels standardised, which the detail network sees.

    Attributes
    ----------
    detail
        Adds what smoothing has blurred, once it has been taught.
    """

    head: Decoder

    def __init__(self, config: NetworkConfig, n_channels: int, n_classes: int) -> None:
        super().__init__(config, n_channels, n_classes)
        self._features = load_features(n_channels)
        specs = self._features.specs
        self.stride = self._features.stride
        self.feature_strides = (1, GRID, *(spec.stride for spec in specs))
        self.feature_radius = self._features.radius
        self.head = Decoder(specs, n_classes)
        self.patch_network = PatchNetwork(n_channels, n_classes)

    @property
    def variables(self) -> list[Any]:
        """Weights of the decoder, then of the detail network."""
        return [*self.head.weights, *self.patch_network.weights]

    # mypy wants an attribute that can be set where the base class has a plain one;
    # nobody sets this one.
    @property
    def head_radius(self) -> int:  # type: ignore[override]
        """How far in pixels a probability can see in the taps.

        Interpolating the deepest tap reaches one cell, the guided filter averages
        twice, and specks are told by what is around. The filter's radius changes while
        learning, and this with it.
        """
        cells = 2 * self.smoothing_radius + 1 + AROUND // 2
        return self.stride + cells * GRID

    @property
    def smoothing_radius(self) -> int:
        """Radius of the guided filter in cells of the grid; 0 only enlarges."""
        radius = round(self.head.state.smoothing_radius)
        return min(max(radius, 0), MAX_SMOOTHING_RADIUS)

    @property
    def patch_weight(self) -> float:
        """How much the detail network counts in the result, from 0 to 1."""
        return min(max(self.head.state.blend_weight, 0.0), 1.0)

    def state(self) -> NetworkState:
        """Copy all that has been learnt."""
        return NetworkState(self.weights(), self.head.state)

    def load_state(self, state: NetworkState) -> None:
        """Take over what another network of this kind has learnt.

        Raises
        ------
        ModelFileError
            If it is the state of another kind of network; nothing has changed then.
        """
        super().load_state(state)
        assert state.decoder is not None  # it fits
        self.head.state = state.decoder

    def fits(self, state: NetworkState) -> bool:
        """Whether a state has the arrays of this network, in number and shape."""
        decoder = state.decoder
        return (
            decoder is not None
            and decoder.shapes == self.head.state.shapes
            and super().fits(state)
        )

    def alone(self) -> PretrainedNetwork:
        """Return a network with the same features and one fresh member."""
        other = copy.copy(self)
        other.head = Decoder(self.head.feature_maps, self.n_classes, members=1)
        other.patch_network = PatchNetwork(self.n_channels, self.n_classes)
        return other

    def statistics(self, plane: NDArray[np.float32]) -> Statistics:
        """Measure mean and spread of every feature over a plane."""
        return self._features.statistics(plane)

    def features(
        self, plane: NDArray[np.float32], statistics: Statistics | None
    ) -> FeatureMaps:
        """Compute guide, pixels, multiscale features and encoder taps of a plane."""
        if statistics is None:
            return self.whole(plane)[1]
        return (self._guide(plane), *self._features(plane, statistics))

    def whole(self, plane: NDArray[np.float32]) -> tuple[Statistics, FeatureMaps]:
        """Compute statistics and features at once, each map a single time."""
        statistics, feature_maps = self._features.whole(plane)
        return statistics, (self._guide(plane), *feature_maps)

    def _guide(self, plane: NDArray[np.float32]) -> NDArray[np.float16]:
        if self.n_channels > MOST_GUIDES:
            plane = plane.mean(axis=-1, keepdims=True)
        return median_of_plane(plane, GUIDE_SIDE).astype(np.float16)

    def probabilities(
        self, feature_maps: FeatureMaps, *, step: int = 1
    ) -> NDArray[np.float32]:
        """Compute ``(n_classes, H / step, W / step)`` probabilities of a plane.

        They are smoothed along the edges of the image and of the guides; what the
        detail network says is mixed in as the medians of nine cells, but not smoothed.
        Then specks are taken out. Coarser than the grid neither is done.
        """
        fine = step <= GRID
        decoded, image, guides = self._decode(
            feature_maps, step, self.head.state.ensemble_weights
        )
        share, rest = SMOOTHED, decoded
        blend_weight = self.patch_weight
        if blend_weight:
            patch_network = self.patch_network.on_plane(
                feature_maps[1], max(step // GRID, 1)
            )
            if fine:
                patch_network = median_of_nine(patch_network)
            share, rest = blend_patch_network(decoded, patch_network, blend_weight)
        result = self._smooth(decoded, image, guides, share=share, rest=rest, step=step)
        if fine:
            despeckle(result, grid=GRID // step)
        return result

    def unsmoothed(self, feature_maps: FeatureMaps) -> NDArray[np.float32]:
        """Compute ``(n_classes, H / GRID, W / GRID)`` probabilities of the decoder.

        They are neither smoothed nor mixed with what the detail network says.
        """
        return self._decode(feature_maps, GRID, self.head.state.ensemble_weights)[0]

    def pseudo_label_probabilities(
        self, feature_maps: FeatureMaps
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compute the probabilities that the network teaches itself with.

        They are smoothed along the edges of the image alone. The guides come from what
        the network sees itself, so it would learn less from them, and with few strokes
        the more often it errs the surer of it. The last member, which sees the
        features coarsely, is not asked and does not learn them.

        Returns
        -------
        smoothed : ndarray of shape (n_classes, H, W)
        decoded : ndarray of shape (n_classes, H / GRID, W / GRID)
            The same before they were smoothed.
        """
        ensemble_weights = make_ensemble_weights(self.head.members, coarse=0)
        decoded, image, guides = self._decode(feature_maps, 1, ensemble_weights)
        smoothed = self._smooth(
            decoded, image, guides[:0], share=SELF_SMOOTHED, rest=decoded, step=1
        )
        return smoothed, decoded

    def _decode(
        self, feature_maps: FeatureMaps, step: int, ensemble_weights: Any
    ) -> tuple[NDArray[np.float32], ...]:
        """Compute probabilities on the grid, the image, and the guides on the grid."""
        image, _, *features = feature_maps
        head = self.head
        decode = decode_planes(head.feature_maps, max(step // GRID, 1), head.members)
        learnt = (
            head.projected_kernels(),
            head.biases,
            head.state.guide,
            ensemble_weights,
            head.state.inverse_temperature,
        )
        decoded = decode(features, *learnt).numpy()
        image = np.moveaxis(image[::step, ::step], -1, 0).astype(np.float32)
        return decoded[: self.n_classes], image, decoded[self.n_classes :]

    def _smooth(
        self,
        probabilities: NDArray[np.float32],
        image: NDArray[np.float32],
        guides: NDArray[np.float32],
        *,
        share: float,
        rest: NDArray[np.float32],
        step: int,
    ) -> NDArray[np.float32]:
        every = max(step // GRID, 1)
        return smooth_probabilities(
            probabilities,
            image,
            guides,
            grid=GRID * every // step,
            radius=round(self.smoothing_radius / every),
            epsilon=SMOOTHING_EPSILON,
            share=share,
            rest=rest,
        )


def blend_patch_network(
    probabilities: Any, patch_network: Any, blend_weight: float
) -> tuple[float, Any]:
    """Decide what is mixed when the detail network counts.

    Parameters
    ----------
    probabilities, detail
        Of the decoder and of the detail network on the grid; arrays or tensors.
    vote
        What the detail network counts in the result, from 0 to 1.

    Returns
    -------
    share : float
        Of the smoothed probabilities in the result.
    rest
        What the other share is, not smoothed.
    """
    share = (1 - blend_weight) * SMOOTHED
    return share, probabilities + blend_weight / (1 - share) * (
        patch_network - probabilities
    )
