"""What hints and buttons depend on, and which buttons can be pressed."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.training.live_model import LiveModel, Phase

MIN_PIXELS_OF_CLASS = 30
"""Painted pixels below which the docks ask for more strokes of a class."""


@dataclass(frozen=True, slots=True)
class UiState:
    """Everything that hints and buttons depend on.

    Parameters
    ----------
    live
        The live model, and what training does with it.
    engine
        What the engine process is doing.
    has_image
        Whether an image is chosen.
    unclear_axes
        Why it is not known what its axes are, or empty.
    has_strokes_layer
        Whether it has a strokes layer.
    painted_classes
        Number of classes with at least one painted pixel.
    few
        Name of a class with fewer than `MIN_PIXELS_OF_CLASS` painted pixels, or empty.
    by_itself
        Whether training starts with the next stroke without a request.
    """

    live: LiveModel = field(default_factory=LiveModel)
    engine: Engine = Engine.OFF
    has_image: bool = False
    unclear_axes: str = ""
    has_strokes_layer: bool = False
    painted_classes: int = 0
    few: str = ""
    by_itself: bool = False


def can_learn(now: UiState) -> bool:
    """Whether Learn can be pressed.

    With strokes of fewer than two classes it can, although nothing starts: pressing it
    then says what is missing.
    """
    return now.has_image and not now.live.is_running


def can_stop(now: UiState) -> bool:
    """Whether Stop can be pressed; not again while training is stopping."""
    return now.live.phase in (Phase.STARTING, Phase.LEARNING)


def can_start_over(now: UiState) -> bool:
    """Whether there is a model at rest that the next training could leave behind."""
    return now.live.has_model and not now.live.is_running
