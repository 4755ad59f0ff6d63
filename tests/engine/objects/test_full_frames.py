"""A frame that is full of a class is one object."""

from __future__ import annotations

import time

import numpy as np
import pytest
from label_images import discs

from napari_garage_unet.engine.annotations.classes import ClassInfo
from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.objects.found import find_objects
from napari_garage_unet.engine.objects.label_objects import objects

SHAPE = (256, 192)


def full(*gaps, shape=SHAPE):
    mask = np.ones(shape, bool)
    for gap in gaps:
        mask[gap] = False
    return mask


FRAMES = {
    "full": full(),
    "one pixel of the middle missing": full((128, 96)),
    "one pixel of the side missing": full((0, 96)),
    "a corner missing": full((0, 0)),
    "a row at the side missing": full((0,)),
    "many small holes": full(*[(slice(y, y + 3), y) for y in range(5, 180, 12)]),
    "a large hole": full((slice(80, 160), slice(70, 130))),
    "two holes": full((slice(20, 60), 50), (slice(150, 190), slice(90, 130))),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("p", [None, 1.0, 0.8])
def test_a_full_frame_is_one_object(frame, p):
    probabilities = None if p is None else np.full(frame.shape, p)
    found = objects(frame, split=True, probabilities=probabilities)
    np.testing.assert_array_equal(found, frame)


def test_slight_doubt_does_not_split_a_full_frame():
    p = np.random.default_rng(0).uniform(0.8, 1, SHAPE)
    assert objects(full(), split=True, probabilities=p).max() == 1


def test_clear_doubt_splits_a_full_frame():
    p = np.ones(SHAPE)
    p[:, 90:95] = 0.5
    found = objects(full(), split=True, probabilities=p)
    assert found.max() == 2
    assert found[10, 10] != found[10, 180]


@pytest.mark.parametrize("distance", [0.0, 3.0, 50.0])
def test_a_full_frame_is_one_object_at_every_split_distance(distance):
    assert objects(full(), split=True, min_distance=distance).max() == 1


def test_a_band_across_the_frame_is_one_object():
    mask = np.zeros(SHAPE, bool)
    mask[100:140] = True
    assert objects(mask, split=True).max() == 1


def test_a_full_volume_is_one_object():
    mask = full((2, 20, 20), shape=(5, 40, 50))
    assert objects(mask, split=True, spacing=(3, 1, 1)).max() == 1


def test_a_full_frame_of_large_pixels_is_one_object():
    assert objects(full(), split=True, spacing=(1e-6, 1e-6)).max() == 1


def test_a_full_last_frame_of_a_movie_is_one_object():
    movie = np.stack(
        [discs((60, 60), [(20, 20), (20, 33)], 7.5), np.ones((60, 60), bool)]
    )
    found = find_objects(
        np.where(movie, 2, 1).astype(np.uint8),
        (ClassInfo(1, background=True), ClassInfo(2)),
        Image(np.zeros(movie.shape), "tyx"),
        rules={2: ClassRule(split=True)},
    )
    assert np.bincount(found.table["t"]).tolist() == [2, 1]


def test_touching_cells_that_fill_most_of_a_frame_are_still_split():
    """Two cells that a notch from either side parts leave few gaps."""
    mask = full((slice(0, 80), slice(94, 97)), (slice(176, 256), slice(94, 97)))
    assert mask.mean() > 0.98
    found = objects(mask, split=True)
    assert not set(found[:, 5].tolist()) & set(found[:, -5].tolist())


def test_a_large_full_frame_takes_less_than_a_second():
    mask = np.ones((1024, 1024), bool)
    began = time.perf_counter()
    assert objects(mask, split=True).max() == 1
    assert time.perf_counter() - began < 5  # a second where nothing else runs
