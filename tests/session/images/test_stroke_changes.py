from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.strokes import count_strokes
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.session.images.stroke_changes import StrokeChanges


@pytest.mark.parametrize("shape", [(30, 40), (3, 30, 40), (2, 3, 20, 20)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_counts_equal_a_full_count_after_random_painting_and_erasing(shape, dtype):
    rng = np.random.default_rng(0)
    strokes = np.zeros(shape, dtype)
    watch = StrokeChanges(shape, dtype)
    for _ in range(30):
        corner = [rng.integers(0, n - 3) for n in shape[-2:]]
        plane = tuple(int(rng.integers(0, n)) for n in shape[:-2])
        box = tuple(slice(c, c + int(rng.integers(1, 8))) for c in corner)
        strokes[(*plane, *box)] = rng.integers(0, 4)
        changed = not np.array_equal(watch.seen, strokes)
        assert watch.look_at_all(strokes) is changed
        assert watch.counts == count_strokes(strokes)
        assert np.array_equal(watch.seen, strokes)


def test_looking_at_a_plane_sees_that_plane_only():
    image = Image(np.zeros((3, 8, 8), np.uint8), "zyx")
    strokes = np.zeros((3, 8, 8), np.uint8)
    watch = StrokeChanges(strokes.shape)
    strokes[0, 1, 1], strokes[2, 2, 2] = 1, 2
    assert watch.look(image, strokes, (2,))
    assert watch.counts == {2: 1}
    assert not watch.look(image, strokes, (2,))
    assert watch.look(image, strokes, (0,))
    assert watch.counts == {1: 1, 2: 1}


def test_what_was_seen_is_a_copy():
    strokes = np.zeros((4, 4), np.uint8)
    watch = StrokeChanges((4, 4))
    watch.look_at_all(strokes)
    strokes[0, 0] = 1
    assert not watch.seen.any()
    assert watch.version == 0
