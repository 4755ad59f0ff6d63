"""A network beside the one in use that never learns held-out strokes.

The network in use learns from every stroke: strokes that correct a result are few and
say most, and without some of them it would be much worse. How well a network learns
from strokes like these is estimated with a second one of a single member, which learns
from all strokes but those held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_garage_unet.engine.compute.backend import seeded_weights
from napari_garage_unet.engine.learning.training_plane import TrainingPlane
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .draws import BalancedDraw
from .steps import PixelSteps

PIXELS_PER_STEP = 256


class HeldOutModel:
    """Trains a network of one member on the strokes that are not held out.

    It does not learn pseudo-labels, because they come from a network that has learnt
    the held-out strokes. So its accuracy is rather too low than too high.

    Parameters
    ----------
    network
        The network in use, whose features are shared.
    seed
        Seed of the first weights and of the draws.

    Attributes
    ----------
    network
        The network that is trained here.
    planes
        The planes that it learns from, as given to `prepare`; None before.
    """

    def __init__(self, network: PretrainedNetwork, *, seed: int) -> None:
        with seeded_weights(seed):
            self.network = network.with_single_member()
        self.planes: Sequence[TrainingPlane] | None = None
        self._rng = np.random.default_rng([seed, 1])
        self._steps = PixelSteps(self.network.head, self._rng)
        self._seen: dict[tuple[int, ...], NDArray[np.bool_]] = {}

    def is_usable(self, planes: Sequence[TrainingPlane]) -> bool:
        """Whether none of the pixels that are held out now was ever learnt."""
        return not any(
            (self._seen[plane.key] & plane.held_out_mask).any()
            for plane in planes
            if plane.key in self._seen
        )

    def prepare(
        self,
        planes: Sequence[TrainingPlane],
        weights: NDArray[np.floating[Any]],
        smoothing: float,
    ) -> None:
        """Learn from these pixels from the next step on.

        Parameters
        ----------
        planes
            The planes with the pixels.
        weights
            ``(n,)`` of each stroke pixel; 0 for those held out.
        smoothing
            Radius of the guided filter in cells of the grid.
        """
        for plane in planes:
            learnt = plane.without_held_out().targets > 0
            self._seen[plane.key] = learnt | self._seen.get(plane.key, False)
        self.planes = planes
        self._draw = BalancedDraw(weights)
        head = self.network.head
        head.state = replace(head.state, smoothing_radius=smoothing)

    def step(self, features: Any, targets: Any, *, rate: float) -> None:
        """Take a step.

        Parameters
        ----------
        features, targets
            Tensors ``(m, n_features)`` and ``(m, n_classes)`` whose first ``n`` rows
            are the stroke pixels that `prepare` has the weights of.
        rate
            Learning rate.
        """
        pixels = self._draw(self._rng, (1, PIXELS_PER_STEP))
        self._steps.take(features, targets, pixels, rate=rate)
