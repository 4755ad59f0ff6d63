"""The one next thing to do, in words."""

from __future__ import annotations

from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.process.protocol.messages import Trained
from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.training.live_model import Phase, Restored

from .ui_state import UiState


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
    if now.unclear_axes:
        return now.unclear_axes
    if now.engine is Engine.DEAD:
        return "The engine has stopped. Your strokes are safe; press Restart to go on."
    match now.live.phase:
        case Phase.STARTING if now.engine in (Engine.OFF, Engine.STARTING):
            return "The engine is starting; learning begins by itself. Keep painting."
        case Phase.STARTING:
            return "Getting ready to learn. Keep painting."
        case Phase.STOPPING:
            return "Stopping after this step."
        case Phase.LEARNING:
            return "Learning: paint where the preview is wrong."
        case Phase.IDLE | Phase.BROKEN_OFF:
            pass
    if now.painted_classes < 2:
        return _paint_first(now)
    if now.live.has_model:
        if now.live.has_new_strokes:
            return "New strokes: press Learn to go on from what it knows."
        return _at_rest(now, now.live.origin)
    if now.few:
        return f"Ready: press Learn, or paint a little more of {now.few}."
    return "Ready: press Learn or keep painting."


def _paint_first(now: UiState) -> str:
    if not now.has_strokes_layer:
        return "Pick a class to paint: a strokes layer is made for you."
    if now.painted_classes == 1:
        return "Paint a stroke of a second class."
    return "Paint a stroke of two classes: pick a class and draw."


def _at_rest(now: UiState, origin: Trained | Restored | None) -> str:
    if isinstance(origin, Restored):
        return "This is an earlier version; Learn goes on from it. Later ones are kept."
    then = " to go on" if now.by_itself else ", then Learn again"
    todo = f"Paint where the preview is wrong{then}."
    if origin is None:  # The first training broke off; its checkpoint is in use.
        return todo
    if origin.reason is StopReason.SETTLED:
        return "Nothing improves any more; resting. Paint to go on."
    if not origin.validated:
        todo += " It could not check itself yet: trust your eyes."
    if origin.reason is StopReason.TIME:
        return f"Learnt for {origin.seconds:.0f} s. {todo}"
    return todo
