"""Whole images against each time point and each plane on its own."""

from __future__ import annotations

import numpy as np
import pytest

from napari_garage_unet.engine.images.image import Image
from napari_garage_unet.engine.labels.clean_up import apply_rules
from napari_garage_unet.engine.labels.rules import ClassRule
from napari_garage_unet.engine.labels.volumes import label_image, needs_volume

LENGTHS = {"t": 2, "z": 3, "y": 12, "x": 14}
STEPS = {"t": 60.0, "z": 2.0, "y": 1.0, "x": 1.0}
RULES = {4: ClassRule(0.6, low=0.3, smooth=2, min_size=9, fill_holes=3), 7: ClassRule()}


def image_and_probabilities(axes):
    shape = tuple(LENGTHS[axis] for axis in axes)
    image = Image(np.zeros(shape), axes, tuple(STEPS[axis] for axis in axes))
    own = np.random.default_rng(0).random(shape).astype(np.float32)
    return image, np.stack([own, 1 - own])


@pytest.mark.parametrize("axes", ["yx", "xy", "tyx", "yxt"])
def test_without_a_z_each_plane_is_on_its_own(axes):
    image, p = image_and_probabilities(axes)
    assert not needs_volume(image, RULES.values())
    labels = label_image(p, RULES, image, class_ids=(4, 7))
    assert labels.shape == image.spatial_shape
    for index in image.plane_indices():
        key = image.spatial_key(index)
        plane = p[(slice(None), *key)]
        expected = apply_rules(plane, RULES, class_ids=(4, 7))
        np.testing.assert_array_equal(labels[key], expected)


@pytest.mark.parametrize("axes", ["zyx", "xzy", "tzyx", "zytx"])
def test_with_a_z_volumes_are_cleaned_and_time_points_stay_apart(axes):
    image, p = image_and_probabilities(axes)
    assert needs_volume(image, RULES.values())
    labels = label_image(p, RULES, image, class_ids=(4, 7))
    assert labels.shape == image.spatial_shape
    order = [axes.index(axis) for axis in "tzyx" if axis in axes]
    inside = p.transpose(0, *(1 + at for at in order))
    found = labels.transpose(order)
    if "t" not in axes:
        inside, found = inside[:, np.newaxis], found[np.newaxis]
    for t in range(len(found)):
        volume = np.ascontiguousarray(inside[:, t])
        expected = apply_rules(volume, RULES, class_ids=(4, 7), spacing=(2, 1, 1))
        np.testing.assert_array_equal(found[t], expected)


def test_pixels_alone_need_no_volume():
    image, p = image_and_probabilities("zyx")
    rules = {4: ClassRule(0.7)}
    assert not needs_volume(image, rules.values())
    np.testing.assert_array_equal(
        label_image(p, rules, image, class_ids=(4, 7)),
        apply_rules(p, rules, class_ids=(4, 7)),
    )


def test_small_regions_in_each_plane_are_one_region_of_a_volume():
    own = np.full((5, 9, 9), 0.1, np.float32)
    own[:, 4, 4] = 0.9  # a line along z
    own[2, 1, 1:4] = 0.9
    image = Image(own, "zyx")
    rules = {2: ClassRule(min_size=5)}
    labels = label_image(np.stack([1 - own, own]), rules, image, class_ids=(1, 2))
    assert (labels[:, 4, 4] == 2).all()
    assert (labels == 2).sum() == 5
