"""The network that learns within seconds: frozen features, a decoder, a patch network.

The decoder works on every second pixel; its probabilities are brought to full
resolution along the edges of the image, as `blending` says.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import tf
from napari_garage_unet.engine.features.feature_maps import (
    GRID,
    FeatureMaps,
    load_features,
)
from napari_garage_unet.engine.features.statistics import Statistics
from napari_garage_unet.engine.filters.despeckle import SUPPORT_CELLS, despeckle
from napari_garage_unet.engine.filters.guided_filter import smooth_probabilities
from napari_garage_unet.engine.filters.median import median_of_nine, median_of_plane

from .base import Citation, Network, Tensor
from .blending import (
    GUIDE_MEDIAN_PIXELS,
    MAX_GUIDE_CHANNELS,
    SELF_TRAINING_SMOOTHED_SHARE,
    SMOOTHED_SHARE,
    SMOOTHING_EPSILON,
    blend_patch_network,
)
from .config import NetworkConfig
from .decoder import Decoder, make_ensemble_weights
from .decoder_layers import decode_planes
from .decoder_state import MAX_SMOOTHING_RADIUS
from .network_state import NetworkState
from .patch_network import PatchNetwork
from .pretrained_graph import pretrained_probabilities


class PretrainedNetwork(Network):
    """A decoder on the maps of a pretrained encoder and on multiscale features.

    The first feature map is the image without its noise, along whose edges
    probabilities are smoothed; the second one holds its pixels, standardised, which
    only the patch network sees.

    Attributes
    ----------
    head
        The decoder, and in `Decoder.state` all that is set and not trained.
    patch_network
        Sharpens what smoothing blurs; mixed in once it is trained.
    """

    head: Decoder
    takes_batches = False
    scales_by_plane = True
    encoder_source = (
        "The encoder is EfficientNet-Lite0 with weights learnt on ImageNet "
        "(Apache License 2.0)."
    )
    citations = (
        Citation(
            "Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural "
            "Networks, ICML 2019 (encoder weights: Apache-2.0)",
            "10.48550/arXiv.1905.11946",
        ),
    )

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
        """Weights of the decoder, then of the patch network."""
        return [*self.head.weights, *self.patch_network.weights]

    # mypy wants an attribute that can be set where the base class has a plain one;
    # nothing sets this one.
    @property
    def head_radius(self) -> int:  # type: ignore[override]
        """How far in pixels a probability depends on the feature maps.

        Interpolating the deepest map reaches one cell of it, the guided filter averages
        twice, and despeckling looks around each cell. The filter's radius changes while
        learning, and this with it.
        """
        cells = 2 * self.smoothing_radius + 1 + SUPPORT_CELLS // 2
        return self.stride + cells * GRID

    @property
    def smoothing_radius(self) -> int:
        """Radius of the guided filter in cells of the grid; 0 only enlarges."""
        radius = round(self.head.state.smoothing_radius)
        return min(max(radius, 0), MAX_SMOOTHING_RADIUS)

    @property
    def patch_weight(self) -> float:
        """Weight of the patch network in the result, 0 to 1."""
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

    def with_single_member(self) -> PretrainedNetwork:
        """Return a network with the same features and one fresh member."""
        other = copy.copy(self)
        other.head = Decoder(self.head.specs, self.n_classes, members=1)
        other.patch_network = PatchNetwork(self.n_channels, self.n_classes)
        return other

    def statistics(
        self, plane: NDArray[np.float32], valid: NDArray[np.bool_] | None = None
    ) -> Statistics:
        """Measure mean and spread of every feature over the valid part of a plane."""
        return self._features.statistics(plane, valid)

    def features(
        self, plane: NDArray[np.float32], statistics: Statistics | None
    ) -> FeatureMaps:
        """Compute guide, pixels, multiscale features and encoder maps of a plane."""
        if statistics is None:
            return self.statistics_and_features(plane)[1]
        return (self._guide(plane), *self._features(plane, statistics))

    def statistics_and_features(
        self, plane: NDArray[np.float32], valid: NDArray[np.bool_] | None = None
    ) -> tuple[Statistics, FeatureMaps]:
        """Compute statistics and features at once, each map a single time."""
        statistics, feature_maps = self._features.statistics_and_features(plane, valid)
        return statistics, (self._guide(plane), *feature_maps)

    def _guide(self, plane: NDArray[np.float32]) -> NDArray[np.float16]:
        if self.n_channels > MAX_GUIDE_CHANNELS:
            plane = plane.mean(axis=-1, keepdims=True)
        return median_of_plane(plane, GUIDE_MEDIAN_PIXELS).astype(np.float16)

    def probabilities(
        self, feature_maps: FeatureMaps, *, step: int = 1
    ) -> NDArray[np.float32]:
        """Compute ``(n_classes, H / step, W / step)`` probabilities of a plane.

        Those of the decoder are smoothed along the edges of the image and of the
        guides. Those of the patch network are mixed in as the medians of nine cells,
        not smoothed. Then isolated pixels are removed. Coarser than the grid, there are
        neither medians nor despeckling.
        """
        fine = step <= GRID
        decoded, image, guides = self._decode(
            feature_maps, step, self.head.state.ensemble_weights
        )
        share, rest = SMOOTHED_SHARE, decoded
        blend_weight = self.patch_weight
        if blend_weight:
            patches = self.patch_network.on_plane(feature_maps[1], max(step // GRID, 1))
            if fine:
                patches = median_of_nine(patches)
            share, rest = blend_patch_network(decoded, patches, blend_weight)
        result = self._smooth(decoded, image, guides, share=share, rest=rest, step=step)
        if fine:
            despeckle(result, grid=GRID // step)
        return result

    def probability_graph(
        self, statistics: Statistics | None = None
    ) -> Callable[[Tensor], Tensor]:
        """Return the function from one plane to probabilities that TensorFlow traces.

        The batch has one plane.
        """
        # While tracing they could not be read.
        radius, blend_weight = self.smoothing_radius, self.patch_weight

        def compute(planes: Tensor) -> Tensor:
            probabilities = pretrained_probabilities(
                planes[0],
                decoder=self.head,
                patch_network=self.patch_network,
                radius=radius,
                blend_weight=blend_weight,
                statistics=statistics,
            )
            return probabilities[tf.newaxis]

        return compute

    def unsmoothed(self, feature_maps: FeatureMaps) -> NDArray[np.float32]:
        """Compute ``(n_classes, H / GRID, W / GRID)`` probabilities of the decoder.

        They are neither smoothed nor mixed with those of the patch network.
        """
        return self._decode(feature_maps, GRID, self.head.state.ensemble_weights)[0]

    def pseudo_label_probabilities(
        self, feature_maps: FeatureMaps
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compute the probabilities that pseudo-labels are made of.

        They are smoothed along the edges of the image alone. The guides come from what
        the network has learnt itself; with them self-training would teach it less, and
        with few strokes make it surer of its errors. The last member, which sees the
        projected features, has no part in them, since it learns from strokes alone.

        Returns
        -------
        smoothed : ndarray of shape (n_classes, H, W), float32
        decoded : ndarray of shape (n_classes, H / GRID, W / GRID), float32
            The same before smoothing.
        """
        ensemble_weights = make_ensemble_weights(self.head.members, projected_weight=0)
        decoded, image, guides = self._decode(feature_maps, 1, ensemble_weights)
        smoothed = self._smooth(
            decoded,
            image,
            guides[:0],
            share=SELF_TRAINING_SMOOTHED_SHARE,
            rest=decoded,
            step=1,
        )
        return smoothed, decoded

    def _decode(
        self, feature_maps: FeatureMaps, step: int, ensemble_weights: Any
    ) -> tuple[NDArray[np.float32], ...]:
        """Compute probabilities on the grid, the image, and the guides on the grid."""
        image, _, *features = feature_maps
        head = self.head
        decode = decode_planes(head.specs, max(step // GRID, 1), head.members)
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
