from __future__ import annotations

import pytest

from napari_garage_unet.session.training.live_model import (
    LiveModel,
    LiveModelStore,
    Phase,
)


@pytest.mark.parametrize("phase", Phase)
def test_training_runs_from_its_start_until_it_has_stopped(phase):
    runs = phase in (Phase.STARTING, Phase.LEARNING, Phase.STOPPING)
    assert LiveModel(phase=phase).is_running is runs


def test_there_is_a_model_after_a_step_until_the_engine_has_died():
    assert not LiveModel().has_model
    assert LiveModel(step=1).has_model
    assert not LiveModel(step=1, is_lost=True).has_model


def test_each_new_value_is_emitted_with_the_one_before():
    store = LiveModelStore()
    seen = []
    store.changed.connect(lambda now, before: seen.append((now, before)))
    first = store.now
    store.replace(phase=Phase.STARTING, generation=1)
    assert seen == [(LiveModel(phase=Phase.STARTING, generation=1), first)]
    assert first == LiveModel()


def test_a_step_alone_and_no_change_are_not_emitted():
    store = LiveModelStore()
    seen = []
    store.changed.connect(lambda now, before: seen.append(now.step))
    store.replace(step=1)
    store.replace(step=2)
    store.replace(step=2, phase=Phase.IDLE)
    assert seen == []
    assert store.now.step == 2
    store.replace(step=3, phase=Phase.LEARNING)
    assert seen == [3]
