from __future__ import annotations

import dataclasses

import pytest

from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.process.protocol.messages import Trained
from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.guidance.hint import hint
from napari_garage_unet.session.guidance.ui_state import UiState
from napari_garage_unet.session.training.live_model import LiveModel, Phase, Restored

READY = UiState(
    has_image=True, has_strokes_layer=True, painted_classes=2, engine=Engine.READY
)


def in_phase(phase, *, engine=Engine.READY):
    return dataclasses.replace(READY, live=LiveModel(phase=phase), engine=engine)


def at_rest(origin, **more):
    live = LiveModel(step=30, origin=origin, **more)
    return dataclasses.replace(READY, live=live)


def trained(reason, *, validated=True):
    return Trained(1, reason, 30, 30.4, validated)


@pytest.mark.parametrize(
    ("ui_state", "sentence"),
    [
        (UiState(), "Open an image to start."),
        (
            UiState(has_image=True),
            "Pick a class to paint: a strokes layer is made for you.",
        ),
        (
            UiState(has_image=True, has_strokes_layer=True),
            "Paint a stroke of two classes: pick a class and draw.",
        ),
        (
            UiState(has_image=True, has_strokes_layer=True, painted_classes=1),
            "Paint a stroke of a second class.",
        ),
        (READY, "Ready: press Learn or keep painting."),
        (
            dataclasses.replace(READY, few="wheel"),
            "Ready: press Learn, or paint a little more of wheel.",
        ),
        (
            in_phase(Phase.STARTING, engine=Engine.STARTING),
            "The engine is starting; learning begins by itself. Keep painting.",
        ),
        (in_phase(Phase.STARTING), "Getting ready to learn. Keep painting."),
        (
            in_phase(Phase.LEARNING),
            "Learning: paint where the preview is wrong.",
        ),
        (in_phase(Phase.STOPPING), "Stopping after this step."),
        (in_phase(Phase.BROKEN_OFF), "Ready: press Learn or keep painting."),
        (
            at_rest(trained(StopReason.SETTLED)),
            "Nothing improves any more; resting. Paint to go on.",
        ),
        (
            at_rest(trained(StopReason.TIME)),
            "Learnt for 30 s. Paint where the preview is wrong, then Learn again.",
        ),
        (
            dataclasses.replace(at_rest(trained(StopReason.TIME)), by_itself=True),
            "Learnt for 30 s. Paint where the preview is wrong to go on.",
        ),
        (
            at_rest(trained(StopReason.STOPPED), has_new_strokes=True),
            "New strokes: press Learn to go on from what it knows.",
        ),
        (
            at_rest(Restored(30, 30.4, validated=True)),
            "This is an earlier version; Learn goes on from it. Later ones are kept.",
        ),
        (
            at_rest(None, phase=Phase.BROKEN_OFF),
            "Paint where the preview is wrong, then Learn again.",
        ),
        (
            at_rest(None, phase=Phase.BROKEN_OFF, has_new_strokes=True),
            "New strokes: press Learn to go on from what it knows.",
        ),
        (
            at_rest(trained(StopReason.SETTLED), is_lost=True),
            "Ready: press Learn or keep painting.",
        ),
        (
            dataclasses.replace(READY, engine=Engine.DEAD),
            "The engine has stopped. Your strokes are safe; press Restart to go on.",
        ),
    ],
)
def test_the_hint_says_the_next_thing(ui_state, sentence):
    assert hint(ui_state) == sentence


def test_an_unchecked_result_says_so():
    said = hint(at_rest(trained(StopReason.STOPPED, validated=False)))
    assert said.endswith("It could not check itself yet: trust your eyes.")


def test_no_hint_speaks_in_codes():
    for phase in Phase:
        for engine in Engine:
            for painted in range(3):
                now = in_phase(phase, engine=engine)
                said = hint(dataclasses.replace(now, painted_classes=painted))
                assert not {"epoch", "batch", "loss"} & set(said.lower().split())
