"""A member that never learns from held-out strokes, and so can be asked about them.

What predicts learns from every stroke: strokes that correct a result are few and say
most, and without some of them it would be much worse. How well a network learns from
the strokes of this person is told by one member beside, which has seen all of them
but those held out.
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

BATCH = 256
"""Pixels per step."""


class HeldOutModel:
    """Learns beside a network from the strokes that are not held out.

    It does not learn from the network's answers, which come from held-out strokes too.
    So its figures are rather too low than too high.

    Parameters
    ----------
    network
        The network it is judged by.
    seed
        Of its first weights and of the draws.

    Attributes
    ----------
    network
        A network of its own.
    """

    def __init__(self, network: PretrainedNetwork, *, seed: int) -> None:
        with seeded_weights(seed):
            self.network = network.alone()
        self._rng = np.random.default_rng([seed, 1])
        self._steps = PixelSteps(self.network.head, self._rng)
        self._seen: dict[tuple[int, ...], NDArray[np.bool_]] = {}

    def is_usable(self, planes: Sequence[TrainingPlane]) -> bool:
        """Whether it has never seen what is held out now."""
        return not any(
            (self._seen[plane.key] & plane.kept_back).any()
            for plane in planes
            if plane.key in self._seen
        )

    def prepare(
        self,
        planes: Sequence[TrainingPlane],
        weights: NDArray[np.floating[Any]],
        smoothing: float,
    ) -> None:
        """Learn from these pixels from now on.

        Parameters
        ----------
        planes
            Where the pixels lie.
        weights
            ``(n,)`` of each pixel; 0 for those held out.
        smoothing
            Radius of the guided filter.
        """
        for plane in planes:
            learnt = plane.without_held_out().targets > 0
            self._seen[plane.key] = learnt | self._seen.get(plane.key, False)
        self._draw = BalancedDraw(weights)
        head = self.network.head
        head.state = replace(head.state, smoothing_radius=smoothing)

    def step(self, features: Any, wanted: Any, *, rate: float) -> None:
        """Take a step.

        Parameters
        ----------
        features, wanted
            Tensors that begin with the pixels `prepare` was told of.
        rate
            Learning rate.
        """
        self._steps.take(features, wanted, self._draw(self._rng, (1, BATCH)), rate=rate)
