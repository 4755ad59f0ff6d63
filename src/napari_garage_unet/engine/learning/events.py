"""Events of training: one per step, and the reason why the steps end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StopReason(StrEnum):
    """Why a training has ended."""

    TIME = "time"
    """The seconds of the settings are used up."""

    STEPS = "steps"
    """The steps of the settings are used up."""

    SETTLED = "settled"
    """All rounds are complete; further steps would change nothing."""

    STOPPED = "stopped"
    """The caller has stopped it."""


@dataclass(frozen=True, slots=True)
class Validation:
    """How a network that has not learnt the held-out strokes does on them.

    Parameters
    ----------
    loss
        Class-balanced cross entropy in nats.
    accuracy
        Mean over the classes of the share of held-out pixels that are right, 0 to 1.
    best
        Whether this state is the one to keep: no earlier one had a higher accuracy, or
        the same and a smaller loss. Always true where a held-out model is checked in
        place of the network in use; of that the last state is kept.
    """

    loss: float
    accuracy: float
    best: bool


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """One step of training.

    Parameters
    ----------
    step
        Number of the step in all runs of the training, from 1.
    seconds
        Seconds spent in all runs of the training.
    loss
        Training loss of the last step that has one; NaN if none has.
    validation
        Present now and then, if there are held-out strokes.
    """

    step: int
    seconds: float
    loss: float
    validation: Validation | None = None
