"""The one next thing to do, in words."""

from __future__ import annotations

from dataclasses import dataclass

from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.training.phase import Phase

FEW_PIXELS = 30
"""A class with fewer painted pixels than this is said to have few strokes."""


@dataclass(frozen=True, slots=True)
class UiState:
    """Everything the hint depends on.

    Parameters
    ----------
    has_image, has_strokes_layer
        Whether there is an image to learn from, and a layer to paint in.
    painted_classes
        Number of classes with at least one painted pixel.
    few
        Name of a class that has only a few painted pixels, or empty.
    phase, engine
        What training and the engine process are doing.
    has_model
        Whether something has been learnt in this session.
    changed
        Whether something was painted since training ended.
    reason
        Why the last training ended; None before the first.
    seconds
        How long it had learnt.
    validated
        Whether held-out strokes chose the state that was kept.
    by_itself
        Whether learning goes on by itself with the next stroke.
    """

    has_image: bool = False
    has_strokes_layer: bool = False
    painted_classes: int = 0
    few: str = ""
    phase: Phase = Phase.IDLE
    engine: Engine = Engine.OFF
    has_model: bool = False
    changed: bool = False
    reason: StopReason | None = None
    seconds: float = 0.0
    validated: bool = True
    by_itself: bool = False


def hint(now: UiState) -> str:
    """Say the one next thing to do.

    Parameters
    ----------
    now
        What there is and what is going on.

    Returns
    -------
    str
        One or two short sentences.
    """
    if not now.has_image:
        return "Open an image to start."
    if now.engine is Engine.DEAD:
        return "The engine has stopped. Your strokes are safe; press Restart to go on."
    match now.phase:
        case Phase.STARTING if now.engine in (Engine.OFF, Engine.STARTING):
            return "The engine is starting; learning begins by itself. Keep painting."
        case Phase.STARTING:
            return "Getting ready to learn. Keep painting."
        case Phase.STOPPING:
            return "Stopping after this step."
        case Phase.LEARNING:
            return "Learning: paint where the preview is wrong."
    if now.painted_classes < 2:
        return _paint_first(now)
    if now.has_model and not now.changed:
        return _after_training(now)
    if now.has_model:
        return "New strokes: press Learn to go on from what it knows."
    if now.few:
        return f"Ready: press Learn, or paint a little more of {now.few}."
    return "Ready: press Learn or keep painting."


def _paint_first(now: UiState) -> str:
    if not now.has_strokes_layer:
        return "Pick a class to paint: a strokes layer is made for you."
    if now.painted_classes == 1:
        return "Paint a stroke of a second class."
    return "Paint a stroke of two classes: pick a class and draw."


def _after_training(now: UiState) -> str:
    if now.reason is StopReason.VERSION:
        return "This is an earlier version; Learn goes on from it. Later ones are kept."
    if now.reason is StopReason.SETTLED:
        return "Nothing improves any more; resting. Paint to go on."
    unchecked = (
        "" if now.validated else " It could not check itself yet: trust your eyes."
    )
    then = " to go on" if now.by_itself else ", then Learn again"
    todo = f"Paint where the preview is wrong{then}.{unchecked}"
    if now.reason is StopReason.TIME:
        return f"Learnt for {now.seconds:.0f} s. {todo}"
    return todo
