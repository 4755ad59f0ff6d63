from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.annotations.stroke_index import count_painted_pixels
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.session.images.stroke_changes import (
    MAX_KEPT_BOXES,
    StrokeChanges,
)


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
        assert watch.counts == count_painted_pixels(strokes)
        assert np.array_equal(watch.seen, strokes)


def test_the_box_of_changes_holds_all_of_them():
    strokes = np.zeros((3, 30, 40), np.uint8)
    watch = StrokeChanges(strokes.shape)
    versions, states = [watch.version], [watch.seen.copy()]
    rng = np.random.default_rng(0)
    for turn in range(20):
        z, y, x = (int(rng.integers(n)) for n in strokes.shape)
        strokes[z, y, x] = 1 + turn % 2
        watch.look_at_part(strokes, z)
        for version, state in zip(versions, states, strict=True):
            box = watch.changed_since(version)
            if version == watch.version:
                assert box is None
                continue
            state = state.copy()
            state[box] = watch.seen[box]
            np.testing.assert_array_equal(state, watch.seen)
        versions.append(watch.version)
        states.append(watch.seen.copy())
    z, y, x = (int(n) for n in np.argwhere(states[-1] != states[-2])[0])
    last = watch.changed_since(versions[-2])
    assert last == (slice(z, z + 1), slice(y, y + 1), slice(x, x + 1))


def test_the_box_of_changes_long_ago_is_not_known():
    strokes = np.zeros((4, 200), np.uint8)
    watch = StrokeChanges(strokes.shape)
    for column in range(MAX_KEPT_BOXES + 1):
        strokes[0, column] = 1
        watch.look_at_all(strokes)
    assert watch.changed_since(0) is None
    assert watch.changed_since(1) == (slice(0, 1), slice(1, MAX_KEPT_BOXES + 1))


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
