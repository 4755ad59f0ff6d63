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
    """How the network does on strokes it has not learnt from.

    Parameters
    ----------
    loss
        Class-balanced cross entropy.
    accuracy
        Share of the held-out pixels that are right, every class weighing the same.
    best
        Whether this state is the one to keep: no earlier one had a higher accuracy, or
        the same and a smaller loss. States of a network that learns from held-out
        strokes as well, and leaves it to another one to be checked, are not compared;
        the last one is kept.
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
        Number of the step, from 1.
    seconds
        Since training began.
    loss
        Training loss of this step.
    validation
        Only now and then, and only when there are held-out strokes.
    """

    step: int
    seconds: float
    loss: float
    validation: Validation | None = None
