"""The live model: what it is, how it came about, and what training does with it.

Everything that a button, a hint or the scheduling of previews has to know about the
model being trained is one frozen value. It is replaced as a whole, never changed, and
`LiveModelStore.changed` emits each new one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from psygnal import Signal

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.models.made_for import UNKNOWN, MadeFor
from napari_garage_unet.process.protocol.messages import Trained
from napari_garage_unet.project.description import SavedVersion

from .settings import Settings


class Phase(Enum):
    """What training does with the live model."""

    IDLE = "idle"
    """Nothing runs, because nobody has asked or training has ended as it should."""

    STARTING = "starting"
    """Training was requested; the first step has not been reported yet."""

    LEARNING = "learning"
    """Steps are being taken."""

    STOPPING = "stopping"
    """The engine was asked to stop after the step that is running."""

    BROKEN_OFF = "broken off"
    """Nothing runs, because training has failed or the engine has died.

    The error is kept in `ErrorReporter.problem`, not here.
    """


@dataclass(frozen=True, slots=True)
class Restored:
    """A saved state was made the live model.

    Parameters
    ----------
    steps
        Training steps that made it.
    seconds
        Seconds of training that made it.
    validated
        Whether held-out strokes have checked it.
    """

    steps: int
    seconds: float
    validated: bool


@dataclass(frozen=True, slots=True)
class LiveModel:
    """The model being trained, at one moment.

    Parameters
    ----------
    phase
        What training does with it.
    generation
        Number of the training or restored state it is. It rises when a training starts
        and when it ends, because the state that is kept may be an earlier one.
    step
        Its last training step, 0 when nothing has been learnt.
    is_lost
        Whether the engine process that held it has died, so that its checkpoint is what
        is left of it.
    classes
        Its classes in the order of the rows of its probabilities.
    settings
        What it was asked to be; None before the first training.
    axes, made_for
        What its images are like; empty where only the engine knows.
    origin
        How it came to rest last: the end of a training, or a restored version. None
        before the first, and after starting over.
    total_steps, total_seconds
        Steps and seconds of all trainings that led to it.
    version
        Id of the saved version it is equal to; empty while it learns.
    next_version
        The version that replaces it once training has stopped.
    has_new_strokes
        Whether strokes exist that it has not learnt from.
    stroke_versions_when_stopped
        Number of changes of the strokes by image key when a person stopped training or
        strokes were restored. Auto-training waits until it differs, that is, for the
        next stroke; None when it does not wait.
    """

    phase: Phase = Phase.IDLE
    generation: int = 0
    step: int = 0
    is_lost: bool = False
    classes: tuple[ClassInfo, ...] = ()
    settings: Settings | None = None
    axes: str = ""
    made_for: MadeFor = UNKNOWN
    origin: Trained | Restored | None = None
    total_steps: int = 0
    total_seconds: float = 0.0
    version: str = ""
    next_version: SavedVersion | None = None
    has_new_strokes: bool = False
    stroke_versions_when_stopped: Mapping[str, int] | None = None

    @property
    def is_running(self) -> bool:
        """Whether training goes on or is about to."""
        return self.phase in (Phase.STARTING, Phase.LEARNING, Phase.STOPPING)

    @property
    def has_model(self) -> bool:
        """Whether the engine holds something that was learnt and can be asked."""
        return self.step > 0 and not self.is_lost


class LiveModelStore:
    """Holds the present `LiveModel`.

    Attributes
    ----------
    changed
        It was replaced; emitted with the new one and the one before. A change of
        nothing but the number of steps is not emitted here; `TrainingJob.progressed`
        reports steps.
    now
        The present value.
    """

    changed = Signal(LiveModel, LiveModel)

    def __init__(self) -> None:
        self.now = LiveModel()

    def replace(self, **changes: Any) -> None:
        """Replace the present value by one with other fields."""
        before, self.now = self.now, dataclasses.replace(self.now, **changes)
        if dataclasses.replace(before, step=self.now.step) != self.now:
            self.changed.emit(self.now, before)
