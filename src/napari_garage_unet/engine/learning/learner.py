"""What training asks of whoever teaches a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .config import TrainingConfig
from .crops.learner import CropLearner
from .pixels.learner import PixelLearner
from .training_plane import TrainingPlane


class Learner(Protocol):
    """Teaches a network step by step.

    Attributes
    ----------
    predicting
        The network to predict with; consistent after every step.
    settled
        Whether going on without other strokes is of no use.
    """

    predicting: Network
    settled: bool

    @property
    def held_out_model(self) -> Network | None:
        """The network that held-out strokes are compared with, which it has not seen.

        It is `predicting` where that does not learn from them. None as long as there
        is nothing to compare.
        """

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Learn from these planes from the next step on."""

    def step(self) -> float:
        """Take one step and return its loss."""

    def conclude(self, seconds_left: float) -> bool:
        """Go on to what comes last, as little time is left.

        Told before each step from then on. Returns whether anything was left out.
        """


def make_learner(network: Network, config: TrainingConfig) -> Learner:
    """Choose who teaches a network.

    Parameters
    ----------
    network
        Is trained in place.
    config
        How.
    """
    if network.learns_from == "pixels":
        return PixelLearner(
            cast("PretrainedNetwork", network),
            learning_rate=config.learning_rate,
            seed=config.seed,
        )
    return CropLearner(network, config)
