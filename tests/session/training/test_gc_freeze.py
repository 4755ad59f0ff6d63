"""Collecting garbage does not hold up the window, and gives back what is deleted."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from napari_garage_unet.session import close_session
from napari_garage_unet.session.training.live_model import Phase


@pytest.fixture
def learning(painted, run):
    painted.learn()
    run(lambda: painted.live.phase is Phase.LEARNING)
    return painted


def test_what_was_there_is_not_looked_through_while_it_learns(learning, run):
    assert gc.get_freeze_count() > 10_000
    learning.stop()
    run(lambda: not learning.live.is_running)
    assert gc.get_freeze_count() == 0


def test_a_layer_deleted_while_it_learns_is_freed(viewer, learning, run):
    learning.stop()
    run(lambda: not learning.live.is_running)
    layer = viewer.add_image(np.zeros((8, 8)), name="other")
    learning.learn()
    assert gc.get_freeze_count() > 10_000
    gone = weakref.ref(layer)
    # napari keeps the layer that was active last.
    viewer.layers.selection.select_only(viewer.layers[0])
    viewer.layers.remove(layer)
    del layer
    gc.collect()
    assert gone() is None


def test_closing_a_session_that_learns_leaves_nothing_set_aside(viewer, learning):
    close_session(viewer)
    assert gc.get_freeze_count() == 0
