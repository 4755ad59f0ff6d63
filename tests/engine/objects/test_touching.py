"""Clumps of objects differ from single objects and from other shapes."""

from __future__ import annotations

import numpy as np
import pytest
from label_images import discs

from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.objects.touching import look_touching


def look(mask):
    return look_touching(objects(mask), objects(mask, split=True))


@pytest.mark.parametrize("depth", [None, 17])
def test_touching_balls_look_touching_and_single_ones_do_not(depth):
    centres = [(14, 12), (14, 29), (30, 20), (45, 40)]
    shape = (60, 60)
    if depth is not None:
        centres, shape = [(8, *centre) for centre in centres], (depth, *shape)
    assert look(discs(shape, centres, 8.5))
    assert not look(discs(shape, [centres[0], centres[-1]], 8.5))


def test_a_bar_a_frame_and_an_empty_mask_do_not_look_touching():
    bar = np.zeros((30, 200), bool)
    bar[10:20, 5:195] = True
    assert not look(bar)
    frame = np.zeros((80, 80), bool)
    frame[5:75, 5:75] = True
    frame[15:65, 15:65] = False
    assert not look(frame)
    assert not look(np.zeros((9, 9), bool))
    assert not look(np.ones((9, 9), bool))


def test_noise_does_not_look_touching():
    assert not look(np.random.default_rng(0).random((60, 60)) < 0.5)
