from __future__ import annotations

import pytest

from napari_garage_unet.session.guidance.ui_state import (
    UiState,
    can_learn,
    can_start_over,
    can_stop,
)
from napari_garage_unet.session.training.live_model import LiveModel, Phase


@pytest.mark.parametrize(
    ("phase", "learn", "stop", "start_over"),
    [
        (Phase.IDLE, True, False, True),
        (Phase.BROKEN_OFF, True, False, True),
        (Phase.STARTING, False, True, False),
        (Phase.LEARNING, False, True, False),
        (Phase.STOPPING, False, False, False),
    ],
)
def test_buttons_follow_the_phase(phase, learn, stop, start_over):
    now = UiState(live=LiveModel(phase=phase, step=1), has_image=True)
    assert can_learn(now) is learn
    assert can_stop(now) is stop
    assert can_start_over(now) is start_over


def test_nothing_can_be_learnt_without_an_image_or_started_over_without_a_model():
    assert not can_learn(UiState())
    assert not can_start_over(UiState(has_image=True))
    assert not can_start_over(UiState(live=LiveModel(step=3, is_lost=True)))
