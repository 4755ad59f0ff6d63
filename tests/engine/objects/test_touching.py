"""Heaps of objects are told from single ones and from what is no object."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.objects.label_objects import objects
from napari_garage_unet.engine.objects.touching import look_touching


def balls(shape, centres, radius):
    grid = np.moveaxis(np.indices(shape), 0, -1)
    return np.any([np.linalg.norm(grid - c, axis=-1) <= radius for c in centres], 0)


def look(mask):
    return look_touching(objects(mask), objects(mask, split=True))


@pytest.mark.parametrize("depth", [None, 17])
def test_balls_that_touch_do(depth):
    centres = [(14, 12), (14, 29), (30, 20), (45, 40)]
    shape = (60, 60)
    if depth is not None:
        centres, shape = [(8, *centre) for centre in centres], (depth, *shape)
    assert look(balls(shape, centres, 8.5))
    assert not look(balls(shape, [centres[0], centres[-1]], 8.5))


def test_a_bar_a_frame_and_nothing_do_not():
    bar = np.zeros((30, 200), bool)
    bar[10:20, 5:195] = True
    assert not look(bar)
    frame = np.zeros((80, 80), bool)
    frame[5:75, 5:75] = True
    frame[15:65, 15:65] = False
    assert not look(frame)
    assert not look(np.zeros((9, 9), bool))
    assert not look(np.ones((9, 9), bool))


def test_noise_does_not():
    assert not look(np.random.default_rng(0).random((60, 60)) < 0.5)
