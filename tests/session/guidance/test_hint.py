from __future__ import annotations

import dataclasses

import pytest

from napari_garage_unet.engine.learning.events import StopReason
from napari_garage_unet.session.connection.state import Engine
from napari_garage_unet.session.guidance.hint import UiState, hint
from napari_garage_unet.session.training.phase import Phase

READY = UiState(
    has_image=True, has_strokes_layer=True, painted_classes=2, engine=Engine.READY
)


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
            dataclasses.replace(READY, phase=Phase.STARTING, engine=Engine.STARTING),
            "The engine is starting; learning begins by itself. Keep painting.",
        ),
        (
            dataclasses.replace(READY, phase=Phase.LEARNING),
            "Learning: paint where the preview is wrong.",
        ),
        (
            dataclasses.replace(READY, phase=Phase.STOPPING),
            "Stopping after this step.",
        ),
        (
            dataclasses.replace(READY, has_model=True, reason=StopReason.SETTLED),
            "Nothing improves any more; resting. Paint to go on.",
        ),
        (
            dataclasses.replace(
                READY, has_model=True, reason=StopReason.TIME, seconds=30.4
            ),
            "Learnt for 30 s. Paint where the preview is wrong, then Learn again.",
        ),
        (
            dataclasses.replace(
                READY,
                has_model=True,
                reason=StopReason.TIME,
                seconds=30.4,
                by_itself=True,
            ),
            "Learnt for 30 s. Paint where the preview is wrong to go on.",
        ),
        (
            dataclasses.replace(
                READY, has_model=True, reason=StopReason.STOPPED, changed=True
            ),
            "New strokes: press Learn to go on from what it knows.",
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
    said = hint(
        dataclasses.replace(
            READY, has_model=True, reason=StopReason.STOPPED, validated=False
        )
    )
    assert said.endswith("It could not check itself yet: trust your eyes.")


def test_no_hint_speaks_in_codes():
    for phase in Phase:
        for engine in Engine:
            for painted in range(3):
                said = hint(
                    dataclasses.replace(
                        READY, phase=phase, engine=engine, painted_classes=painted
                    )
                )
                assert not {"epoch", "batch", "loss"} & set(said.lower().split())
