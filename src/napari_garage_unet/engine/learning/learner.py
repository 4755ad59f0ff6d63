"""The interface between training and what trains a network step by step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Protocol

from napari_garage_unet.engine.networks.base import Network
from napari_garage_unet.engine.networks.pretrained import PretrainedNetwork

from .config import TrainingConfig
from .crops.learner import CropLearner
from .pixels.learner import PixelLearner
from .training_plane import TrainingPlane


class Learner(Protocol):
    """Trains a network step by step.

    Attributes
    ----------
    predicting
        The network to predict with; consistent after every step.
    """

    predicting: Network

    @property
    def settled(self) -> bool:
        """Whether no steps are left: others change nothing without other strokes."""

    @property
    def held_out_model(self) -> Network | None:
        """The network that is compared with held-out strokes and never learns them.

        It is `predicting` where that does not learn them either. None until there is
        one.
        """

    def prepare(self, planes: Sequence[TrainingPlane]) -> None:
        """Learn from these planes from the next step on."""

    def step(self, seconds_left: float | None = None) -> float:
        """Take one step and return the training loss of the last step that has one.

        Parameters
        ----------
        seconds_left
            Seconds left for all remaining steps; None while time is not short.
        """

    def conclude(self) -> bool:
        """Leave out all steps but the last ones, because time is short.

        Called before each step while time is short.

        Returns
        -------
        bool
            Whether anything is left out now that was not before.
        """


@singledispatch
def make_learner(network: Network, config: TrainingConfig) -> Learner:
    """Make the learner for a kind of network, one for crops by default.

    Parameters
    ----------
    network
        Is trained in place.
    config
        Settings of training.
    """
    return CropLearner(network, config)


@make_learner.register
def _(network: PretrainedNetwork, config: TrainingConfig) -> Learner:
    # Its features are frozen, and its head sees no neighbourhood.
    return PixelLearner(network, learning_rate=config.learning_rate, seed=config.seed)
