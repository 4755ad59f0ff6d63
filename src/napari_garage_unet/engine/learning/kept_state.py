"""The state of a network that a training keeps as its result."""

from __future__ import annotations

from dataclasses import dataclass

from napari_garage_unet.engine.networks.network_state import NetworkState

from .validation import ValidationScore


@dataclass(frozen=True, slots=True, eq=False)
class KeptState:
    """The state that is kept, by validation on held-out strokes.

    Parameters
    ----------
    score
        How it agrees with the held-out strokes.
    state
        A copy of its weights and settings; None where states are not compared and the
        last is kept.
    """

    score: ValidationScore
    state: NetworkState | None

    def is_beaten_by(self, other: ValidationScore) -> bool:
        """Whether another state is at least as good.

        Accuracy comes first: an early network that predicts the same everywhere can
        have a smaller loss than one that is often right.
        """
        mine = self.score.accuracy, -self.score.loss
        return (other.accuracy, -other.loss) >= mine
